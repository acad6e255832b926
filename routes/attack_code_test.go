package routes_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// patient lets the counters out of the way of a test about something else.
func patient(c *sitetest.Config) { c.Login.LockAfter, c.Login.LockDisable = 10_000, 100_000 }

// dressed are ways to write a code that some parser takes for the same code.
func dressed(code string) []string {
	wide, arabic := []rune(code), []rune(code)
	for i, r := range wide {
		if r >= '0' && r <= '9' {
			wide[i], arabic[i] = r-'0'+'０', r-'0'+'٠'
		}
	}
	mid := len(code) / 2
	a, b := code[:mid], code[mid:]
	list := []string{code, string(wide), string(arabic), strings.ToLower(code), strings.ToUpper(code), code + "\x00", code + "%00",
		"+" + code, code + ".0", "0" + code, code + "0", code + "," + code, code + ";" + code, "[" + code + "]", `"` + code + `"`}
	for _, gap := range []string{" ", "-", "  ", "\t", "\r\n", "\u00a0", "\u2007", "\u2009", "\u200b", "\u2010", "\u2011", "\u2013", "\u2212", "\u3000", "\ufeff", "_", "."} {
		list = append(list, a+gap+b, gap+code, code+gap, strings.Join(strings.Split(code, ""), gap))
	}
	return list
}

// A code that was accepted is accepted nowhere again, however
// it is written: in the browser that gave it, in another, in the next step, in
// a step-up, at an enrollment, in the check of recovery codes.
func TestReplayInAnyDress(t *testing.T) {
	s := sitetest.New(t, patient)
	e := equip(s, ada)
	e.owner.SignInTOTP(ada, e.secret)
	e.owner.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
	for i, kind := range []string{"totp", "email", "recovery"} {
		b, code := pend(s, ada), e.codes[i]
		switch kind {
		case "email":
			code = mailed(b)
		case "totp":
			s.Advance(time.Minute)
			code = s.Code(e.secret)
		}
		b.Post("/login/challenge/"+kind, "code", code).Want(t, "/profile")
		before, left := sessions(s, ada), s.Account(ada).RecoveryLeft
		again := pend(s, ada)
		for n, typed := range dressed(code) {
			unlock(s, ada) // a hundred failures in thirty days close a kind, whatever is configured
			address := fmt.Sprintf("2001:db8:%x:%x::1", i, n)
			for where, p := range map[string]*sitetest.Page{
				"sign-in":  again.From(address).Post("/login/challenge/"+kind, "code", typed),
				"step-up":  e.owner.Post("/confirm", "kind", kind, "code", typed),
				"new app":  e.owner.Post("/profile/factors/totp/confirm", "code", typed),
				"check":    e.owner.Post("/profile/factors/recovery/check", "code", typed),
				"same way": b.Post("/confirm", "kind", kind, "code", typed),
			} {
				if p.Status != 422 && p.Status != 400 {
					t.Errorf("%s, %s: %q gets %d to %q", kind, where, typed, p.Status, p.Location)
				}
			}
		}
		if sessions(s, ada) != before || s.Account(ada).RecoveryLeft != left {
			t.Errorf("%s: %d sessions more, %d codes less", kind, sessions(s, ada)-before, left-s.Account(ada).RecoveryLeft)
		}
		unlock(s, ada)
		s.Advance(time.Hour)
		e.owner.SignInTOTP(ada, e.secret)
		e.owner.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
	}
}

// unlock forgets the failures of an account's factors, as an admin does.
func unlock(s *sitetest.Site, name string) {
	s.T.Helper()
	for _, kind := range []factors.Kind{factors.KindTOTP, factors.KindEmail, factors.KindRecovery} {
		if err := s.Accounts.Unlock(s.T.Context(), accounts.Terminal("test"), s.Account(name).ID, kind); err != nil {
			s.T.Fatal(err)
		}
	}
}

// A code written in another script is never the code: six ASCII digits count.
func TestOtherScriptsAreNoDigits(t *testing.T) {
	s := sitetest.New(t, patient)
	e := equip(s, ada)
	b := pend(s, ada)
	for _, zero := range []rune{'０', '٠', '۰', '०', '০', '๐', '𝟎', '𝟘', '🯰'} {
		var other strings.Builder
		for _, r := range s.Code(e.secret) {
			other.WriteRune(r - '0' + zero)
		}
		b.Post("/login/challenge/totp", "code", other.String()).WantStatus(t, 422)
	}
	b.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
}

// A code proves one thing: that of one app is not that of another's, an
// account's not another account's, the pending secret's not the factor's.
func TestCodesOfOthers(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e, eve := equip(s, ada), equip(s, "eve@example.com")
		e.owner.SignInTOTP(ada, e.secret)
		e.owner.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
		pending := e.owner.PendingSecret()
		s.Advance(time.Minute)
		evesMail := mailed(pend(s, "eve@example.com"))
		adasMail := mailed(pend(s, ada)) // of another pending login
		b := pend(s, ada)
		for what, c := range map[string][2]string{
			"eve's app": {"totp", s.Code(eve.secret)}, "eve's sheet": {"recovery", eve.codes[0]}, "eve's mail": {"email", evesMail},
			"another login's mail": {"email", adasMail}, "pending secret": {"totp", s.Code(pending)},
			"sheet as app": {"totp", e.codes[0]}, "app as sheet": {"recovery", s.Code(e.secret)}, "mail as app": {"totp", adasMail},
			"password": {"totp", sitetest.Password}, "the login": {"recovery", ada},
		} {
			b.Post("/login/challenge/"+c[0], "code", c[1]).WantStatus(t, 422)
			if p := e.owner.Post("/confirm", "kind", c[0], "code", c[1]); p.Status != 422 {
				t.Errorf("step-up with %s: %d to %q", what, p.Status, p.Location)
			}
		}
		e.owner.Post("/profile/factors/totp/confirm", "code", s.Code(e.secret)).WantStatus(t, 422)
		if n := s.Account("eve@example.com").RecoveryLeft; n != 10 {
			t.Errorf("%d of eve's codes are left", n)
		}
	}, patient)
}

