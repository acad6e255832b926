package routes

import (
	"net/url"
	"strings"
	"testing"
)

func TestSafeNextTakesOwnPaths(t *testing.T) {
	for _, next := range []string{
		"/", "/profile", "/profile/", "/profile/factors/totp", "/admin?q=ali%20ce&status=none&after=a%2Fb",
		"/admin?q=caf%C3%A9", "/admin?q=50%25", "/admin?q=http%3A%2F%2Fx", "/verify?level=2", "/profile#sessions",
		"/admin/users/a-b_c.d~e", "/logins", "/a%20b", "/admin?q=//x", "/admin?q=a:b@c", "/profile?", "/admin?q=a+b",
		"/" + strings.Repeat("a", maxNext-1), "/admin?q=100%2525",
		`/explore?left=%7B%22datasource%22:%5C%22x%5C%22%7D`, "/db?sql=SELECT%201%0AFROM%20t", "/search?q=100%", "/search?q=%zz&r=%ff",
		"/web/2020/http://example.org/", "/profile//x", "/profile/%2f/x", "/setup/guide", "/logout/help", `/a?q=\`, "/a?next=//evil.example",
		"/app?a=1&said=hello&b=%2f&&c", "/a?q=%0d%0a", "/a?x?y#z",
	} {
		if got := SafeNext(next); got != next {
			t.Errorf("%q became %q", next, got)
		}
	}
}

func TestSafeNextRefusesTheRest(t *testing.T) {
	for _, next := range []string{
		"", "profile", "./profile", "?q=1", "#x", " /profile", "/profile ", "\t/profile",
		"//evil.example", "///evil.example", "////evil.example",
		`/\evil.example`, `\\evil.example`, `\/evil.example`, `/\/evil.example`, `/profile\x`,
		"https://evil.example", "https:evil.example", "https:/evil.example", "HTTP://evil.example", "javascript:alert(1)",
		"data:text/html,x", "mailto:a@b.c", "http://localhost:8080/profile", "//user@evil.example", "/%00",
		"/%2fevil.example", "/%2Fevil.example", "%2f%2fevil.example", "/%2f%2fevil.example",
		"/%5cevil.example", "/%5Cevil.example", "/%255cevil.example", "/%252fevil.example", "/%25252fevil.example",
		"/%09/evil.example", "/\t/evil.example", "/\n/evil.example", "/\r\nSet-Cookie:a=b", "/%0d%0aSet-Cookie:a=b",
		"/%250a", "/\x00", "/\x7f", "/%7f", "/\x80", "/é", "/%ff",
		"/%e2%80%ae", "/%e2%80%8b/evil", "/%c2%85", "/%e2%80%a8",
		"/.", "/..", "/../", "/.//evil.example", "/..//evil.example", "/a/../../b", "/%2e%2e/x", "/%2e/%2fevil.example", "/%252e%252e/x",
		"/profile%", "/profile%2", "/profile%zz",
		"/login", "/login/", "/login?next=/login", "/login/challenge", "/LOGIN", "/%6cogin", "/%256cogin", "/login%2fchallenge",
		"/login%3fx", "/login;x", "/login#x", "/logout", "/logout?x", "/setup", "/setup?token=x", "/./login", "/a/../login",
		"/login?level=2", "/setup/", "/%73etup", "/a\\b?q=1", "/a#\\", "/a?b c", "/a?b\nc", "/a?é", "//x/http://example.org/",
		"/" + strings.Repeat("a", maxNext),
	} {
		if got := SafeNext(next); got != "" {
			t.Errorf("%q was taken", next)
		}
	}
}

// Whatever is taken stays on the site when a browser resolves it.
func FuzzSafeNext(f *testing.F) {
	for _, s := range []string{"/profile?q=1", "//x", "/%252f%252fx", `/\x`, "/a/..//b", "https:x", "/?%25%32%66", "/%2525252f#%5c"} {
		f.Add(s)
	}
	base, err := url.Parse("https://site.example/login/challenge")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := SafeNext(raw)
		if got == "" {
			return
		}
		if got != raw {
			t.Errorf("%q was changed to %q", raw, got)
		}
		path, _, _ := strings.Cut(raw, "?")
		for text := path; ; { // also when something on the way decodes it
			u, err := base.Parse(text)
			if err == nil && (u.Host != "site.example" || u.Scheme != "https" || u.User != nil || strings.HasPrefix(u.Path, "//")) {
				t.Errorf("%q leads to %s", raw, u)
			}
			if strings.ContainsAny(text, "\\\r\n\t\x00") || text[0] != '/' || strings.HasPrefix(text, "//") {
				t.Errorf("%q holds %q", raw, text)
			}
			decoded, err := url.PathUnescape(text)
			if err != nil || decoded == text {
				return
			}
			text = decoded
		}
	})
}
