package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// A counter that was read is saved only if nothing was counted since, by itself
// or by another that was read beside it; of many who read the same, one.
func TestACounterIsSavedAsItWasRead(t *testing.T) {
	t.Parallel()
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		ctx := t.Context()
		key := login.Counter{What: login.CountFactor, Account: "a", Kind: factors.KindTOTP}
		address := login.Throttle{Key: login.Counter{What: login.CountAddress, Subject: "192.0.2.1"}}
		none := login.Throttle{Key: key}
		one := login.Throttle{Key: key, Fails: 1, Last: noon, Recent: []time.Time{noon}}
		two := login.Throttle{Key: key, Fails: 2, Last: noon, Until: noon.Add(time.Hour), Recent: []time.Time{noon, noon}}
		swap := func(want bool, was, to login.Throttle, beside ...login.Throttle) {
			t.Helper()
			if got, err := s.SwapThrottle(ctx, was, to, beside...); got != want || err != nil {
				t.Errorf("%d to %d: %v, %v", was.Fails, to.Fails, got, err)
			}
		}
		write := func(do func(login.Tx) error) {
			t.Helper()
			if err := s.Write(ctx, do); err != nil {
				t.Fatal(err)
			}
		}
		write(func(tx login.Tx) error { _, err := tx.LockThrottle(ctx, key); return err }) // on PostgreSQL it leaves an empty row
		swap(true, none, one, address)
		swap(false, none, one, address)
		swap(false, two, one)
		swap(true, one, two, address)
		failed := address
		failed.Fails, failed.Last = 1, noon
		write(func(tx login.Tx) error { return tx.SaveThrottle(ctx, failed) })
		swap(false, two, one, address)
		swap(true, two, one, failed)
		write(func(tx login.Tx) error {
			for i, want := range []bool{false, true, false} {
				if got, err := tx.SwapThrottle(ctx, []login.Throttle{two, one, one}[i], none); got != want || err != nil {
					t.Errorf("forgotten: %v, %v", got, err)
				}
			}
			return nil
		})
		swap(false, one, two) // what was forgotten does not come back
		var all sync.WaitGroup
		var won atomic.Int64
		for range 20 {
			all.Go(func() {
				if ok, err := s.SwapThrottle(ctx, none, one, failed); err != nil {
					t.Error(err)
				} else if ok {
					won.Add(1)
				}
			})
		}
		if all.Wait(); won.Load() != 1 {
			t.Errorf("%d saved what they had read", won.Load())
		}
	})
}
