package routes_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// flood gives so many wrong passwords to unknown names.
func flood(b *sitetest.Browser, from, to int, head func(i int) http.Header) (last *sitetest.Page) {
	for i := from; i < to; i++ {
		b.Header = head(i)
		last = b.Post("/login", "login", fmt.Sprintf("nobody%d", i), "password", wrong)
	}
	return last
}

func bare(int) http.Header { return http.Header{} }

// Thirty failures a minute for an address, whatever it says it
// is; who gives right passwords is free; the neighbours are not touched.
func TestAddressLimit(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, "bob@example.com")
		s.User(ada, identity.Member)
		office := s.Browser().From("198.51.100.7")
		for range 40 {
			s.Browser().From("198.51.100.7").SignIn(ada)
		}
		in := s.Browser().From("198.51.100.7").SignIn(ada)
		flood(office, 0, 29, func(i int) http.Header {
			fake := fmt.Sprintf("192.0.2.%d", i)
			return http.Header{"X-Forwarded-For": {fake}, "X-Real-Ip": {fake}, "Forwarded": {"for=" + fake}, "True-Client-Ip": {fake}, "Cf-Connecting-Ip": {fake}}
		}).WantStatus(t, 422)
		office.Header = http.Header{}
		pending := s.Browser().From("198.51.100.7")
		pending.Password("bob@example.com").Want(t, "/login/challenge")
		pending.Post("/login/challenge/totp", "code", "000").WantStatus(t, 422) // the thirtieth
		for _, p := range []*sitetest.Page{
			flood(office, 30, 31, bare), office.Password(ada), office.Password("nobody"), pending.Post("/login/challenge/totp", "code", s.Code(e.secret)),
		} {
			if p.Status != 429 || p.Header.Get("Retry-After") != "60" {
				t.Errorf("%d, wait %q", p.Status, p.Header.Get("Retry-After"))
			}
		}
		in.Get("/profile").WantStatus(t, 200) // whoever is in stays in
		s.Browser().From("198.51.100.8").SignIn(ada)
		s.Advance(59 * time.Second)
		office.Password(ada).WantStatus(t, 429)
		s.Advance(time.Second)
		office.SignIn(ada)
		flood(office, 0, 30, bare).WantStatus(t, 422)
		flood(office, 30, 31, bare).WantStatus(t, 429)
	})
}

// An IPv6 client is its /64, and the forwarded address counts only
// from trusted proxies, from the right.
func TestAddressesOfClients(t *testing.T) {
	forwarded := func(format string) func(int) http.Header {
		return func(i int) http.Header { return http.Header{"X-Forwarded-For": {fmt.Sprintf(format, i)}} }
	}
	for _, c := range []struct {
		name, from string
		head       func(int) http.Header
		limited    bool
	}{
		{"one behind a proxy", "10.0.0.1", forwarded("192.0.2.9"), true},
		{"forged on the left", "10.0.0.1", forwarded("198.51.100.%d, 192.0.2.9"), true},
		{"forged private on the left", "10.0.0.1", forwarded("10.9.9.%d, 192.0.2.9"), true},
		{"through two proxies", "10.0.0.1", forwarded("198.51.100.%d, 192.0.2.9, 10.0.0.2"), true},
		{"malformed", "10.0.0.1", forwarded("198.51.100.1, not an address %d"), true},
		{"malformed and empty", "10.0.0.1", forwarded(",,%d,"), true},
		{"with ports", "10.0.0.1", forwarded("192.0.2.9:1%03d"), true},
		{"one /64", "10.0.0.1", forwarded("2001:db8:1:2::%x"), true},
		{"one IPv4 in IPv6", "10.0.0.1", forwarded("::ffff:192.0.2.9"), true},
		{"no header", "10.0.0.1", bare, true},
		{"no proxy of ours", "192.0.2.9", forwarded("198.51.100.%d"), true},
		{"many behind a proxy", "10.0.0.1", forwarded("198.51.100.%d"), false},
		{"many networks", "10.0.0.1", forwarded("2001:db8:1:%x::1"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sitetest.New(t, func(x *sitetest.Config) { x.Proxies = "10.0.0.0/8" })
			p := flood(s.Browser().From(c.from), 0, 31, c.head)
			if (p.Status == 429) != c.limited {
				t.Errorf("the thirty-first gets %d", p.Status)
			}
		})
	}
	s := sitetest.New(t)
	for i := range 30 {
		flood(s.Browser().From(fmt.Sprintf("2001:db8:0:1:%x::%x", i, i)), i, i+1, bare).WantStatus(t, 422)
	}
	flood(s.Browser().From("2001:db8:0:1:ffff::1"), 30, 31, bare).WantStatus(t, 429)
	flood(s.Browser().From("2001:db8:0:2::1"), 31, 32, bare).WantStatus(t, 422)
}
