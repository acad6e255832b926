package routes_test

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// behindProxy is a site whose proxy is on the same machine.
func behindProxy(c *sitetest.Config) {
	c.Proxies, c.Login.URL, c.Login.Host = "127.0.0.1", "http://app.example.com", "app.example.com"
}

// asProxy asks /verify as a trusted proxy about a visitor's request.
func asProxy(b *sitetest.Browser, query, address string, pairs ...string) *sitetest.Page {
	c := b.Clone()
	c.HTMX = false
	c.From("127.0.0.1")
	c.Header = http.Header{"Accept": {"text/html"}}
	if address != "" {
		c.Header.Set("X-Original-Url", address)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Header.Add(pairs[i], pairs[i+1])
	}
	return c.Get("/verify" + query)
}

// A question that is misread would let people in, so what is not known, or is
// there twice, is no question.
func TestVerifyRefusesOddQuestions(t *testing.T) {
	s := sitetest.New(t)
	s.Proven(ada, identity.Member)
	b := s.Browser().SignIn(ada)
	for _, query := range []string{"", "?level=1", "?"} {
		b.Get("/verify"+query).WantStatus(t, http.StatusOK)
	}
	b.Get("/verify?level=2").WantStatus(t, http.StatusForbidden)
	for _, query := range []string{"?level=1&level=2", "?level=2&level=1", "?level=", "?level=3", "?level=0", "?level=02", "?level=+2", "?level=2;level=1",
		"?Level=2", "?x=1", "?level=1&x", "?level[]=2", "?level=%32&level=1", "?level=%zz", "?levle=2", "?&=1"} {
		b.Get("/verify"+query).WantStatus(t, http.StatusBadRequest)
		s.Browser().Get("/verify"+query).WantStatus(t, http.StatusBadRequest)
	}
	b.Get("/verify?level=%32").WantStatus(t, http.StatusForbidden) // a 2, written otherwise
}

// A refusal says where the visitor can go, with the whole address that was asked
// for; to a proxy that is trusted, for a page, and on this host only.
func TestVerifySaysWhereToGo(t *testing.T) {
	s := sitetest.New(t, behindProxy)
	s.Proven(ada, identity.Member)
	in, out := s.Browser().SignIn(ada), s.Browser()
	const deep = "/reports/7?from=a%20b&to=c&x=%2Fy"
	next := "next=" + url.QueryEscape(deep)
	for _, address := range []string{"https://app.example.com" + deep, "http://APP.example.com:8443" + deep, deep} {
		if p := asProxy(out, "", address).WantStatus(t, http.StatusUnauthorized); p.Location != "/login?"+next {
			t.Errorf("%s, not signed in: %q", address, p.Location)
		}
		if p := asProxy(in, "?level=2", address).WantStatus(t, http.StatusForbidden); p.Location != "/confirm?level=2&"+next {
			t.Errorf("%s, level 1: %q", address, p.Location)
		}
	}
	if p := asProxy(out, "", "https://app.example.com//evil.example/"); p.Location != "/login" {
		t.Errorf("an address to beware of: %q", p.Location)
	}
	for name, p := range map[string]*sitetest.Page{
		"a form":    asProxy(out, "", deep, "X-Original-Method", "POST"),
		"a script":  asProxy(out, "", deep, "Sec-Fetch-Mode", "cors"),
		"an XHR":    asProxy(out, "", deep, "X-Requested-With", "XMLHttpRequest"),
		"no header": asProxy(out, "", ""),
	} {
		if p.Status != http.StatusUnauthorized || p.Location != "" {
			t.Errorf("%s: %d to %q", name, p.Status, p.Location)
		}
	}
	stranger := out.Clone()
	stranger.Header = http.Header{"Accept": {"text/html"}, "X-Original-Url": {deep}}
	if p := stranger.Get("/verify").WantStatus(t, http.StatusUnauthorized); p.Location != "" {
		t.Errorf("from who is no proxy: %q", p.Location)
	}
	asProxy(in, "", deep).WantStatus(t, http.StatusOK)
	for name, p := range map[string]*sitetest.Page{
		"twice":        asProxy(in, "", deep, "X-Original-Url", deep),
		"method twice": asProxy(in, "", deep, "X-Original-Method", "GET", "X-Original-Method", "POST"),
		"another host": asProxy(in, "", "https://other.example.com/"),
		"no path":      asProxy(in, "", "reports"),
		"odd scheme":   asProxy(in, "", "ftp://app.example.com/"),
	} {
		if p.Status != http.StatusBadRequest && p.Status != http.StatusForbidden || p.Location != "" {
			t.Errorf("%s: %d to %q", name, p.Status, p.Location)
		}
	}
}

// All six headers are there whatever is known, and a name cannot pretend to be
// something else once it is decoded.
func TestVerifySendsAllHeadersAlways(t *testing.T) {
	s := sitetest.New(t)
	for name, want := range map[string]string{"": "", "Ada L": "Ada L", "Änne Škoda": "Änne Škoda", "=?utf-8?q?root?=": "=?utf-8?q?root?=", "a =?x? b ?=": "a =?x? b ?="} {
		_, err := s.Accounts.Create(t.Context(), formOf("kurt"+url.QueryEscape(name), name), "", identity.Event{Actor: "cli"})
		if err != nil {
			t.Fatal(err)
		}
		p := s.Browser().SignIn("kurt"+url.QueryEscape(name)).Get("/verify").WantStatus(t, http.StatusOK)
		for _, h := range []string{"Remote-User", "Remote-Email", "Remote-Name", "Remote-Groups", "Remote-Role", "Remote-Level"} {
			if len(p.Header.Values(h)) != 1 {
				t.Errorf("%s: %v", h, p.Header.Values(h))
			}
		}
		var dec mime.WordDecoder
		got, err := dec.DecodeHeader(p.Header.Get("Remote-Name"))
		if err != nil || got != want || strings.ContainsFunc(p.Header.Get("Remote-Name"), func(r rune) bool { return r > 0x7e }) {
			t.Errorf("%q is told as %q and read as %q, %v", name, p.Header.Get("Remote-Name"), got, err)
		}
	}
}
