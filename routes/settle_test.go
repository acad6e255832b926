package routes_test

import (
	"net/http"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// twofold sends a cookie with several values, in the order given.
func twofold(b *sitetest.Browser, name string, values ...string) *sitetest.Browser {
	var all []string
	for _, v := range values {
		all = append(all, b.CookieName(name)+"="+v)
	}
	x := b.Site.Browser()
	x.Header = http.Header{"Cookie": {strings.Join(all, "; ")}}
	return x
}

// A parent domain, or another site on this host, gives a browser a second cookie
// of our name: the one that is good counts, whichever stands first.
func TestOfSeveralValuesOfACookieTheGoodOneCounts(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Proven(ada, identity.Member)
		s.User("eve@example.com", identity.Member)
		b := s.Browser().SignIn(ada)
		mine, eve := b.Cookie("nightlatch_session"), s.Browser().SignIn("eve@example.com").Cookie("nightlatch_session")
		for _, values := range [][]string{{mine, "x"}, {"x", mine}, {mine, mine}, {"", mine}, {"x", "y", "z", mine}} {
			twofold(b, "nightlatch_session", values...).Get("/verify").WantStatus(t, 200)
		}
		for _, values := range [][]string{{"x", "y"}, {mine, eve}, {eve, mine, "x"}, {"1", "2", "3", "4", mine}} {
			twofold(b, "nightlatch_session", values...).Get("/verify").WantStatus(t, 401)
		}

		secret := b.EnrollTOTP()
		pending := s.Browser()
		pending.Password(ada).Want(t, "/login/challenge")
		p := twofold(pending, "nightlatch_login", "x", pending.Cookie("nightlatch_login")).Get("/login/challenge").WantStatus(t, 200)
		if !strings.Contains(p.Body, `action="/login/challenge/totp"`) {
			t.Error("no challenge")
		}
		s.Advance(30e9)
		trusting := s.Browser()
		trusting.Password(ada).Want(t, "/login/challenge")
		trusting.Post("/login/challenge/totp", "code", s.Code(secret), "trust", "on").Want(t, "/profile")
		twofold(trusting, "nightlatch_browser", "planted", trusting.Cookie("nightlatch_browser")).Password(ada).Want(t, "/profile")
	})
}

// Browsers keep the cookies of all ports of a host together: two sites there do
// not end each other's sessions.
func TestCookiesCarryThePortOfTheSite(t *testing.T) {
	for url, want := range map[string]string{
		"http://localhost:8080": "nightlatch_session_8080", "http://localhost:9090": "nightlatch_session_9090", "http://localhost:80": "nightlatch_session",
		"http://door.example": "nightlatch_session", "http://[::1]:8080": "nightlatch_session_8080",
		"https://door.example": "__Host-nightlatch_session", "https://door.example:8443": "__Host-nightlatch_session",
	} {
		s := sitetest.New(t, func(c *sitetest.Config) { c.Login.URL = url })
		s.Proven(ada, identity.Member)
		b := s.Browser()
		p := b.Password(ada).Want(t, "/profile")
		var names []string
		for _, c := range p.Cookies {
			names = append(names, c.Name)
		}
		if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+want+" ") {
			t.Errorf("%s: cookies %v", url, names)
		}
		b.Get("/verify").WantStatus(t, 200)
	}
}
