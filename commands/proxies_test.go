package commands_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// deepLink is an address with a query that must come back whole.
const deepLink = "/reports/7?from=a%20b&to=c&x=%2Fy"

// spoofed is what a visitor may claim of themselves.
func spoofed() http.Header {
	h := http.Header{}
	for _, name := range []string{"User", "Email", "Name", "Groups", "Role", "Level"} {
		h["Remote-"+name] = []string{"spoofed"}
		h["remote_"+strings.ToLower(name)] = []string{"spoofed"}
		h["Remote_"+name] = []string{"spoofed"}
		h["REMOTE_"+strings.ToUpper(name)] = []string{"spoofed"}
	}
	for _, name := range []string{"X-Original-URL", "X-Original-Method", "X-Forwarded-Uri", "X-Forwarded-Host", "X-Forwarded-Method", "X-Forwarded-Proto"} {
		h[name] = []string{"/public/spoofed"}
	}
	return h
}

// ownCookies are spoofed ones of Nightlatch among others, which stay.
var ownCookies = []string{
	"a=1; nightlatch_session=x; b=2", "nightlatch_session=x; a=1; b=2", "a=1; b=2; nightlatch_session=x",
	"a=1; nightlatch_session=x; nightlatch_login=y; __Host-nightlatch_known=z; b=2",
	"__Secure-nightlatch_pass=1; a=1; nightlatch_session_8080=2; b=2; nightlatch_browser=3",
	"nightlatch_ticket=1; a=1; nightlatch_ticket; b=2; __Host-nightlatch_new_one=; nightlatch_x=3",
}

// proxyRules are what the application behind the examples asks for.
const proxyRules = `rules:
  - {host: app.example.com, path: /public, allow: true}
  - {host: app.example.com, path: /plain, level: 1}
  - {host: app.example.com, path: /ops, group: ops}
  - {host: app.example.com, path: /boss, group: boss}
`

// The examples as they stand, with the real servers before an application that says
// what it is sent.
func TestProxyExamples(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, nightlatch, app string) string{"nginx": nginx, "caddy": caddy, "haproxy": haproxy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			env := []string{"NIGHTLATCH_URL=https://auth.example.com", "NIGHTLATCH_DOMAIN=example.com", "NIGHTLATCH_TRUSTED_PROXIES=127.0.0.1/32",
				"NIGHTLATCH_RULES=" + write(t, dir+"/access.yml", proxyRules)}
			newAccount(t, dir, env, "ada", "--name", "Änne", "--group", "ops")
			s := start(t, dir, env)
			addr := before(t, strings.TrimPrefix(s.url, "http://"), application(t))
			v := through(addr)
			auth := &visitor{base: "https://auth.example.com", client: v.client}
			here := "next=" + url.QueryEscape(v.base+deepLink)
			signIn, stepUp := auth.base+"/login?"+here, auth.base+"/confirm?level=2&"+here

			strangers(t, v, signIn)
			for _, path := range []string{"/verify", "/verify/forward"} {
				if p := auth.get(path); p.status != http.StatusNotFound {
					t.Errorf("%s can be asked from outside: %d", path, p.status)
				}
			}
			if p := auth.post("/login", "login", "ada", "password", sitetest.Password, "next", v.base+deepLink); p.status != http.StatusSeeOther || p.location != v.base+deepLink {
				t.Fatalf("signed in: %d to %q", p.status, p.location)
			}
			if p, _ := v.ask(t, "GET", deepLink, spoofed()); p.location != stepUp {
				t.Fatalf("level 1: %d to %q", p.status, p.location)
			}
			levelOne(t, v)
			auth.post("/profile/factors/totp").want(t, "/profile/factors/totp")
			secret := auth.secret()
			if p := auth.post("/profile/factors/totp/confirm", "code", code(secret, 0), "name", "Phone"); p.status != http.StatusSeeOther {
				t.Fatalf("enrolled: %d", p.status)
			}
			seen(t, v)
			webSocket(t, v, addr)
			crowd(t, v)

			auth.post("/logout")
			if p, _ := v.ask(t, "GET", deepLink, spoofed()); p.location != signIn {
				t.Errorf("signed out: %d to %q", p.status, p.location)
			}
			auth.post("/login", "login", "ada", "password", sitetest.Password, "next", v.base+deepLink).want(t, "/login/challenge")
			if p, _ := v.ask(t, "GET", deepLink, nil); p.location != signIn {
				t.Errorf("between the steps: %d to %q", p.status, p.location)
			}
			if p := auth.post("/login/challenge/totp", "code", code(secret, 1)); p.location != v.base+deepLink {
				t.Errorf("led to %q", p.location)
			}
			seen(t, v)
		})
	}
}

