package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/store"
)

// ask begins a ceremony of a session and mails its code.
func ask(t *testing.T, s *store.Store, a identity.Account, session string) (mailID string) {
	t.Helper()
	id := identity.NewID()
	write(t, s, func(tx login.Act) error {
		err := tx.PutCeremony(t.Context(), login.Ceremony{ID: id, AccountID: a.ID, Subject: session, Purpose: factors.ForConfirm,
			Kind: factors.KindEmail, State: []byte("{}"), Created: noon, Expires: noon.Add(5 * time.Minute)})
		if err != nil {
			return err
		}
		return tx.Post(t.Context(), identity.Mail{ID: identity.CodeMail + id, Template: mail.CodeTemplate, To: "a@x", AccountID: a.ID,
			Created: noon, Expires: noon.Add(5 * time.Minute), Data: map[string]string{"code": "042137"}})
	})
	return identity.CodeMail + id
}

func claimCodes(t *testing.T, s *store.Store, now time.Time) []mail.Message {
	t.Helper()
	got, err := s.ClaimMail(t.Context(), mail.Claim{Lane: mail.Codes, Now: now, Lease: time.Minute, N: 10})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A code that can open nothing any more is not given out, and is wiped.
func TestAVoidCodeIsNotSent(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		a, _ := account(t, s, "ada")
		for name, end := range map[string]func(tx login.Act) error{
			"cancelled": func(tx login.Act) error { return tx.DropCeremonies(t.Context(), "s1", factors.ForConfirm) },
			"signed out": func(tx login.Act) error {
				_, err := tx.EndSessions(t.Context(), a.ID, "")
				return err
			},
		} {
			write(t, s, func(tx login.Act) error {
				return tx.InsertSession(t.Context(), identity.Session{ID: "s1", TokenHash: "h", AccountID: a.ID, Level: 1, Created: noon, LastSeen: noon})
			})
			first, second := ask(t, s, a, "s1"), ask(t, s, a, "s1") // the second replaces the first
			got := claimCodes(t, s, noon)
			if len(got) != 1 || got[0].ID != second {
				t.Fatalf("%s: replaced: %+v", name, got)
			}
			write(t, s, end)
			if got := claimCodes(t, s, noon.Add(61*time.Second)); len(got) != 0 {
				t.Errorf("%s: %+v", name, got)
			}
			var full int
			err := raw(t, url).NewRaw("SELECT count(*) FROM outbox WHERE data IS NOT NULL AND id IN (?, ?)", first, second).Scan(t.Context(), &full)
			if err != nil || full != 0 {
				t.Errorf("%s: %d still say their code, %v", name, full, err)
			}
			write(t, s, func(tx login.Act) error { _, err := tx.EndSessions(t.Context(), a.ID, ""); return err })
		}
	})
}

// Each lane is read by an index of its own: what waits in one is never looked
// at for another.
func TestALaneLooksAtNoOther(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		db := raw(t, url)
		if !strings.HasPrefix(url, "sqlite:") {
			return // the planner of PostgreSQL scans what is small, whatever there is
		}
		for lane, index := range map[mail.Lane]string{mail.Codes: "outbox_codes", mail.Letters: "outbox_letters", mail.Bulk: "outbox_bulk"} {
			var steps []struct {
				ID, Parent, Notused int
				Detail              string
			}
			err := db.NewRaw("EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE "+store.LaneSQL(lane)+" AND next_at <= 5 ORDER BY next_at LIMIT 3").Scan(t.Context(), &steps)
			if err != nil || len(steps) != 1 || !strings.Contains(steps[0].Detail, index) {
				t.Errorf("%s: %+v %v", index, steps, err)
			}
		}
	})
}

// What the recipient's server refused can be sent again until it expires; a
// notice that has no end is kept for a month.
func TestARefusedMailCanBeSentAgain(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ctx := t.Context()
		post(t, s, 1, noon.Add(7*24*time.Hour))
		post(t, s, 1, time.Time{})
		for _, m := range claim(t, s, noon, 10) {
			if err := s.MailFailed(ctx, m.ID, mail.Failure{Now: noon, Reason: "550 5.1.1 No such user", Final: true, Keep: true}); err != nil {
				t.Fatal(err)
			}
			if ok, err := retryMail(s, m.ID, noon.Add(6*24*time.Hour)); !ok || err != nil {
				t.Errorf("%v %v", ok, err)
			}
		}
		later := noon.Add(6 * 24 * time.Hour)
		again := claim(t, s, later, 10)
		if len(again) != 2 {
			t.Fatalf("%d came again", len(again))
		}
		for _, m := range again {
			if err := s.MailFailed(ctx, m.ID, mail.Failure{Now: later, Reason: "550", Final: true, Keep: true}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Sweep(ctx, noon.Add(41*24*time.Hour), noon); err != nil {
			t.Fatal(err)
		}
		var full int
		if err := raw(t, url).NewRaw("SELECT count(*) FROM outbox WHERE data IS NOT NULL").Scan(ctx, &full); err != nil || full != 0 {
			t.Errorf("%d still say something, %v", full, err)
		}
		for _, m := range again {
			if ok, err := retryMail(s, m.ID, noon.Add(41*24*time.Hour)); ok || err != nil {
				t.Errorf("an expired one was queued: %v %v", ok, err)
			}
		}
	})
}

// A refusal of the site is told until a mail goes out, with the first words.
func TestARefusalOfTheSiteIsKnownUntilAMailGoesOut(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ctx := t.Context()
		post(t, s, 2, time.Time{})
		list := claim(t, s, noon, 10)
		for i, words := range []string{"504 helo", "550 later"} {
			err := s.MailFailed(ctx, list[i].ID, mail.Failure{Now: noon.Add(time.Duration(i) * time.Hour), Next: noon, Reason: words, Site: true})
			if err != nil {
				t.Fatal(err)
			}
		}
		if since, words, err := s.MailFault(ctx); !since.Equal(noon) || words != "504 helo" || err != nil {
			t.Errorf("%s %q %v", since, words, err)
		}
		if err := s.MailSent(ctx, list[0].ID, noon); err != nil {
			t.Fatal(err)
		}
		if since, words, err := s.MailFault(ctx); !since.IsZero() || words != "" || err != nil {
			t.Errorf("%s %q %v", since, words, err)
		}
	})
}

// Mail that waits for a time which only a wrong clock had reached is due at
// once; mail that waits no longer than its pause goes on waiting.
func TestMailIsRescuedFromAWrongClock(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ctx, waits := t.Context(), []time.Duration{time.Minute, time.Minute, time.Hour}
		post(t, s, 2, time.Time{})
		list := claim(t, s, noon, 10)
		for i, next := range []time.Duration{time.Hour, 50 * time.Second} {
			if err := s.MailFailed(ctx, list[i].ID, mail.Failure{Now: noon, Next: noon.Add(next), Reason: "421"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.RescueMail(ctx, noon, waits); err != nil {
			t.Fatal(err)
		}
		if got := claim(t, s, noon, 10); len(got) != 1 || got[0].ID != list[0].ID {
			t.Errorf("%+v", got)
		}
	})
}

// retryMail queues a mail anew, in a transaction of its own.
func retryMail(s *store.Store, id string, now time.Time) (ok bool, err error) {
	ctx := context.Background()
	err = s.Do(ctx, func(tx login.Act) (err error) {
		ok, err = tx.RetryMail(ctx, id, now)
		return err
	})
	return ok, err
}
