package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/store"
)

// post puts n mails into the outbox, to 0@x, 1@x and so on.
func post(t *testing.T, s *store.Store, n int, expires time.Time) {
	t.Helper()
	write(t, s, func(tx login.Act) error {
		for i := range n {
			err := tx.Post(t.Context(), identity.Mail{Template: "invite", To: fmt.Sprintf("%d@x", i), Created: noon, Expires: expires,
				Data: map[string]string{"code": fmt.Sprint(i)}})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func claim(t *testing.T, s *store.Store, now time.Time, n int) []mail.Message {
	t.Helper()
	got, err := s.ClaimMail(t.Context(), mail.Claim{Lane: mail.Letters, Now: now, Lease: time.Minute, N: n})
	if err != nil {
		t.Error(err)
	}
	return got
}

// Workers of two processes never get the same mail, and get all.
func TestAMailHasOneSender(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		const mails = 120
		keys, other := newKeys(t), open(t, url)
		s.UseKeys(keys)
		other.UseKeys(keys)
		post(t, s, mails, time.Time{})
		var mu sync.Mutex
		got := map[string]int{}
		together(8, func(i int) {
			for range mails {
				list := claim(t, []*store.Store{s, other}[i%2], noon, 7)
				if len(list) == 0 {
					return
				}
				mu.Lock()
				for _, m := range list {
					got[m.To+" "+m.Data["code"]]++
				}
				mu.Unlock()
			}
		})
		// A worker of PostgreSQL that finds all due mails in other hands goes
		// away; what those leave comes with the next round.
		for _, m := range claim(t, s, noon, mails) {
			got[m.To+" "+m.Data["code"]]++
		}
		for i := range mails {
			if n := got[fmt.Sprintf("%d@x %d", i, i)]; n != 1 {
				t.Errorf("mail %d was given %d times", i, n)
			}
		}
	})
}

// A worker that died gives its mail back when its lease is over; one that was
// sent, given up or expired comes never again and says nothing any more.
func TestAMailComesBackUntilItIsSettled(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		post(t, s, 4, time.Time{})
		if n := len(claim(t, s, noon, 10)); n != 4 {
			t.Fatalf("claimed %d", n)
		}
		if n := len(claim(t, s, noon.Add(59*time.Second), 10)); n != 0 {
			t.Errorf("%d came within the lease", n)
		}
		again := claim(t, s, noon.Add(time.Minute), 10)
		if len(again) != 4 {
			t.Fatalf("%d came back", len(again))
		}
		ctx, now := t.Context(), noon.Add(time.Minute)
		for i, settle := range []func(id string) error{
			func(id string) error { return s.MailSent(ctx, id, now) },
			func(id string) error { return s.MailExpired(ctx, id, now) },
			func(id string) error {
				return s.MailFailed(ctx, id, mail.Failure{Now: now, Reason: "no such mailbox", Final: true})
			},
			func(id string) error {
				return s.MailFailed(ctx, id, mail.Failure{Now: now, Next: now.Add(time.Hour), Reason: "try later"})
			},
		} {
			if err := settle(again[i].ID); err != nil {
				t.Fatal(err)
			}
		}
		last := claim(t, s, noon.Add(2*time.Hour), 10)
		if len(last) != 1 || last[0].ID != again[3].ID || last[0].Attempts != 1 {
			t.Errorf("left: %+v", last)
		}
		var full int
		if err := raw(t, url).NewRaw("SELECT count(*) FROM outbox WHERE data IS NOT NULL").Scan(ctx, &full); err != nil || full != 1 {
			t.Errorf("%d still say something, %v", full, err)
		}
	})
}

// The worker is woken after a transaction that posted mail, and after no other.
func TestOnlyPostedMailWakesTheWorker(t *testing.T) {
	t.Parallel()
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		woken := 0
		s.OnPost(func() { woken++ })
		save := func(tx login.Tx) error {
			return tx.SaveThrottle(t.Context(), login.Throttle{Key: login.Counter{What: login.CountAddress, Subject: "x"}, Fails: 1})
		}
		given := errors.New("given up")
		for _, x := range []struct {
			do    func(tx login.Tx) error
			err   error
			woken int
		}{
			{save, nil, 0},
			{func(tx login.Tx) error { return tx.Post(t.Context(), identity.Mail{ID: "a", Created: noon}) }, nil, 1},
			{func(tx login.Tx) error {
				return cmp.Or(tx.Post(t.Context(), identity.Mail{ID: "b", Created: noon}), given)
			}, given, 1},
			{save, nil, 1},
		} {
			if err := s.Write(t.Context(), x.do); !errors.Is(err, x.err) || woken != x.woken {
				t.Errorf("%v; the worker was woken %d times instead of %d", err, woken, x.woken)
			}
		}
	})
}
