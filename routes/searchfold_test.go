package routes_test

import (
	"net/url"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// The list is searched by the fold of logins, however a name is written.
func TestTheListIsSearchedByTheFoldOfLogins(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		for name, person := range map[string]string{"one@example.com": "Jo Mu\u0308ller", "two@example.com": "Eva Lange Straße", "three@example.com": "Pat O’Brien",
			"four@example.com": "Ｗｉｄｅ Person"} {
			if _, err := s.Accounts.Create(t.Context(), formOf(name, person), "", identity.Event{Actor: "cli"}); err != nil {
				t.Fatal(err)
			}
		}
		for query, want := range map[string]string{"müller": "one@", "MU\u0308LLER": "one@", "STRASSE": "two@", "straße": "two@", "o'brien": "three@", "O’BRIEN": "three@",
			"oʼbr": "three@", "wide": "four@"} {
			if p := boss.Get("/admin?q="+url.QueryEscape(query)).WantStatus(t, 200); !strings.Contains(p.Body, want) || strings.Count(p.Body, "@example.com</") > 2 {
				t.Errorf("%+q does not find %s", query, want)
			}
		}
	})
}
