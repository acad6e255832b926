package routes_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// Line 67: what another site sends is refused at every form, login and logout
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

// Line 67 behind a proxy that changes Host: our own origin is still ours, and
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

// Line 68, at every place that takes a next.
func TestNextStaysHere(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, "bob@example.com")
		s.User(ada, login.Member)
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

// flood gives so many wrong passwords to unknown names.
func flood(b *sitetest.Browser, from, to int, head func(i int) http.Header) (last *sitetest.Page) {
	for i := from; i < to; i++ {
		b.Header = head(i)
		last = b.Post("/login", "login", fmt.Sprintf("nobody%d", i), "password", wrong)
	}
	return last
}

func bare(int) http.Header { return http.Header{} }

// Line 69 and §4: thirty failures a minute for an address, whatever it says it
// is; who gives right passwords is free; the neighbours are not touched.
func TestAddressLimit(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, "bob@example.com")
		s.User(ada, login.Member)
		office := s.Browser().From("198.51.100.7")
		for range 40 {
			s.Browser().From("198.51.100.7").SignIn(ada)
		}
		in := s.Browser().From("198.51.100.7").SignIn(ada)
		flood(office, 0, 29, func(i int) http.Header {
			fake := fmt.Sprintf("192.0.2.%d", i)
			return http.Header{"X-Forwarded-For": {fake}, "X-Real-Ip": {fake}, "Forwarded": {"for=" + fake}, "True-Client-Ip": {fake}, "Cf-Connecting-Ip": {fake}}
		}).WantStatus(t, 422)
		office.Header = http.Header{}
		pending := s.Browser().From("198.51.100.7")
		pending.Password("bob@example.com").Want(t, "/login/challenge")
		pending.Post("/login/challenge/totp", "code", "000").WantStatus(t, 422) // the thirtieth
		for _, p := range []*sitetest.Page{
			flood(office, 30, 31, bare), office.Password(ada), office.Password("nobody"), pending.Post("/login/challenge/totp", "code", s.Code(e.secret)),
		} {
			if p.Status != 429 || p.Header.Get("Retry-After") != "60" {
				t.Errorf("%d, wait %q", p.Status, p.Header.Get("Retry-After"))
			}
		}
		in.Get("/profile").WantStatus(t, 200) // whoever is in stays in
		s.Browser().From("198.51.100.8").SignIn(ada)
		s.Advance(59 * time.Second)
		office.Password(ada).WantStatus(t, 429)
		s.Advance(time.Second)
		office.SignIn(ada)
		flood(office, 0, 30, bare).WantStatus(t, 422)
		flood(office, 30, 31, bare).WantStatus(t, 429)
	})
}

// Line 69: an IPv6 client is its /64, and the forwarded address counts only
// from trusted proxies, from the right.
func TestAddressesOfClients(t *testing.T) {
	forwarded := func(format string) func(int) http.Header {
		return func(i int) http.Header { return http.Header{"X-Forwarded-For": {fmt.Sprintf(format, i)}} }
	}
	for _, c := range []struct {
		name, from string
		head       func(int) http.Header
		limited    bool
	}{
		{"one behind a proxy", "10.0.0.1", forwarded("192.0.2.9"), true},
		{"forged on the left", "10.0.0.1", forwarded("198.51.100.%d, 192.0.2.9"), true},
		{"forged private on the left", "10.0.0.1", forwarded("10.9.9.%d, 192.0.2.9"), true},
		{"through two proxies", "10.0.0.1", forwarded("198.51.100.%d, 192.0.2.9, 10.0.0.2"), true},
		{"malformed", "10.0.0.1", forwarded("198.51.100.1, not an address %d"), true},
		{"malformed and empty", "10.0.0.1", forwarded(",,%d,"), true},
		{"with ports", "10.0.0.1", forwarded("192.0.2.9:1%03d"), true},
		{"one /64", "10.0.0.1", forwarded("2001:db8:1:2::%x"), true},
		{"one IPv4 in IPv6", "10.0.0.1", forwarded("::ffff:192.0.2.9"), true},
		{"no header", "10.0.0.1", bare, true},
		{"no proxy of ours", "192.0.2.9", forwarded("198.51.100.%d"), true},
		{"many behind a proxy", "10.0.0.1", forwarded("198.51.100.%d"), false},
		{"many networks", "10.0.0.1", forwarded("2001:db8:1:%x::1"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sitetest.New(t, func(x *sitetest.Config) { x.Proxies = "10.0.0.0/8" })
			p := flood(s.Browser().From(c.from), 0, 31, c.head)
			if (p.Status == 429) != c.limited {
				t.Errorf("the thirty-first gets %d", p.Status)
			}
		})
	}
	s := sitetest.New(t)
	for i := range 30 {
		flood(s.Browser().From(fmt.Sprintf("2001:db8:0:1:%x::%x", i, i)), i, i+1, bare).WantStatus(t, 422)
	}
	flood(s.Browser().From("2001:db8:0:1:ffff::1"), 30, 31, bare).WantStatus(t, 429)
	flood(s.Browser().From("2001:db8:0:2::1"), 31, 32, bare).WantStatus(t, 422)
}

