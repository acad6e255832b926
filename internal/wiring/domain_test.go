package wiring

import "testing"

// The domain is a bare name at or above the host, and no strangers live under it.
func TestTheDomainIsAParentOfTheHost(t *testing.T) {
	t.Parallel()
	for _, r := range []struct{ url, domain, want string }{
		{"https://auth.example.com", "example.com", "example.com"},
		{"https://auth.example.com", "EXAMPLE.com", "example.com"},
		{"https://auth.example.com", "auth.example.com", "auth.example.com"},
		{"https://a.b.example.co.uk:8443", "b.example.co.uk", "b.example.co.uk"},
		{"https://auth.bücher.example", "bücher.example", "xn--bcher-kva.example"},
		{"http://auth.example.test:8080", "example.test", "example.test"},
	} {
		set, err := Options{URL: r.url, Domain: r.domain}.Check()
		if err != nil || set.Domain != r.want {
			t.Errorf("%s under %s: %q, %v", r.url, r.domain, set.Domain, err)
		}
	}
	for _, r := range [][2]string{
		{"https://auth.example.com", "com"}, {"https://auth.example.co.uk", "co.uk"}, {"https://me.github.io", "github.io"}, {"http://localhost:8080", "localhost"},
		{"https://auth.example.com", "other.com"}, {"https://auth.example.com", "xample.com"}, {"https://auth.example.com", "x.auth.example.com"},
		{"https://192.0.2.1", "192.0.2.1"}, {"https://192.0.2.1", "2.1"}, {"https://[2001:db8::1]", "2001:db8::1"}, {"https://[2001:db8::1]", "[2001:db8::1]"},
		{"https://auth.example.com", ".example.com"}, {"https://auth.example.com", "example.com."}, {"https://auth.example.com", "*.example.com"},
		{"https://auth.example.com", "https://example.com"}, {"https://auth.example.com", "example.com:443"}, {"https://auth.example.com", "example.com/"},
		{"https://auth.example.com", "example.com,other.com"}, {"https://auth.example.com", "ex ample.com"}, {"https://auth.example.com", "ada@example.com"},
	} {
		if set, err := (Options{URL: r[0], Domain: r[1]}).Check(); err == nil {
			t.Errorf("%s under %s: %q", r[0], r[1], set.Domain)
		}
	}
}

// Home follows the rules of next.
func TestHomeFollowsTheRulesOfNext(t *testing.T) {
	t.Parallel()
	for home, ok := range map[string]bool{"/profile": true, "/": true, "/app": true, "/login": true, "/auth/profile": true, "/auth/login": false, "/auth/logout": false} {
		if set, err := (Options{URL: "https://example.com/auth", Home: home}).Check(); (err == nil) != ok || set.Login.Host != "example.com" || set.Login.URL != "https://example.com/auth" {
			t.Errorf("under a path, %s: %v, %q", home, err, set.Login.URL)
		}
	}
	at := func(home, domain string) (string, error) {
		set, err := Options{URL: "https://auth.example.com", Domain: domain, Home: home}.Check()
		return set.Home, err
	}
	for home, domain := range map[string]string{"": "", "/app?x=1": "", "/": "", "https://app.example.com/start": "example.com", "https://example.com": "example.com"} {
		if got, err := at(home, domain); err != nil || got != home {
			t.Errorf("%q: %q, %v", home, got, err)
		}
	}
	for home, domain := range map[string]string{"app": "", "//evil.example": "", "/login": "", "https://app.example.com/": "", "http://app.example.com/": "example.com", "https://evil.example/": "example.com", `/\evil.example`: "example.com"} {
		if got, err := at(home, domain); err == nil {
			t.Errorf("%q is %q", home, got)
		}
	}
}
