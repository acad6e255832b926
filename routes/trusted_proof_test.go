package routes_test

import (
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// byTrust is a person's trusted browser, signed in by the password alone.
func byTrust(t *testing.T, s *sitetest.Site) (b *sitetest.Browser, secret []byte) {
	t.Helper()
	_, secret = enrolled(t, s)
	b = s.Browser()
	trusting(t, s, "ada@example.com", secret, b)
	b.Password("ada@example.com").Want(t, "/profile")
	s.Advance(31 * time.Second)
	return b, secret
}

// Whoever has the cookie of a trusted browser and the password signs in, and
// is asked for a factor by everything that wants a fresh confirmation.
func TestTrustedBrowserIsNoConfirmation(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := byTrust(t, s)
		phone := b.Factor("Phone")
		for _, path := range []string{"/profile/factors/recovery", "/profile/factors/recovery.txt"} {
			if p := b.Get(path); !strings.HasPrefix(p.Location, "/confirm?") || strings.Contains(p.Body, "-") && p.Status == 200 {
				t.Errorf("GET %s: %d to %q", path, p.Status, p.Location)
			}
		}
		for path, field := range map[string]string{
			"/profile/factors/recovery": "", "/profile/factors/recovery/check": "code", "/profile/factors/disable": "",
			"/profile/factors/totp": "", "/profile/factors/email": "address", "/profile/email": "email",
			"/profile/factors/" + phone + "/remove": "", "/profile/factors/" + phone + "/name": "name",
			"/profile/factors/" + phone + "/preferred": "",
		} {
			if p := b.Post(path, field, "x@example.com"); !strings.HasPrefix(p.Location, "/confirm?") {
				t.Errorf("POST %s: %d to %q", path, p.Status, p.Location)
			}
		}
		p := b.Post("/profile/password", "current", sitetest.Password, "password", sitetest.Password+"!")
		if !strings.HasPrefix(p.Location, "/confirm?") {
			t.Errorf("the password was changed: %d to %q", p.Status, p.Location)
		}
		b.Post("/confirm", "password", sitetest.Password).WantStatus(t, 422)
		b.Post("/profile/factors/"+phone+"/name", "name", "Old phone")
		b.Post("/confirm", "kind", "totp", "code", b.Code(secret), "next", "/profile").Want(t, "/profile?said=factor-renamed")
		b.Get("/profile/factors/recovery").WantStatus(t, 200)
	})
}

// A clock that was set back makes no confirmation last longer than its time: a
// session that would begin later than now has ended.
func TestConfirmationEndsThoughTheClockWentBack(t *testing.T) {
	s := sitetest.New(t)
	b, _ := enrolled(t, s)
	s.Advance(-10 * time.Minute)
	if p := b.Post("/profile/factors/disable"); !strings.HasPrefix(p.Location, "/login?") || !s.Account("ada@example.com").HasFactor() {
		t.Errorf("%d to %q", p.Status, p.Location)
	}
}

// Who becomes an admin has no trusted browser any more, and a session that one
// opened shows no admin page before a factor was proved in it.
func TestBecomingAdminEndsTrust(t *testing.T) {
	ways := map[string]func(t *testing.T, s *sitetest.Site, id string){
		"by screen": func(t *testing.T, s *sitetest.Site, id string) {
			s.Admin("root").Post("/admin/users/"+id+"/role", "role", "admin").Want(t, "/admin/users/"+id+"?said=did-role")
		},
		"by command": func(t *testing.T, s *sitetest.Site, id string) {
			if err := s.Accounts.SetRole(t.Context(), accounts.Terminal("grown up"), id, identity.Admin); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, promote := range ways {
		t.Run(name, func(t *testing.T) {
			sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
				b, secret := byTrust(t, s)
				proved := s.Browser().SignInTOTP("ada@example.com", secret)
				id := s.Account("ada@example.com").ID
				promote(t, s, id)
				if p := b.Get("/admin"); !strings.HasPrefix(p.Location, "/confirm?") {
					t.Errorf("/admin by trust: %d to %q", p.Status, p.Location)
				}
				if p := b.Get("/verify?level=2"); p.Status != 403 {
					t.Errorf("/verify by trust: %d", p.Status)
				}
				proved.Get("/admin").WantStatus(t, 200)
				old := b.Cookie("nightlatch_session")
				s.Advance(31 * time.Second)
				b.Post("/confirm", "kind", "totp", "code", b.Code(secret)).Want(t, "/profile")
				b.Get("/admin").WantStatus(t, 200)
				if b.Cookie("nightlatch_session") == old {
					t.Error("the session kept its token when its level rose")
				}
				b.Post("/logout")
				b.Password("ada@example.com").Want(t, "/login/challenge")
			})
		})
	}
}

// A session that a trusted browser opened and a factor confirmed since is as
// good as any.
func TestProofInTrustedSessionCounts(t *testing.T) {
	s := sitetest.New(t)
	b, secret := byTrust(t, s)
	b.Post("/confirm", "kind", "totp", "code", b.Code(secret)).Want(t, "/profile")
	if err := s.Accounts.SetRole(t.Context(), accounts.Terminal("x"), s.Account("ada@example.com").ID, identity.Admin); err != nil {
		t.Fatal(err)
	}
	b.Get("/admin").WantStatus(t, 200)
}
