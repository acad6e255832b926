package routes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// fails gives so many wrong passwords that are looked at.
func fails(b *sitetest.Browser, name string, n int) {
	b.T.Helper()
	for range n {
		b.Post("/login", "login", name, "password", wrong).WantStatus(b.T, 422)
	}
}

// However a name is spelled, it is one account with one counter.
func TestSpellingsAreOneAccount(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("Kim@example.com", identity.Member)
		for i, name := range []string{
			"kim@example.com", "KIM@EXAMPLE.COM", "  Kim@Example.com\t", "\u00a0kim@example.com\u3000",
			"\uff4b\uff49\uff4d@example.com", "\u212aim@example.com", "kim\uff20example.com", "kim@ex\u24d0mple.com",
		} {
			if b := s.Browser().From(fmt.Sprintf("198.51.100.%d", i)).SignIn(name); b.AccountOf().Login != "Kim@example.com" {
				t.Errorf("%q opens %q", name, b.AccountOf().Login)
			}
		}
		for i, name := range []string{"kim@example.com", "KIM@example.com", " kim@example.com ", "\uff4bim@example.com", "\u212aIM@example.com"} {
			fails(s.Browser().From(fmt.Sprintf("198.51.100.%d", i)), name, 1)
		}
		for _, name := range []string{"nobody@example.com", "Nobody@example.com", " nobody@EXAMPLE.com", "\uff4eobody@example.com", "nobody@e\uff58ample.com"} {
			fails(s.Browser(), name, 1) // else an unknown name could be told by its counter
		}
		s.Browser().Password("NOBODY@example.com").WantStatus(t, 429)
		s.Browser().Password("kIm@example.com").WantStatus(t, 429)
		s.Browser().Password("\uff2bim@example.com").WantStatus(t, 429)
	})
}

// What only looks alike is another, unknown name: it opens nothing and
// delays nobody.
func TestLookAlikesReachNobody(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("kim@example.com", identity.Member)
		for i, name := range []string{
			"k\u0456m@example.com", "\u03bai\u043c@example.com", "kim@ex\u0430mple.com", "kim\u200b@example.com", "kim\u200d@example.com",
			"k\u0131m@example.com", "k\u0130m@example.com", "kim\u0301@example.com", "kim@exam\u202eple.com", "kim @example.com",
			"kim@example.com.", "kim@example\u3002com", "kim@exam\u00adple.com", "kim\ufeff@example.com", "kim", "kim@example.com,kim@example.com",
			"kim@example.com%00", "kim@example.com\n", "<kim@example.com>", "*", "%", "kim@example.com' OR 1=1 --", "kim@example.co_",
		} {
			b := s.Browser().From(fmt.Sprintf("198.51.100.%d", i))
			if strings.TrimSpace(name) == "kim@example.com" {
				continue // surrounding spaces: the same account
			}
			for range 6 {
				if p := b.Password(name); p.Status != 422 && p.Status != 429 {
					t.Errorf("%q: %d %s", name, p.Status, p.Location)
				}
			}
		}
		s.Browser().SignIn("kim@example.com")
	})
}

// Five failures, a wait, a longer wait, never off for good.
func TestPasswordDelays(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser()
		fails(b, ada, 4)
		b.SignIn(ada).Post("/logout")
		stranger := s.Browser().From("198.51.100.9")
		fails(stranger, ada, 5)
		for _, wait := range []int{30, 60, 120, 240, 480, 900, 900, 900} {
			for _, password := range []string{sitetest.Password, wrong} {
				p := s.Browser().From("2001:db8::7").Post("/login", "login", ada, "password", password).WantStatus(t, 429)
				if got := p.Header.Get("Retry-After"); got != fmt.Sprint(wait) {
					t.Fatalf("wait %s s, not %d", got, wait)
				}
				if !strings.Contains(p.Alert(), "Too many attempts") || len(p.Cookies) > 0 {
					t.Errorf("it says %q and gives %v", p.Alert(), p.Cookies)
				}
			}
			s.Advance(time.Duration(wait)*time.Second - time.Millisecond)
			s.Browser().Password(ada).WantStatus(t, 429)
			s.Advance(time.Millisecond)
			fails(stranger, ada, 1)
		}
		s.Advance(15 * time.Minute)
		last := s.Browser().SignIn(ada)
		last.Post("/logout")
		fails(s.Browser(), ada, 4)
		s.Browser().SignIn(ada)
	}, func(c *sitetest.Config) { c.Login.LockDisable = 10 })
}

