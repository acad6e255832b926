package routes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// happened counts the events of a kind that the audit log tells of.
func happened(t *testing.T, s *sitetest.Site, kind string) (n int) {
	t.Helper()
	for seq := int64(0); ; {
		page, err := s.Store.AuditPage(t.Context(), accounts.AuditFilter{Kind: kind, Before: seq, Limit: 100}, "")
		if err != nil {
			t.Fatal(err)
		}
		if n += tries(page.Events); page.Next == 0 {
			return n
		}
		seq = page.Next
	}
}

// Ten forms a minute that send mail for nobody signed in, for an address or an
// IPv6 /64; whether the name exists makes no difference, nor does an office
// beside it notice.
func TestAskingForMailIsLimitedPerAddress(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		for _, at := range []string{"198.51.100.1", "2001:db8:1:2::%x"} {
			from := func(i int) *sitetest.Browser {
				if strings.Contains(at, "%") {
					return s.Browser().From(fmt.Sprintf(at, i+1))
				}
				return s.Browser().From(at)
			}
			for i := range 10 {
				from(i).Post("/password/forgot", "login", []string{ada, "nobody@example.com"}[i%2]).Want(t, "/password/forgot?sent=1")
			}
			for i, name := range []string{ada, "nobody@example.com"} {
				p := from(i).Post("/password/forgot", "login", name).WantStatus(t, 429)
				if p.Header.Get("Retry-After") != "60" || !strings.Contains(p.Alert(), "Too many attempts") {
					t.Errorf("%s: Retry-After %q, %q", name, p.Header.Get("Retry-After"), p.Alert())
				}
			}
			s.Browser().From("192.0.2.1").Post("/password/forgot", "login", ada).Want(t, "/password/forgot?sent=1")
			s.Advance(time.Minute)
			from(0).Post("/password/forgot", "login", ada).Want(t, "/password/forgot?sent=1")
			s.Advance(time.Minute)
		}
	})
}

// Nothing is recorded where nothing is done, and no mail goes to nobody.
func TestAskingInVainLeavesNoTrace(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		s.User("nomail", identity.Member)
		s.User("carl@example.com", identity.Member)
		s.Disable("carl@example.com")
		for i, name := range []string{"nomail", "carl@example.com", "nobody@example.com", "not a login"} {
			s.Browser().From(fmt.Sprintf("198.51.100.%d", i)).Post("/password/forgot", "login", name).Want(t, "/password/forgot?sent=1")
		}
		if n, mails := happened(t, s, "password.reset-asked"), s.Mails(); n != 0 || len(mails) != 0 {
			t.Errorf("%d rows and %d mails", n, len(mails))
		}
		for i := range 30 {
			s.Browser().From(fmt.Sprintf("198.51.100.%d", 10+i)).Post("/password/forgot", "login", ada).Want(t, "/password/forgot?sent=1")
		}
		if n, mails := happened(t, s, "password.reset-asked"), s.Mails(); n != 5 || len(mails) != 5 {
			t.Errorf("%d rows and %d mails", n, len(mails))
		}
	})
}

// A stranger's many tries are one line of each kind on the owner's pages, and
// the owner's own lines are not pushed out by them.
func TestStrangersTriesAreOneLine(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		owner := s.Browser().SignIn(ada)
		owner.Post("/profile/name", "name", "Ada H").Want(t, "/profile?said=name")
		for i := range 41 {
			s.Browser().From(fmt.Sprintf("198.51.100.%d", i%3)).Post("/login", "login", ada, "password", wrong).WantStatus(t, 422)
			if i%20 == 0 {
				s.Browser().From("192.0.2.1").Post("/password/forgot", "login", ada)
			}
		}
		for _, page := range []string{"/profile", "/profile/activity"} {
			text := owner.Get(page).WantStatus(t, 200).Text()
			if strings.Count(text, "Wrong password") != 1 || !strings.Contains(text, "41 tries since 23 November 2026") ||
				!strings.Contains(text, "3 tries since") || !strings.Contains(text, "several addresses") || !strings.Contains(text, "Name changed") {
				t.Errorf("%s: %s", page, text)
			}
		}
		s.Browser().Post("/login", "login", ada, "password", wrong)
		owner.Post("/profile/name", "name", "Ada L").Want(t, "/profile?said=name")
		s.Browser().Post("/login", "login", ada, "password", wrong)
		text := owner.Get("/profile/activity").Text()
		if strings.Count(text, "Wrong password") != 2 || !strings.Contains(text, "42 tries") {
			t.Errorf("tries before and after a line of the owner's: %s", text)
		}
	}, func(c *sitetest.Config) { c.Login.LockAfter = 1000 })
}

// Someone who knew the password and failed the second step is on the owner's
// page, and in the mail that goes with it.
func TestAFailedSecondStepIsOnTheOwnersPage(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		owner := s.Browser().SignIn(ada)
		owner.EnrollTOTP()
		stranger := s.Browser().From("198.51.100.9")
		stranger.Password(ada).Want(t, "/login/challenge")
		stranger.Post("/login/challenge/totp", "code", "000000").WantStatus(t, 422)
		if text := owner.Get("/profile/activity").Text(); !strings.Contains(text, "Someone knew the password and failed the second step") {
			t.Errorf("the page says: %s", text)
		}
		if n := happened(t, s, "login.abandoned"); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}
