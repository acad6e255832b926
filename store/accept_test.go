package store_test

import (
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/store"
)

func accept(t *testing.T, s *store.Store, seen accounts.AuditState) bool {
	t.Helper()
	same, err := s.AcceptEvents(t.Context(), seen, identity.Event{At: noon, Actor: "cli", Reason: "we know", Detail: seen.Fault})
	if err != nil {
		t.Fatal(err)
	}
	return same
}

// tampered is what makes the head of a log a fault, each without the keys.
var tampered = map[string]func(t *testing.T, s *store.Store, db *bun.DB){
	"cut":  func(t *testing.T, _ *store.Store, db *bun.DB) { run(t, db, "DELETE FROM events WHERE seq > 3") },
	"gone": func(t *testing.T, _ *store.Store, db *bun.DB) { run(t, db, "DELETE FROM audit_head") },
	"begun anew": func(t *testing.T, s *store.Store, db *bun.DB) {
		for range 2 { // the first time it is taken for a database of an older version
			run(t, db, "DELETE FROM audit_head")
			run(t, db, "DELETE FROM keyset")
			if err := s.Adopt(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	},
	"emptied": func(t *testing.T, s *store.Store, db *bun.DB) {
		account(t, s, identity.NewID())
		for _, table := range []string{"events", "audit_head", "keyset"} {
			run(t, db, "DELETE FROM "+table)
		}
		if err := s.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
	},
	"another head": func(t *testing.T, _ *store.Store, db *bun.DB) { run(t, db, "UPDATE audit_head SET mac = hash") },
}

// A log without a row beside accounts was emptied, also with a head that says so.
func TestAnEmptyLogBesideAccounts(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		account(t, s, "ada")
		if got := verify(t, s, ""); !strings.Contains(got.Fault, "the log is empty, but there are accounts, the first of 23 November 2026") {
			t.Errorf("%+v", got)
		}
	})
}

// What was found and is known can be accepted: a row under the key says what it
// was, verify is content and says since when, and what happens to the log later
// shows as before, the same thing a second time too. There is always a head.
func TestWhatWasFoundCanBeAccepted(t *testing.T) {
	for name, tamper := range tampered {
		t.Run(name, func(t *testing.T) {
			onStore(t, func(t *testing.T, s *store.Store, url string) {
				if name == "another head" && strings.HasPrefix(url, "postgres") {
					tamper = func(t *testing.T, _ *store.Store, db *bun.DB) { run(t, db, "UPDATE audit_head SET mac = hash::bytea") }
				}
				db := raw(t, url)
				record(t, s, 6)
				for range 2 {
					tamper(t, s, db)
					found := verify(t, s, "")
					if found.Fault == "" || len(found.Head) != 64 && found.Rows > 0 {
						t.Fatalf("%+v", found)
					}
					if !accept(t, s, found) {
						t.Fatal("not accepted")
					}
					record(t, s, 2)
					got := verify(t, s, "")
					if got.Fault != "" || got.Broken != 0 || !strings.Contains(got.Since, "accepted (we know): "+found.Fault) || s.CheckHead(t.Context()) != nil {
						t.Errorf("%+v", got)
					}
				}
			})
		})
	}
}

// Nobody without the keys accepts: a row that was made up shows, as the end of the
// log and with the head taken out before a start. And what was not looked at is
// not accepted.
func TestAcceptingNeedsTheKeys(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		db := raw(t, url)
		record(t, s, 4)
		run(t, db, "DELETE FROM events WHERE seq = 4")
		run(t, db, "UPDATE events SET kind = 'audit.accepted' WHERE seq = 3")
		anew(t, db, 4)
		if got := verify(t, s, ""); !strings.Contains(got.Fault, "cut off or written anew") {
			t.Errorf("%+v", got)
		}
		run(t, db, "DELETE FROM audit_head")
		run(t, db, "DELETE FROM keyset")
		if err := s.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen := verify(t, s, "")
		if !strings.Contains(seen.Fault, "begun anew") {
			t.Errorf("%+v", seen)
		}
		run(t, db, "DELETE FROM events WHERE seq = 4")
		if accept(t, s, seen) {
			t.Error("a log was accepted that nobody looked at")
		}
	})
}

// Without a walk the end of the log is held against the head.
func TestTheEndIsCheckedWithoutAWalk(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		db := raw(t, url)
		check := func(want string) {
			t.Helper()
			if err := s.CheckHead(t.Context()); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%v, not %q", err, want)
			}
		}
		check("")
		record(t, s, 3)
		check("")
		run(t, db, "UPDATE events SET seq = 4 WHERE seq = 3")
		check("cut off or written anew")
		run(t, db, "UPDATE events SET seq = 3 WHERE seq = 4")
		run(t, db, "INSERT INTO events SELECT 4, at, kind, account_id, actor_id, actor, address, browser, level, reason, detail, 'x' FROM events WHERE seq = 3")
		check("rows 4 to 4 were added")
		run(t, db, "UPDATE audit_head SET seq = 4, hash = 'x'")
		check("not written with the keys")
		run(t, db, "DELETE FROM audit_head")
		check("gone from the database")
	})
}

// One step back and up again loses neither the head of the log nor what was
// counted; nor do all steps that came since the first version. What an older
// version writes in between is said.
func TestAStepBackKeepsTheHead(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		db := raw(t, url)
		record(t, s, 4)
		run(t, db, "DELETE FROM audit_head") // the head begins a first time, as on a site of an older version
		run(t, db, "DELETE FROM keyset")
		if err := s.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			try(t, s, "ada", noon)
		}
		before := verify(t, s, "")
		down := func(to string) {
			t.Helper()
			for step := ""; step != to; {
				var err error
				if step, err = s.Undo(t.Context(), anything); err != nil {
					t.Fatal(err)
				}
			}
		}
		up := func() {
			t.Helper()
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.Adopt(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, to := range []string{"20261125000061_tries", "20261125000050_keyset", "20261123000002_admin"} {
			down(to)
			up()
			if got := verify(t, s, ""); got != before {
				t.Errorf("down to %s and up: %+v, before %+v", to, got, before)
			}
			if _, tries := told(t, s, "ada"); tries != 3 {
				t.Errorf("down to %s and up: %d tries", to, tries)
			}
			var left int
			if err := db.NewRaw("SELECT count(*) FROM settings").Scan(t.Context(), &left); err != nil || left != 0 {
				t.Errorf("%d settings are left, %v", left, err)
			}
		}
		down("20261125000050_keyset")
		run(t, db, "INSERT INTO events SELECT seq + 1, at, kind, account_id, actor_id, actor, address, browser, level, reason, detail, hash FROM events WHERE seq = (SELECT max(seq) FROM events)")
		anew(t, db, before.Rows+1)
		up()
		got := verify(t, s, "")
		if !strings.Contains(got.Fault, "were added without the keys") {
			t.Errorf("%+v", got)
		}
		if !accept(t, s, got) || verify(t, s, "").Fault != "" {
			t.Error("it cannot be accepted")
		}
	})
}
