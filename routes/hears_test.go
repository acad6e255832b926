package routes_test

import (
	"net/http"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// subjects are those of all mails that came since the last look.
func subjects(s *sitetest.Site) (list []string) {
	for _, l := range s.Mails() {
		list = append(list, l.To+": "+l.Subject)
	}
	return list
}

// An address that nobody proved hears nothing about sign-ins, however many and
// of whatever kind; the activity page still shows them.
func TestAnUnprovedAddressHearsNothingOfSignIns(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("victim@example.com", identity.Member)
		for i := range 25 {
			b := s.Browser()
			b.Header.Set("User-Agent", "https://evil.example/login")
			b.Password("victim@example.com").WantStatus(t, okStatus(b))
			if i == 24 {
				b.EnrollTOTP()
			}
		}
		s.Mails()                   // a factor was added: a change, at an address that the admin gave
		for range login.WarnAfter { // failures, of which the owner of a proved address is told
			s.Advance(11 * time.Hour)
			p := pendingOf(t, s, "victim@example.com")
			p.Post("/login/challenge/totp", "code", "000000").WantStatus(t, http.StatusUnprocessableEntity)
		}
		s.Advance(11 * time.Minute)
		if err := s.Login.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := subjects(s); len(got) != 0 {
			t.Errorf("mails: %q", got)
		}
		found := false
		for _, kind := range s.Events("victim@example.com") {
			found = found || kind == "login.abandoned"
		}
		if !found {
			t.Error("the activity page does not say that somebody knew the password")
		}
	})
}

// Many new browsers in a row are two mails: one at once, and one at the end of
// the hour for all that followed.
func TestManyNewBrowsersAreFewMails(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Prove(s.User("ada@example.com", identity.Member))
		for range 25 {
			b := s.Browser()
			b.Password("ada@example.com").WantStatus(t, okStatus(b))
		}
		if got := subjects(s); len(got) != 1 || got[0] != "ada@example.com: Sign-in to Nightlatch from a new browser" {
			t.Errorf("at once: %q", got)
		}
		s.Advance(time.Hour)
		if got := subjects(s); len(got) != 1 || got[0] != "ada@example.com: More sign-ins to Nightlatch from new browsers" {
			t.Errorf("after an hour: %q", got)
		}
		b := s.Browser()
		b.Password("ada@example.com").WantStatus(t, okStatus(b))
		if got := subjects(s); len(got) != 1 {
			t.Errorf("the next: %q", got)
		}
	})
}
