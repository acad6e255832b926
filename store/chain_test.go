package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// eventRow is a row of the audit log as it lies in the database.
type eventRow struct {
	Seq, At                                           int64
	Kind, AccountID, ActorID, Actor, Address, Browser string
	Level                                             int
	Reason, Detail, Hash                              string
}

// broken gives the first row that does not follow from the one before; 0 is
// none. It is written from the description, not with the code that it checks.
func broken(rows []eventRow) int64 {
	before := ""
	for i, r := range rows {
		if r.Seq != int64(i+1) || r.Hash != link(before, r) {
			return r.Seq
		}
		before = r.Hash
	}
	return 0
}

// link is the hash that a row has after another.
func link(before string, r eventRow) string {
	text, _ := json.Marshal([]any{before, r.Seq, r.At, r.Kind, r.AccountID, r.ActorID, r.Actor, r.Address, r.Browser, r.Level, r.Reason, r.Detail})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func events(t *testing.T, url string) (rows []eventRow) {
	t.Helper()
	if err := raw(t, url).NewRaw("SELECT * FROM events ORDER BY seq").Scan(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// Fifty writers on two handles make one chain without a gap.
func TestEventsAreOneChain(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		const writers, each = 50, 4
		other, _ := second(t, s, url)
		together(writers, func(i int) {
			for j := range each {
				err := []*store.Store{s, other}[i%2].Do(t.Context(), func(tx login.Act) error {
					e := identity.Event{At: noon.Add(time.Duration(i)), Kind: "login", AccountID: fmt.Sprint(i), Level: j,
						Browser: "Firefox “<&>\u2028", Reason: "r", Detail: "d"}
					if j%2 == 0 {
						tx.Record(e)
						return nil
					}
					tx.Record(e, e)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		rows := events(t, url)
		if want := writers * each * 3 / 2; len(rows) != want {
			t.Errorf("%d rows, want %d", len(rows), want)
		}
		if seq := broken(rows); seq != 0 {
			t.Errorf("the chain breaks at %d", seq)
		}
	})
}

// A changed, missing, added or swapped row shows.
func TestTheChainShowsChanges(t *testing.T) {
	for name, change := range map[string]string{
		"changed":  "UPDATE events SET detail = 'x' WHERE seq = 3",
		"moved":    "UPDATE events SET account_id = 'bob' WHERE seq = 2",
		"missing":  "DELETE FROM events WHERE seq = 2",
		"rehashed": "UPDATE events SET hash = (SELECT hash FROM events WHERE seq = 1) WHERE seq = 4",
		"shifted":  "UPDATE events SET address = '', browser = address WHERE seq = 3",
	} {
		t.Run(name, func(t *testing.T) {
			onStore(t, func(t *testing.T, s *store.Store, url string) {
				for range 5 {
					write(t, s, func(tx login.Act) error {
						tx.Record(identity.Event{At: noon, Kind: "login", AccountID: "ada", Address: "203.0.113.7"})
						return nil
					})
				}
				if broken(events(t, url)) != 0 {
					t.Fatal("broken from the start")
				}
				run(t, raw(t, url), change)
				if broken(events(t, url)) == 0 {
					t.Error("it does not show")
				}
			})
		})
	}
}

// What a transaction recorded is gone with it: no event without its deed, and
// no gap that would look like a missing row.
func TestNoEventOfWhatDidNotHappen(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		for _, fails := range []bool{false, true, false} {
			err := s.Do(t.Context(), func(tx login.Act) error {
				tx.Record(identity.Event{At: noon, Kind: "login"})
				if fails {
					return identity.ErrNotFound
				}
				return nil
			})
			if (err != nil) != fails {
				t.Error(err)
			}
		}
		if rows := events(t, url); len(rows) != 2 || broken(rows) != 0 {
			t.Errorf("%+v", rows)
		}
	})
}
