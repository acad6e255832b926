package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

func record(t *testing.T, s *store.Store, n int) {
	t.Helper()
	for range n {
		write(t, s, func(tx login.Act) error {
			tx.Record(identity.Event{At: noon, Kind: "login", AccountID: identity.NewID()})
			return nil
		})
	}
}

// second is another handle on the same database, with the same keys, and gives
// them.
func second(t *testing.T, s *store.Store, url string) (*store.Store, *store.Keys) {
	t.Helper()
	keys, other, db := newKeys(t), open(t, url), raw(t, url)
	run(t, db, "DELETE FROM keyset")
	run(t, db, "DELETE FROM audit_head")
	for _, x := range []*store.Store{s, other} {
		x.UseKeys(keys)
		if err := x.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return other, keys
}

func verify(t *testing.T, s *store.Store, kept string) accounts.AuditState {
	t.Helper()
	got, err := s.VerifyEvents(t.Context(), kept)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// anew writes the log anew from a row on, with a chain that fits, as someone can
// who writes to the database: the hashes have no secret in them.
func anew(t *testing.T, db *bun.DB, from int64) {
	t.Helper()
	var rows []eventRow
	if err := db.NewRaw("SELECT * FROM events ORDER BY seq").Scan(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	before := ""
	for _, r := range rows {
		if r.Seq >= from {
			r.Detail = "nothing happened"
		}
		r.Hash = link(before, r)
		run(t, db, "UPDATE events SET detail = ?, hash = ? WHERE seq = ?", r.Detail, r.Hash, r.Seq)
		before = r.Hash
	}
}

// What someone does who writes to the database without the keys shows: rows cut
// off at the end, a log that is written anew or added to, a head that is made up,
// put back to an older place, or taken out. It still shows when the site goes on.
func TestTheHeadShowsWhatTheChainDoesNot(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(t *testing.T, db *bun.DB)
		want string
	}{
		"cut":       {func(t *testing.T, db *bun.DB) { run(t, db, "DELETE FROM events WHERE seq > 6") }, "cut off or written anew"},
		"cut to 0":  {func(t *testing.T, db *bun.DB) { run(t, db, "DELETE FROM events") }, "cut off or written anew"},
		"anew":      {func(t *testing.T, db *bun.DB) { anew(t, db, 1) }, "cut off or written anew"},
		"last anew": {func(t *testing.T, db *bun.DB) { anew(t, db, 8) }, "cut off or written anew"},
		"added": {func(t *testing.T, db *bun.DB) {
			run(t, db, "INSERT INTO events SELECT seq + 1, at, kind, account_id, actor_id, actor, address, browser, level, reason, detail, hash FROM events WHERE seq = 8")
			anew(t, db, 9)
		}, "9 to 9 were added without the keys"},
		"head moved": {func(t *testing.T, db *bun.DB) {
			run(t, db, "DELETE FROM events WHERE seq > 6")
			run(t, db, "UPDATE audit_head SET seq = 6, hash = (SELECT hash FROM events WHERE seq = 6)")
		}, "not written with the keys"},
		"head gone": {func(t *testing.T, db *bun.DB) {
			run(t, db, "DELETE FROM events WHERE seq > 6")
			run(t, db, "DELETE FROM audit_head")
		}, "gone from the database"},
	} {
		t.Run(name, func(t *testing.T) {
			onStore(t, func(t *testing.T, s *store.Store, url string) {
				record(t, s, 8)
				if got := verify(t, s, ""); got.Fault != "" || got.Rows != 8 {
					t.Fatalf("%+v from the start", got)
				}
				c.do(t, raw(t, url))
				for range 3 {
					got := verify(t, s, "")
					if got.Broken != 0 || !strings.Contains(got.Fault, c.want) {
						t.Errorf("%+v", got)
					}
					record(t, s, 3) // hides nothing
				}
			})
		})
	}
}

// A head that was kept elsewhere shows what even the keys cannot: a log that was
// written anew by someone who has them too.
func TestAHeadKeptElsewhere(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		record(t, s, 5)
		kept := verify(t, s, "").Head
		record(t, s, 1500)
		if got := verify(t, s, kept); got.Fault != "" || got.Rows != 1505 || got.Head == kept {
			t.Errorf("%+v", got)
		}
		db := raw(t, url)
		anew(t, db, 2)
		run(t, db, "DELETE FROM audit_head")
		run(t, db, "DELETE FROM keyset")
		if err := s.Adopt(t.Context()); err != nil { // as a start does, with the right keys
			t.Fatal(err)
		}
		if got := verify(t, s, kept); !strings.Contains(got.Fault, "is not in the log") {
			t.Errorf("%+v", got)
		}
	})
}

