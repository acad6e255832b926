package routes_test

import (
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// The main job: each of three factors opens the door.
func TestSignInWithEachFactor(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada@example.com", identity.Member)
		b := s.Browser().SignIn("ada@example.com")
		secret := b.EnrollTOTP()
		codes := b.RecoveryCodes()
		if len(codes) != 10 {
			t.Fatalf("%d recovery codes", len(codes))
		}
		b.EnrollEmail("")
		b.Post("/logout").Want(t, "/login?said=signed-out")
		if p := b.Get("/profile"); p.Location != "/login?next=%2Fprofile" {
			t.Fatalf("signed out, and still here: %d %s", p.Status, p.Location)
		}
		b.SignInTOTP("ada@example.com", secret).Post("/logout")

		b.Password("ada@example.com").Want(t, "/login/challenge")
		s.Advance(61e9)
		b.Post("/login/challenge/email/code").Want(t, "/login/challenge?factor=email")
		b.Post("/login/challenge/email", "code", s.LastCode("")).Want(t, "/profile")
		b.Post("/logout")

		b.Password("ada@example.com").Want(t, "/login/challenge")
		b.Post("/login/challenge/recovery", "code", strings.ToLower(codes[3])).Want(t, "/profile")
		if left := s.Account("ada@example.com").RecoveryLeft; left != 9 {
			t.Errorf("%d recovery codes left", left)
		}
	})
}