// strangers checks what somebody gets who is not signed in.
func strangers(t *testing.T, v *visitor, signIn string) {
	t.Helper()
	if p, _ := v.ask(t, "GET", deepLink, spoofed()); p.status != http.StatusSeeOther || p.location != signIn {
		t.Fatalf("not signed in: %d to %q", p.status, p.location)
	}
	if p, _ := v.ask(t, "HEAD", deepLink, nil); p.status != http.StatusSeeOther || p.location != signIn {
		t.Errorf("HEAD: %d to %q", p.status, p.location)
	}
	for what, p := range map[string]page{"a form": asks(t, v, "POST", deepLink, nil), "OPTIONS": asks(t, v, "OPTIONS", deepLink, nil),
		"a script": asks(t, v, "GET", deepLink, http.Header{"Sec-Fetch-Mode": {"cors"}}), "HTMX": asks(t, v, "GET", deepLink, http.Header{"Hx-Request": {"true"}})} {
		if p.status != http.StatusUnauthorized || p.location != "" {
			t.Errorf("%s: %d to %q", what, p.status, p.location)
		}
	}
	h := spoofed()
	h.Set("Cookie", ownCookies[0])
	p, got := v.ask(t, "GET", "/public/x", h)
	if p.status != http.StatusOK || got.URI != "/public/x" {
		t.Errorf("a page for all: %d %q", p.status, got.URI)
	}
	clean(t, got)
	for _, path := range []string{"/public/../reports", "/public/%2e%2e/reports", "/public/..;/reports", "/public/..%2freports"} {
		if p := asks(t, v, "GET", path, nil); p.status == http.StatusOK {
			t.Errorf("%s: %d", path, p.status)
		}
	}
}

func asks(t *testing.T, v *visitor, method, path string, h http.Header) page {
	t.Helper()
	p, _ := v.ask(t, method, path, h)
	return p
}

// levelOne checks what somebody gets who gave a password.
func levelOne(t *testing.T, v *visitor) {
	t.Helper()
	for path, want := range map[string]int{"/plain": 200, "/ops": 200, "/boss": 403, "/public": 200} {
		if p := asks(t, v, "GET", path, nil); p.status != want || p.location != "" {
			t.Errorf("%s at level 1: %d to %q", path, p.status, p.location)
		}
	}
	if p := asks(t, v, "POST", deepLink, nil); p.status != http.StatusForbidden || p.location != "" {
		t.Errorf("a form at level 1: %d to %q", p.status, p.location)
	}
}

// clean fails when the application is sent what a visitor said, or a cookie of ours.
func clean(t *testing.T, got echo) {
	t.Helper()
	for name, values := range got.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "remote") && strings.Contains(fmt.Sprint(values), "spoofed") || strings.Contains(fmt.Sprint(values), "nightlatch_") {
			t.Errorf("the application is sent %s: %q", name, values)
		}
	}
}

// seen checks what the application gets of somebody at level 2.
func seen(t *testing.T, v *visitor) {
	t.Helper()
	p, got := v.ask(t, "GET", deepLink, spoofed())
	if p.status != http.StatusOK || got.URI != deepLink {
		t.Fatalf("level 2: %d to %q, %q", p.status, p.location, got.URI)
	}
	want := map[string]string{"Remote-User": "ada", "Remote-Email": "", "Remote-Name": "=?utf-8?q?=C3=84nne?=", "Remote-Groups": "ops", "Remote-Role": "user", "Remote-Level": "2"}
	for name, value := range want {
		if g := got.Header.Get(name); g != value || len(got.Header.Values(name)) > 1 {
			t.Errorf("%s is %q, not %q", name, got.Header.Values(name), value)
		}
	}
	clean(t, got)
	for _, method := range []string{"POST", "OPTIONS", "PUT", "DELETE"} {
		if _, got := v.ask(t, method, deepLink, http.Header{"Origin": {v.base}, "Sec-Fetch-Site": {"same-origin"}}); got.Method != method {
			t.Errorf("a %s arrives as %q", method, got.Method)
		}
	}
	for _, sent := range ownCookies {
		h := spoofed()
		h.Set("Cookie", sent)
		_, got := v.ask(t, "GET", "/public", h)
		var left []string
		for _, c := range (&http.Request{Header: got.Header}).Cookies() {
			left = append(left, c.Name+"="+c.Value)
		}
		if fmt.Sprint(left) != "[a=1 b=2]" {
			t.Errorf("of %q is left %q", sent, got.Header.Values("Cookie"))
		}
	}
}

// webSocket opens one through the proxy, and somebody without a sign-in does not.
func webSocket(t *testing.T, v *visitor, addr string) {
	t.Helper()
	cookies := ""
	u, _ := url.Parse(v.base)
	for _, c := range v.client.Jar.Cookies(u) {
		cookies += c.Name + "=" + c.Value + "; "
	}
	for cookie, want := range map[string]string{cookies: "101", "a=1": "401"} {
		conn, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "app.example.com", InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}) //nolint:gosec // the certificate is the test's own
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /live HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: %s\r\n\r\n", cookie)
		from := bufio.NewReader(conn)
		status, err := from.ReadString('\n')
		if err != nil || !strings.Contains(status, " "+want+" ") {
			t.Errorf("a WebSocket: %q, %v", status, err)
		}
		if want != "101" || err != nil {
			continue
		}
		for line := ""; line != "\r\n"; {
			if line, err = from.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		if line, _ := from.ReadString('\n'); line != "for ada\n" {
			t.Errorf("the WebSocket is %q", line)
		}
		fmt.Fprint(conn, "hello\n")
		if line, _ := from.ReadString('\n'); line != "heard hello\n" {
			t.Errorf("the WebSocket says %q", line)
		}
	}
}

// crowd sends 1,000 requests, many at a time: each is for the same person.
func crowd(t *testing.T, v *visitor) {
	t.Helper()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				if p, got := v.ask(t, "GET", deepLink, nil); p.status != http.StatusOK || got.Header.Get("Remote-User") != "ada" {
					t.Errorf("one of many: %d for %q", p.status, got.Header.Get("Remote-User"))
					return
				}
			}
		})
	}
	all.Wait()
}
