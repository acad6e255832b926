package routes_test

import (
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

const newPassword = "quite another pass phrase"

// letter finds the one mail with a link of a sort among those that came.
func letter(t *testing.T, s *sitetest.Site, part string) sitetest.Letter {
	t.Helper()
	for _, l := range s.Mails() {
		if strings.HasPrefix(l.Link(), part) {
			return l
		}
	}
	t.Fatalf("no mail with a link to %s", part)
	return sitetest.Letter{}
}

// A changed password ends all other sessions and trust.
func TestChangePassword(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		other := s.Browser().SignInTOTP("ada@example.com", secret)
		pending := s.Browser()
		pending.Password("ada@example.com").Want(t, "/login/challenge")
		s.Mails()
		b.Post("/profile/password", "current", "wrong", "password", newPassword).WantStatus(t, 422)
		for _, weak := range []string{"short", "password", "ada@example.com", "nightlatch", strings.Repeat("x", 257), ""} {
			b.Post("/profile/password", "current", sitetest.Password, "password", weak).WantStatus(t, 422)
		}
		other.Get("/verify").WantStatus(t, 200)
		b.Post("/profile/password", "current", sitetest.Password, "password", newPassword).Want(t, "/profile?said=password")
		b.Get("/verify").WantStatus(t, 200)
		other.Get("/verify").WantStatus(t, 401)
		s.Advance(30 * time.Second)
		pending.Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/login?over=1")
		if l := s.Mails(); len(l) != 1 || l[0].To != "ada@example.com" {
			t.Errorf("mails: %d", len(l))
		}
		x := s.Browser()
		x.Password("ada@example.com").WantStatus(t, 422)
		x.Post("/login", "login", "ada@example.com", "password", newPassword).Want(t, "/login/challenge")
	})
}

// A reset ends at the login page, ends all sessions, and
// the factor is still asked.
func TestReset(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _ := enrolled(t, s)
		s.Mails()
		x := s.Browser()
		x.Post("/password/forgot", "login", "ADA@example.com ").Want(t, "/password/forgot?sent=1")
		link := letter(t, s, "/password/reset/").Link()
		for range 2 {
			if x.Get(link).WantStatus(t, 200); x.Cookie("nightlatch_session")+x.Cookie("nightlatch_login") != "" {
				t.Error("opening the link signed in")
			}
		}
		x.Post(link, "password", "short").WantStatus(t, 422)
		x.Post(link, "password", newPassword).Want(t, "/login?said=reset")
		if x.Cookie("nightlatch_session")+x.Cookie("nightlatch_login") != "" {
			t.Error("the reset signed in")
		}
		b.Get("/verify").WantStatus(t, 401)
		x.Post("/login", "login", "ada@example.com", "password", newPassword).Want(t, "/login/challenge")
		x.Get("/profile").Want(t, "/login?next=%2Fprofile")
		x.Post(link, "password", newPassword+"2").WantStatus(t, 404)
	})
}

// Only the newest link works, for its own purpose, and it ends with the
// password or the address changed, and after its time.
func TestLinksDie(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _ := enrolled(t, s)
		s.Mails()
		ask := func() string {
			s.Browser().Post("/password/forgot", "login", "ada@example.com").Want(t, "/password/forgot?sent=1")
			return letter(t, s, "/password/reset/").Link()
		}
		first := ask()
		second := ask()
		b.Get(first).WantStatus(t, 404)
		b.Get(strings.Replace(second, "/password/reset/", "/email/verify/", 1)).WantStatus(t, 404)
		b.Get(strings.Replace(second, "/password/reset/", "/invite/", 1)).WantStatus(t, 404)
		b.Get(second).WantStatus(t, 200)
		b.Post("/profile/password", "current", sitetest.Password, "password", newPassword).Want(t, "/profile?said=password")
		b.Post(second, "password", newPassword+"2").WantStatus(t, 404)
		third := ask()
		b.Post("/profile/email", "email", "lovelace@example.org").Want(t, "/profile?said=email-asked")
		change := letter(t, s, "/email/verify/").Link()
		b.Get(third).WantStatus(t, 200)
		b.Post(change).Want(t, "/profile?said=email-confirmed")
		b.Get(third).WantStatus(t, 404)
		s.Browser().Post("/password/forgot", "login", "lovelace@example.org") // the login went with the address
		last := letter(t, s, "/password/reset/")
		if last.To != "lovelace@example.org" {
			t.Errorf("the link went to %s", last.To)
		}
		s.Advance(61 * time.Minute)
		b.Get(last.Link()).WantStatus(t, 404)
	})
}

