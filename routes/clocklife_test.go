package routes_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// Wrong codes of each kind hold it up for no longer than the wait that they
// brought, whenever the clock jumps, and not after an unlock.
func TestFactorsAfterTheClockJumped(t *testing.T) {
	eachJump(t, func(t *testing.T, s *sitetest.Site, name string, by time.Duration) {
		e := equip(s, name)
		owner := 0
		fail := func() {
			for _, kind := range []string{"totp", "email", "recovery"} {
				for n := range 5 {
					b := from(s, name, n)
					b.Password(name).Want(t, "/login/challenge")
					b.Post("/login/challenge/"+kind, "code", "no code").WantStatus(t, 422)
				}
			}
		}
		works := func(when string) {
			t.Helper()
			for _, kind := range []string{"totp", "email", "recovery"} {
				b := from(s, name, 50)
				b.Password(name).Want(t, "/login/challenge")
				p := b.Post("/login/challenge/"+kind, "code", "no code")
				if p.Status != 422 {
					waits(t, kind+" "+when, p, 30*time.Second)
				}
			}
			freed(t, s, name)
			s.Advance(90 * time.Second) // an app's code that was not used
			b := from(s, name, 51)
			b.Password(name).Want(t, "/login/challenge")
			b.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
			b = from(s, name, 52)
			b.Password(name).Want(t, "/login/challenge")
			b.Post("/login/challenge/recovery", "code", e.codes[owner]).Want(t, "/profile")
			owner++
		}
		fail()
		s.Advance(by)
		works("before the jump")
		fail()
		s.Advance(-by)
		works("while it was wrong")
	})
}

// An address that failed too often, or had too many mails sent, while the clock
// was wrong waits for a minute at most, and then signs in.
func TestAddressAfterTheClockJumped(t *testing.T) {
	eachJump(t, func(t *testing.T, s *sitetest.Site, name string, by time.Duration) {
		s.User(name, identity.Member)
		office := func() *sitetest.Browser { return from(s, name, 7) }
		fill := func() {
			for n := range login.AddressFailures {
				office().Post("/login", "login", string(rune('a'+n%26))+strings.Repeat("x", n/26+1)+name, "password", "not the password")
			}
			for range login.StrangerMails {
				office().Post("/password/forgot", "login", "nobody@example.com").Want(t, "/password/forgot?sent=1")
			}
			office().Password(name).WantStatus(t, 429)
			office().Post("/password/forgot", "login", name).WantStatus(t, 429)
		}
		works := func(when string) {
			t.Helper()
			wait := max(waits(t, "sign-in "+when, office().Password(name), time.Minute),
				waits(t, "mails "+when, office().Post("/password/forgot", "login", name), time.Minute))
			s.Advance(wait)
			office().Password(name).Want(t, "/profile")
			office().Post("/password/forgot", "login", name).Want(t, "/password/forgot?sent=1")
			s.Advance(time.Minute)
		}
		fill()
		s.Advance(by)
		works("after failures from before the jump")
		fill()
		s.Advance(-by)
		works("after failures from a wrong clock")
	})
}

