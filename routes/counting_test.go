package routes_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// miss gives a wrong code in a new pending login, from some address.
func miss(s *sitetest.Site, kind, address string) *sitetest.Page {
	s.T.Helper()
	return pend(s, ada).From(address).Post("/login/challenge/"+kind, "code", "no code at all")
}

// Failures of one kind delay that kind alone.
func TestKindsFailApart(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		kinds := []string{"totp", "recovery", "email"}
		for _, kind := range kinds {
			for range 5 {
				miss(s, kind, "198.51.100.1").WantStatus(t, 422)
			}
			if p := miss(s, kind, "198.51.100.1").WantStatus(t, 429); p.Header.Get("Retry-After") != "30" {
				t.Errorf("%s: wait %s", kind, p.Header.Get("Retry-After"))
			}
			for _, other := range kinds {
				if other == kind {
					continue
				}
				b := pend(s, ada)
				code := map[string]func() string{"totp": func() string { return s.Code(e.secret) },
					"recovery": func() string { e.codes = e.codes[1:]; return e.codes[0] }, "email": func() string { return mailed(b) }}[other]()
				b.Post("/login/challenge/"+other, "code", code).Want(t, "/profile")
			}
			fails(s.Browser(), ada, 1)
			s.Advance(16 * time.Minute)
			b := pend(s, ada) // a right one ends the row
			code := map[string]func() string{"totp": func() string { return s.Code(e.secret) },
				"recovery": func() string { e.codes = e.codes[1:]; return e.codes[0] }, "email": func() string { return mailed(b) }}[kind]()
			b.Post("/login/challenge/"+kind, "code", code).Want(t, "/profile")
			s.Advance(time.Hour)
		}
	})
}

// The count is the account's: new pending logins, new sessions, other addresses
// and a restart go on with it. That of a browser which its owner signed in from
// goes on over step-up, enrollment and restart.
func TestCodeCountSurvives(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		e.owner.SignInTOTP(ada, e.secret)
		miss(s, "totp", "198.51.100.1").WantStatus(t, 422)
		miss(s, "totp", "198.51.100.1").WantStatus(t, 422)
		s = s.Restart()
		owner := e.owner.At(s)
		miss(s, "totp", "2001:db8::1").WantStatus(t, 422)
		miss(s, "totp", "2001:db8:1::1").WantStatus(t, 422)
		owner.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
		for range 2 {
			owner.Post("/confirm", "kind", "totp", "code", "000").WantStatus(t, 422)
			owner.Post("/profile/factors/totp/confirm", "code", "000").WantStatus(t, 422)
		}
		s = s.Restart()
		owner = e.owner.At(s)
		owner.Post("/confirm", "kind", "totp", "code", "000").WantStatus(t, 422)
		b := pend(s, ada)
		b.Post("/login/challenge/totp", "code", "000").WantStatus(t, 422)
		for i, held := range []*sitetest.Page{
			b.Post("/login/challenge/totp", "code", s.Code(e.secret)), miss(s, "totp", "192.0.2.9"),
			owner.Post("/confirm", "kind", "totp", "code", s.Code(e.secret)),
			owner.Post("/profile/factors/totp/confirm", "code", s.Code(owner.PendingSecret())),
			pend(s.Restart(), ada).Post("/login/challenge/totp", "code", s.Code(e.secret)),
		} {
			if held.Status != 429 || held.Header.Get("Retry-After") != "30" {
				t.Errorf("%d: %d, wait %q", i, held.Status, held.Header.Get("Retry-After"))
			}
		}
	})
}

// Asking for another code, a right password and the passing of
// a day reset nothing; fifty in a row switch the kind off, the owner is told
// once, and no restart brings it back. Line 21: off reads like wrong.
func TestFiftyFailuresSwitchOff(t *testing.T) {
	s := sitetest.New(t)
	e := equip(s, ada)
	plain := miss(s, "totp", "192.0.2.1").Alert()
	for n := 2; n <= 50; n++ {
		s.Advance(25 * time.Hour)
		if err := s.Login.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		miss(s, "totp", "192.0.2.1").WantStatus(t, 422)
	}
	told := 0
	for _, l := range s.Mails() {
		if strings.Contains(l.Text, "was switched off after too many wrong codes") {
			told++
		}
	}
	if told != 1 || !slices.Contains(s.Events(ada), "factor.off") {
		t.Errorf("the owner was told %d times", told)
	}
	s.Advance(48 * time.Hour)
	s = s.Restart()
	b := pend(s, ada)
	if p := b.Post("/login/challenge/totp", "code", s.Code(e.secret)).WantStatus(t, 422); p.Alert() != plain {
		t.Errorf("switched off says %q", p.Alert())
	}
	b.Post("/login/challenge/recovery", "code", e.codes[0]).Want(t, "/profile")
	b.Post("/confirm", "kind", "totp", "code", s.Code(e.secret)).WantStatus(t, 422)

	// Bound anew with another factor, it is back.
	b.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
	secret := b.PendingSecret()
	b.Post("/profile/factors/totp/confirm", "code", s.Code(secret), "name", "New phone").Want(t, "/profile?said=factor-added")
	s.Advance(time.Minute)
	pend(s, ada).Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
}

// A mistyped recovery code is no failure: it neither adds to the row nor makes
// anybody wait longer.
func TestTyposDoNotCount(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		typo := "Z" + e.codes[0][1:]
		if e.codes[0][0] == 'Z' {
			typo = "Y" + e.codes[0][1:]
		}
		mistype := func() *sitetest.Page { return pend(s, ada).Post("/login/challenge/recovery", "code", typo) }
		for range 10 {
			mistype().WantStatus(t, 422)
		}
		for range 5 {
			miss(s, "recovery", "198.51.100.1").WantStatus(t, 422)
		}
		mistype().WantStatus(t, 429)
		s.Advance(30 * time.Second)
		for range 3 {
			mistype().WantStatus(t, 422)
		}
		miss(s, "recovery", "198.51.100.1").WantStatus(t, 422)
		if p := mistype().WantStatus(t, 429); p.Header.Get("Retry-After") != "60" {
			t.Errorf("wait %s", p.Header.Get("Retry-After"))
		}
		s.Advance(60 * time.Second)
		mistype().WantStatus(t, 422)
		pend(s, ada).Post("/login/challenge/recovery", "code", e.codes[0]).Want(t, "/profile")
	})
}
