package routes_test

import (
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// trusting signs a browser in and has it trusted.
func trusting(t *testing.T, s *sitetest.Site, name string, secret []byte, b *sitetest.Browser) {
	t.Helper()
	s.Advance(30 * time.Second)
	b.Password(name).Want(t, "/login/challenge")
	b.Post("/login/challenge/totp", "code", b.Code(secret), "trust", "on").Want(t, "/profile")
	b.Post("/logout").Want(t, "/login?said=signed-out")
}

// A browser is trusted only when its owner ticks the box; it still needs the
// password, and its session has level 2.
func TestTrustedBrowser(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		b.Post("/logout")
		if !strings.Contains(b.Password("ada@example.com").Want(t, "/login/challenge").Location+b.Get("/login/challenge").Text(), "for 30 days") {
			t.Error("the offer does not say how long")
		}
		b.Post("/login/challenge/totp", "code", b.Code(secret)).Want(t, "/profile")
		if b.Cookie("nightlatch_browser") != "" {
			t.Error("trusted without ticking")
		}
		b.Post("/logout")
		trusting(t, s, "ada@example.com", secret, b)
		b.Post("/login", "login", "ada@example.com", "password", "wrong").WantStatus(t, 422)
		b.Password("ada@example.com").Want(t, "/profile")
		if p := b.Get("/verify?level=2"); p.Status != 200 {
			t.Errorf("a trusted browser has level %s", p.Header.Get("Remote-Level"))
		}
		s.Browser().Password("ada@example.com").Want(t, "/login/challenge")
	})
}

// Several accounts can use one browser, each with its own trust.
func TestTrustedBrowserOfTwoAccounts(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada", identity.Member)
		s.User("bob", identity.Member)
		ada := s.Browser().SignIn("ada").EnrollTOTP()
		bob := s.Browser().SignIn("bob").EnrollTOTP()
		b := s.Browser()
		trusting(t, s, "ada", ada, b)
		old := b.Cookie("nightlatch_browser")
		b.Password("bob").Want(t, "/login/challenge")
		b.Post("/login/cancel")
		trusting(t, s, "bob", bob, b)
		b.Password("ada").Want(t, "/profile")
		b.Password("bob").Want(t, "/profile")
		planted := s.Browser()
		planted.SetCookie("nightlatch_browser", old)
		planted.Password("bob").Want(t, "/login/challenge") // a cookie given by someone else is worth nothing
	})
}

// Trust ends on its date and with every security change.
func TestTrustEnds(t *testing.T) {
	ends := map[string]func(t *testing.T, s *sitetest.Site, b *sitetest.Browser){
		"its date": func(_ *testing.T, s *sitetest.Site, _ *sitetest.Browser) { s.Advance(720 * time.Hour) },
		"forgotten": func(t *testing.T, s *sitetest.Site, b *sitetest.Browser) {
			list, _ := s.Store.Browsers(t.Context(), b.AccountOf().ID)
			b.Post("/profile/browsers/"+list[0].ID+"/forget").Want(t, "/profile?said=forgotten")
		},
		"forget all": func(t *testing.T, _ *sitetest.Site, b *sitetest.Browser) {
			b.Post("/profile/browsers/forget-all").Want(t, "/profile?said=all-forgotten")
		},
		"password": func(t *testing.T, _ *sitetest.Site, b *sitetest.Browser) {
			b.Post("/profile/password", "current", sitetest.Password, "password", sitetest.Password+"!").Want(t, "/profile?said=password")
		},
		"new codes": func(t *testing.T, _ *sitetest.Site, b *sitetest.Browser) {
			b.Post("/profile/factors/recovery").Want(t, "/profile/factors/recovery?new=1")
		},
		"factor added": func(_ *testing.T, _ *sitetest.Site, b *sitetest.Browser) { b.EnrollTOTP() },
		"factor removed": func(t *testing.T, _ *sitetest.Site, b *sitetest.Browser) {
			b.Post("/profile/factors/"+b.Factor("Email")+"/remove").Want(t, "/profile?said=factor-removed")
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			s := sitetest.New(t)
			_, secret := enrolled(t, s)
			trusted := s.Browser()
			trusting(t, s, "ada@example.com", secret, trusted)
			b := s.Browser().SignInTOTP("ada@example.com", secret)
			end(t, s, b)
			p := trusted.Password("ada@example.com")
			if name == "password" {
				p = trusted.Post("/login", "login", "ada@example.com", "password", sitetest.Password+"!")
			}
			p.Want(t, "/login/challenge")
		})
	}
}

// A changed, foreign or repeated cookie is ignored and delays nobody.
func TestForgedTrust(t *testing.T) {
	s := sitetest.New(t)
	_, secret := enrolled(t, s)
	b := s.Browser()
	trusting(t, s, "ada@example.com", secret, b)
	good := b.Cookie("nightlatch_browser")
	for _, forged := range []string{good[1:], good + "A", strings.ToLower(good), "", strings.Repeat("A", 5000), identity.HashToken(good)} {
		x := s.Browser()
		x.SetCookie("nightlatch_browser", forged)
		x.Password("ada@example.com").Want(t, "/login/challenge")
	}
	b.Password("ada@example.com").Want(t, "/profile")
}

// TRUST_TTL=0 removes the offer and voids what was given.
func TestTrustSwitchedOff(t *testing.T) {
	folder := t.TempDir()
	s := sitetest.New(t, func(c *sitetest.Config) { c.Folder = folder })
	_, secret := enrolled(t, s)
	b := s.Browser()
	trusting(t, s, "ada@example.com", secret, b)
	off := sitetest.New(t, func(c *sitetest.Config) { c.Folder, c.Login.TrustTTL, c.Now = folder, 0, s.Now() })
	x := off.Browser()
	x.SetCookie("nightlatch_browser", b.Cookie("nightlatch_browser"))
	x.Password("ada@example.com").Want(t, "/login/challenge")
	if p := x.Get("/login/challenge"); strings.Contains(p.Body, `name="trust"`) {
		t.Error("trust is offered")
	}
	off.Advance(30 * time.Second)
	x.Post("/login/challenge/totp", "code", x.Code(secret), "trust", "on").Want(t, "/profile")
	if list, _ := off.Store.Browsers(t.Context(), off.Account("ada@example.com").ID); len(list) != 1 {
		t.Errorf("%d trusted browsers", len(list)) // the old row, no new one
	}
	v, err := off.Login.Visit(t.Context(), x.Cookie("nightlatch_session"))
	if err != nil {
		t.Fatal(err)
	}
	if o, err := off.Login.Overview(t.Context(), v); err != nil || len(o.Browsers) > 0 {
		t.Errorf("the profile lists %d trusted browsers, %v", len(o.Browsers), err)
	}
}
