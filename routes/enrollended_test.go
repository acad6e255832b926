package routes_test

import (
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// A pending secret ends when it is cancelled, replaced or too old.
func TestPendingSecretEnds(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b := beginApp(t, s)
		gone := func(secret []byte) {
			t.Helper()
			b.Get(appPage+"/qr.png").WantStatus(t, 404)
			b.Get(appPage).Want(t, "/profile/factors")
			b.Post(appPage+"/confirm", "code", b.Code(secret)).Want(t, "/profile/factors")
			if s.Account("ada@example.com").HasFactor() {
				t.Fatal("it became a factor")
			}
		}
		first := b.PendingSecret()
		b.Get(appPage+"/cancel").WantStatus(t, 405)
		b.PendingSecret()
		b.Post(appPage+"/cancel").Want(t, "/profile")
		gone(first)
		b.Post(appPage+"/cancel").Want(t, "/profile")
		b.Post(appPage).Want(t, appPage)
		second := b.PendingSecret()
		b.Post(appPage+"/confirm", "code", b.Code(first)).WantStatus(t, 422)
		b.Post(appPage, "over", "on").Want(t, appPage) // begins anew; without it the secret stays
		third := b.PendingSecret()
		if string(first) == string(second) || string(second) == string(third) {
			t.Fatal("a secret came twice")
		}
		b.Post(appPage+"/confirm", "code", b.Code(second)).WantStatus(t, 422)
		s.Advance(10*time.Minute - time.Second)
		b.PendingSecret()
		s.Advance(time.Second)
		b.Post("/confirm", "password", sitetest.Password)
		gone(third)
		b.Post(appPage).Want(t, appPage)
		b.Post(appPage+"/confirm", "code", b.Code(b.PendingSecret())).Want(t, sheet)
	})
}

// A pending address ends in the same ways.
func TestPendingAddressEnds(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada@example.com", identity.Member)
		b := s.Browser().SignIn("ada@example.com")
		b.Post("/profile/factors/email").Want(t, "/profile/factors/email")
		code := s.LastCode("ada@example.com")
		b.Post("/profile/factors/email/confirm", "code", other(code)).WantStatus(t, 422)
		b.Post("/profile/factors/email/cancel").Want(t, "/profile")
		b.Post("/profile/factors/email/confirm", "code", code).Want(t, "/profile/factors")
		s.Advance(61 * time.Second)
		b.Post("/profile/factors/email").Want(t, "/profile/factors/email")
		code = s.LastCode("ada@example.com")
		b.Post("/confirm", "password", sitetest.Password)
		s.Advance(5*time.Minute - time.Second)
		b.Post("/confirm", "password", sitetest.Password)
		s.Advance(time.Second)
		if p := b.Post("/profile/factors/email/confirm", "code", code).WantStatus(t, 422); !strings.Contains(p.Alert(), "expired") {
			t.Errorf("after the code's life: %q", p.Alert())
		}
		s.Advance(5 * time.Minute)
		b.Post("/confirm", "password", sitetest.Password)
		b.Post("/profile/factors/email/confirm", "code", code).Want(t, "/profile/factors")
		for _, address := range []string{"ada", "a@b", "ada@example.com\r\nBcc: eve@example.net", "a@example.com, b@example.com", "<ada@example.com>", "ada@exa mple.com"} {
			if p := b.Post("/profile/factors/email", "address", address).WantStatus(t, 422); p.Alert() == "" {
				t.Errorf("%q is refused without a word", address)
			}
		}
		if codes := codesIn(s); len(codes) != 0 || s.Account("ada@example.com").HasFactor() {
			t.Errorf("%d codes went to what is no address", len(codes))
		}
	})
}

// A factor counts only when it is confirmed, and an existing factor keeps working
// while another is being added.
func TestPendingSecretCountsNowhere(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b := beginApp(t, s)
		pending := b.PendingSecret()
		s.Browser().SignIn("ada@example.com") // no second step stands there
		b.Get("/verify?level=2").WantStatus(t, 403)
		b.Post("/confirm", "kind", "totp", "code", b.Code(pending)).WantStatus(t, 422)
		b.Post(appPage+"/confirm", "code", b.Code(pending), "name", "Phone").Want(t, sheet)
		first := pending

		s.Advance(31 * time.Second)
		b.Post(appPage).Want(t, appPage)
		second := b.PendingSecret()
		if string(first) == string(second) {
			t.Fatal("the secret of a factor is shown again")
		}
		p := pendingOf(t, s, "ada@example.com")
		p.Post("/login/challenge/totp", "code", b.Code(second)).WantStatus(t, 422)
		p.Post("/login/challenge/totp", "code", b.Code(first)).Want(t, "/profile")
		b.Post(appPage+"/confirm", "code", wrongApp(s, second)).WantStatus(t, 422)
		b.Post(appPage+"/cancel").Want(t, "/profile")
		s.Browser().SignInTOTP("ada@example.com", first)

		b.Post(appPage).Want(t, appPage)
		third := b.PendingSecret()
		s.Advance(31 * time.Second)
		b.Post(appPage+"/confirm", "code", b.Code(third), "name", "Tablet").Want(t, "/profile?said=factor-added")
		for _, secret := range [][]byte{first, third} {
			s.Browser().SignInTOTP("ada@example.com", secret)
		}
		p = pendingOf(t, s, "ada@example.com")
		s.Advance(31 * time.Second)
		p.Post("/login/challenge/totp", "code", b.Code(second)).WantStatus(t, 422) // cancelled is cancelled
	})
}

// One session's pending secret is not another's, nor another account's.
func TestPendingSecretBelongsToItsSession(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b := beginApp(t, s)
		secret := b.PendingSecret()
		s.User("bob", identity.Member)
		for _, x := range []*sitetest.Browser{s.Browser().SignIn("ada@example.com"), s.Browser().SignIn("bob")} {
			x.Get(appPage+"/qr.png").WantStatus(t, 404)
			x.Get(appPage).Want(t, "/profile/factors")
			x.Post(appPage+"/confirm", "code", b.Code(secret)).Want(t, "/profile/factors")
			x.Post(appPage+"/cancel").Want(t, "/profile")
		}
		b.Post(appPage+"/confirm", "code", b.Code(secret)).Want(t, sheet)
		if s.Account("bob").HasFactor() {
			t.Error("bob has a factor")
		}
	})
}