// sweep ends what is over, as a running server does from time to time.
func sweep(t *testing.T, s *sitetest.Site) {
	t.Helper()
	if err := errors.Join(s.Login.Sweep(t.Context()), s.Accounts.Sweep(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// A link that was made while the clock was ahead is not honoured when it is
// right again, and another is had at once; one that ran out stays so when the
// clock goes back.
func TestLinksAfterTheClockJumped(t *testing.T) {
	eachJump(t, func(t *testing.T, s *sitetest.Site, name string, by time.Duration) {
		s.User(name, identity.Member)
		n := 0
		for what, x := range map[string]struct {
			life time.Duration
			ask  func() (link string)
		}{
			"reset": {time.Hour, func() string {
				from(s, name, 1).Post("/password/forgot", "login", name).Want(t, "/password/forgot?sent=1")
				return letter(t, s, "/password/reset/").Link()
			}},
			"invite": {7 * 24 * time.Hour, func() string {
				n++
				_, link := invited(s, accounts.Form{Login: fmt.Sprint("guest", n, name)})
				return link
			}},
			"registration": {24 * time.Hour, func() string {
				registers(from(s, name, 2), "new"+name).Want(t, "/register?sent=1")
				return letter(t, s, "/email/verify/").Link()
			}},
		} {
			opens := func(link string) bool { return s.Browser().Get(link).Status == 200 }
			spent := x.ask()
			s.Advance(x.life + time.Second)
			sweep(t, s)
			s.Advance(-x.life - time.Second)
			if opens(spent) {
				t.Errorf("%s: one that ran out lives again", what)
			}
			s.Advance(by)
			link := x.ask()
			if !opens(link) {
				t.Errorf("%s: not good while the clock is wrong", what)
			}
			s.Advance(-by)
			if by < 0 {
				s.Advance(x.life) // from the right time on: more than its life
			}
			if opens(link) {
				t.Errorf("%s: made while the clock was wrong, and lasts longer than its life", what)
			}
			if !opens(x.ask()) {
				t.Errorf("%s: no other one is had at once", what)
			}
		}
	}, openDoor)
}

// Sessions and trusted browsers of a clock that was ahead end when it is right
// again; what ended before the jump stays so.
func TestSessionsAfterTheClockJumped(t *testing.T) {
	eachJump(t, func(t *testing.T, s *sitetest.Site, name string, by time.Duration) {
		e := equip(s, name)
		in := func(b *sitetest.Browser) bool { return b.Get("/verify").Status == 200 }
		left, old, stale := s.Browser(), s.Browser(), s.Browser()
		trusting(t, s, name, e.secret, stale)
		for _, b := range []*sitetest.Browser{left, old} {
			b.SignInTOTP(name, e.secret)
		}
		gone := left.Clone()
		left.Post("/logout")
		s.Advance(721 * time.Hour)
		sweep(t, s)
		s.Advance(by)
		if in(gone) || in(old) {
			t.Error("a session that had ended lives again")
		}
		stale.Password(name).Want(t, "/login/challenge")
		during, trusted := s.Browser(), s.Browser()
		during.SignInTOTP(name, e.secret)
		trusting(t, s, name, e.secret, trusted)
		if !in(during) {
			t.Error("no session while the clock is wrong")
		}
		trusted.Password(name).Want(t, "/profile")
		s.Advance(-by)
		if by != -time.Hour && in(during) {
			t.Error("a session of the wrong clock goes on")
		}
		if by > 0 {
			trusted.Post("/logout")
			trusted.Password(name).Want(t, "/login/challenge")
		}
		s.Advance(25 * time.Hour)
		if in(during) || in(trusted) {
			t.Error("a session of the wrong clock outlives the limit")
		}
		s.Advance(720 * time.Hour)
		trusted.Password(name).Want(t, "/login/challenge")
		s.Browser().SignInTOTP(name, e.secret)
	})
}

// The link with which an old address takes its account back is made anew where
// the one that is there is of a clock that was ahead: that opens nothing.
func TestOldAddressKeepsItsLinkAfterTheClockJumped(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		_, secret := proven(t, s)
		move := func(b *sitetest.Browser, to string) {
			t.Helper()
			s.Mails()
			b.Post("/profile/email", "email", to).Want(t, "/profile?said=email-asked")
			b.Post(letter(t, s, "/email/verify/").Link()).Want(t, "/profile?said=email-confirmed")
		}
		s.Advance(year)
		owner := s.Browser().SignInTOTP(ownAddress, secret)
		move(owner, "second@example.net")
		s.Advance(-year)
		thief := s.Browser().SignInTOTP("second@example.net", secret)
		move(thief, "thief@example.org")
		undo := ""
		for _, l := range s.Mails() {
			if l.To == "second@example.net" && strings.HasPrefix(l.Link(), "/email/stop/") {
				undo = l.Link()
			}
		}
		if undo == "" {
			t.Fatal("the old address got no link that takes the account back")
		}
		s.Browser().Post(undo)
		if a := s.Account("second@example.net"); a.Email != "second@example.net" {
			t.Errorf("the address is %s", a.Email)
		}
	})
}
