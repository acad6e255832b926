package routes_test

import (
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// A password manager is led to the open form for a new password, also by way of
// the sign-in.
func TestTheWellKnownAddressOpensThePasswordForm(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser()
		p := b.Get("/.well-known/change-password").WantStatus(t, 303)
		to, _, _ := strings.Cut(p.Location, "#")
		p = b.Get(to).WantStatus(t, 303)
		b.Get(p.Location).WantStatus(t, 200)
		b.Post("/login", "login", ada, "password", sitetest.Password, "next", to).Want(t, to)
		if p = b.Get(to); !strings.Contains(p.Body, `id="password" open`) || !strings.Contains(p.Body, `action="/profile/password"`) {
			t.Error("the form is not open")
		}
	})
}

func TestRobotsAndTheOldNameOfTheIconAnswer(t *testing.T) {
	s := sitetest.New(t)
	b := s.Browser()
	if p := b.Get("/robots.txt").WantStatus(t, 200); !strings.Contains(p.Body, "Disallow: /\n") || !strings.HasPrefix(p.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("robots.txt: %s %q", p.Header, p.Body)
	}
	p := b.Get("/favicon.ico").WantStatus(t, 200)
	if p.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(p.Body, "<svg") {
		t.Errorf("favicon.ico: %s %.40q", p.Header, p.Body)
	}
	b.Do("HEAD", "/favicon.ico", nil, false).WantStatus(t, 200)
}
