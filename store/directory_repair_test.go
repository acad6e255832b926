package store_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// listing is what the directory answers.
type listing struct {
	buckets map[directory.Bucket]int
	reached map[identity.Step]int
	found   []identity.Account
	rows    map[string][]string
}

func listed(t *testing.T, s *store.Store, url string) (l listing) {
	t.Helper()
	var err error
	if l.buckets, err = s.Buckets(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l.reached, err = s.Reached(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := s.Page(t.Context(), directory.Query{Text: "ada", All: true, Buckets: slices.Collect(maps.Keys(l.buckets)), Total: 13, Size: 13, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	l.found = p.Accounts
	l.rows = contents(t, raw(t, url), map[string][]string{"directory": {"account_id", "bucket", "login_key", "created_at", "last_login_at", "searched"},
		"words": {"account_id", "word"}})
	return l
}

// Whatever happened to the directory, it is made anew from the accounts, a page
// at a time, and is what it was; until then the totals are known to be wrong.
func TestTheDirectoryIsMadeAnewFromTheAccounts(t *testing.T) {
	harm := map[string][]string{
		"all gone":      {"DELETE FROM directory", "DELETE FROM words", "DELETE FROM totals"},
		"a total":       {"UPDATE totals SET n = n + 3 WHERE bucket < 1048576"},
		"steps":         {"UPDATE totals SET n = n + 1 WHERE bucket >= 1048576"},
		"a lost total":  {"DELETE FROM totals WHERE bucket < 1048576"},
		"wrong buckets": {"UPDATE directory SET bucket = bucket + 1, last_login_at = 7"},
		"wrong words":   {"DELETE FROM words"},
		"nothing":       nil,
	}
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		full(t, s)
		for i := range 12 {
			a, _ := account(t, s, fmt.Sprintf("ada%d", i))
			write(t, s, func(tx login.Act) error { return tx.Reach(t.Context(), a.ID, identity.Step(i)) })
		}
		want := listed(t, s, url)
		if len(want.found) != 13 {
			t.Fatalf("%d are found", len(want.found))
		}
		for name, statements := range harm {
			for _, x := range statements {
				run(t, raw(t, url), x)
			}
			wrong, err := s.WrongTotals(t.Context())
			if err != nil || name != "nothing" && name != "wrong words" && wrong == 0 {
				t.Errorf("%s: %d totals are wrong, %v", name, wrong, err)
			}
			mended, err := s.RebuildBy(t.Context(), 5)
			if err != nil || (mended == store.Mended{}) != (statements == nil) {
				t.Errorf("%s: mended %+v, %v", name, mended, err)
			}
			if got := listed(t, s, url); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v\ninstead of %+v", name, got, want)
			}
			if wrong, err := s.WrongTotals(t.Context()); err != nil || wrong != 0 {
				t.Errorf("%s: %d totals are still wrong, %v", name, wrong, err)
			}
			if again, err := s.Rebuild(t.Context()); err != nil || again != (store.Mended{}) {
				t.Errorf("%s: mended twice: %+v, %v", name, again, err)
			}
		}
	})
}

// While the directory is made anew the site goes on, and nothing is counted
// twice or not at all.
func TestTheDirectoryIsMadeAnewBesideAServer(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		for i := range 20 {
			account(t, s, fmt.Sprintf("ada%d", i))
		}
		run(t, raw(t, url), "DELETE FROM totals")
		other := open(t, url)
		together(3, func(i int) {
			if i == 0 {
				if _, err := s.RebuildBy(t.Context(), 3); err != nil {
					t.Error(err)
				}
				return
			}
			for n := range 15 {
				name := fmt.Sprintf("bob%d-%d", i, n)
				write(t, other, func(tx login.Act) error {
					return tx.InsertAccount(t.Context(), identity.Account{ID: identity.NewID(), Login: name, Key: name, Standing: identity.Invited})
				})
			}
		})
		entered(t, s, 50)
		if wrong, err := s.WrongTotals(t.Context()); err != nil || wrong != 0 {
			t.Errorf("%d totals are wrong, %v", wrong, err)
		}
	})
}
