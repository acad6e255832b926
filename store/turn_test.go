package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// One import runs at a time on a database, and the next begins when it is done.
func TestOneImportAtATime(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		other := s
		if !s.Embedded() {
			var err error
			if other, err = store.Open(t.Context(), url); err != nil {
				t.Fatal(err)
			}
			defer other.Close()
		}
		done, ok, err := s.ImportTurn(t.Context(), time.Minute)
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		if _, ok, err := other.ImportTurn(t.Context(), time.Millisecond); ok || err != nil {
			t.Errorf("two at once: %v %v", ok, err)
		}
		done()
		done, ok, err = other.ImportTurn(t.Context(), time.Minute)
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		done()
	})
}

// One transaction at a time has a lock, over all processes; another lock is free.
func TestALockIsHeldByOneTransactionAtATime(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		other := open(t, url)
		var inside, most atomic.Int32
		together(8, func(i int) {
			err := []*store.Store{s, other}[i%2].Do(t.Context(), func(tx login.Act) error {
				if err := tx.Lock(t.Context(), login.LockReminders); err != nil {
					return err
				}
				most.Store(max(most.Load(), inside.Add(1)))
				defer inside.Add(-1)
				_, err := tx.Setting(t.Context(), "policy")
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		if most.Load() != 1 {
			t.Errorf("%d had it at once", most.Load())
		}
	})
}
