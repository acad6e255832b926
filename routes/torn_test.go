package routes_test

import (
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Of two good sessions of one account the stronger counts, in either order.
func TestOfTwoSessionsOfOneAccountTheStrongerCounts(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Proven(ada, identity.Member)
		weak := s.Browser().SignIn(ada)
		strong := s.Browser().SignIn(ada)
		strong.EnrollTOTP()
		one, two := weak.Cookie("nightlatch_session"), strong.Cookie("nightlatch_session")
		for _, values := range [][]string{{one, two}, {two, one}, {"x", one, two}} {
			if p := twofold(weak, "nightlatch_session", values...).Get("/verify?level=2").WantStatus(t, 200); p.Header.Get("Remote-Level") != "2" {
				t.Errorf("level %s", p.Header.Get("Remote-Level"))
			}
		}
	})
}

// A stranger who can give a browser cookies gives it a session of their own: the
// person is nobody, and never the stranger. The sign-in page says so, and signing
// in or out ends all that came.
func TestOfTheSessionsOfTwoAccountsNoneCounts(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		s.User("eve@example.com", identity.Member)
		for _, first := range []bool{true, false} {
			mine, eves := s.Browser().SignIn(ada), s.Browser().SignIn("eve@example.com")
			values := []string{mine.Cookie("nightlatch_session"), eves.Cookie("nightlatch_session")}
			if !first {
				values[0], values[1] = values[1], values[0]
			}
			b := twofold(mine, "nightlatch_session", values...)
			b.Get("/profile").Want(t, "/login?next=%2Fprofile")
			for _, path := range []string{"/login", "/login?next=%2Fprofile"} {
				if p := b.Get(path).WantStatus(t, 200); !strings.Contains(p.Text(), "the sign-ins of two accounts at once") || strings.Contains(p.Body, "eve@") {
					t.Errorf("%s says %s", path, p.Alert())
				}
			}
			b.Post("/profile/name", "name", "Mallory").Want(t, "/login?next=%2Fprofile")
			b.Password(ada).Want(t, "/profile")
			for _, old := range []*sitetest.Browser{mine, eves} {
				old.Get("/verify").WantStatus(t, 401)
			}
		}
		mine, eves := s.Browser().SignIn(ada), s.Browser().SignIn("eve@example.com")
		twofold(mine, "nightlatch_session", mine.Cookie("nightlatch_session"), eves.Cookie("nightlatch_session")).Post("/logout").Want(t, "/login?said=signed-out")
		for _, old := range []*sitetest.Browser{mine, eves} {
			old.Get("/verify").WantStatus(t, 401)
		}
	})
}

// So it is with two pending logins: nobody is asked for a stranger's code.
func TestOfThePendingLoginsOfTwoAccountsNoneCounts(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		pending := func(who string) *sitetest.Browser {
			b := s.Browser()
			b.Password(who).Want(t, "/login/challenge")
			return b
		}
		for _, who := range []string{ada, "eve@example.com"} {
			s.User(who, identity.Member)
			s.Browser().SignIn(who).EnrollTOTP()
		}
		mine, eves := pending(ada), pending("eve@example.com")
		b := twofold(mine, "nightlatch_login", mine.Cookie("nightlatch_login"), eves.Cookie("nightlatch_login"))
		b.Get("/login/challenge").Want(t, "/login")
		if p := b.Get("/login"); !strings.Contains(p.Text(), "the sign-ins of two accounts at once") {
			t.Errorf("says %s", p.Alert())
		}
		again := pending(ada)
		newest := twofold(mine, "nightlatch_login", mine.Cookie("nightlatch_login"), again.Cookie("nightlatch_login")).Get("/login/challenge").WantStatus(t, 200)
		if !strings.Contains(newest.Body, `action="/login/challenge/totp"`) {
			t.Error("of two of one account none counts")
		}
		b.Password(ada).Want(t, "/login/challenge")
		for _, old := range []*sitetest.Browser{mine, eves} {
			old.Get("/login/challenge").Want(t, "/login?over=1")
		}
	})
}

// A second name does not keep a browser from being known as the one that sent a
// form before.
func TestABrowserWithTwoNamesSendsAFormTwice(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser()
		b.Get("/login")
		x := twofold(b, "nightlatch_form", "planted", b.Cookie("nightlatch_form"))
		one, two := x.Password(ada).Want(t, "/profile"), x.Password(ada).Want(t, "/profile")
		session := func(p *sitetest.Page) (value string) {
			for _, c := range p.Cookies {
				if strings.HasPrefix(c.Name, "nightlatch_session") {
					value = c.Value
				}
			}
			return value
		}
		if session(one) == "" || session(one) != session(two) {
			t.Error("the second click opened a session of its own")
		}
	})
}
