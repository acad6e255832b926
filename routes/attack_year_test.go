package routes_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

const year = 365 * 24 * time.Hour

// guesser knows the password and guesses at some kinds for a year, each time as
// soon as the limits let them, from a new address and in a new pending login.
type guesser struct {
	s      *sitetest.Site
	kinds  []string
	tries  int // posts
	judged int // codes that were looked at
}

func (g *guesser) year(t *testing.T) {
	t.Helper()
	for end := g.s.Now().Add(year); g.s.Now().Before(end); {
		wait := 72 * time.Hour // once all is off, a try from time to time
		for _, kind := range g.kinds {
			g.tries++
			b := g.s.Browser().From(fmt.Sprintf("2001:db8:%x:%x::1", g.tries/65536, g.tries%65536))
			if p := b.Password(ada); p.Location != "/login/challenge" {
				t.Fatalf("the password: %d %s", p.Status, p.Alert())
			}
			if kind == "email" {
				b.Post("/login/challenge/email/code")
			}
			p := b.Post("/login/challenge/"+kind, "code", map[string]string{"totp": "000000", "email": "000000", "recovery": "0000-0000-0000-0000"}[kind])
			switch {
			case p.Status == 429:
				n, _ := strconv.Atoi(p.Header.Get("Retry-After"))
				wait = min(wait, time.Duration(n)*time.Second)
			case p.Went("/profile"):
				t.Fatalf("guessed after %d tries", g.tries)
			}
		}
		g.s.Advance(wait)
		if err := g.s.Login.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range g.kinds {
		g.judged += failures(t, g.s, ada, kind)
	}
}

// failures are the answers of a kind that were looked at and refused, by the log.
func failures(t *testing.T, s *sitetest.Site, name, kind string) (n int) {
	t.Helper()
	for before := int64(0); ; {
		list, err := s.Store.Events(t.Context(), s.Account(name).ID, before, 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if before = e.Seq; e.Kind == "factor.failed" && e.Detail == kind {
				n++
			}
		}
		if len(list) < 500 {
			return n
		}
	}
}

// told counts the mails that say that a kind was switched off.
func told(s *sitetest.Site) (n int) {
	for _, l := range s.Mails() {
		if strings.Contains(l.Text, "was switched off after too many wrong codes") {
			n++
		}
	}
	return n
}

// The cap on failures (NIST SP 800-63B-4 §3.2.2): a year of guessing at one kind, at the best rate
// that the limits allow, is LOCK_DISABLE codes looked at; the owner is told
// once; the other kinds, a known browser and a trusted one are not touched; the
// kind comes back when it is bound anew, or when an admin unlocks it.
func TestAYearOfGuessing(t *testing.T) {
	for _, kind := range []string{"totp", "email", "recovery"} {
		t.Run(kind, func(t *testing.T) {
			s := sitetest.New(t, func(c *sitetest.Config) { c.Login.TrustTTL = 400 * 24 * time.Hour })
			e := equip(s, ada)
			home := s.Browser()
			trusting(t, s, ada, e.secret, home)
			s.Mails()
			g := &guesser{s: s, kinds: []string{kind}}
			g.year(t)
			if n := s.Login.Options().LockDisable; g.judged > n || g.judged < n-1 {
				t.Errorf("%d codes were looked at in %d tries", g.judged, g.tries)
			}
			if n := told(s); n != 1 {
				t.Errorf("the owner was told %d times", n)
			}
			home.Password(ada).Want(t, "/profile")
			home.Get("/verify?level=2").WantStatus(t, 200)
			off := true
			answer := func(k string) *sitetest.Page {
				s.Advance(2 * time.Minute)
				b := pend(s, ada)
				code := map[string]func() string{"totp": func() string { return s.Code(e.secret) }, "email": func() string { return mailed(b) },
					"recovery": func() string { e.codes = e.codes[1:]; return e.codes[0] }}[k]
				if off && k == kind && k == "email" {
					b.Post("/login/challenge/email/code").WantStatus(t, 422)
					return b.Post("/login/challenge/email", "code", "123456")
				}
				return b.Post("/login/challenge/"+k, "code", code())
			}
			for _, k := range []string{"totp", "email", "recovery"} {
				if p := answer(k); p.Went("/profile") != (k != kind) {
					t.Errorf("%s: %d %s", k, p.Status, p.Alert())
				}
			}
			bringBack(t, s, kind, home, &e)
			off = false
			answer(kind).Want(t, "/profile")
		})
	}
}

// bringBack is what switches a kind on again, once by its owner and once more
// by an admin after another attack.
func bringBack(t *testing.T, s *sitetest.Site, kind string, home *sitetest.Browser, e *equipped) {
	t.Helper()
	home.Password(ada).Want(t, "/profile")
	s.Advance(2 * time.Minute)
	home.Post("/confirm", "kind", "totp", "code", s.Code(e.secret)).Want(t, "/profile") // a known browser: never closed
	switch kind {
	case "totp":
		home.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
		e.secret = home.PendingSecret()
		home.Post("/profile/factors/totp/confirm", "code", s.Code(e.secret), "name", "New").Want(t, "/profile?said=factor-added")
	case "email":
		home.Post("/profile/factors/"+home.Factor("Email")+"/remove").Want(t, "/profile?said=factor-removed")
		s.Advance(time.Minute)
		home.EnrollEmail("")
	case "recovery":
		home.Post("/profile/factors/recovery")
		e.codes = home.RecoveryCodes()
	}
	(&guesser{s: s, kinds: []string{kind}}).year(t)
	s.User(boss, identity.Admin)
	root := s.Browser().SignIn(boss)
	root.EnrollTOTP()
	root.Post("/admin/users/"+s.Account(ada).ID+"/unlock", "kind", kind).Want(t, "/admin/users/"+s.Account(ada).ID+"?said=did-unlock")
}

// All kinds at once: the cap of each holds by itself, and then all are off.
func TestAYearOfGuessingAtEverything(t *testing.T) {
	s := sitetest.New(t)
	e := equip(s, ada)
	g := &guesser{s: s, kinds: []string{"totp", "email", "recovery"}}
	g.year(t)
	if n := 3 * s.Login.Options().LockDisable; g.judged > n {
		t.Errorf("%d codes were looked at in %d tries", g.judged, g.tries)
	}
	if n := told(s); n != 3 {
		t.Errorf("the owner was told %d times", n)
	}
	for _, k := range []factors.Kind{factors.KindTOTP, factors.KindEmail, factors.KindRecovery} {
		x, err := s.Store.Throttle(t.Context(), login.Counter{What: login.CountFactor, Account: s.Account(ada).ID, Kind: k})
		if err != nil || x.Off.IsZero() {
			t.Errorf("%s is not off: %v %v", k, x, err)
		}
	}
	pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)).WantStatus(t, 422)
}
