package routes_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// wrongBy is how far a clock is wrong for a while.
var wrongBy = []time.Duration{time.Hour, -time.Hour, year, -year}

// eachJump runs a test with a person of its own for every jump, on one site.
func eachJump(t *testing.T, do func(t *testing.T, s *sitetest.Site, name string, by time.Duration), changes ...func(*sitetest.Config)) {
	t.Helper()
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		for i, by := range wrongBy {
			t.Run(by.String(), func(t *testing.T) {
				whole := s.T
				s.T = t
				defer func() { s.T = whole }()
				do(t, s, fmt.Sprintf("ada%d@example.com", i), by)
			})
		}
	}, changes...)
}

// from is a browser at an address that nothing else uses.
func from(s *sitetest.Site, name string, n int) *sitetest.Browser {
	return s.Browser().From(fmt.Sprintf("2001:db8:%x:%x::1", name[3], n))
}

// waits fails the test unless an answer worked or says to wait for no longer
// than the wait's own length, and gives that.
func waits(t *testing.T, what string, p *sitetest.Page, own time.Duration) time.Duration {
	t.Helper()
	if p.Status != 429 {
		if p.Location == "" && p.Status != 200 {
			t.Errorf("%s: %d %q", what, p.Status, p.Alert())
		}
		return 0
	}
	n, err := strconv.Atoi(p.Header.Get("Retry-After"))
	if wait := time.Duration(n) * time.Second; err != nil || wait <= 0 || wait > own {
		t.Errorf("%s: Retry-After %q, the wait's own length is %s", what, p.Header.Get("Retry-After"), own)
	}
	return time.Duration(n) * time.Second
}

// freed is an account after nightlatch user unlock.
func freed(t *testing.T, s *sitetest.Site, name string) {
	t.Helper()
	if err := s.Accounts.Unlock(t.Context(), accounts.Terminal("the clock jumped"), s.Account(name).ID, ""); err != nil {
		t.Fatal(err)
	}
}

// The owner's app is answered with while the clock is wrong and at once when it
// is right again; no code is taken twice.
func TestAppWorksAfterTheClockJumped(t *testing.T) {
	eachJump(t, func(t *testing.T, s *sitetest.Site, name string, by time.Duration) {
		e := equip(s, name)
		s.Advance(by + 2*time.Minute)
		b := pend(s, name)
		used := s.Code(e.secret)
		b.Post("/login/challenge/totp", "code", used).Want(t, "/profile")
		s.Advance(-by)
		b = pend(s, name)
		b.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
		b = pend(s, name)
		b.Post("/login/challenge/totp", "code", s.Code(e.secret)).WantStatus(t, 422)
		s.Advance(by) // wrong once more: what was used then is used
		b = pend(s, name)
		b.Post("/login/challenge/totp", "code", used).WantStatus(t, 422)
		s.Advance(-by)
	})
}

// An app that was used so often while the clock was ahead that older steps were
// forgotten is taken again within two minutes, by itself and after an unlock.
func TestAppUsedOftenWhileTheClockWasAhead(t *testing.T) {
	eachJump(t, func(t *testing.T, s *sitetest.Site, name string, by time.Duration) {
		e := equip(s, name)
		s.Advance(by + 2*time.Minute)
		for range 18 {
			s.Browser().SignInTOTP(name, e.secret)
		}
		s.Advance(-by)
		if by.Abs() == year {
			freed(t, s, name)
		}
		p := pend(s, name).Post("/login/challenge/totp", "code", s.Code(e.secret))
		for range 4 {
			if p.Went("/profile") {
				break
			}
			s.Advance(30 * time.Second)
			p = pend(s, name).Post("/login/challenge/totp", "code", s.Code(e.secret))
		}
		p.Want(t, "/profile")
	})
}

// After a code was mailed, or ten of them, while the clock was wrong, the next
// comes within a minute; after an unlock at once. It opens a session.
func TestMailedCodeAfterTheClockJumped(t *testing.T) {
	eachJump(t, func(t *testing.T, s *sitetest.Site, name string, by time.Duration) {
		for i, n := range []int{1, login.CodesPerHour} {
			for _, help := range []bool{false, true}[:i+1] {
				who := fmt.Sprintf("%d%t%s", i, help, name)
				equip(s, who)
				s.Advance(by + time.Hour) // the code of the enrollment is not counted any more
				var b *sitetest.Browser
				for range n {
					s.Advance(61 * time.Second)
					b = pend(s, who)
					b.Post("/login/challenge/email/code").Want(t, askedFor)
				}
				own := s.Login.Options().CodeCooldown
				if n > 1 {
					own = time.Hour
				}
				p := b.Post("/login/challenge/email/code").WantStatus(t, 429)
				waits(t, "while it is wrong", p, own)
				s.Advance(-by)
				if help {
					freed(t, s, who)
				}
				b = pend(s, who)
				p = b.Post("/login/challenge/email/code")
				wait := waits(t, fmt.Sprintf("%d codes, right again", n), p, own)
				if help && wait > 0 {
					t.Errorf("%d codes: unlocked, and still %s to wait", n, wait)
				}
				if wait > 0 {
					s.Advance(wait)
					b = pend(s, who)
					b.Post("/login/challenge/email/code").Want(t, askedFor)
				}
				b.Post("/login/challenge/email", "code", s.LastCode(who)).Want(t, "/profile")
			}
		}
	})
}

// Wrong passwords from before the jump, and from while the clock is wrong, hold
// the account up for no longer than they would have, and not after an unlock.
func TestPasswordAfterTheClockJumped(t *testing.T) {
	eachJump(t, func(t *testing.T, s *sitetest.Site, name string, by time.Duration) {
		for i, help := range []bool{false, true} {
			who := fmt.Sprintf("%d%s", i, name)
			s.User(who, identity.Member)
			fail := func(first int) (wait time.Duration) {
				for n := range 7 {
					from(s, name, 100*i+first+n).Post("/login", "login", who, "password", "not the password").WantStatus(t, 422)
					if n < 4 {
						continue
					}
					p := from(s, name, 100*i+first+n).Password(who).WantStatus(t, 429)
					if wait = waits(t, "wrong passwords", p, 2*time.Minute); n < 6 {
						s.Advance(wait)
					}
				}
				return wait
			}
			right := func(when string) {
				t.Helper()
				if help {
					freed(t, s, who)
					from(s, name, 100*i+90).Password(who).Want(t, "/profile")
					return
				}
				if wait := waits(t, when, from(s, name, 100*i+90).Password(who), 2*time.Minute); wait > 0 {
					s.Advance(wait)
					from(s, name, 100*i+90).Password(who).Want(t, "/profile")
				}
			}
			fail(0)
			s.Advance(by)
			right("failures from before the jump")
			fail(20)
			s.Advance(-by)
			right("failures from a wrong clock")
		}
	})
}