// Line 70: no token that someone else could know survives a sign-in or a rise
// of level.
func TestFixation(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("eve@example.com", login.Member)
		s.User(ada, login.Member)
		eve, victim := s.Browser().SignIn("eve@example.com"), s.Browser()
		for _, name := range []string{"nightlatch_session", "nightlatch_known"} {
			victim.SetCookie(name, eve.Cookie(name))
		}
		victim.SetCookie("nightlatch_browser", "planted")
		victim.SetCookie("nightlatch_login", "planted")
		victim.SignIn(ada)
		for _, name := range []string{"nightlatch_session", "nightlatch_known"} {
			if victim.Cookie(name) == eve.Cookie(name) {
				t.Errorf("%s stays as planted", name)
			}
		}
		eve.Get("/verify").WantStatus(t, 401)
		fails(s.Browser(), ada, 5)
		eve.Password(ada).WantStatus(t, 429) // her browser did not become a known one

		before := victim.Clone()
		secret := victim.EnrollTOTP()
		if before.Cookie("nightlatch_session") == victim.Cookie("nightlatch_session") {
			t.Error("the level rose and the token stayed")
		}
		before.Get("/verify").WantStatus(t, 401)
		s.Advance(time.Hour)
		pending := pend(s, ada)
		planted := pending.Clone()
		pending.Password(ada).Want(t, "/login/challenge")
		if pending.Cookie("nightlatch_login") == planted.Cookie("nightlatch_login") {
			t.Error("a planted pending login is gone on with")
		}
		pending.Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
		planted.Get("/verify").WantStatus(t, 401)
	})
}

var passwordField = regexp.MustCompile(`type="password"|action="/login`)

// Line 71 and "Not signed in": every guarded route sends a page to the sign-in
// and tells a fragment to leave the page; no fragment holds a form for it.
func TestFragmentsHoldNoSignIn(t *testing.T) {
	s := sitetest.New(t)
	s.User(ada, login.Member)
	for _, r := range table(s) {
		inside := strings.HasPrefix(r.path, "/profile") || strings.HasPrefix(r.path, "/admin") || strings.HasPrefix(r.path, "/confirm") || r.path == "/email/verify"
		if !inside {
			continue
		}
		for _, head := range []http.Header{{}, {"Hx-Boosted": {"true"}}, {"Hx-Current-Url": {s.URL + "/profile/activity"}}} {
			b := s.Browser()
			b.Header = head
			p := b.Do(r.method, r.path, sitetest.Body(""), true)
			if p.Status != 401 || !strings.HasPrefix(p.Header.Get("HX-Redirect"), "/login?next=") || passwordField.MatchString(p.Body) {
				t.Errorf("%s %s with %v: %d to %q", r.method, r.path, head, p.Status, p.Location)
			}
		}
		p := s.Browser().Do(r.method, r.path, sitetest.Body(""), false)
		if p.Status != 303 || !strings.HasPrefix(p.Location, "/login?next=") {
			t.Errorf("%s %s: %d to %q", r.method, r.path, p.Status, p.Location)
		}
	}
	pending := s.Browser()
	pending.SetCookie("nightlatch_login", "over")
	p := pending.Do(http.MethodGet, "/login/challenge", nil, true)
	if p.Status != 401 || p.Location != "/login?over=1" || passwordField.MatchString(p.Body) {
		t.Errorf("the second step: %d to %q", p.Status, p.Location)
	}
}

// Line 71: the back button, history and boosted links get whole pages, other
// HTMX requests the inside only.
func TestWholePages(t *testing.T) {
	s := sitetest.New(t)
	s.User(ada, login.Member)
	b := s.Browser().SignIn(ada)
	for _, path := range []string{"/profile", "/profile/activity", "/login", "/confirm", "/nothing/here"} {
		for whole, heads := range map[bool][]http.Header{
			true:  {{}, {"Hx-Request": {"true"}, "Hx-History-Restore-Request": {"true"}}, {"Hx-Request": {"true"}, "Hx-Boosted": {"true"}}},
			false: {{"Hx-Request": {"true"}}},
		} {
			for _, head := range heads {
				b.Header = head
				p := b.Get(path)
				if strings.Contains(p.Body, "<html") != whole || !slices.Contains(p.Header.Values("Vary"), "HX-Request") {
					t.Errorf("%s with %v: whole %v, Vary %q", path, head, !whole, p.Header.Values("Vary"))
				}
			}
		}
	}
}
