package routes_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// atAuth is a site on a host of its own, with applications on others.
func atAuth(c *sitetest.Config) {
	c.Proxies, c.Login.URL, c.Login.Host, c.Domain = "127.0.0.1", "http://auth.example.com", "auth.example.com", "example.com"
}

// appURL is a page of an application on another host.
const appURL = "http://app.example.com/reports/7?from=a%20b&to=c&x=%2Fy"

// atApp is what an application's host gets of a browser's cookies: the pass alone.
func atApp(b *sitetest.Browser) *sitetest.Browser {
	c := b.Site.Browser()
	if pass := b.Cookie("nightlatch_pass"); pass != "" {
		c.SetCookie("nightlatch_pass", pass)
	}
	c.HTMX = false
	return c
}

// byProxy is a proxy's question, by its address in the table of the contract, about
// a visitor's request; pairs are further headers.
func byProxy(b *sitetest.Browser, way, method, address string, pairs ...string) *sitetest.Page {
	c := b.Clone()
	c.HTMX = false
	c.From("127.0.0.1")
	c.Header = http.Header{"Accept": {"text/html"}}
	own := http.MethodGet
	if path, _, _ := strings.Cut(way, "?"); path == "/verify" {
		c.Header.Set("X-Original-Url", address)
		c.Header.Set("X-Original-Method", method)
	} else {
		own = method
		u, _ := url.Parse(address)
		c.Header.Set("X-Forwarded-Method", method)
		c.Header.Set("X-Forwarded-Proto", u.Scheme)
		c.Header.Set("X-Forwarded-Host", u.Host)
		c.Header.Set("X-Forwarded-Uri", strings.TrimPrefix(address, u.Scheme+"://"+u.Host))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			c.Header.Del(pairs[i])
			continue
		}
		c.Header.Set(pairs[i], pairs[i+1])
	}
	return c.Do(own, way, nil, false)
}

// The table of forward-auth: who asks, for what, and what both questions answer.
func TestBothQuestionsAnswerByTheTable(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Proven(ada, identity.Member)
		in := s.Browser()
		in.Password(ada).Want(t, "/profile")
		nobody, one := s.Browser(), atApp(in)
		signIn := s.URL + "/login?next=" + url.QueryEscape(appURL)
		stepUp := s.URL + "/confirm?level=2&next=" + url.QueryEscape(appURL)
		for _, r := range []struct {
			says      string
			who       *sitetest.Browser
			query     string
			method    string
			more      []string
			code      int // of /verify
			to        string
			forwarded int // of /verify/forward, whose 303 leads to the same address
		}{
			{"allowed", one, "", "GET", nil, 200, "", 200},
			{"allowed, HEAD", one, "", "HEAD", nil, 200, "", 200},
			{"allowed, a form", one, "", "POST", nil, 200, "", 200},
			{"allowed, any method", one, "", "PROPFIND", nil, 200, "", 200},
			{"not signed in, a page", nobody, "", "GET", nil, 401, signIn, 303},
			{"not signed in, a page by HEAD", nobody, "", "HEAD", nil, 401, signIn, 303},
			{"not signed in, navigating", nobody, "", "GET", []string{"Sec-Fetch-Mode", "navigate", "Accept", "*/*"}, 401, signIn, 303},
			{"not signed in, a form", nobody, "", "POST", []string{"Sec-Fetch-Mode", "navigate"}, 401, "", 401},
			{"not signed in, a script", nobody, "", "GET", []string{"Sec-Fetch-Mode", "cors"}, 401, "", 401},
			{"not signed in, an XHR", nobody, "", "GET", []string{"X-Requested-With", "XMLHttpRequest"}, 401, "", 401},
			{"not signed in, HTMX", nobody, "", "GET", []string{"HX-Request", "true"}, 401, "", 401},
			{"not signed in, a WebSocket", nobody, "", "GET", []string{"Upgrade", "websocket"}, 401, "", 401},
			{"not signed in, no page", nobody, "", "GET", []string{"Accept", "application/json"}, 401, "", 401},
			{"level too low, a page", one, "?level=2", "GET", nil, 403, stepUp, 303},
			{"level too low, a form", one, "?level=2", "POST", nil, 403, "", 403},
			{"unknown parameter", one, "?levle=2", "GET", nil, 400, "", 400},
			{"repeated parameter", one, "?level=1&level=1", "GET", nil, 400, "", 400},
			{"a host outside the domain", one, "", "GET", []string{"X-Original-Url", "http://evil.example/x", "X-Forwarded-Host", "evil.example"}, 403, "", 403},
			{"a host that only ends like it", one, "", "GET", []string{"X-Original-Url", "http://evilexample.com/x", "X-Forwarded-Host", "evilexample.com"}, 403, "", 403},
			{"no path", one, "", "GET", []string{"X-Original-Url", "reports", "X-Forwarded-Uri", "reports"}, 403, "", 403},
			{"an Origin of the visitor's", one, "", "POST", []string{"Origin", "http://app.example.com", "Sec-Fetch-Site", "cross-site"}, 200, "", 200},
		} {
			p := byProxy(r.who, "/verify"+r.query, r.method, appURL, r.more...)
			if p.Status != r.code || p.Header.Get("Location") != r.to {
				t.Errorf("%s: /verify says %d to %q", r.says, p.Status, p.Header.Get("Location"))
			}
			p = byProxy(r.who, "/verify/forward"+r.query, r.method, appURL, r.more...)
			if want := map[bool]string{true: r.to}[r.forwarded == 303]; p.Header.Get("Allow") != "" || p.Status != r.forwarded || p.Header.Get("Location") != want {
				t.Errorf("%s: /verify/forward says %d to %q", r.says, p.Status, p.Header.Get("Location"))
			}
		}
		p := byProxy(one, "/verify/forward", "GET", appURL)
		for name, want := range map[string]string{"Remote-User": ada, "Remote-Email": ada, "Remote-Name": "", "Remote-Groups": "", "Remote-Role": "user", "Remote-Level": "1"} {
			if got := p.Header.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %q", name, got)
			}
		}
	}, atAuth)
}

