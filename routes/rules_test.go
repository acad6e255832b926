package routes_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// ruled is a site with rules for an application.
func ruled(c *sitetest.Config) {
	c.Rules = `rules:
  - {host: app.example.com, path: /public, allow: true}
  - {host: app.example.com, path: /office, networks: [10.0.0.0/8], allow: true}
  - {host: app.example.com, path: /boss, role: admin}
  - {host: app.example.com, path: /never, deny: true}
  - {host: app.example.com, path: /money, max_age: 15m}
  - {host: app.example.com, path: /plain, level: 1}
  - {host: app.example.com, path: /read, methods: [GET, HEAD], level: 1}
`
}

// Rules decide for both questions; what one more proof would cure leads to it.
func TestRulesDecide(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Proven(ada, identity.Member)
		in := s.Browser()
		in.Password(ada).Want(t, "/profile")
		nobody, one := s.Browser(), atApp(in)
		const app = "http://app.example.com"
		to := func(page, path string) string {
			return s.URL + page + "next=" + url.QueryEscape(app+path)
		}
		for _, r := range []struct {
			says, path, query, method string
			who                       *sitetest.Browser
			code                      int
			location                  string
			more                      []string
		}{
			{"allowed, nobody signed in", "/public/x?y", "", "GET", nobody, 200, "", nil},
			{"allow and ?level= add up", "/public/x", "?level=2", "GET", nobody, 401, to("/login?", "/public/x"), nil},
			{"allow and ?level= add up", "/public/x", "?level=2", "GET", one, 403, to("/confirm?level=2&", "/public/x"), nil},
			{"level 1", "/plain", "", "GET", one, 200, "", nil},
			{"level 1 and ?level=2", "/plain", "?level=2", "GET", one, 403, to("/confirm?level=2&", "/plain"), nil},
			{"no rule, level 2", "/other", "", "GET", one, 403, to("/confirm?level=2&", "/other"), nil},
			{"no rule and ?level=1, the stricter wins", "/other", "?level=1", "GET", one, 403, to("/confirm?level=2&", "/other"), nil},
			{"role", "/boss", "", "GET", one, 403, "", nil},
			{"role, nobody", "/boss", "", "GET", nobody, 401, to("/login?", "/boss"), nil},
			{"deny", "/never", "", "GET", one, 403, "", nil},
			{"deny, nobody", "/never", "", "GET", nobody, 403, "", nil},
			{"methods", "/read", "", "HEAD", one, 200, "", nil},
			{"methods", "/read", "", "POST", one, 403, "", nil},
			{"networks", "/office", "", "GET", nobody, 200, "", []string{"X-Forwarded-For", "10.7.7.7"}},
			{"networks", "/office", "", "GET", nobody, 401, to("/login?", "/office"), []string{"X-Forwarded-For", "10.7.7.7, 192.0.2.9"}},
			{"the strictest reading", "/public/..%2Fnever", "", "GET", one, 403, "", nil},
			{"max_age, just proved", "/money", "", "GET", one, 200, "", nil},
		} {
			for _, way := range []string{"/verify", "/verify/forward"} {
				p, code := byProxy(r.who, way+r.query, r.method, app+r.path, r.more...), r.code
				if way != "/verify" && r.location != "" {
					code = http.StatusSeeOther
				}
				if p.Status != code || p.Header.Get("Location") != r.location {
					t.Errorf("%s, %s: %d to %q", r.says, way, p.Status, p.Header.Get("Location"))
				}
				if code == 200 && r.who == nobody && (p.Header.Get("Remote-User") != "" || len(p.Header.Values("Remote-Level")) != 1) {
					t.Errorf("%s, %s: nobody is %v", r.says, way, p.Header)
				}
			}
		}
		if p := byProxy(one, "/verify", "GET", app+"/public"); p.Header.Get("Remote-User") != ada {
			t.Error("on a page for all, the application is not told who is signed in")
		}

		s.Advance(20 * time.Minute)
		if p := byProxy(one, "/verify", "GET", app+"/money"); p.Status != 403 || p.Header.Get("Location") != to("/confirm?level=2&", "/money") {
			t.Fatalf("proved too long ago: %d to %q", p.Status, p.Header.Get("Location"))
		}
		in.Post("/confirm", "password", sitetest.Password, "next", app+"/money").Want(t, app+"/money")
		byProxy(atApp(in), "/verify", "GET", app+"/money").WantStatus(t, 200)
	}, atAuth, ruled)
}

// Where no address can be believed, level 2 is asked and nothing is for all.
func TestRulesWithoutAnAddress(t *testing.T) {
	s := sitetest.New(t, atAuth, ruled)
	s.User(ada, identity.Member)
	in := s.Browser()
	in.Password(ada).Want(t, "/profile")
	for _, way := range []string{"/verify", "/verify/forward"} {
		for _, from := range []string{"127.0.0.1", "203.0.113.7"} {
			for who, want := range map[*sitetest.Browser]int{s.Browser(): 401, atApp(in): 403} {
				c := who.Clone()
				c.From(from)
				if from != "127.0.0.1" { // these are believed of nobody else
					c.Header = http.Header{"X-Original-Url": {"http://app.example.com/public"}, "X-Forwarded-Host": {"app.example.com"}, "X-Forwarded-Uri": {"/public"}}
				}
				if p := c.Get(way); p.Status != want {
					t.Errorf("%s from %s: %d instead of %d", way, from, p.Status, want)
				}
			}
		}
	}
}

// An address as a login that its owner never proved is told to nobody; a page for
// all stays one, and nobody is on it.
func TestAnUnprovenLoginIsToldToNobody(t *testing.T) {
	s := sitetest.New(t, atAuth, ruled)
	s.User("eve@example.com", identity.Member)
	in := s.Browser()
	in.Password("eve@example.com").Want(t, "/profile")
	p := byProxy(atApp(in), "/verify", "GET", "http://app.example.com/plain")
	if p.Status != 403 || !strings.HasPrefix(p.Header.Get("Location"), s.URL+"/profile?said=prove-address") {
		t.Errorf("%d to %q", p.Status, p.Header.Get("Location"))
	}
	if p := byProxy(atApp(in), "/verify/forward", "GET", "http://app.example.com/plain"); p.Status != 303 {
		t.Errorf("forwarded: %d", p.Status)
	}
	if p := byProxy(atApp(in), "/verify", "GET", "http://app.example.com/public"); p.Status != 200 || p.Header.Get("Remote-User") != "" {
		t.Errorf("a page for all: %d for %q", p.Status, p.Header.Get("Remote-User"))
	}
}

// Only a 200 counts as use of the session, of either question.
func TestOnlyA200CountsAsUse(t *testing.T) {
	s := sitetest.New(t, atAuth, ruled)
	s.Proven(ada, identity.Member)
	for _, way := range []string{"/verify", "/verify/forward"} {
		for path, lives := range map[string]bool{"/plain": true, "/never": false, "/other": false} {
			in := s.Browser()
			in.Password(ada).Want(t, "/profile")
			one := atApp(in)
			for range 3 {
				s.Advance(50 * time.Minute)
				byProxy(one, way, "GET", "http://app.example.com"+path)
			}
			if p := byProxy(one, way, "GET", "http://app.example.com/plain"); (p.Status == 200) != lives {
				t.Errorf("%s %s: %d", way, path, p.Status)
			}
		}
	}
}
