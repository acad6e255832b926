package routes_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// far is an address with everything that gets lost easily.
const far = `/app/http://x.example/?a=1&b=%2F%5C%0A&c=100%&said=x&d=%7B"q"%7D#s`

var (
	nextField = regexp.MustCompile(`name="next" value="([^"]*)"`)
	nextQuery = "next=" + url.QueryEscape(far)
)

// carries fails unless every form that leads on carries the address.
func carries(t *testing.T, p *sitetest.Page) {
	t.Helper()
	found := nextField.FindAllStringSubmatch(p.Body, -1)
	if len(found) == 0 {
		t.Error("no form carries the address")
	}
	for _, m := range found {
		if html.UnescapeString(m[1]) != far {
			t.Errorf("a form carries %q", m[1])
		}
	}
}

// led fails unless an answer leads to an address, byte for byte.
func led(t *testing.T, p *sitetest.Page, to string) {
	t.Helper()
	if got := p.Header.Get("Location") + p.Header.Get("HX-Redirect"); got != to {
		t.Fatalf("led to %q instead of %q; alert: %q", got, to, p.Alert())
	}
}

func TestNextOutlivesTheSecondStep(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := s.Browser()
		carries(t, b.Get("/login?"+nextQuery))
		led(t, b.Post("/login", "login", ada, "password", sitetest.Password, "next", far), "/login/challenge")
		carries(t, b.Get("/login/challenge"))
		carries(t, b.Get("/login/challenge?factor=email&"+nextQuery))
		late := b.Clone()
		led(t, b.Clone().Post("/login/cancel", "next", far), "/login?"+nextQuery)
		led(t, late.Post("/login/challenge/totp", "code", s.Code(e.secret), "next", far), "/login?over=1&"+nextQuery)

		b.Post("/login", "login", ada, "password", sitetest.Password, "next", far)
		led(t, b.Post("/login/challenge/totp", "code", s.Code(e.secret), "next", far), far)
		// Signed in: on at once, also from a second tab that still shows the challenge.
		led(t, b.Get("/login?"+nextQuery), far)
		led(t, b.Get("/login/challenge?"+nextQuery), far)
		led(t, b.Post("/login/challenge/totp", "code", s.Code(e.secret), "next", far), far)
		led(t, b.Post("/login/challenge/totp/code", "next", far), far)
	})
}

func TestNextOutlivesEnrollment(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		inForce(t, s.Admin("boss@example.com"), "who", "everyone")
		for _, kind := range []string{"totp", "email"} {
			name := kind + "@example.com"
			s.User(name, identity.Member)
			b := s.Browser()
			led(t, b.Post("/login", "login", name, "password", sitetest.Password, "next", far), "/profile/factors?"+nextQuery)
			led(t, b.Get("/login?"+nextQuery), "/profile/factors?"+nextQuery)
			carries(t, b.Get("/profile/factors?"+nextQuery))
			s.Advance(10 * time.Minute) // a step-up on the way
			b.Header.Set("Referer", s.URL+"/profile/factors?"+nextQuery)
			up := b.Post("/profile/factors/"+kind, "address", name, "next", far)
			b.Header.Del("Referer")
			led(t, stepUp(t, b, up, "password", sitetest.Password), "/profile/factors/"+kind+"?"+nextQuery)
			page := b.Get("/profile/factors/" + kind + "?" + nextQuery)
			carries(t, page)
			code := ""
			if kind == "totp" {
				code = s.Code(b.PendingSecret())
			} else {
				code = s.LastCode(name)
			}
			led(t, b.Post("/profile/factors/"+kind+"/confirm", "code", code, "next", far), "/profile/factors/recovery?new=1&"+nextQuery)
			carries(t, b.Get("/profile/factors/recovery?new=1&"+nextQuery))
			led(t, b.Post("/profile/factors/recovery/saved", "next", far), far)
		}
	})
}

func TestNextOutlivesLinks(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser()
		if page := b.Get("/login?" + nextQuery); strings.Count(page.Body, "next=%2fapp") != 2 {
			t.Errorf("the links of the first step lose the address")
		}
		carries(t, b.Get("/password/forgot?"+nextQuery))
		led(t, b.Post("/password/forgot", "login", ada, "next", far), "/password/forgot?sent=1&"+nextQuery)
		l := letter(t, s, "/password/reset/")
		if !strings.Contains(l.Text, "?"+nextQuery) {
			t.Errorf("the mail's link loses the address: %s", l.Text)
		}
		carries(t, b.Get(l.Link()+"?"+nextQuery))
		led(t, b.Post(l.Link(), "password", newPassword, "next", far), "/login?said=reset&"+nextQuery)

		carries(t, b.Get("/register?"+nextQuery))
		boss := s.Admin("boss@example.com")
		boss.Post("/admin/users", "login", "grace@example.com")
		invite := letter(t, s, "/invite/").Link()
		carries(t, b.Get(invite+"?"+nextQuery))
		led(t, b.Post(invite, "password", newPassword, "next", far), "/login?said=registered&"+nextQuery)
	}, func(c *sitetest.Config) { c.Open = true })
}

// Who is signed in at too low a level is led to the step-up, never round in a
// circle.
func TestLoginPageOfSomeoneSignedIn(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser().SignIn(ada)
		led(t, b.Get("/login?level=2&next=%2Fapp"), "/confirm?level=2&next=%2Fapp")
		b.Get("/confirm?level=2&next=%2Fapp").WantStatus(t, 200)
		if text := b.Get("/login").WantStatus(t, 200).Text(); !strings.Contains(text, "signed in as "+ada) || !strings.Contains(text, "Sign out") {
			t.Errorf("it says %q", text)
		}
		old := s.Browser().SignIn(ada)
		secret := b.EnrollTOTP()
		if p := old.Get("/login?next=%2Fapp"); p.Status != 200 || strings.Contains(p.Text(), "signed in as") {
			t.Errorf("a session that ended is greeted: %d", p.Status)
		}
		s.User("bob@example.com", identity.Member)
		s.Advance(time.Minute)
		b.Post("/login", "login", "bob@example.com", "password", sitetest.Password).Want(t, "/profile")
		led(t, s.Browser().SignInTOTP(ada, secret).Get("/login?level=2&next=%2Fapp"), "/app")
	})
}

// A place that is too long to go on to, or no text, is ignored: it keeps nobody
// from signing in.
func TestANextThatDoesNotFitIsIgnored(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		for _, next := range []string{"/" + strings.Repeat("a", maxPlace), strings.Repeat("/a", maxPlace), "/\x00", "/\xff", "//evil.example", `/\evil.example`} {
			s.Browser().Post("/login", "login", ada, "password", sitetest.Password, "next", next).Want(t, "/profile")
		}
		longest := "/" + strings.Repeat("a", maxPlace-1)
		s.Browser().Post("/login", "login", ada, "password", sitetest.Password, "next", longest).Want(t, longest)
	})
}

const maxPlace = 8 << 10
