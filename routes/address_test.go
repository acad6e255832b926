package routes

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestParseProxies(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "",
		" , ":                         "",
		"10.0.0.0/8":                  "10.0.0.0/8",
		"10.1.2.3/8,192.0.2.1":        "10.0.0.0/8 192.0.2.1/32",
		"2001:db8::1/32  ::1":         "2001:db8::/32 ::1/128",
		"::ffff:10.0.0.0/104, ::/0":   "10.0.0.0/8 ::/0",
		"0.0.0.0/0\n::ffff:192.0.2.1": "0.0.0.0/0 192.0.2.1/32",
	} {
		got, err := ParseProxies(in)
		var text []string
		for _, p := range got {
			text = append(text, p.String())
		}
		if err != nil || strings.Join(text, " ") != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"proxy", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/8;1.2.3.4", "fe80::1%eth0", "10.0.0.0/-1", "/8"} {
		if got, err := ParseProxies(in); err == nil || got != nil {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}

func request(remote string, forwarded ...string) *http.Request {
	return &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": forwarded}}
}

func TestClient(t *testing.T) {
	trusted, err := ParseProxies("10.0.0.0/8, 2001:db8:ffff::/48")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		proxies   Proxies
		remote    string
		forwarded []string
		want      string
	}{
		"nobody trusted":        {nil, "203.0.113.7:999", []string{"198.51.100.1"}, "203.0.113.7"},
		"direct":                {trusted, "203.0.113.7:999", nil, "203.0.113.7"},
		"stranger forges":       {trusted, "203.0.113.7:999", []string{"198.51.100.1"}, "203.0.113.7"},
		"through a proxy":       {trusted, "10.0.0.1:999", []string{"198.51.100.1"}, "198.51.100.1"},
		"client forges left":    {trusted, "10.0.0.1:999", []string{"192.0.2.66, 198.51.100.1"}, "198.51.100.1"},
		"two proxies":           {trusted, "10.0.0.1:999", []string{"192.0.2.66, 198.51.100.1 ,10.9.9.9"}, "198.51.100.1"},
		"two lines":             {trusted, "10.0.0.1:999", []string{"198.51.100.1", "10.9.9.9"}, "198.51.100.1"},
		"forged in first line":  {trusted, "10.0.0.1:999", []string{"192.0.2.66", "198.51.100.1"}, "198.51.100.1"},
		"only proxies":          {trusted, "10.0.0.1:999", []string{"10.2.2.2, 10.3.3.3"}, "10.2.2.2"},
		"no header":             {trusted, "10.0.0.1:999", nil, "10.0.0.1"},
		"empty header":          {trusted, "10.0.0.1:999", []string{""}, "10.0.0.1"},
		"malformed":             {trusted, "10.0.0.1:999", []string{"not-an-address"}, "10.0.0.1"},
		"malformed then proxy":  {trusted, "10.0.0.1:999", []string{"198.51.100.1, junk, 10.9.9.9"}, "10.9.9.9"},
		"trailing comma":        {trusted, "10.0.0.1:999", []string{"198.51.100.1,"}, "10.0.0.1"},
		"leading zeros":         {trusted, "10.0.0.1:999", []string{"198.051.100.001"}, "10.0.0.1"},
		"with port":             {trusted, "10.0.0.1:999", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		"IPv6":                  {trusted, "[2001:db8:ffff::1]:9", []string{"2001:db8:1:2::3"}, "2001:db8:1:2::3"},
		"IPv6 with port":        {trusted, "[2001:db8:ffff::1]:9", []string{"[2001:db8:1:2::3]:80"}, "2001:db8:1:2::3"},
		"mapped connection":     {trusted, "[::ffff:10.0.0.1]:9", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		"zone":                  {nil, "[fe80::1%eth0]:9", nil, "fe80::1"},
		"zone does not get out": {trusted, "[2001:db8:ffff::1%x]:9", []string{"fe80::1%10.0.0.1"}, "fe80::1"},
		"no port":               {nil, "203.0.113.7", nil, "203.0.113.7"},
		"unix socket":           {trusted, "@", []string{"198.51.100.1"}, "invalid IP"},
		"nothing":               {trusted, "", nil, "invalid IP"},
	} {
		if got := c.proxies.Client(request(c.remote, c.forwarded...)); got.String() != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestRangeAndShown(t *testing.T) {
	for in, want := range map[string][2]string{
		"203.0.113.7":          {"203.0.113.7", "203.0.113.x"},
		"::ffff:203.0.113.7":   {"203.0.113.7", "203.0.113.x"},
		"2001:db8:1:2:3:4:5:6": {"2001:db8:1:2::/64", "2001:db8:1:2::/64"},
		"fe80::1%eth0":         {"fe80::/64", "fe80::/64"},
		"::1":                  {"::/64", "::/64"},
	} {
		a := netip.MustParseAddr(in)
		if got := [2]string{addressRange(a), addressShown(a)}; got != want {
			t.Errorf("%s: %v", in, got)
		}
	}
	if addressRange(netip.Addr{}) != "unknown" || addressShown(netip.Addr{}) != "unknown" {
		t.Error("no address")
	}
}

// Whatever a header says, the answer is the connection's address or one that
// stands in the header, and without trust always the first.
func FuzzClient(f *testing.F) {
	f.Add("10.0.0.1:1", "198.51.100.1, 10.2.2.2", "::ffff:1.2.3.4")
	f.Add("[::1%a]:1", ",,", "[::]:1")
	f.Add("@", "unknown", "_hidden")
	trusted, err := ParseProxies("10.0.0.0/8 ::1 fe80::/10")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, remote, one, two string) {
		r := request(remote, one, two)
		got := trusted.Client(r)
		if got.Is4In6() || got.Zone() != "" {
			t.Errorf("%v is not in the one form", got)
		}
		direct := Proxies(nil).Client(r)
		if direct != parseAddr(remote) || (got != direct && !trusted.trusts(direct)) {
			t.Errorf("a stranger's header was believed: %v, %v", got, direct)
		}
		_, _ = addressRange(got), addressShown(got)
	})
}
