package routes_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// What another site sends is refused at every form, login and logout
// included, and does nothing.
func TestCrossSite(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		browsers := who(s)
		for _, head := range []http.Header{
			{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Sec-Fetch-Site": {"nonsense"}},
			{"Origin": {"null"}}, {"Origin": {"https://evil.example"}}, {"Origin": {"http://localhost:8080.evil.example"}},
			{"Origin": {"http://localhost"}}, {"Origin": {"http://localhost:9999"}}, {"Origin": {"nonsense"}},
			{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"null"}, "Referer": {s.URL + "/profile"}},
		} {
			for _, r := range table(s) {
				if r.method != http.MethodPost {
					continue
				}
				b := browsers["admin"]
				b.Header = head
				p := b.Do(r.method, r.path, sitetest.Body("login="+ada+"&password="+sitetest.Password+"&name=Mallory"), b.HTMX)
				if p.Status != 403 || len(p.Cookies) > 0 || p.Location != "" {
					t.Errorf("%s with %v: %d to %q, %v", r.path, head, p.Status, p.Location, p.Cookies)
				}
			}
		}
		b := browsers["admin"]
		for _, head := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-origin"}}, {"Origin": {s.URL}}} {
			b.Header = head
			b.Get("/profile").WantStatus(t, 200) // a link elsewhere may lead here
		}
		for _, head := range []http.Header{{"Sec-Fetch-Site": {"same-origin"}}, {"Sec-Fetch-Site": {"none"}}, {"Origin": {s.URL}}, {}} {
			b.Header = head
			b.Post("/profile/name", "name", "Ada").Want(t, "/profile?said=name")
		}
	})
}

// Behind a proxy that changes Host our own origin is still ours, and
// that of the changed Host is only what Go's check makes of it.
func TestOwnOriginBehindAProxy(t *testing.T) {
	s := sitetest.New(t)
	for origin, want := range map[string]int{s.URL: 422, "https://evil.example": 403, "null": 403} {
		r := httptest.NewRequest(http.MethodPost, "http://inside:3000/login", strings.NewReader("login=a&password=b"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		if s.Handler.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: %d", origin, w.Code)
		}
	}
}

// elsewhere are ways to name another site that some browser takes for one.
var elsewhere = []string{
	"//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, `/\/evil.example`, "https://evil.example", "https:evil.example",
	"https:/evil.example", "HtTpS://evil.example", "javascript:alert(1)", "data:text/html,x", "/%2fevil.example", "/%5cevil.example",
	"/%2f%2fevil.example", "%2f%2fevil.example", "/%252fevil.example", "/\tevil.example", "/\t/evil.example", "\t//evil.example",
	" //evil.example", "/\r\nLocation: https://evil.example", "/%0d%0aLocation:%20https://evil.example", "/.//evil.example", "/..//evil.example",
	"/profile/..//evil.example", "//evil.example@localhost:8080/", "http://localhost:8080@evil.example/", "http://localhost:8080.evil.example/",
	"/\u2028/evil.example", "/\u3002evil", "evil.example", "?x", "#x", "/login", "/logout", "/login/challenge", "/LOGIN?next=//evil.example",
	"/" + strings.Repeat("a", 9000), "http://localhost:8080/profile", "/%E2%80%AE", "/;/evil.example/..;//x",
}

// home says that a place to go on to is a path of this site.
func home(to string) bool {
	u, err := url.Parse(to)
	return err == nil && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.ContainsAny(to, "\\\r\n\t") && u.Host == "" && u.Scheme == ""
}

// No place that takes a next leads to another site.
func TestNextStaysHere(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, "bob@example.com")
		s.User(ada, identity.Member)
		b := s.Browser().SignIn(ada)
		bobs := s.Browser()
		for i, next := range elsewhere {
			p := s.Browser().Post("/login", "login", ada, "password", sitetest.Password, "next", next)
			if !p.Went("/profile") && p.Status != 400 {
				t.Errorf("sign-in: %q leads to %q", next, p.Location)
			}
			p = s.Browser().Get("/login?next=" + url.QueryEscape(next))
			if p.Status == 200 && !strings.Contains(p.Body, `name="next" value=""`) {
				t.Errorf("the form keeps %q", next)
			}
			if p := b.Post("/confirm", "kind", "password", "password", sitetest.Password, "next", next); !p.Went("/profile") && p.Status != 400 {
				t.Errorf("step-up: %q leads to %q", next, p.Location)
			}
			if i%5 == 0 { // the rule is the same; the way is longer
				s.Advance(time.Minute)
				bobs.Post("/login", "login", "bob@example.com", "password", sitetest.Password, "next", next)
				if p := bobs.Post("/login/challenge/totp", "code", s.Code(e.secret)); !p.Went("/profile") && bobs.Cookie("nightlatch_login") != "" {
					t.Errorf("second step: %q leads to %q", next, p.Location)
				}
			}
			nobody := s.Browser()
			if !strings.ContainsAny(next, "\r\n") {
				nobody.Header = http.Header{"Hx-Current-Url": {next}, "Referer": {next}}
			}
			for _, asHTMX := range []bool{true, false} {
				p := nobody.Do(http.MethodGet, "/profile", nil, asHTMX)
				to, _ := url.Parse(p.Location)
				if !home(p.Location) || to.Path != "/login" || to.Query().Get("next") != "" && !home(to.Query().Get("next")) {
					t.Errorf("%q in a header leads to %q", next, p.Location)
				}
			}
			for _, name := range []string{"Hx-Location", "Hx-Push-Url", "Hx-Replace-Url", "Refresh"} {
				if got := p.Header.Get(name); got != "" && !home(got) {
					t.Errorf("%s: %s", name, got)
				}
			}
		}
	})
}