// The head goes through a rotation of the keys, through many writers on two
// handles, and through transactions that fail.
func TestTheHeadKeepsUp(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		other, keys := second(t, s, url)
		together(20, func(i int) {
			for j := range 5 {
				if i == 3 && j == 2 {
					if _, err := keys.Add(); err != nil {
						t.Error(err)
					}
					if err := s.Lead(t.Context()); err != nil {
						t.Error(err)
					}
				}
				err := []*store.Store{s, other}[i%2].Do(t.Context(), func(tx login.Act) error {
					if tx.Record(identity.Event{At: noon.Add(time.Duration(j)), Kind: "login"}); j != 4 {
						return nil
					}
					return fmt.Errorf("undone")
				})
				if (err != nil) != (j == 4) {
					t.Error(err)
				}
				if got := verify(t, other, ""); got.Fault != "" || got.Broken != 0 {
					t.Errorf("while others write: %+v", got)
				}
			}
		})
		if got := verify(t, s, ""); got.Fault != "" || got.Broken != 0 || got.Rows != 81 {
			t.Errorf("%+v", got)
		}
	})
}

// A log that was emptied together with its head and the check value is not taken
// for that of a new site, since there are accounts: the log says that its head
// begins. A site without accounts has nothing to say.
func TestAnEmptiedLogSaysThatItsHeadBegins(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		db := raw(t, url)
		begin := func() accounts.AuditState {
			t.Helper()
			for _, table := range []string{"events", "audit_head", "keyset"} {
				run(t, db, "DELETE FROM "+table)
			}
			if err := s.Adopt(t.Context()); err != nil {
				t.Fatal(err)
			}
			return verify(t, s, "")
		}
		if got := begin(); got.Fault != "" || got.Rows != 0 {
			t.Errorf("a new site: %+v", got)
		}
		account(t, s, "ada")
		record(t, s, 3)
		got := begin()
		if rows := events(t, url); len(rows) != 1 || rows[0].Kind != "audit.begun" {
			t.Errorf("with accounts the log says %+v", rows)
		}
		if !strings.Contains(got.Fault, "accounts are older") {
			t.Errorf("an emptied log is not found: %+v", got)
		}
		run(t, db, "UPDATE accounts SET created_at = 0") // as one may who writes there
		if got := verify(t, s, ""); !strings.Contains(got.Fault, "it was emptied") {
			t.Errorf("an emptied log is not found: %+v", got)
		}
	})
}

// A log that was cut at its beginning and chained anew does not begin with the
// site: there are accounts that are older than all of it. A clock that went back
// is no such thing.
func TestALogBeginsWithItsSite(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		at := func(when time.Time) {
			write(t, s, func(tx login.Act) error {
				tx.Record(identity.Event{At: when, Kind: "login"})
				return nil
			})
		}
		at(noon.Add(time.Hour))
		account(t, s, "ada") // made at noon, by a clock that had gone back
		at(noon)
		if got := verify(t, s, ""); got.Fault != "" || !strings.Contains(got.Since, "since row 1, 23 November 2026, 13:00 UTC") {
			t.Errorf("%+v", got)
		}
		db := raw(t, url)
		run(t, db, "DELETE FROM events WHERE seq = 2")
		run(t, db, "DELETE FROM audit_head")
		run(t, db, "DELETE FROM keyset")
		if err := s.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := verify(t, s, ""); !strings.Contains(got.Fault, "the log begins at 23 November 2026, 13:00 UTC, but accounts are older, the first of 23 November 2026, 12:00 UTC") {
			t.Errorf("%+v", got)
		}
	})
}

// A log of an older version gets its head at the first start, and a server of
// that version that goes on for a while beside the new one is no alarm.
func TestAnOlderLogGetsItsHead(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		db := raw(t, url)
		run(t, db, "DELETE FROM audit_head")
		record(t, s, 4) // without a head to move, as an older version does
		run(t, db, "DELETE FROM keyset")
		if err := s.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := verify(t, s, ""); got.Fault != "" || got.Rows != 5 || !strings.Contains(got.Since, "since row 5, ") || !strings.Contains(got.Since, "rows 1 to 4 are from before") {
			t.Fatalf("%+v", got)
		}
		run(t, db, "INSERT INTO events SELECT seq + 1, at, kind, account_id, actor_id, actor, address, browser, level, reason, detail, hash FROM events WHERE seq = 5")
		var last eventRow
		if err := db.NewRaw("SELECT * FROM events WHERE seq = 5").Scan(t.Context(), &last); err != nil {
			t.Fatal(err)
		}
		before := last.Hash
		last.Seq, last.Kind = 6, "login"
		run(t, db, "UPDATE events SET kind = 'login', hash = ? WHERE seq = 6", link(before, last))
		if got := verify(t, s, ""); !strings.Contains(got.Fault, "6 to 6") {
			t.Errorf("right after: %+v", got)
		}
		write(t, s, func(tx login.Act) error {
			tx.Record(identity.Event{At: time.Now(), Kind: "login"})
			return nil
		})
		got := verify(t, s, "")
		if got.Fault != "" || got.Rows != 8 {
			t.Errorf("once a new server wrote: %+v", got)
		}
		var odd string
		if err := db.NewRaw("SELECT detail FROM events WHERE kind = 'audit.unsealed'").Scan(t.Context(), &odd); err != nil || !strings.Contains(odd, "rows 6 to 6") {
			t.Errorf("%q, %v", odd, err)
		}
	})
}
