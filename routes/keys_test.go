package routes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// otherKeys gives the site a keyset that is not its own, as a database that was
// exchanged under a running server does, and gives a function that ends it.
func otherKeys(t *testing.T, s *sitetest.Site) (back func()) {
	t.Helper()
	other, err := store.OpenKeys(filepath.Join(t.TempDir(), "keys.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	s.Store.UseKeys(other)
	if err := s.Store.FollowKeys(t.Context()); err == nil {
		t.Fatal("keys of another site open the check value")
	}
	return func() { s.Store.UseKeys(s.Keys) }
}

// While the keys are not the site's, a right answer is a fault of the site: 503,
// and no failure, in whatever it was given for. Nothing is sealed meanwhile.
func TestWrongKeysAreNobodysFailure(t *testing.T) {
	t.Parallel()
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		const ada, eve = "ada@example.com", "eve@example.com"
		s.User(ada, identity.Member)
		s.User(eve, identity.Member)
		home := s.Browser().SignIn(ada)
		secret := home.EnrollTOTP()
		home.EnrollEmail(ada)
		spare := home.RecoveryCodes()[0]
		s.Advance(10 * time.Minute)
		emailed, app := s.Browser(), s.Browser()
		emailed.Password(ada)
		emailed.Post("/login/challenge/email/code")
		code := s.LastCode(ada)
		app.Password(ada)
		fresh := s.Browser().SignIn(eve)
		fresh.Post("/profile/factors/totp")
		pending := fresh.PendingSecret()

		back := otherKeys(t, s)
		for range 7 { // more than bring a wait
			for _, p := range []*sitetest.Page{
				app.Post("/login/challenge/totp", "code", s.Code(secret)),
				app.Post("/login/challenge/recovery", "code", spare),
				emailed.Post("/login/challenge/email", "code", code),
				home.Post("/confirm", "kind", "totp", "code", s.Code(secret)),
				fresh.Post("/profile/factors/totp/confirm", "code", s.Code(pending)),
			} {
				if p.WantStatus(t, 503); p.Header.Get("Retry-After") == "" || strings.Contains(p.Words(), "seal") {
					t.Error("no time to come back, or inner words")
				}
			}
		}
		if n := len(s.Account(eve).Kinds); n != 0 {
			t.Error("someone enrolled under a wrong key")
		}
		back()
		emailed.Post("/login/challenge/email", "code", code).Want(t, "/profile")
		app.Post("/login/challenge/recovery", "code", spare).Want(t, "/profile")
		again := s.Browser()
		again.Password(ada)
		again.Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
		fresh.Post("/profile/factors/totp/confirm", "code", s.Code(pending))
		if n := len(s.Account(eve).Kinds); n != 1 {
			t.Errorf("%d kinds once the keys are right", n)
		}
		for _, k := range []factors.Kind{factors.KindTOTP, factors.KindEmail, factors.KindRecovery} {
			if x, err := s.Store.Throttle(t.Context(), login.Counter{What: login.CountFactor, Account: s.Account(ada).ID, Kind: k}); err != nil || x.Fails != 0 {
				t.Errorf("%s: %d failures, %v", k, x.Fails, err)
			}
		}
	})
}

// A key file that is exchanged under a running server for another one, or one
// that lacks a key, changes nothing but /readyz; the right one put back, and one
// with a key more, are taken.
func TestAnExchangedKeyFileIsNotTaken(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := sitetest.New(t, func(c *sitetest.Config) { c.Folder = folder })
	path := filepath.Join(folder, "keys.json")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s.User("ada@example.com", identity.Member)
	b := s.Browser().SignIn("ada@example.com")
	other, err := store.OpenKeys(filepath.Join(t.TempDir(), "keys.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(strings.TrimPrefix(other.String(), "keys of "))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"of another site": foreign, "empty": {}, "damaged": good[:40]} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if b.Get("/readyz").Status != 503 {
			t.Errorf("%s: it is ready", name)
		}
		b.Post("/profile/factors/totp").Want(t, "/profile/factors/totp") // seals
		b.PendingSecret()                                                // opens
	}
	if err := os.Remove(path); err != nil || b.Get("/readyz").Status != 503 {
		t.Error("ready without a key file", err)
	}
	if err := os.WriteFile(path, good, 0o600); err != nil || b.Get("/readyz").Status != 200 {
		t.Error("not ready with the right one", err)
	}
	if added, err := s.Keys.Add(); err != nil || !added || s.Keys.NewestID() == s.Keys.LeadID() {
		t.Errorf("a key more: %v, %v", added, err)
	}
	if added, err := s.Keys.Add(); err != nil || added {
		t.Errorf("a second key was added while one waits: %v, %v", added, err)
	}
	if err := s.Store.Lead(t.Context()); err != nil || s.Keys.NewestID() != s.Keys.LeadID() || b.Get("/readyz").Status != 200 {
		t.Errorf("leads: %v", err)
	}
	if err := os.WriteFile(path, good, 0o600); err != nil || b.Get("/readyz").Status != 503 {
		t.Error("an older file was taken", err)
	}
}

// Keys that still open what they sealed, but may seal no more, take nothing back
// from a form that was carried out: its answer is given, though not kept for a
// repeat, and no right code is spent for nothing.
func TestAFormThatWasCarriedOutIsAnsweredUnderWrongKeys(t *testing.T) {
	t.Parallel()
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		const ada, eve = "ada@example.com", "eve@example.com"
		s.User(ada, identity.Member)
		s.User(eve, identity.Member)
		home := s.Browser().SignIn(ada)
		secret := home.EnrollTOTP()
		s.Advance(10 * time.Minute)
		b, plain := s.Browser(), s.Browser()
		b.Password(ada)
		tamper(t, s, "UPDATE keyset SET value = 'of another site'")
		if err := s.Store.FollowKeys(t.Context()); err == nil {
			t.Fatal("the keys open another check value")
		}
		b.Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
		b.Get("/profile").WantStatus(t, 200)
		plain.Get("/login").WantStatus(t, 200)
		plain.Post("/login", "login", eve, "password", sitetest.Password).Want(t, "/profile")
		for _, kind := range s.Events(ada) {
			if kind == "factor.failed" || kind == "factor.replayed" {
				t.Errorf("%s is recorded", kind)
			}
		}
	})
}
