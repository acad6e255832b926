package routes_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// hashing is one form that makes the server hash, ready to be sent.
type hashing struct {
	name string
	send func() *sitetest.Page
	to   string // where it leads when it was carried out
}

// hashings prepares every form that hashes a password or recovery codes. The
// browsers sit at an address each, or all at the same one.
func hashings(t *testing.T, s *sitetest.Site, address string) []hashing {
	n := 0
	at := func() *sitetest.Browser {
		if n++; address != "" {
			return s.Browser().From(address)
		}
		return s.Browser().From(fmt.Sprintf("198.51.100.%d", n))
	}
	post := func(b *sitetest.Browser, path string, pairs ...string) func() *sitetest.Page {
		return func() *sitetest.Page { return b.Post(path, pairs...) }
	}
	const fresh = "another good long one 77"
	boss := s.Admin("boss@example.com")
	boss.Post("/admin/users", "login", "new@example.com").WantStatus(t, map[bool]int{true: 200, false: 303}[boss.HTMX])
	invite := letter(t, s, "/invite/").Link()
	for _, name := range []string{"signs@example.com", "forgets@example.com", "changes@example.com", "confirms@example.com", "enrolls@example.com", "makes@example.com", "lost@example.com"} {
		s.User(name, identity.Member)
	}
	s.Browser().Post("/password/forgot", "login", "forgets@example.com")
	reset := letter(t, s, "/password/reset/").Link()
	changes, confirms, makes, lost := at().SignIn("changes@example.com"), at().SignIn("confirms@example.com"), at().SignIn("makes@example.com"), at().SignIn("lost@example.com")
	lost.EnrollTOTP()
	codes := lost.RecoveryCodes()
	s.Advance(10 * time.Minute)
	lost.Password("lost@example.com").Want(t, "/login/challenge")
	makes.Post("/confirm", "kind", "password", "password", sitetest.Password).Want(t, "/profile")
	makes.EnrollTOTP()
	enrolls := at().SignIn("enrolls@example.com")
	enrolls.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
	code := s.Code(enrolls.PendingSecret())
	return []hashing{
		{"sign in", post(at(), "/login", "login", "signs@example.com", "password", sitetest.Password), "/profile"},
		{"register", post(at(), "/register", "login", "reg@example.com", "password", fresh), "/register?sent=1"},
		{"invite", post(at(), invite, "password", fresh), "/login?said=registered"},
		{"reset", post(at(), reset, "password", fresh), "/login?said=reset"},
		{"change", post(changes, "/profile/password", "current", sitetest.Password, "password", fresh), "/profile?said=password"},
		{"confirm", post(confirms, "/confirm", "kind", "password", "password", sitetest.Password), "/profile"},
		{"recovery code", post(lost, "/login/challenge/recovery", "code", codes[0]), "/profile"},
		{"new codes", post(makes, "/profile/factors/recovery"), "/profile/factors/recovery?new=1"},
		{"first factor", post(enrolls, "/profile/factors/totp/confirm", "code", code), "/profile/factors/recovery?new=1"},
	}
}

// Whatever hashes waits for its turn, is told when to come back once its
// address has its share, and has lost nothing when it is sent again.
func TestEveryFormThatHashesQueues(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		all := hashings(t, s, "203.0.113.7")
		release := s.Crowd("203.0.113.7", 3)
		defer release()
		for _, h := range all {
			p := h.send()
			if p.Status != 503 || p.Header.Get("Retry-After") == "" || !strings.Contains(p.Alert(), "Try again in a moment") {
				t.Errorf("%s: %d, Retry-After %q, %q", h.name, p.Status, p.Header.Get("Retry-After"), p.Alert())
			}
		}
		release()
		for _, h := range all {
			if p := h.send(); !p.Went(h.to) {
				t.Errorf("%s, once more: %d to %q, %q", h.name, p.Status, p.Location, p.Alert())
			}
		}
	}, oneSlot, openDoor)
}

// The first admin is made under the same queue.
func TestSetupQueues(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		token := strings.TrimPrefix(s.Setup.Link(""), "/setup?token=")
		release := s.Crowd("203.0.113.7", 3)
		defer release()
		fields := []string{"token", token, "login", "boss@example.com", "password", sitetest.Password}
		if p := s.Browser().Post("/setup", fields...).WantStatus(t, 503); p.Header.Get("Retry-After") == "" {
			t.Error("nothing says when to come back")
		}
		release()
		s.Browser().Post("/setup", fields...).Want(t, "/profile/factors")
	}, oneSlot)
}

// One address that sends its own right password, or registers, on 160
// connections keeps nobody else out, whichever form the others send.
func TestOneAddressKeepsNobodyOut(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		all := hashings(t, s, "")
		s.User("flood@example.com", identity.Member)
		release := s.Crowd("203.0.113.66", 4)
		defer release()
		var gone sync.WaitGroup
		defer gone.Wait()
		for i := range 160 {
			b := s.Browser().From("203.0.113.66")
			gone.Go(func() {
				if i%2 == 0 {
					b.Password("flood@example.com")
				} else {
					b.Post("/register", "login", fmt.Sprintf("f%d@example.com", i), "password", sitetest.Password)
				}
			})
		}
		pages := make([]*sitetest.Page, 3)
		for start := 0; start < len(all); start += len(pages) { // with the flood's, as many addresses as places
			var sent sync.WaitGroup
			for i := range pages {
				sent.Go(func() { pages[i] = all[start+i].send() })
			}
			if start == 0 {
				release()
			}
			sent.Wait()
			for i, p := range pages {
				if h := all[start+i]; !p.Went(h.to) {
					t.Errorf("%s: %d to %q, %q", h.name, p.Status, p.Location, p.Alert())
				}
			}
		}
	}, oneSlot, openDoor, func(c *sitetest.Config) { c.Queue = 4 })
}

func openDoor(c *sitetest.Config) { c.Open = true }
