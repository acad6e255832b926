package routes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// guessAt gives wrong codes of a kind as strangers, each from an address and a
// browser of its own, until they are refused unseen or n were looked at.
func guessAt(s *sitetest.Site, kind string, n int) (judged int) {
	s.T.Helper()
	for range 3 * n {
		p := miss(s, kind, fmt.Sprintf("2001:db8:%x:%x::1", s.Now().Unix()/65536%65536, s.Now().Unix()%65536))
		if p.Status == 429 {
			s.Advance(15 * time.Minute)
			continue
		}
		if slices.Contains(s.Events(ada)[:1], "factor.failed") {
			judged++
		}
		if s.Advance(time.Second); judged == n {
			break
		}
	}
	return judged
}

// offKinds is what the admin's list knows about an account.
func offKinds(s *sitetest.Site) string {
	return fmt.Sprint(s.Account(ada).Off)
}

// Strangers who know the password close nothing for a browser that its owner
// signed in from before: not at the sign-in, not at a step-up, and not for a new
// enrollment; neither by a wait nor for good.
func TestStrangersCloseNothingForAKnownBrowser(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		home := e.owner
		for _, n := range []int{5, 45} {
			for _, kind := range []string{"totp", "email", "recovery"} {
				if got := guessAt(s, kind, n); got != n {
					t.Fatalf("%s: %d codes were looked at", kind, got)
				}
			}
			s.Advance(time.Minute)
			home.Post("/logout")
			home.Password(ada).Want(t, "/login/challenge")
			if text := home.Get("/login/challenge").Text(); strings.Contains(text, "Switched off") {
				t.Errorf("after %d the chooser says %q", n, text)
			}
			home.Post("/login/challenge/recovery", "code", e.codes[0]).Want(t, "/profile")
			home.Post("/logout")
			e.codes = e.codes[1:]
			home.Password(ada)
			home.Post("/login/challenge/email/code").Want(t, "/login/challenge?factor=email")
			home.Post("/login/challenge/email", "code", s.LastCode("")).Want(t, "/profile")
			home.Post("/logout")
			home.Password(ada)
			home.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
			s.Advance(6 * time.Minute)
			home.Post("/confirm", "kind", "totp", "code", s.Code(e.secret)).Want(t, "/profile")
		}
		for _, kind := range []string{"totp", "email", "recovery"} {
			if !strings.Contains(offKinds(s), kind) {
				t.Errorf("%s is not off for strangers: %s", kind, offKinds(s))
			}
		}
		s.Advance(time.Minute)
		if p := pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)); p.Status != 422 {
			t.Errorf("a stranger's right code: %d", p.Status)
		}
		// The kind comes back for all when it is bound anew.
		home.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
		e.secret = home.PendingSecret()
		home.Post("/profile/factors/totp/confirm", "code", s.Code(e.secret), "name", "New").Want(t, "/profile?said=factor-added")
		s.Advance(time.Minute)
		pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
		if strings.Contains(offKinds(s), "totp") {
			t.Errorf("still off: %s", offKinds(s))
		}
	})
}

// A known browser has a cap of its own: whoever stole its cookie closes the kind
// there, and nowhere else. An admin's unlock opens it again.
func TestAKnownBrowserClosesItselfAlone(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		laptop := s.Browser()
		laptop.SignInTOTP(ada, e.secret).Post("/logout")
		home := e.owner
		home.Post("/logout")
		for n := 0; n < 50; {
			thief := home.Clone().From("198.51.100.1")
			thief.Password(ada).Want(t, "/login/challenge")
			if thief.Post("/login/challenge/totp", "code", "000000").Status == 422 {
				n++
			}
			s.Advance(15 * time.Minute)
		}
		home.Password(ada)
		home.Post("/login/challenge/totp", "code", s.Code(e.secret)).WantStatus(t, 422)
		pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
		laptop.SignInTOTP(ada, e.secret)
		if !strings.Contains(offKinds(s), "totp") || !strings.Contains(laptop.Get("/profile").Text(), "Switched off") {
			t.Errorf("nobody is told that it is off: %s", offKinds(s))
		}
		s.User(boss, identity.Admin)
		root := s.Browser().SignIn(boss)
		root.EnrollTOTP()
		root.Post("/admin/users/"+s.Account(ada).ID+"/unlock").Want(t, "/admin/users/"+s.Account(ada).ID+"?said=did-unlock")
		home.SignInTOTP(ada, e.secret)
		if strings.Contains(offKinds(s), "totp") {
			t.Errorf("still off: %s", offKinds(s))
		}
	})
}

// A browser is known only after both steps, and only from then on: one that signs
// in first after a kind was switched off finds it off.
func TestABrowserIsNotKnownByThePassword(t *testing.T) {
	s := sitetest.New(t)
	e := equip(s, ada)
	b := s.Browser()
	b.Password(ada).Want(t, "/login/challenge")
	for range 5 {
		b.Post("/login/challenge/totp", "code", "000000").WantStatus(t, 422)
	}
	pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)).WantStatus(t, 429)
	s.Advance(15 * time.Minute)
	guessAt(s, "totp", 45)
	late := pend(s, ada)
	late.Post("/login/challenge/recovery", "code", e.codes[0]).Want(t, "/profile")
	s.Advance(6 * time.Minute)
	late.Post("/confirm", "kind", "totp", "code", s.Code(e.secret)).WantStatus(t, 422)
}

// Successes of the owner do not let a patient thief begin anew: after a hundred
// failures within thirty days the kind is off, and the owner was told at twenty.
func TestAHundredFailuresInThirtyDays(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		s.Mails()
		judged, warned := 0, 0
		for day := 0; day < 30 && s.Account(ada).Off == nil; day++ {
			judged += guessAt(s, "totp", 9)
			s.Advance(16 * time.Minute)
			if s.Account(ada).Off == nil { // the owner, in a new browser each day
				pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
			}
			s.Advance(20 * time.Hour)
			for _, l := range s.Mails() {
				if strings.Contains(l.Subject, "wrong codes") {
					if warned++; judged < 20 || judged > 27 || !strings.Contains(l.Text, "20 wrong codes") {
						t.Errorf("told after %d: %q", judged, l.Text)
					}
				}
			}
		}
		if judged != login.FailuresInWindow || warned != 1 {
			t.Errorf("%d codes were looked at, the owner was told %d times", judged, warned)
		}
		pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)).WantStatus(t, 422)
	})
}

// The thirty days slide: what is older does not count.
func TestFailuresAreForgottenAfterThirtyDays(t *testing.T) {
	s := sitetest.New(t)
	e := equip(s, ada)
	for range 4 { // 4 times 49 in 31 days each, the owner in between
		if n := guessAt(s, "totp", 49); n != 49 {
			t.Fatalf("%d codes were looked at", n)
		}
		s.Advance(16 * time.Minute)
		pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
		s.Advance(31 * 24 * time.Hour)
		if err := s.Login.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
