package routes_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// trail is how much a site has recorded.
func trail(s *sitetest.Site) (n int) {
	s.T.Helper()
	page, err := s.Accounts.Audit(s.T.Context(), accounts.AuditFilter{Limit: 500})
	if err != nil {
		s.T.Fatal(err)
	}
	return len(page.Events)
}

// click is when a second click comes: the browser has the cookies of the first
// answer already, and has or has not asked for the page that it led to.
type click struct{ followed bool }

func (k click) String() string { return fmt.Sprintf("followed %v", k.followed) }

var clicks = []click{{false}, {true}}

// twice sends a form again from the same browser and fails unless that leads
// to the same place, records nothing and mails nothing.
func (k click) twice(t *testing.T, b *sitetest.Browser, path string, pairs ...string) *sitetest.Page {
	t.Helper()
	pairs = asShown(b.Site, path, pairs)
	first := b.Post(path, pairs...)
	if first.Location == "" {
		t.Fatalf("%s, %v: status %d; alert: %q", path, k, first.Status, first.Alert())
	}
	if k.followed {
		b.Get(first.Location)
	}
	before, letters := trail(b.Site), len(b.Mails())
	second := b.Post(path, pairs...)
	if second.Location != first.Location || second.Status != first.Status {
		t.Errorf("%s, %v: led to %s with %d, then to %q with %d; alert: %q", path, k, first.Location, first.Status, second.Location, second.Status, second.Alert())
	}
	if n, more := trail(b.Site)-before, len(b.Mails()); n != 0 || more != 0 {
		t.Errorf("%s, %v: %d more events; %d mails, then %d", path, k, n, letters, more)
	}
	return first
}

// asShown adds what the forms of some pages say about their showing.
func asShown(s *sitetest.Site, path string, pairs []string) []string {
	if path == "/confirm" || strings.HasPrefix(path, "/login") || strings.HasPrefix(path, "/setup") {
		return pairs
	}
	s.Advance(time.Microsecond)
	return append(slices.Clone(pairs), "once", strconv.FormatInt(s.Now().UnixMicro(), 36))
}

// Whoever signs in with a second click is signed in once, though the browser
// has the cookies of the first answer already.
func TestSecondClickWithTheCookiesOfTheFirst(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		bob := "bob@example.com"
		s.User(bob, identity.Member)
		for _, k := range clicks {
			s.Advance(time.Hour)
			b := s.Browser()
			b.Get("/login")
			b.Header.Set("User-Agent", "Mozilla/5.0")
			k.twice(t, b, "/login", "login", ada, "password", sitetest.Password, "next", "/profile/activity")
			k.twice(t, b, "/login/challenge/totp", "code", s.Code(e.secret), "next", "/profile/activity")
			s.Advance(time.Hour)
			k.twice(t, b, "/confirm", "kind", "recovery", "code", e.codes[0], "next", "/profile")
			e.codes = e.codes[1:]

			x := s.Browser()
			x.Get("/login")
			if !k.followed { // once the page was asked for, the session is in use, and a new sign-in takes its place
				k.twice(t, x, "/login", "login", bob, "password", sitetest.Password)
			} else {
				x.SignIn(bob)
			}
			if n := sessions(s, bob); n != 1 {
				t.Errorf("%v: %d sessions", k, n)
			}
			x.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
			k.twice(t, x, "/profile/factors/totp/confirm", "code", s.Code(x.PendingSecret()), "name", "Phone")
			if n := len(x.RecoveryCodes()); n != 10 {
				t.Errorf("%v: %d recovery codes are shown", k, n)
			}
			x.Post("/profile/factors/disable").Want(t, "/profile?said=two-factor-off")
			x.Post("/logout")
			for _, name := range []string{ada, bob} {
				for _, warn := range []string{"factor.replayed", "factor.failed", "login.failed"} {
					if slices.Contains(s.Events(name), warn) {
						t.Errorf("%v: %s of %s is recorded", k, warn, name)
					}
				}
			}
			b.Post("/logout")
		}
	})
}

