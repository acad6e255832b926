package routes

import (
	"net/url"
	"strings"
	"testing"
)

func TestNextLeadsToTheDomainOnly(t *testing.T) {
	d := Destinations{Scheme: "https", Domain: "example.com"}
	for _, next := range []string{
		"/profile", "https://example.com", "https://example.com/", "https://app.example.com/a?b=c#d", "https://App.EXAMPLE.com/x", "https://a.b.c.example.com/",
		"https://app.example.com:8443/x", "https://app.example.com:1/", "https://app.example.com?x=1", "https://app.example.com#x", `https://app.example.com/?a=\b`,
		"https://app.example.com//x/../y;z", "https://app.example.com/%2F%5c%00", "https://app.example.com/login", "https://app.example.com/logout", "https://my_app.example.com/",
		"https://app.example.com/?next=https://evil.example/", "https://app.example.com/@evil.example", "https://app.example.com/" + strings.Repeat("a", maxNext-24),
	} {
		if got := d.Safe(next); got != next {
			t.Errorf("%q became %q", next, got)
		}
	}
	for _, next := range []string{
		"http://app.example.com/", "HTTPS://app.example.com/", "//app.example.com/", "https:app.example.com", "https:/app.example.com", "https:///app.example.com", `https:\\app.example.com`,
		"https://evil.example/", "https://evilexample.com/", "https://example.com.evil.example/", "https://example.comevil/", "https://.example.com/", "https://a..example.com/",
		"https://ada@app.example.com/", "https://app.example.com@evil.example/", "https://ada:x@app.example.com/", `https://evil.example\.example.com/`, `https://app.example.com\@evil.example/`,
		"https://evil.example#.example.com", "https://evil.example?.example.com", "https://evil.example%2f.example.com/", "https://evil.example%00.example.com/",
		"https://app.example.com./", "https://app.example.com:/", "https://app.example.com:0/", "https://app.example.com:65536/", "https://app.example.com:+1/", "https://app.example.com:80:90/", "https://app.example.com:x/",
		`https://app.example.com/a\b`, "https://app.example.com/a b", "https://app.example.com/é", "https://app.example.com/?é", "https://app.example.com/\r\nX: y", "https://bücher.example.com/",
		"https://[::1]/", "https://127.0.0.1/", " https://app.example.com/", "javascript:alert(1)//example.com", "https://app.example.com/" + strings.Repeat("a", maxNext-23), "/login", "//evil.example",
	} {
		if got := d.Safe(next); got != "" {
			t.Errorf("%q was taken", next)
		}
	}
	none := Destinations{Scheme: "https"}
	if none.Safe("https://example.com/") != "" || none.Safe("https:///") != "" || none.Safe("/x") != "/x" {
		t.Error("without a domain")
	}
}

// Whatever is taken stays under the domain when a browser resolves it.
func FuzzDestinations(f *testing.F) {
	for _, s := range []string{"https://app.example.com/x?y#z", "https://app.example.com:1/", "https://a@b.example.com", `https://x\.example.com`, "/x"} {
		f.Add(s)
	}
	base, _ := url.Parse("https://auth.example.com/login")
	f.Fuzz(func(t *testing.T, raw string) {
		got := Destinations{Scheme: "https", Domain: "example.com"}.Safe(raw)
		if got == "" {
			return
		}
		before, _, _ := strings.Cut(got, "?")
		before, _, _ = strings.Cut(before, "#")
		u, err := base.Parse(strings.ReplaceAll(before, "%", "%25"))
		if err != nil || got != raw || u.Scheme != "https" || u.User != nil || !strings.HasSuffix("."+strings.ToLower(u.Hostname()), ".example.com") {
			t.Errorf("%q leads to %v, %v", raw, u, err)
		}
	})
}
