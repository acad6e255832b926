package routes_test

import (
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// A browser that signed in by the password alone, before there was a factor, is
// as unknown as any once there is one.
func TestABrowserFromBeforeTheFirstFactorIsUnknown(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		thief := s.Browser().SignIn(ada)
		home := s.Browser().SignIn(ada)
		secret := home.EnrollTOTP()
		s.Advance(time.Minute)
		home.Post("/logout")
		thief.Password(ada).Want(t, "/login/challenge")
		for range 5 {
			thief.Post("/login/challenge/totp", "code", "no code").WantStatus(t, 422)
		}
		pend(s, ada).Post("/login/challenge/totp", "code", s.Code(secret)).WantStatus(t, 429)
		home.Password(ada).Want(t, "/login/challenge")
		home.Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
	})
}