// The first step-up of a session that a trusted browser opened with the password.
func TestSecondClickOfAStepUpOnATrustedBrowser(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := pend(s, ada)
		b.Post("/login/challenge/totp", "code", s.Code(e.secret), "trust", "on").Want(t, "/profile")
		for _, k := range clicks {
			b.Post("/logout")
			s.Advance(time.Hour)
			b.Password(ada).Want(t, "/profile")
			k.twice(t, b, "/confirm", "kind", "totp", "code", s.Code(e.secret), "next", "/profile/activity")
			if slices.Contains(s.Events(ada), "factor.replayed") {
				t.Errorf("%v: one's own click raised the alarm", k)
			}
		}
	})
}

// What opens without a session: links, registration and the first admin.
func TestSecondClickBeforeASession(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		first := s.Browser()
		token := s.Setup.Link("")[len("/setup?token="):]
		first.Get("/setup?token=" + token)
		clicks[0].twice(t, first, "/setup", "token", token, "login", "root@example.com", "password", newPassword)
		for i, k := range clicks {
			s.Advance(time.Hour)
			boss := s.Admin(fmt.Sprintf("boss%d@example.com", i))
			name := fmt.Sprintf("zoe%d@example.com", i)
			boss.Post("/admin/users", "login", name, "role", "user")
			b := s.Browser()
			link := letter(t, s, "/invite/").Link()
			b.Get(link)
			k.twice(t, b, link, "name", "Zoe", "password", newPassword)
			b.Get("/password/forgot")
			s.Mails()
			for range 2 {
				b.Post("/password/forgot", "login", name, "once", "1").Want(t, "/password/forgot?sent=1")
			}
			letters := s.Mails()
			if len(letters) != 1 {
				t.Fatalf("%v: %d mails", k, len(letters))
			}
			b.Get(letters[0].Link())
			k.twice(t, b, letters[0].Link(), "password", newPassword+"2")

			b = s.Browser()
			b.Get("/register")
			k.twice(t, b, "/register", "login", fmt.Sprintf("new%d@example.com", i), "password", newPassword)
		}
	}, openDoor)
}

// What one changes about one's own account, though its second click comes
// after the page that the first led to was asked for.
func TestSecondClickOfAChange(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		password := sitetest.Password
		for i, k := range clicks {
			s.Advance(time.Hour)
			b := s.Browser()
			b.Post("/login", "login", ada, "password", password).Want(t, "/login/challenge")
			b.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
			k.twice(t, b, "/profile/name", "name", fmt.Sprint("Ada ", i))
			k.twice(t, b, "/profile/email", "email", fmt.Sprintf("lovelace%d@example.org", i))
			k.twice(t, b, "/email/verify")
			k.twice(t, b, "/profile/factors/"+b.Factor("Phone")+"/name", "name", "Phone")
			k.twice(t, b, "/profile/factors/"+b.Factor("Email")+"/preferred")
			k.twice(t, b, "/profile/factors/recovery")
			next := fmt.Sprint(newPassword, i)
			k.twice(t, b, "/profile/password", "current", password, "password", next)
			password = next
			if slices.Contains(s.Events(ada), "password.failed") {
				t.Errorf("%v: the second click counted a wrong password", k)
			}
		}
	})
}

func TestSecondClickOfAnAdmin(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		for i, k := range clicks {
			s.Advance(time.Hour)
			boss := s.Admin(fmt.Sprintf("boss%d@example.com", i))
			name := fmt.Sprintf("zoe%d@example.com", i)
			k.twice(t, boss, "/admin/users", "login", name, "role", "user")
			path := "/admin/users/" + s.Account(name).ID
			k.twice(t, boss, path+"/invite")
			ann := fmt.Sprintf("ann%d@example.com", i)
			s.User(ann, identity.Member)
			s.Browser().SignIn(ann).EnrollTOTP()
			path = "/admin/users/" + s.Account(ann).ID
			k.twice(t, boss, path+"/role", "role", "admin")
			k.twice(t, boss, path+"/role", "role", "user")
			k.twice(t, boss, path+"/reset", "reason", "lost the phone")
			k.twice(t, boss, path+"/password", "reason", "forgotten")
			k.twice(t, boss, path+"/disable", "reason", "left")
			k.twice(t, boss, path+"/enable")
			k.twice(t, boss, path+"/disable", "reason", "left")
			k.twice(t, boss, path+"/delete", "reason", "left")
			k.twice(t, boss, "/admin/policy", "who", "admins", "from", "2030-01-01", "reason", "to be safe")
			k.twice(t, boss, "/admin/policy", "who", "nobody", "reason", "to be sure")
		}
	})
}