// An unknown name gets the same page and no mail.
func TestForgotTellsNothing(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada@example.com", identity.Member)
		s.User("nomail", identity.Member)
		known := s.Browser().Post("/password/forgot", "login", "ada@example.com")
		for _, name := range []string{"nobody@example.com", "nomail", "not a login", strings.Repeat("x", 300)} {
			p := s.Browser().Post("/password/forgot", "login", name)
			if p.Status != known.Status || p.Location != known.Location || p.Body != known.Body || len(p.Cookies) != 0 {
				t.Errorf("%q is told apart: %d %s", name, p.Status, p.Location)
			}
		}
		if n := len(s.Mails()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

// The new address has to confirm, and the old one gets a notice; opening the
// link confirms nothing.
func TestChangeEmail(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _ := enrolled(t, s)
		s.Mails()
		for _, bad := range []string{"", "nothing", "a@b", "ada@example.com", "x@example.com\r\nBcc: y@example.com", "Ada <ada2@example.com>"} {
			b.Post("/profile/email", "email", bad).WantStatus(t, 422)
		}
		b.Post("/profile/email", "email", "lovelace@example.org").Want(t, "/profile?said=email-asked")
		l := letter(t, s, "/email/verify/")
		if l.To != "lovelace@example.org" {
			t.Fatalf("the link went to %s", l.To)
		}
		if text := b.Get("/profile").Text(); !strings.Contains(text, "lovelace@example.org is not confirmed yet") {
			t.Error("the profile does not say that it waits")
		}
		scanner := s.Browser()
		scanner.Get(l.Link()).WantStatus(t, 200)
		if a := s.Account("ada@example.com"); a.Email != "ada@example.com" {
			t.Fatal("opening the link changed the address")
		}
		b.Post(l.Link()).Want(t, "/profile?said=email-confirmed")
		if a := s.Account("lovelace@example.org"); a.Email != "lovelace@example.org" || a.EmailVerified.IsZero() {
			t.Errorf("address %s", a.Email)
		}
		to := map[string]bool{}
		for _, l := range s.Mails() {
			to[l.To] = true
		}
		if !to["ada@example.com"] || !to["lovelace@example.org"] {
			t.Errorf("told: %v", to)
		}
		s.Browser().Post(l.Link()).WantStatus(t, 404)
		s.Advance(6 * time.Minute)
		b.Post("/profile/email", "email", "third@example.org").WantHeld(t, "/profile")
	})
}

// Email verification with a button, for an account that registered before
// addresses were proven first.
func TestVerifyEmail(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b := s.Browser()
		old(t, s, "eve@example.com")
		b.SignIn("eve@example.com")
		if p := b.Get("/verify"); p.Header.Get("Remote-Email") != "" {
			t.Error("an unproved address is told to other applications")
		}
		b.Post("/email/verify").Want(t, "/profile?said=verify-asked")
		link := letter(t, s, "/email/verify/").Link()
		b.Get(link).WantStatus(t, 200)
		if !s.Account("eve@example.com").EmailVerified.IsZero() {
			t.Fatal("opening the link verified")
		}
		b.Post(link).Want(t, "/profile?said=email-confirmed")
		if p := b.Get("/verify"); p.Header.Get("Remote-Email") != "eve@example.com" {
			t.Error("the proved address is not told")
		}
	})
}

// Registration is closed unless it is opened.
func TestRegistrationClosed(t *testing.T) {
	s := sitetest.New(t)
	s.Browser().Get("/register").WantStatus(t, 404)
	s.Browser().Post("/register", "login", "eve", "password", sitetest.Password).WantStatus(t, 404)
}

// The mail about a right password and a failed or abandoned second step
// has a link whose button ends all sessions and starts a reset.
func TestSomeoneKnowsYourPassword(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		known := b.Clone()
		s.Mails()
		known.Password("ada@example.com").Want(t, "/login/challenge") // the owner's own browser: no mail
		thief := s.Browser()
		thief.Address = "198.51.100.9:1"
		thief.Password("ada@example.com").Want(t, "/login/challenge")
		s.Advance(11 * time.Minute)
		if err := s.Login.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		l := letter(t, s, "/secure/")
		if !strings.Contains(l.Text, "198.51.100.") {
			t.Error("the mail does not say from where")
		}
		b.Get(l.Link()).WantStatus(t, 200)
		b.Get("/verify").WantStatus(t, 200) // opening ends nothing
		s.Browser().Post(l.Link()).Want(t, "/login?said=secured")
		b.Get("/verify").WantStatus(t, 401)
		thief.Password("ada@example.com").WantStatus(t, 422)
		s.Browser().Post(l.Link()).WantStatus(t, 404)
		x := s.Browser()
		x.Post(letter(t, s, "/password/reset/").Link(), "password", newPassword).Want(t, "/login?said=reset")
		x.Post("/login", "login", "ada@example.com", "password", newPassword).Want(t, "/login/challenge")
		s.Advance(30 * time.Second)
		x.Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
	})
}

// A wrong code after a right password warns at once; the owner who then gets
// in from the same browser is not warned again.
func TestFailedSecondStepWarnsOnce(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		enrolled(t, s)
		s.Mails()
		thief := s.Browser()
		thief.Password("ada@example.com").Want(t, "/login/challenge")
		thief.Post("/login/challenge/totp", "code", "000000").WantStatus(t, 422)
		thief.Post("/login/challenge/totp", "code", "000000").WantStatus(t, 422)
		thief.Post("/login/cancel").Want(t, "/login")
		letter(t, s, "/secure/")
		s.Advance(11 * time.Minute)
		if err := s.Login.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if l := s.Mails(); len(l) != 0 {
			t.Errorf("%d more mails", len(l))
		}
	})
}

// A sign-in from a new browser is told; the
// activity page lists what happened.
func TestNewBrowserIsTold(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		s.Mails()
		b.Post("/logout")
		b.SignInTOTP("ada@example.com", secret)
		if l := s.Mails(); len(l) != 0 {
			t.Errorf("%d mails about a known browser", len(l))
		}
		s.Browser().SignInTOTP("ada@example.com", secret)
		if l := s.Mails(); len(l) != 1 {
			t.Errorf("%d mails about a new browser", len(l))
		}
		text := b.Get("/profile/activity").WantStatus(t, 200).Text()
		for _, want := range []string{"Signed in", "Factor added", "Recovery codes created", "Authenticator app"} {
			if !strings.Contains(text, want) {
				t.Errorf("the activity lacks %q", want)
			}
		}
	})
}
