package routes_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

const notKept = "Your browser did not keep the cookie"

// forgetful follows an answer in a browser that keeps no cookie.
func forgetful(s *sitetest.Site, p *sitetest.Page, referer string) *sitetest.Page {
	for range 5 {
		if p.Location == "" {
			break
		}
		b := s.Browser()
		if referer != "" {
			b.Header = http.Header{"Referer": {referer}}
		}
		p = b.Get(p.Location)
	}
	return p
}

// Whoever is back at the sign-in because the browser kept no cookie is told so,
// after the password alone and before the second step.
func TestASignInWhoseCookieDoesNotComeBackSaysSo(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("eve@example.com", identity.Member)
		equip(s, ada)
		for _, name := range []string{"eve@example.com", ada} {
			for _, referer := range []string{"", s.URL + "/login?next=%2Fprofile"} {
				p := forgetful(s, s.Browser().Password(name), referer)
				if p.Status != 200 || !strings.HasPrefix(p.Alert(), notKept) || !strings.Contains(p.Alert(), s.URL) {
					t.Errorf("%s, from %q: %d %q", name, referer, p.Status, p.Alert())
				}
			}
		}
		if !strings.Contains(s.Log.String(), "did not come back") {
			t.Error("the log does not say so")
		}
	})
}

// Nobody else is told: who never signed in, whose cookies come back, who signed
// out, and who comes much later.
func TestOnlyALostCookieIsToldOf(t *testing.T) {
	s := sitetest.New(t)
	s.User(ada, identity.Member)
	quiet := func(p *sitetest.Page) {
		t.Helper()
		if p.WantStatus(t, 200); strings.Contains(p.Body, notKept) {
			t.Error("it says so")
		}
	}
	quiet(forgetful(s, s.Browser().Get("/"), ""))
	b := s.Browser().SignIn(ada)
	b.Get("/profile").WantStatus(t, 200)
	quiet(s.Browser().Get("/login"))
	b.Post("/logout")
	b.Header = http.Header{"Referer": {s.URL + "/login"}}
	quiet(b.Get("/login"))
	s.Browser().Password(ada)
	s.Advance(2 * time.Minute)
	quiet(s.Browser().Get("/login"))
	s.Browser().Post("/login", "login", ada, "password", wrong)
	quiet(s.Browser().Get("/login"))
}
