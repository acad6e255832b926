package routes_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Any request, from nobody and from an admin, is answered with less than 500,
// with our headers, and leads nowhere else.
func FuzzRequest(f *testing.F) {
	s := sitetest.New(f, func(c *sitetest.Config) { c.Open, c.Proxies = true, "203.0.113.0/24" })
	s.User("root@example.com", identity.Admin)
	root := s.Browser().SignIn("root@example.com")
	root.EnrollTOTP()
	const form = "application/x-www-form-urlencoded"
	f.Add("POST", "/login", form, "login=a&password=b&next=//evil.example", "nightlatch_session_8080=x", "//evil.example", "1.2.3.4", false)
	f.Add("GET", "/admin?q=%25&after=%00&sort=-last", "", "", "a=b; a=c", "/profile", ",", true)
	f.Add("POST", "/admin/import", form, "csv=ada,\"A,admin%0d%0a=1", "", "", "::1", true)
	f.Add("POST", "/profile/factors/totp/confirm", "multipart/form-data; boundary=b", "--b\r\n", "\"", "javascript:x", "x", true)
	f.Add("POST", "/admin/policy", form, "who=everyone&from=0000-99-99&user_kinds=x", "", "", "", false)
	f.Fuzz(func(t *testing.T, method, path, kind, body, cookie, from, forwarded string, admin bool) {
		target, err := url.ParseRequestURI(path)
		if err != nil || !strings.HasPrefix(path, "/") || target.Host != "" || method == "CONNECT" || !token(method) ||
			strings.Contains(path, "/logout") || strings.ContainsAny(path, " \r\n\t#") {
			return
		}
		b := s.Browser()
		if admin {
			b = root.Clone()
		}
		b.Header = http.Header{"Content-Type": {kind}, "Hx-Current-Url": {from}, "Referer": {from}, "X-Forwarded-For": {forwarded}}
		if !admin {
			b.Header.Set("Cookie", cookie)
		}
		p := b.Do(method, path, sitetest.Body(body), len(body)%2 == 0)
		if p.Status >= 500 && p.Status != 503 {
			t.Errorf("%s %q: %d", method, path, p.Status)
		}
		if p.Header.Get("Content-Security-Policy") == "" || p.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %q: no headers: %v", method, path, p.Header)
		}
		if p.Location != "" && !home(p.Location) {
			t.Errorf("%s %q leads to %q", method, path, p.Location)
		}
	})
}

// token says whether a text can be a method.
func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) })
}
