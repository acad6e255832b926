package routes_test

import (
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

func TestLinkSentTwiceSaysThatItIsDone(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		for _, together := range []bool{false, true} {
			s.Advance(time.Hour)
			b := s.Browser()
			b.Post("/password/forgot", "login", ada)
			link := letter(t, s, "/password/reset/").Link()
			b.Get(link).WantStatus(t, 200)
			first, second := double(t, b, together, link, "password", newPassword)
			same(t, "/login?said=reset", first, second)
			if text := b.Get(link).WantStatus(t, 200).Text(); !strings.Contains(text, "Already done") {
				t.Errorf("it says %q", text)
			}
			b.Post(link, "password", newPassword+"2").WantStatus(t, 404)
			s.Browser().Get(link).WantStatus(t, 404)
			s.Browser().Post(link, "password", newPassword).WantStatus(t, 404)
			s.Browser().Post("/login", "login", ada, "password", newPassword+"2").WantStatus(t, 422)
			s.Browser().Post("/login", "login", ada, "password", newPassword).Want(t, "/profile")
		}
		in := s.Browser()
		in.Post("/login", "login", ada, "password", newPassword).Want(t, "/profile")
		in.Post("/profile/email", "email", "lovelace@example.org").Want(t, "/profile?said=email-asked")
		link := letter(t, s, "/email/verify/").Link()
		in.Get(link).WantStatus(t, 200)
		first, second := double(t, in, false, link)
		same(t, "/profile?said=email-confirmed", first, second)
	})
}

func TestSetupSentTwiceMakesOneAdmin(t *testing.T) {
	for _, together := range []bool{false, true} {
		s := sitetest.New(t)
		token := s.Setup.Link("")[len("/setup?token="):]
		b := s.Browser()
		b.Get("/setup?token="+token).WantStatus(t, 200)
		first, second := double(t, b, together, "/setup", "token", token, "login", ada, "password", newPassword)
		same(t, "/profile/factors", first, second)
		b.Get("/profile").WantStatus(t, 200)
		if text := b.Get("/setup?token="+token).WantStatus(t, 200).Text(); !strings.Contains(text, "Already done") {
			t.Errorf("it says %q", text)
		}
		s.Browser().Get("/setup?token="+token).WantStatus(t, 404)
	}
}