// Each question reads its own headers only, from trusted proxies only, and once.
func TestAQuestionReadsItsOwnHeaders(t *testing.T) {
	s := sitetest.New(t, atAuth)
	s.Proven(ada, identity.Member)
	in, out := s.Browser(), s.Browser()
	in.Password(ada).Want(t, "/profile")
	one := atApp(in)
	for way, other := range map[string]string{"/verify": "X-Forwarded-Host", "/verify/forward": "X-Original-Url"} {
		if p := byProxy(one, way, "GET", appURL, other, "http://evil.example/"); p.Status != 200 {
			t.Errorf("%s reads %s: %d", way, other, p.Status)
		}
		stranger := out.Clone()
		stranger.HTMX = false
		stranger.Header = http.Header{"Accept": {"text/html"}, "X-Original-Url": {appURL}, "X-Original-Method": {"GET"},
			"X-Forwarded-Method": {"GET"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"app.example.com"}, "X-Forwarded-Uri": {"/"}}
		if p := stranger.Get(way); p.Status != 401 || p.Header.Get("Location") != "" {
			t.Errorf("%s believes a stranger: %d to %q", way, p.Status, p.Location)
		}
	}
	for way, names := range map[string][]string{"/verify": {"X-Original-Url", "X-Original-Method"},
		"/verify/forward": {"X-Forwarded-Method", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Uri"}} {
		for _, name := range names {
			for _, from := range []string{"127.0.0.1", "203.0.113.7"} {
				c := one.Clone()
				c.HTMX = false
				c.From(from)
				c.Header = http.Header{name: {"/x", "/x"}}
				if p := c.Get(way); p.Status == 200 {
					t.Errorf("%s with %s twice, from %s: 200", way, name, from)
				}
			}
		}
	}
}

// GET /logout shows one button, which leads to next, and ends nothing by itself.
func TestTheButtonToSignOut(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser()
		b.Password(ada).Want(t, "/profile")
		p := b.Get("/logout?next="+url.QueryEscape(appURL)).WantStatus(t, 200)
		if n := strings.Count(p.Body, `action="/logout"`); n == 0 || p.Hidden("/logout")["next"] != appURL {
			t.Errorf("%d forms, %v", n, p.Hidden("/logout"))
		}
		if p := b.Get("/logout?next=http://evil.example/").WantStatus(t, 200); p.Hidden("/logout")["next"] != "" {
			t.Error("the button leads to another site")
		}
		b.Get("/profile").WantStatus(t, 200)
		b.Post("/logout", "next", appURL).Want(t, appURL)
		b.Get("/profile").Want(t, "/login?next=%2Fprofile")
	}, atAuth)
}

// What cannot be judged is a 503 that says when to ask again, for both questions and
// whoever asks.
func TestWhatCannotBeJudgedIs503(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Proven(ada, identity.Member)
		in := s.Browser()
		in.Password(ada).Want(t, "/profile")
		one := atApp(in)
		if err := s.Store.Close(); err != nil {
			t.Fatal(err)
		}
		for _, b := range []*sitetest.Browser{one, in} {
			for _, way := range []string{"/verify", "/verify/forward"} {
				for _, path := range []string{"/public", "/plain"} {
					p := byProxy(b, way, "GET", "http://app.example.com"+path)
					if p.Status != 503 || p.Header.Get("Retry-After") == "" || p.Header.Get("Remote-User") != "" {
						t.Errorf("%s: %d", way, p.Status)
					}
				}
			}
		}
	}, atAuth, ruled)
}

// A trusted proxy is told the visitor's cookies without the site's own; nobody else
// is, and nobody who is refused.
func TestTheOtherCookiesAreToldToProxies(t *testing.T) {
	s := sitetest.New(t, atAuth, ruled)
	ask := func(from, way, path, cookie string) []string {
		b := s.Browser()
		b.From(from)
		b.Header = http.Header{"Cookie": {cookie}, "X-Forwarded-Host": {"app.example.com"}, "X-Forwarded-Uri": {path}, "X-Original-Url": {"http://app.example.com" + path}}
		return b.Get(way).Header.Values("Cookie")
	}
	for sent, want := range map[string]string{"a=1; nightlatch_pass=x; b=2": "a=1; b=2", "__Host-nightlatch_x=1; c=\"3\"": "c=\"3\"", "NIGHTLATCH_x=1;  __secure-Nightlatch_pass=2;d": "d"} {
		if got := ask("127.0.0.1", "/verify/forward", "/public", sent); len(got) != 1 || got[0] != want {
			t.Errorf("of %q is told %q", sent, got)
		}
		for _, got := range [][]string{ask("203.0.113.7", "/verify/forward", "/public", sent), ask("127.0.0.1", "/verify", "/public", sent), ask("127.0.0.1", "/verify/forward", "/plain", sent)} {
			if got != nil {
				t.Errorf("of %q is told %q", sent, got)
			}
		}
	}
	if got := ask("127.0.0.1", "/verify/forward", "/public", "nightlatch_pass=1"); got != nil {
		t.Errorf("nothing is left, and %q is told", got)
	}
}
