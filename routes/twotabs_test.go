package routes_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Whoever begins in a second tab sees the secret of the first, so that the code
// of either is right. A new one comes when it is asked for, or when the time of
// the first is over.
func TestTwoTabsSetUpOneSecret(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser().SignIn(ada)
		begin := func(more ...string) []byte {
			t.Helper()
			b.Post("/profile/factors/totp", more...).Want(t, "/profile/factors/totp")
			s.Advance(11 * time.Second) // this is no second click
			return b.PendingSecret()
		}
		first := begin()
		if !bytes.Equal(begin(), first) {
			t.Error("the second tab took the first one's secret away")
		}
		over := begin("over", "1")
		if bytes.Equal(over, first) || !bytes.Equal(begin(), over) {
			t.Error("it was not started over")
		}
		if p := b.Get("/profile/factors/totp"); !strings.Contains(p.Text(), "Start over") {
			t.Error("the page does not offer it")
		}
		b.Post("/profile/factors/totp/cancel")
		cancelled := begin()
		if bytes.Equal(cancelled, over) {
			t.Error("a cancelled secret is back")
		}
		s.Advance(4 * time.Minute)
		b.Get("/profile")
		b.Post("/confirm", "kind", "password", "password", sitetest.Password)
		s.Advance(7 * time.Minute)
		b.Post("/confirm", "kind", "password", "password", sitetest.Password)
		late := begin()
		if bytes.Equal(late, cancelled) {
			t.Error("a secret outlives its enrollment")
		}
		b.Post("/profile/factors/totp/confirm", "code", s.Code(late)).Want(t, "/profile/factors/recovery?new=1")
		s.Advance(31 * time.Second)
		b.Post("/profile/factors/totp/confirm", "code", s.Code(late))
		if next := begin(); bytes.Equal(next, late) {
			t.Error("the secret of a factor is given to a second one")
		}
	})
}
