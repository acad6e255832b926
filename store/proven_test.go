package store_test

import (
	"strings"
	"testing"

	"nightlatch.example/nightlatch/login"
)

// Addresses that were proven before they were kept by themselves are found
// again, by the account that proved them first, and a way down and up loses
// none.
func TestProvenAddressesAreTakenOver(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		s := open(t, url)
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		with := withKeys(t, s)
		for _, name := range []string{"ada", "bob", "carl"} {
			a, _ := account(t, with, name)
			if a.Email = ""; name != "carl" {
				a.Email, a.EmailVerified = "Shared@Example.com", a.Created.AddDate(0, 0, len(name)+int(name[0]-'a'))
			}
			if err := s.Do(t.Context(), func(tx login.Act) error { return tx.SaveAccount(t.Context(), a) }); err != nil {
				t.Fatal(err)
			}
		}
		for {
			undone, err := s.Undo(t.Context(), anything)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(undone, "proven") {
				break
			}
		}
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a, err := s.AccountByName(t.Context(), "shared@example.com"); err != nil || a.Login != "ada" {
			t.Errorf("found %q, %v", a.Login, err)
		}
	})
}
