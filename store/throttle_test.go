package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// A hundred wrong codes sent at once are counted a hundred times.
func TestFailuresAreCountedOneByOne(t *testing.T) {
	onSite(t, func(t *testing.T, s *sitetest.Site) {
		token, secret := enrolled(t, s, "ada@example.com")
		code := wrong(s, secret)
		together(100, func(i int) {
			if r := answer(t, s, token, code); r != identity.Wrong {
				t.Errorf("answer %d: %v", i, r)
			}
		})
		if n := fails(t, s, "ada@example.com"); n != 100 {
			t.Errorf("100 wrong codes were counted as %d", n)
		}
	}, func(c *sitetest.Config) { c.Login.LockAfter, c.Login.LockDisable = 1000, 1000 })
}

// At the limit exactly so many are looked at; the others are told to wait.
func TestTheLimitHoldsInABurst(t *testing.T) {
	onSite(t, func(t *testing.T, s *sitetest.Site) {
		token, secret := enrolled(t, s, "ada@example.com")
		code := wrong(s, secret)
		var judged, wait atomic.Int32
		together(100, func(i int) {
			switch r := answer(t, s, token, code); r {
			case identity.Wrong:
				judged.Add(1)
			case identity.Wait:
				wait.Add(1)
			default:
				t.Errorf("answer %d: %v", i, r)
			}
		})
		if n := fails(t, s, "ada@example.com"); n != 5 || judged.Load() != 5 || wait.Load() != 95 {
			t.Errorf("counted %d, looked at %d, held %d", n, judged.Load(), wait.Load())
		}
	})
}

// Whoever locks a counter has it alone, also while others clear it: a row that
// is deleted between being made and being read must not let two in.
func TestACounterHasOneHolder(t *testing.T) {
	ctx := context.Background()
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		other := open(t, url)
		key := login.Counter{What: login.CountPassword, Subject: "name"}
		var inside, most atomic.Int32
		together(40, func(i int) {
			for range 20 {
				err := []*store.Store{s, other}[i%2].Do(ctx, func(tx login.Act) error {
					x, err := tx.LockThrottle(ctx, key)
					if err != nil {
						return err
					}
					n := inside.Add(1)
					defer inside.Add(-1)
					if n > most.Load() {
						most.Store(n)
					}
					if i%2 == 0 {
						return tx.ClearThrottle(ctx, key)
					}
					x.Fails++
					return tx.SaveThrottle(ctx, x)
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
		if most.Load() != 1 {
			t.Errorf("%d held the counter at once", most.Load())
		}
	})
}

// onSite runs a test on a whole site with either database.
func onSite(t *testing.T, do func(t *testing.T, s *sitetest.Site), changes ...func(*sitetest.Config)) {
	each(t, func(t *testing.T, url string) {
		do(t, sitetest.New(t, append(changes, func(c *sitetest.Config) { c.Database = url })...))
	})
}

// enrolled makes an account with an app, and a pending login of it.
func enrolled(t *testing.T, s *sitetest.Site, name string) (pending string, secret []byte) {
	t.Helper()
	s.User(name, identity.Member)
	b := s.Browser().SignIn(name)
	secret = b.EnrollTOTP()
	s.Advance(time.Minute)
	entry, err := s.Login.Password(context.Background(), name, sitetest.Password, "", identity.Client{Range: name})
	if err != nil || entry.Pending == "" {
		t.Fatalf("%+v, %v", entry, err)
	}
	return entry.Pending, secret
}

// wrong is a code that no step around now has.
func wrong(s *sitetest.Site, secret []byte) string {
	for n := 0; ; n++ {
		code := fmt.Sprintf("%06d", n)
		if !slices.Contains([]string{s.CodeAt(secret, -1), s.Code(secret), s.CodeAt(secret, 1)}, code) {
			return code
		}
	}
}

// answer gives a code from an address of its own, so that only the account's
// counter is what holds.
func answer(t *testing.T, s *sitetest.Site, token, code string) identity.Why {
	_, err := s.Login.Answer(context.Background(), token, login.Reply{Kind: factors.KindTOTP, Answer: factors.Answer{Code: code}},
		identity.Client{Range: identity.NewID()})
	if err != nil && identity.Refused(err) == nil {
		t.Error(err)
	}
	return identity.Reason(err)
}

func fails(t *testing.T, s *sitetest.Site, name string) int {
	t.Helper()
	x, err := s.Store.Throttle(t.Context(), login.Counter{What: login.CountFactor, Account: s.Account(name).ID, Kind: factors.KindTOTP})
	if err != nil {
		t.Fatal(err)
	}
	return x.Fails
}
