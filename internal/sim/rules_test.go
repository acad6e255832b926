package sim

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"

	"github.com/uptrace/bun/driver/sqliteshim"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// Rules that no fault of the table breaks can fail all the same: each is shown
// what it is there for.
func TestRulesThatNoFaultBreaksCanFail(t *testing.T) {
	change := func(statements ...string) func(*testing.T, *World) {
		return func(t *testing.T, w *World) {
			db, err := sql.Open(sqliteshim.ShimName, "file:"+strings.TrimPrefix(w.database, "sqlite:")+"?_pragma=busy_timeout(5000)")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for _, s := range statements {
				if _, err := db.Exec(s); err != nil {
					t.Fatalf("%s: %v", s, err)
				}
			}
		}
	}
	for _, x := range []struct {
		rule  string
		spoil func(*testing.T, *World)
	}{
		{"each mail has its row", change("DELETE FROM outbox WHERE status = 'sent'")},
		{"each mail has its row", change("UPDATE outbox SET recipient = 'mallory@example.net' WHERE status = 'sent'")},
		{"each mail has its row", change("UPDATE outbox SET id = id || 'x' WHERE status = 'sent'")},
		{"no mail to an unproven address", change("UPDATE accounts SET email_verified_at = 0",
			"UPDATE outbox SET status = 'queued', template = 'second-step-failed', recipient = 'nobody@example.net'")},
		{"every page opens", change("ALTER TABLE sessions RENAME TO gone")},
		{"only known words", func(_ *testing.T, w *World) {
			w.Seen = []*Exchange{{Path: "/login", Page: &sitetest.Page{Status: 200, Body: `<p role="alert">ERROR: no such column</p>`}}}
		}},
	} {
		t.Run(x.rule, func(t *testing.T) {
			r := rules[slices.IndexFunc(rules, func(r Rule) bool { return r.Name == x.rule })]
			inWorld(t, func(w *World) {
				if err := r.Check(w); err != nil {
					t.Errorf("before: %v", err)
				}
				x.spoil(t, w)
				if err := failing(r, w); err == nil {
					t.Errorf("%q holds all the same", r.Sentence)
				}
			})
		})
	}
}

// failing looks several times, since some rules draw what they look at.
func failing(r Rule, w *World) (err error) {
	for range 20 {
		if err = r.Check(w); err != nil {
			break
		}
	}
	return err
}

// inWorld has people move in, and gives the world to a test.
func inWorld(t *testing.T, do func(*World)) {
	if _, err := theStage(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, 5)
		w, err := open(t, Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.close()
		w.chance = chanceOf(5, 0)
		w.found()
		w.Changed = true
		do(w)
	})
}
