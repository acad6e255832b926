package routes

import (
	"strings"
	"testing"
)

// A browser is one of a list of names, whatever it says that it is.
func TestABrowserIsNamedFromAList(t *testing.T) {
	t.Parallel()
	const chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                           "Firefox on Windows",
		"Mozilla/5.0 (X11; Linux x86_64) " + chrome:                                                                                                  "Chrome on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + chrome + " Edg/140.0.0.0":                                                                     "Edge on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + chrome + " OPR/120.0.0.0":                                                                     "Opera on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":                      "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1":    "Safari on iOS",
		"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"curl/8.5.0": "curl", "": "An unknown browser",
		"https://evil.example/login": "An unknown browser", "Your account is locked, call 555-1234": "An unknown browser",
		"Mozilla/5.0 (https://evil.example/login; Linux) evil.com/1.0": "An unknown browser",
		"evil.com/1.0 (+https://evil.example)":                         "An unknown browser", "Click-here.com/9": "An unknown browser",
	} {
		if got := browserName(agent); got != want {
			t.Errorf("%q is %q, not %q", agent, got, want)
		}
	}
	for _, agent := range []string{"evil.com", "Firefox evil.com/1", "Mozilla/5.0 (Windows https://evil.com) Firefox/https://evil.com"} {
		if got := browserName(agent); strings.ContainsAny(got, "./:") {
			t.Errorf("%q is %q", agent, got)
		}
	}
}
