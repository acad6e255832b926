package store_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// people are names and how they are searched.
var people = map[string][]string{
	"Jo Mu\u0308ller":  {"müller", "MÜLLER", "Mu\u0308ll"},
	"Eva Lange Straße": {"STRASSE", "straße"},
	"Pat O’Brien":      {"o'brien", "O’BRIEN"},
	"Kim O`Hara":       {"o'hara", "O’Hara"},
	"Ｗｉｄｅ Person":      {"wide"},
	"Ada Plain":        {"plain"},
}

// finds gives the names of the accounts that a search finds, in a small site,
// whose accounts are walked through, or in a large one, where words are looked up.
func finds(t *testing.T, s *store.Store, text string, size int) (names []string) {
	t.Helper()
	buckets, err := s.Buckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Page(t.Context(), directory.Query{Text: text, Buckets: slices.Collect(maps.Keys(buckets)), Total: size, Size: size, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range p.Accounts {
		names = append(names, a.Name)
	}
	return names
}

// asFirstWritten fills what is searched as the first version did.
func asFirstWritten(t *testing.T, s *store.Store, url string) {
	t.Helper()
	back(t, s, "20261125000175_searchfold")
	db := raw(t, url)
	for name := range people {
		var id, key string
		if err := db.NewRaw("SELECT id, login_key FROM accounts WHERE name = ?", name).Scan(t.Context(), &id, &key); err != nil {
			t.Fatal(err)
		}
		text := key + "\n" + strings.ToLower(name)
		run(t, db, "UPDATE directory SET searched = ? WHERE account_id = ?", text, id)
		run(t, db, "DELETE FROM words WHERE account_id = ?", id)
		for _, w := range store.Words(text) {
			run(t, db, "INSERT INTO words (account_id, word) VALUES (?, ?)", id, w)
		}
	}
}

// Whoever was there before the list was searched by the fold of logins is found
// by it after the upgrade, without a change of the account or a repair. An
// upgrade that was broken off goes on at the next start.
func TestAnUpgradeBringsTheFoldToThoseWhoWereThere(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		for name := range people {
			a := identity.Account{ID: identity.NewID(), Login: identity.NewID(), Name: name, Standing: identity.Invited, Created: noon}
			a.Key = strings.ToLower(a.Login)
			write(t, s, func(tx login.Act) error { return tx.InsertAccount(t.Context(), a) })
		}
		want := holds(t, raw(t, url), "changes") // which counts what is changed from then on
		asFirstWritten(t, s, url)
		if got := finds(t, s, "o'brien", 6); len(got) != 0 {
			t.Fatalf("found before: %v", got)
		}
		ctx, stop := context.WithCancel(t.Context())
		s.OnProgress(func(p store.Progress) {
			if p.Total > 0 {
				stop()
			}
		})
		if _, err := s.Migrate(ctx); !errors.Is(err, context.Canceled) && err != nil { // one page holds them all
			t.Fatal(err)
		}
		run(t, raw(t, url), "UPDATE directory SET searched = '' WHERE searched LIKE '%brien%'") // as if it had been in the next
		var told store.Progress
		s.OnProgress(func(p store.Progress) { told = p })
		if _, err := s.Migrate(t.Context()); err != nil || told != (store.Progress{Done: 1, Total: 1}) {
			t.Errorf("%+v, %v", told, err)
		}
		for name, searches := range people {
			for _, text := range searches {
				for _, size := range []int{6, 1_000_000} {
					if got := finds(t, s, text, size); !slices.Equal(got, []string{name}) {
						t.Errorf("of %d, %+q finds %+q", size, text, got)
					}
				}
			}
		}
		want.same(t, raw(t, url), "after the upgrade")
		back(t, s, "20261125000175_searchfold")
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		want.same(t, raw(t, url), "after a step down and up")
	})
}
