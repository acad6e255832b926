package wiring

import (
	"strings"
	"testing"
)

// The public address is compared with what browsers send as Origin.
func TestTheURLIsBroughtToTheFormOfBrowsers(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][2]string{
		"https://login.example.com:443":      {"https://login.example.com", "login.example.com"},
		"https://login.example.com:0443/":    {"https://login.example.com", "login.example.com"},
		"http://login.example.com:80":        {"http://login.example.com", "login.example.com"},
		"http://login.example.com:443":       {"http://login.example.com:443", "login.example.com"},
		"https://login.example.com:8443":     {"https://login.example.com:8443", "login.example.com"},
		"https://login.example.com:":         {"https://login.example.com", "login.example.com"},
		"HTTPS://Login.Example.COM.":         {"https://login.example.com", "login.example.com"},
		"https://login.example.com.:443/":    {"https://login.example.com", "login.example.com"},
		"https://bücher.example":             {"https://xn--bcher-kva.example", "xn--bcher-kva.example"},
		"https://BU\u0308CHER.example:443":   {"https://xn--bcher-kva.example", "xn--bcher-kva.example"},
		"https://straße.example":             {"https://xn--strae-oqa.example", "xn--strae-oqa.example"},
		"https://ｌｏｇｉｎ.example":              {"https://login.example", "login.example"},
		"https://ログイン。example":               {"https://xn--eckxa6p0a.example", ""},
		"https://xn--bcher-kva.example":      {"https://xn--bcher-kva.example", "xn--bcher-kva.example"},
		"https://b%C3%BCcher.example":        {"https://xn--bcher-kva.example", "xn--bcher-kva.example"},
		"http://my_host:8080":                {"http://my_host:8080", "my_host"},
		"https://r3---sn.example":            {"https://r3---sn.example", "r3---sn.example"},
		"https://[2001:0db8:0:0:0:0:0:0001]": {"https://[2001:db8::1]", "2001:db8::1"},
		"https://[2001:DB8::1]:443":          {"https://[2001:db8::1]", "2001:db8::1"},
		"http://[0:0:0:0:0:0:0:1]:8080":      {"http://[::1]:8080", "::1"},
		"http://[::ffff:192.0.2.1]":          {"http://[::ffff:c000:201]", "::ffff:c000:201"},
		"http://192.0.2.1:80":                {"http://192.0.2.1", "192.0.2.1"},
		"http://localhost:8080":              {"http://localhost:8080", "localhost"},
		"https://x/y":                        {"https://x/y", "x"},
		"HTTPS://X:443/Auth/second.step_~-/": {"https://x/Auth/second.step_~-", "x"},
	} {
		origin, host, err := browserOrigin(value)
		if err != nil || origin != want[0] || want[1] != "" && host != want[1] {
			t.Errorf("%s: %s, %s, %v", value, origin, host, err)
		}
		if again, _, err := browserOrigin(origin); err != nil || again != origin {
			t.Errorf("%s: not the last form: %s, %v", origin, again, err)
		}
	}
	for _, value := range []string{"", "login.example.com", "//x", "ftp://x", "https://", "https:x", "https://x//", "https://x/y//", "https://x//y", "https://x/a//b", "https://x/.", "https://x/a/..", "https://x/...", "https://x/a/../b", "https://x/%61", "https://x/a%2Fb", "https://x/a b", "https://x/ä", "https://x/a;b", "https://x/$1", "https://x/a:b", "https://x/*", "https://x/a\"b", "https://x/" + strings.Repeat("a", 200), "https://x/y?z", "https://x/y#z", "https://x?", "https://x?y=1", "https://x#", "https://x#y",
		"https://ada@x", "https://x:0", "https://x:65536", "https://x:y", "https://x:1:2", "https://a b", "https://a\tb", "https://a..b", "https://.", "https://x..", "https://a,b",
		"https://[fe80::1%25eth0]", "https://[1.2.3.4]", "https://::1", "https://127.1", "https://0x7f.1", "https://2130706433", "https://1.2.3.08", "https://1.2.3.4.5", "https://x<y", "https://*.example.com",
		"https://xn--a.example", "https://a\u202eb.example", `https://x\y`} {
		if origin, _, err := browserOrigin(value); err == nil {
			t.Errorf("%q is %s", value, origin)
		}
	}
}
