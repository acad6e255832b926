package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// What is over goes; what is not, stays. Failures of a factor are not forgotten
// on their way to the cap, and a kind that is switched off stays so.
func TestSweep(t *testing.T) {
	ctx := context.Background()
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		a, _ := account(t, s, "ada")
		for name, end := range map[string]time.Time{"over": noon, "alive": noon.Add(time.Second)} {
			write(t, s, func(tx login.Act) error {
				return errors.Join(
					tx.PutCeremony(ctx, login.Ceremony{ID: name, AccountID: a.ID, Subject: name, Purpose: factors.ForLogin,
						Kind: factors.KindEmail, Expires: end.Add(-time.Minute)}),
					tx.PutLink(ctx, identity.Link{TokenHash: name, AccountID: a.ID, Purpose: identity.LinkPurpose(name), Expires: end}),
					tx.PutBrowser(ctx, identity.Browser{ID: name, TokenHash: name, AccountID: a.ID, Trusted: true, Until: end}),
					tx.InsertSession(ctx, identity.Session{ID: name, TokenHash: name, AccountID: a.ID, Created: end.Add(-24 * time.Hour)}),
					tx.InsertPending(ctx, identity.Pending{ID: name, TokenHash: name, AccountID: a.ID, Expires: end}),
					tx.Post(ctx, identity.Mail{Template: identity.MailKind(name), To: "a@x", Created: noon, Expires: end}))
			})
		}
		day := noon.Add(-24 * time.Hour) // a counter of exactly that age is still kept
		old := day.Add(-time.Second)
		for _, x := range []login.Throttle{
			{Key: login.Counter{What: login.CountPassword, Subject: "over"}, Fails: 3, Last: old}, {Key: login.Counter{What: login.CountPassword, Subject: "alive"}, Fails: 3, Last: day},
			{Key: login.Counter{What: login.CountFactor, Account: "a", Kind: factors.KindTOTP}, Fails: 49, Last: old}, {Key: login.Counter{What: login.CountFactor, Account: "b", Kind: factors.KindTOTP}, Fails: 50, Last: old, Off: old},
		} {
			write(t, s, func(tx login.Act) error { return tx.SaveThrottle(ctx, x) })
		}
		write(t, s, func(tx login.Act) error {
			return tx.Post(ctx, identity.Mail{Template: "keeps", To: "a@x", Created: noon})
		})
		if err := s.Sweep(ctx, noon, noon.Add(-24*time.Hour)); err != nil {
			t.Fatal(err)
		}

		db := raw(t, url)
		for query, want := range map[string]int{
			"ceremonies": 1, "links": 1, "browsers": 1, "sessions": 1,
			"ceremonies WHERE id = 'alive'": 1, "links WHERE purpose = 'alive'": 1,
			"browsers WHERE id = 'alive'": 1, "sessions WHERE id = 'alive'": 1,
			"pendings": 2, // the owner is warned before they go: login.Sweep
			"outbox WHERE template = 'over' AND status = 'expired' AND data IS NULL":                 1,
			"outbox WHERE template IN ('alive', 'keeps') AND status = 'queued' AND data IS NOT NULL": 2,
			"counters": 3, "counters WHERE subject = 'over'": 0,
			"counters WHERE account_id = 'a' AND kind = 'totp' AND fails = 49": 1, "counters WHERE off_at > 0": 1,
			"accounts": 1, "credentials": 1,
		} {
			var got int
			if err := db.NewRaw("SELECT count(*) FROM "+query).Scan(ctx, &got); err != nil || got != want {
				t.Errorf("%s: %d instead of %d, %v", query, got, want, err)
			}
		}
		stale, err := s.Stale(ctx, noon, 10)
		if err != nil || len(stale) != 1 || stale[0].ID != "over" {
			t.Errorf("stale: %+v, %v", stale, err)
		}
	})
}
