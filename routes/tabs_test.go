package routes_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// A sign-in that was ended in another tab is ended in this one: whatever is
// sent or loaded here goes on to where it was to lead.
func TestSignInEndedInAnotherTab(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := pend(s, ada)
		stale := b.Cookie("nightlatch_login")
		next := "/profile/activity"
		b.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
		for _, cookie := range []string{"", stale} { // a page that is loaded at the same moment may send the old cookie
			if cookie != "" {
				b.SetCookie("nightlatch_login", cookie)
			}
			for _, page := range []string{"/login/challenge", "/login/challenge?factor=recovery"} {
				b.Get(page).Want(t, "/profile")
			}
			b.Get("/login/challenge?factor=email&next="+url.QueryEscape(next)).Want(t, next)
			b.Get("/login?over=1&next="+url.QueryEscape(next)).Want(t, next)
			b.Post("/login/challenge/recovery", "code", e.codes[0], "next", next).Want(t, next)
			b.Post("/login/challenge/totp", "code", s.Code(e.secret), "next", next).Want(t, next)
			b.Post("/login/challenge/totp", "code", "", "next", next).Want(t, next)
			b.Post("/login/challenge/email/code", "next", next).Want(t, next)
			if text := b.Get("/login?over=1").WantStatus(t, 200).Text(); strings.Contains(text, "took too long") || !strings.Contains(text, ada) {
				t.Errorf("the first step says %q", text)
			}
		}
		if n := s.Account(ada).RecoveryLeft; n != 10 {
			t.Errorf("%d recovery codes left", n)
		}
		for _, kind := range s.Events(ada) {
			if kind == "factor.failed" || kind == "factor.replayed" {
				t.Errorf("%s is recorded", kind)
			}
		}
	})
}

// A step-up to a level that another tab reached meanwhile goes on when it is
// loaded anew. One that a form waits for, or that has to be fresh, is asked.
func TestLevelReachedInAnotherTab(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser().SignIn(ada)
		at := "/confirm?level=2&next=" + url.QueryEscape("/profile/activity")
		b.Get(at).WantStatus(t, 200)
		secret := b.EnrollTOTP()
		b.Get(at).Want(t, "/profile/activity")
		for _, next := range []string{"https://evil.example/", "/app/reports"} { // an application may want a fresh proof
			b.Get("/confirm?level=2&next="+url.QueryEscape(next)).WantStatus(t, 200)
		}
		b.Get("/confirm?next=/profile").WantStatus(t, 200)
		s.Advance(time.Hour)
		held := b.Post("/profile/factors/recovery").WantHeld(t, "/profile")
		if strings.Contains(held.Location, "level=2") {
			t.Error("a form asks for a level that is there")
		}
		b.Get(held.Location).WantStatus(t, 200)
		stepUp(t, b, held, "kind", "totp", "code", s.Code(secret)).Want(t, "/profile/factors/recovery?new=1")
	})
}
