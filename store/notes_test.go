package store_test

import (
	"errors"
	"testing"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// A form that is held up, a link that an admin is shown, and how a session was
// opened are the same after a step back and up again, also for the version
// before, which kept them as ceremonies and as a factor.
func TestNotesAndTrustedSessionsSurviveTheWayDown(t *testing.T) {
	const step = "20261125000174_notes"
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ctx, list := t.Context(), []login.Note{}
		ada, _ := account(t, s, "ada")
		for _, n := range []login.Note{{Topic: "form", Text: "a form"}, {Topic: "link", About: "BOB", Text: "a link"}, {Topic: "link", About: "EVE", Text: "another"}} {
			n.ID, n.AccountID, n.SessionID, n.Created, n.Expires = identity.NewID(), ada.ID, "s1", noon, noon.Add(1)
			list = append(list, n)
		}
		write(t, s, func(tx login.Act) error {
			err := tx.PutCeremony(ctx, login.Ceremony{ID: "c", AccountID: ada.ID, Subject: "s1", Purpose: factors.ForConfirm, Kind: factors.KindEmail})
			for _, n := range list {
				err = errors.Join(err, tx.PutNote(ctx, n))
			}
			return errors.Join(err,
				tx.InsertSession(ctx, identity.Session{ID: "s1", TokenHash: "1", AccountID: ada.ID, Level: 2, Trusted: true}),
				tx.InsertSession(ctx, identity.Session{ID: "s2", TokenHash: "2", AccountID: ada.ID, Level: 2, Factor: factors.KindTOTP}))
		})
		db := raw(t, url)
		count := func(want int, where string) {
			t.Helper()
			var n int
			if err := db.NewRaw("SELECT count(*) FROM "+where).Scan(ctx, &n); err != nil || n != want {
				t.Errorf("%s: %d instead of %d, %v", where, n, want, err)
			}
		}
		undoTo(t, s, step)
		count(4, "ceremonies")
		count(1, "ceremonies WHERE purpose = 'held' AND kind = 'form' AND subject = 's1'")
		count(1, "ceremonies WHERE purpose = 'shown' AND kind = 'EVE'")
		count(1, "sessions WHERE id = 's1' AND factor = 'browser'")
		if _, err := s.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		count(1, "ceremonies")
		for _, want := range list {
			got, err := s.Note(ctx, "s1", want.Topic, want.About)
			if err != nil || got.ID != want.ID || got.Text != want.Text || got.AccountID != ada.ID || !got.Created.Equal(noon) {
				t.Errorf("%+v instead of %+v, %v", got, want, err)
			}
		}
		sessions, err := s.Sessions(ctx, ada.ID)
		if err != nil || len(sessions) != 2 {
			t.Fatalf("%+v, %v", sessions, err)
		}
		for _, x := range sessions {
			if x.Trusted != (x.ID == "s1") || x.Factor != map[string]factors.Kind{"s2": factors.KindTOTP}[x.ID] {
				t.Errorf("%+v", x)
			}
		}
	})
}

// A note goes with its session, with the account that is signed in, and with
// the account that it is about; those of other sessions stay.
func TestNotesGoWithWhatTheyBelongTo(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ctx := t.Context()
		ada, _ := account(t, s, "ada")
		bob, _ := account(t, s, "bob")
		left := func(want int, after string) {
			t.Helper()
			var n int
			if err := raw(t, url).NewRaw("SELECT count(*) FROM notes").Scan(ctx, &n); err != nil || n != want {
				t.Errorf("after %s: %d notes instead of %d, %v", after, n, want, err)
			}
		}
		write(t, s, func(tx login.Act) error {
			var err error
			for _, id := range []string{"s1", "s2", "s3"} {
				err = errors.Join(err, tx.InsertSession(ctx, identity.Session{ID: id, TokenHash: id, AccountID: ada.ID}),
					tx.PutNote(ctx, login.Note{ID: id + "f", AccountID: ada.ID, SessionID: id, Topic: "form"}),
					tx.PutNote(ctx, login.Note{ID: id + "l", AccountID: ada.ID, SessionID: id, Topic: "link", About: bob.ID}))
			}
			return errors.Join(err, tx.PutNote(ctx, login.Note{ID: "new", AccountID: ada.ID, SessionID: "s1", Topic: "form"}))
		})
		left(6, "one was replaced")
		write(t, s, func(tx login.Act) error { _, err := tx.EndSession(ctx, ada.ID, "s1"); return err })
		left(4, "a session ended")
		write(t, s, func(tx login.Act) error { _, err := tx.EndSessions(ctx, ada.ID, "s3"); return err })
		left(2, "all sessions but one ended")
		write(t, s, func(tx login.Act) error { return tx.DeleteAccount(ctx, bob.ID) })
		left(1, "the account was deleted that one was about")
		write(t, s, func(tx login.Act) error { return tx.DeleteAccount(ctx, ada.ID) })
		left(0, "the account was deleted")
	})
}
