package browser

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// guarded is an application on another host, behind a proxy that asks about each
// request and passes a refusal on.
func guarded(t *testing.T, site, host string) (base string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, site+"/verify/forward", nil)
		if err != nil {
			t.Error(err)
			return
		}
		for _, name := range []string{"Accept", "Cookie", "Sec-Fetch-Mode"} {
			ask.Header[name] = r.Header[name]
		}
		ask.Host = "auth.night.localhost"
		for name, value := range map[string]string{"Method": r.Method, "Proto": "http", "Host": r.Host, "Uri": r.RequestURI} {
			ask.Header.Set("X-Forwarded-"+name, value)
		}
		answer, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(ask)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			w.Header().Set("Location", answer.Header.Get("Location"))
			w.WriteHeader(answer.StatusCode)
			_, _ = io.Copy(w, answer.Body)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><html lang=en><link rel=icon href=data:,><title>App</title><h1>For %s at %s</h1><p>%s</p>",
			answer.Header.Get("Remote-User"), answer.Header.Get("Remote-Level"), r.URL.Query().Get("q"))
	}))
	t.Cleanup(server.Close)
	return fmt.Sprintf("http://%s:%d", host, server.Listener.Addr().(*net.TCPAddr).Port)
}

// In a real browser somebody opens a page of an application on another host, signs
// in, gives a second factor where the page asks for one, and ends on that page each
// time: with scripts and without.
func TestAPageOfAnotherHostIsReached(t *testing.T) {
	t.Parallel()
	for _, noJS := range []bool{false, true} {
		s := sitetest.New(t, func(c *sitetest.Config) {
			c.Server, c.Domain, c.Proxies = true, "night.localhost", "127.0.0.1"
			c.Rules = "rules:\n  - {path: /plain, level: 1}\n"
		})
		s.User("ada", identity.Member)
		x := s.Browser()
		x.HTMX = false
		secret := x.SignIn("ada").EnrollTOTP()
		u, _ := url.Parse(s.URL)
		app := guarded(t, "http://127.0.0.1:"+u.Port(), "app.night.localhost")
		p := &person{Browser: chrome.New(t, chrome.Options{NoJS: noJS}), t: t, site: s}
		page := app + "/plain?q=a%20b&x=%2F"
		p.Go(page)
		if at := p.URL(); !strings.HasPrefix(at, s.URL+"/login?next=") {
			t.Fatalf("it led to %s", at)
		}
		p.Fill("#login", "ada")
		p.Fill("#password", sitetest.Password)
		p.Click("=Sign in")
		s.Advance(40e9)
		p.Fill("#code", s.Code(secret))
		p.Click("button.main")
		if at := p.URL(); at != page || p.Text("h1") != "For ada at 2" || p.Text("p") != "a b" {
			t.Fatalf("scripts %t: at %s with %q; the console says %q", !noJS, at, p.Text("h1"), p.ConsoleErrors())
		}
		p.Go(app + "/other") // signed in at level 2 already
		if at := p.URL(); at != app+"/other" {
			t.Errorf("scripts %t: at %s", !noJS, at)
		}
		p.Go(s.URL + "/logout?next=" + url.QueryEscape(page))
		p.Click("=Sign out")
		if at := p.URL(); !strings.HasPrefix(at, s.URL+"/login?next=") {
			t.Errorf("scripts %t: after signing out at %s", !noJS, at)
		}
	}
}