// A browser that the account knows is not held up by
// strangers; its own failures hold it up; it is known to that account only.
func TestKnownBrowserIsNotDelayed(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		s.User("eve@example.com", identity.Member)
		home := s.Browser().SignIn(ada)
		home.Post("/logout")
		eves := s.Browser().SignIn("eve@example.com")
		eves.Post("/logout")
		fails(eves, ada, 3)
		fails(s.Browser().From("198.51.100.9"), ada, 2)

		for name, b := range map[string]*sitetest.Browser{"a new one": s.Browser(), "another account's": eves} {
			if p := b.Password(ada); p.Status != 429 {
				t.Errorf("%s: %d", name, p.Status)
			}
		}
		forged := s.Browser()
		for _, token := range []string{"x", "", strings.Repeat("A", 32), home.Cookie("nightlatch_known") + "A"} {
			forged.SetCookie("nightlatch_known", token)
			forged.Password(ada).WantStatus(t, 429)
		}
		home.From("192.0.2.44").SignIn(ada).Post("/logout")
		s.Browser().Password(ada).WantStatus(t, 429)

		fails(home, ada, 5)
		home.Password(ada).WantStatus(t, 429)
		s.Advance(30 * time.Second)
		home.SignIn(ada)
	})
}

// A session asks for the password under a counter too, which
// is the sign-in's of that browser.
func TestPasswordInsideIsCounted(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser().SignIn(ada)
		s.Advance(6 * time.Minute)
		for i := range 5 {
			if i%2 == 0 {
				b.Post("/confirm", "kind", "password", "password", wrong).WantStatus(t, 422)
			} else {
				b.Post("/profile/password", "current", wrong, "password", "another good long one 77").WantStatus(t, 422)
			}
		}
		b.Post("/confirm", "kind", "password", "password", sitetest.Password).WantStatus(t, 429)
		b.Post("/profile/password", "current", sitetest.Password, "password", "another good long one 77").WantStatus(t, 429)
		b.Clone().Password(ada).WantStatus(t, 429)
		s.Advance(30 * time.Second)
		b.Post("/confirm", "kind", "password", "password", sitetest.Password).Want(t, "/profile")
	})
}

// A hundred wrong ones at once are five looked at and
// the rest refused, and the right one among them is refused with them.
func TestParallelWrongPasswords(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		pages := sitetest.AtOnce(100, func(i int) *sitetest.Page {
			return s.Browser().From(fmt.Sprintf("2001:db8:%x::1", i)).Post("/login", "login", ada, "password", wrong)
		})
		looked := map[int]int{}
		for _, p := range pages {
			looked[p.Status]++
		}
		if looked[422] != 5 || looked[429] != 95 {
			t.Errorf("answers: %v", looked)
		}
		s.Browser().Password(ada).WantStatus(t, 429)
	})
}

// New jars, other addresses and a restart change no count.
func TestPasswordCountSurvives(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		for i := range 3 {
			fails(s.Browser().From(fmt.Sprintf("198.51.100.%d", i)), ada, 1)
		}
		s = s.Restart()
		fails(s.Browser(), ada, 1)
		s = s.Restart()
		fails(s.Browser(), "nobody@example.com", 4)
		fails(s.Browser(), ada, 1)
		s.Browser().Password(ada).WantStatus(t, 429)
		s = s.Restart()
		s.Browser().Password(ada).WantStatus(t, 429)
		fails(s.Browser(), "nobody@example.com", 1)
		s.Browser().Password("nobody@example.com").WantStatus(t, 429)
	})
}

// Wrong passwords given inside a session count against the address as those of
// the sign-in do, whosever session it is.
func TestPasswordsInsideCountAgainstTheAddress(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		const address = "198.51.100.77"
		for i := range 8 { // four each: no account's own limit is reached
			name := fmt.Sprintf("user%d@example.com", i)
			s.User(name, identity.Member)
			b := s.Browser().SignIn(name).From(address)
			given := 0
			for given < 4 && 4*i+given < login.AddressFailures {
				if given%2 == 0 {
					b.Post("/confirm", "kind", "password", "password", wrong).WantStatus(t, 422)
				} else {
					b.Post("/profile/password", "current", wrong, "password", "another good long one 77").WantStatus(t, 422)
				}
				given++
			}
		}
		s.User(ada, identity.Member)
		s.Browser().From(address).Password(ada).WantStatus(t, 429)
		s.Browser().From("198.51.100.78").SignIn(ada)
	})
}
