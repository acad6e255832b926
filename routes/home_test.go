package routes_test

import (
	"net/url"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// A page of another host travels through everything that a sign-in may ask for.
func TestNextOnAnotherHostOutlivesEverything(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		to := "next=" + url.QueryEscape(appURL)
		boss := s.Admin("boss@example.com")
		boss.Post("/admin/users", "login", "grace@example.com")
		b := s.Browser()
		invite := letter(t, s, "/invite/").Link()
		led(t, b.Post(invite, "password", newPassword, "next", appURL), "/login?said=registered&"+to)
		led(t, b.Post("/password/forgot", "login", "grace@example.com", "next", appURL), "/password/forgot?sent=1&"+to)
		l := letter(t, s, "/password/reset/")
		led(t, b.Post(l.Link(), "password", newPassword+"2", "next", appURL), "/login?said=reset&"+to)
		if p := b.Get("/register?"+to).WantStatus(t, 200); p.Hidden("/register")["next"] != appURL {
			t.Errorf("registering loses the page: %v", p.Hidden("/register"))
		}

		inForce(t, boss, "who", "everyone")
		s.User(ada, identity.Member)
		b = s.Browser()
		led(t, b.Post("/login", "login", ada, "password", sitetest.Password, "next", appURL), "/profile/factors?"+to)
		led(t, b.Get("/login?"+to), "/profile/factors?"+to)
		led(t, b.Post("/profile/factors/totp", "next", appURL), "/profile/factors/totp?"+to)
		secret := b.PendingSecret()
		led(t, b.Post("/profile/factors/totp/confirm", "code", s.Code(secret), "next", appURL), "/profile/factors/recovery?new=1&"+to)
		if p := b.Get("/profile/factors/recovery?new=1&"+to).WantStatus(t, 200); p.Hidden("/profile/factors/recovery/saved")["next"] != appURL {
			t.Error("the page of the recovery codes loses the page")
		}
		led(t, b.Post("/profile/factors/recovery/saved", "next", appURL), appURL)

		s.Advance(40e9)
		b = s.Browser()
		led(t, b.Post("/login", "login", ada, "password", sitetest.Password, "next", appURL), "/login/challenge")
		led(t, b.Post("/login/challenge/totp", "code", s.Code(secret)), appURL)
		s.Advance(40e9)
		if p := b.Get("/confirm?level=2&"+to).WantStatus(t, 200); p.Hidden("/confirm")["next"] != appURL {
			t.Error("the step-up loses the page")
		}
		led(t, b.Post("/confirm", "kind", "totp", "code", s.Code(secret), "next", appURL), appURL)
		for _, bad := range []string{"https://app.example.com/", "http://evil.example/", "http://app.example.com@evil.example/"} {
			led(t, s.Browser().Post("/login", "login", "boss@example.com", "password", sitetest.Password, "next", bad), "/login/challenge")
		}
	}, atAuth, func(c *sitetest.Config) { c.Open = true })
}

// A sign-in that no page asked for ends at home, also by way of an enrollment.
func TestHome(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		led(t, s.Browser().Get("/"), appURL)
		s.User(ada, identity.Member)
		led(t, s.Browser().Password(ada), appURL)
		led(t, s.Browser().Post("/login", "login", ada, "password", sitetest.Password, "next", "/profile"), "/profile")
		b := s.Browser()
		b.Password(ada)
		secret := b.EnrollTOTP()
		s.Advance(40e9)
		b = s.Browser()
		b.Password(ada)
		led(t, b.Post("/login/challenge/totp", "code", s.Code(secret)), appURL)
		s.Advance(40e9)
		boss := s.Browser()
		s.User("boss@example.com", identity.Admin)
		boss.Password("boss@example.com")
		boss.EnrollTOTP()
		inForce(t, boss, "who", "everyone")
		s.User("bob@example.com", identity.Member)
		led(t, s.Browser().Password("bob@example.com"), "/profile/factors?next="+url.QueryEscape(appURL))
	}, atAuth, func(c *sitetest.Config) { c.Home = appURL })
	s := sitetest.New(t, func(c *sitetest.Config) { c.Home = "/" }) // beside an application
	led(t, s.Browser().Get("/"), "/profile")
	led(t, sitetest.New(t).Browser().Get("/"), "/profile")
}

// Browsers follow a form's redirect to where the CSP allows.
func TestFormsMayLeadToTheDomain(t *testing.T) {
	for url, want := range map[string]string{
		"https://auth.example.com":    "form-action 'self' https://example.com https://*.example.com",
		"http://auth.example.com":     "form-action 'self' http://example.com http://*.example.com",
		"http://auth.example.com:123": "form-action 'self' http://example.com http://*.example.com http://example.com:* http://*.example.com:*",
	} {
		s := sitetest.New(t, atAuth, func(c *sitetest.Config) { c.Login.URL = url })
		if csp := s.Browser().Get("/login").Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "; "+want) {
			t.Errorf("%s: %s", url, csp)
		}
	}
	if csp := sitetest.New(t).Browser().Get("/login").Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "; form-action 'self'") {
		t.Error(csp)
	}
}
