package commands_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
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
	return h
}

// ownCookies are spoofed ones of Nightlatch among others, which stay.
var ownCookies = []string{
	"a=1; nightlatch_session=x; b=2", "nightlatch_session=x; a=1; b=2", "a=1; b=2; nightlatch_session=x",
	"a=1; nightlatch_session=x; nightlatch_login=y; __Host-nightlatch_known=z; b=2",
	"__Secure-nightlatch_pass=1; a=1; nightlatch_session_8080=2; b=2; nightlatch_browser=3",
	"nightlatch_ticket=1; a=1; nightlatch_ticket; b=2; __Host-nightlatch_new_one=; nightlatch_x=3",
}

// The examples for nginx and Caddy as they stand, with the real servers before
// an application that says what it is sent.
func TestProxyExamples(t *testing.T) {
	for name, before := range map[string]func(t *testing.T, nightlatch, app string) string{"nginx": nginx, "caddy": caddy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			env := []string{"NIGHTLATCH_URL=https://app.example.com", "NIGHTLATCH_TRUSTED_PROXIES=127.0.0.1/32"}
			newAccount(t, dir, env, "ada", "--name", "Änne")
			s := start(t, dir, env)
			v := through(before(t, strings.TrimPrefix(s.url, "http://"), application(t)))
			next := "next=" + url.QueryEscape(deepLink)

			if p, _ := v.ask(t, "GET", deepLink, spoofed()); p.status != http.StatusSeeOther || p.location != "/login?"+next {
				t.Fatalf("not signed in: %d to %q", p.status, p.location)
			}
			if p, _ := v.ask(t, "POST", deepLink, nil); p.status != http.StatusUnauthorized || p.location != "" {
				t.Errorf("a form: %d to %q", p.status, p.location)
			}
			if p, _ := v.ask(t, "GET", "/verify", nil); p.status == http.StatusOK {
				t.Error("the question can be asked from outside")
			}
			if p := v.post("/login", "login", "ada", "password", sitetest.Password, "next", deepLink); p.status != http.StatusSeeOther || p.location != deepLink {
				t.Fatalf("signed in: %d to %q", p.status, p.location)
			}
			if p, _ := v.ask(t, "GET", deepLink, spoofed()); p.status != http.StatusSeeOther || p.location != "/confirm?level=2&"+next {
				t.Fatalf("level 1: %d to %q", p.status, p.location)
			}
			v.post("/profile/factors/totp").want(t, "/profile/factors/totp")
			secret := v.secret()
			if p := v.post("/profile/factors/totp/confirm", "code", code(secret, 0), "name", "Phone"); p.status != http.StatusSeeOther {
				t.Fatalf("enrolled: %d", p.status)
			}
			seen(t, v)

			v.post("/logout")
			if p, _ := v.ask(t, "GET", deepLink, spoofed()); p.location != "/login?"+next {
				t.Errorf("signed out: %d to %q", p.status, p.location)
			}
			v.post("/login", "login", "ada", "password", sitetest.Password, "next", deepLink).want(t, "/login/challenge")
			if p, _ := v.ask(t, "GET", deepLink, nil); p.location != "/login?"+next {
				t.Errorf("between the steps: %d to %q", p.status, p.location)
			}
			v.post("/login/challenge/totp", "code", code(secret, 1)).want(t, deepLink)
			seen(t, v)
		})
	}
}

// seen checks what the application gets of somebody at level 2.
func seen(t *testing.T, v *visitor) {
	t.Helper()
	p, got := v.ask(t, "GET", deepLink, spoofed())
	if p.status != http.StatusOK || got.URI != deepLink {
		t.Fatalf("level 2: %d to %q, %q", p.status, p.location, got.URI)
	}
	want := map[string]string{"Remote-User": "ada", "Remote-Email": "", "Remote-Name": "=?utf-8?q?=C3=84nne?=", "Remote-Groups": "", "Remote-Role": "user", "Remote-Level": "2"}
	for name, value := range want {
		if g := got.Header.Get(name); g != value || len(got.Header.Values(name)) > 1 {
			t.Errorf("%s is %q, not %q", name, got.Header.Values(name), value)
		}
	}
	for name, values := range got.Header {
		if strings.Contains(fmt.Sprint(values), "spoofed") || strings.Contains(fmt.Sprint(values), "nightlatch_") {
			t.Errorf("the application is sent %s: %q", name, values)
		}
	}
	if _, got := v.ask(t, "POST", deepLink, nil); got.Method != http.MethodPost {
		t.Errorf("a form arrives as %q", got.Method)
	}
	for _, sent := range ownCookies {
		h := spoofed()
		h.Set("Cookie", sent)
		_, got := v.ask(t, "GET", "/", h)
		var left []string
		for _, c := range (&http.Request{Header: got.Header}).Cookies() {
			left = append(left, c.Name+"="+c.Value)
		}
		if fmt.Sprint(left) != "[a=1 b=2]" {
			t.Errorf("of %q is left %q", sent, got.Header.Values("Cookie"))
		}
	}
}