// ways are what a guesser changes between two guesses; none starts a new count.
var ways = map[string]func(s *sitetest.Site, b *sitetest.Browser, n int) *sitetest.Browser{
	"nothing": func(_ *sitetest.Site, b *sitetest.Browser, _ int) *sitetest.Browser { return b },
	"new jar": func(s *sitetest.Site, b *sitetest.Browser, _ int) *sitetest.Browser { return fresh(s, b, ada) },
	"letter case": func(s *sitetest.Site, b *sitetest.Browser, _ int) *sitetest.Browser {
		return fresh(s, b, "ADA@Example.COM")
	},
	"spaces": func(s *sitetest.Site, b *sitetest.Browser, _ int) *sitetest.Browser {
		return fresh(s, b, "  ada@example.com ")
	},
	"IPv4": func(_ *sitetest.Site, b *sitetest.Browser, n int) *sitetest.Browser {
		return b.From(fmt.Sprintf("198.51.100.%d", n))
	},
	"IPv6 /64": func(_ *sitetest.Site, b *sitetest.Browser, n int) *sitetest.Browser {
		return b.From(fmt.Sprintf("2001:db8:0:%x::1", n))
	},
	"X-Forwarded-For": func(_ *sitetest.Site, b *sitetest.Browser, n int) *sitetest.Browser {
		b.Header = http.Header{"X-Forwarded-For": {fmt.Sprintf("192.0.2.%d", n)}, "X-Real-Ip": {fmt.Sprintf("192.0.2.%d", n)},
			"Forwarded": {fmt.Sprintf("for=192.0.2.%d", n)}, "Cf-Connecting-Ip": {fmt.Sprintf("192.0.2.%d", n)}, "True-Client-Ip": {"192.0.2.9"}}
		return b
	},
	"other browser": func(_ *sitetest.Site, b *sitetest.Browser, n int) *sitetest.Browser {
		b.Header = http.Header{"User-Agent": {fmt.Sprintf("Firefox/%d", n)}}
		return b
	},
	"cancel": func(s *sitetest.Site, b *sitetest.Browser, _ int) *sitetest.Browser {
		b.Post("/login/cancel")
		return fresh(s, b, ada)
	},
	"resend": func(s *sitetest.Site, b *sitetest.Browser, _ int) *sitetest.Browser {
		b.Post("/login/challenge/email/code")
		return b
	},
	"other verbs": func(_ *sitetest.Site, b *sitetest.Browser, _ int) *sitetest.Browser {
		for _, verb := range []string{"PUT", "GET", "HEAD"} {
			b.Do(verb, "/login/challenge/totp", sitetest.Body("code=123456"), false)
			b.Do(verb, "/login", sitetest.Body("login=ada@example.com"), false)
		}
		return b
	},
	"other kind": func(s *sitetest.Site, b *sitetest.Browser, n int) *sitetest.Browser {
		for _, kind := range []string{"sms", "passkey"} {
			b.Post("/login/challenge/"+kind, "code", "123456")
		}
		return b
	},
	"forgotten password": func(s *sitetest.Site, b *sitetest.Browser, _ int) *sitetest.Browser {
		s.Browser().Post("/password/forgot", "login", ada)
		return b
	},
}

// fresh gives the first step in a new browser at the same address.
func fresh(s *sitetest.Site, old *sitetest.Browser, name string) *sitetest.Browser {
	b := s.Browser()
	b.Address = old.Address
	b.Password(name)
	return b
}

// Whatever a guesser changes, five guesses of a kind are
// looked at; then the right answer is refused with all others, on every kind
// and at the password.
func TestNoWayAroundTheCount(t *testing.T) {
	for way, change := range ways {
		t.Run(way, func(t *testing.T) {
			s := sitetest.New(t)
			e := equip(s, ada)
			right := map[string]string{"totp": s.Code(e.secret), "recovery": e.codes[0], "email": mailed(pend(s, ada))}
			for _, kind := range []string{"totp", "email", "recovery"} {
				b, looked := pend(s, ada), 0
				for n := range 12 {
					b = change(s, b, n)
					if p := b.Post("/login/challenge/"+kind, "code", "no code"); p.Status == 422 {
						looked++
					}
				}
				if looked != 5 {
					t.Errorf("%s: %d guesses were looked at", kind, looked)
				}
				b = change(s, b, 13)
				b.Post("/login/challenge/"+kind, "code", right[kind]).WantStatus(t, 429)
			}
			s.User("bob@example.com", identity.Member)
			b, looked := s.Browser(), 0
			for n := range 12 {
				b = change(s, b, n)
				spelled := map[string]string{"letter case": "BOB@example.com", "spaces": " bob@example.com"}[way]
				if n%2 == 0 || spelled == "" {
					spelled = "bob@example.com"
				}
				if p := b.Post("/login", "login", spelled, "password", wrong); p.Status == 422 {
					looked++
				}
			}
			if looked != 5 {
				t.Errorf("password: %d guesses were looked at", looked)
			}
			change(s, b, 13).Post("/login", "login", "bob@example.com", "password", sitetest.Password).WantStatus(t, 429)
		})
	}
}
