package routes_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// Seeing, downloading, making and checking need a fresh
// confirmation. The file is an attachment with a date and the site's name.
func TestRecoveryCodesNeedAConfirmation(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret, codes := sheetOwner(t, s)
		s.Advance(5 * time.Minute)
		for _, path := range []string{"/profile/factors/recovery", "/profile/factors/recovery?new=1", "/profile/factors/recovery.txt"} {
			for _, asHTMX := range []bool{false, true} {
				p := b.Do("GET", path, nil, asHTMX)
				if !strings.HasPrefix(p.Location, "/confirm?next=") || strings.Contains(p.Body, codes[0]) {
					t.Errorf("%s: %d to %q", path, p.Status, p.Location)
				}
			}
		}
		b.Post("/profile/factors/recovery/check", "code", codes[0])
		b.Post("/profile/factors/recovery")
		spend(t, s, codes[9]).Want(t, "/profile") // still the old set
		b.Post("/confirm", "kind", "totp", "code", b.Code(secret), "next", "/profile").Want(t, "/profile/factors/recovery?new=1")
		file := b.Get("/profile/factors/recovery.txt").WantStatus(t, 200) // the set that was asked for
		if strings.Contains(file.Body, codes[0]) {
			t.Error("the held wish for a new set was not carried out")
		}
		if h := file.Header; !strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename=") ||
			!strings.Contains(h.Get("Content-Disposition"), ".txt") || h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("the file comes with %v", h)
		}
		for _, want := range []string{"Nightlatch", s.URL, "ada@example.com", "23 November 2026"} {
			if !strings.Contains(file.Body, want) {
				t.Errorf("the file does not say %q:\n%s", want, file.Body)
			}
		}
		if n := len(b.RecoveryCodes()); n != 10 {
			t.Errorf("the file has %d codes", n)
		}
	})
}

// Checking a code spends nothing, and is counted like an answer.
func TestCheckingACode(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _, codes := sheetOwner(t, s)
		for range 3 {
			if p := b.Post("/profile/factors/recovery/check", "code", codes[2]).WantStatus(t, 200); !strings.Contains(p.Text(), "This code is good") {
				t.Error("a good code is not called good")
			}
		}
		left(t, s, 10)
		spend(t, s, codes[2]).Want(t, "/profile")
		for range 5 {
			b.Post("/profile/factors/recovery/check", "code", codes[2]).WantStatus(t, 422)
		}
		b.Post("/profile/factors/recovery/check", "code", codes[3]).WantStatus(t, 429)
		spend(t, s, codes[3]).Want(t, "/profile") // a known browser counts by itself
		b.Post("/profile/factors/recovery/check", "code", codes[4]).WantStatus(t, 429)
		s.Advance(30 * time.Second)
		b.Post("/profile/factors/recovery/check", "code", codes[4]).WantStatus(t, 200)
	})
}

// The owner is told of each use, and warned when three codes are left, not four.
func TestOwnerIsToldOfRecoveryCodes(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _, codes := sheetOwner(t, s)
		s.Prove(b.AccountOf())
		for i, c := range codes {
			spend(t, s, c).Want(t, "/profile")
			rest := 9 - i
			l := mailAbout(t, s, "recovery code was used")
			if l.To != "ada@example.com" || strings.Contains(l.Text+l.HTML, c) || !strings.Contains(l.Text, fmt.Sprintf("You have %d left", rest)) {
				t.Errorf("%d left: %s", rest, l.Text)
			}
			text := b.Get("/profile").Text()
			if low := rest <= 3; strings.Contains(l.Subject+l.Text+l.HTML, "nearly gone") != low || strings.Contains(text, "create a new set soon") != low {
				t.Errorf("%d left: mail %q, profile %t", rest, l.Subject, strings.Contains(text, "create a new set soon"))
			}
		}
		b.Post("/profile/factors/recovery").Want(t, "/profile/factors/recovery?new=1")
		if l := mailAbout(t, s, "ecovery codes"); strings.Contains(l.Text, b.RecoveryCodes()[0]) {
			t.Error("the mail about a new set shows it")
		}
	})
}

// Nothing that is stored is accepted as a code.
func TestStoredFormIsNoCode(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _, codes := sheetOwner(t, s)
		creds, err := s.Store.Credentials(t.Context(), b.AccountOf().ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range creds {
			if c.Kind != "recovery" {
				continue
			}
			parts := strings.Split(c.Hash, "$")
			hash, _ := base64.RawStdEncoding.DecodeString(parts[len(parts)-1])
			for _, typed := range []string{c.Hash, parts[4], parts[5], fmt.Sprintf("%x", hash), fmt.Sprintf("%X", hash)[:16], c.ID, c.Batch, c.Name, c.Batch[:16]} {
				if p := spend(t, s, typed); p.Status != 422 {
					t.Fatalf("%q: %d to %q", typed, p.Status, p.Location)
				}
			}
			if len(c.Secret) != 0 {
				t.Error("codes are read without being asked for")
			}
			break
		}
		left(t, s, 10)
		spend(t, s, codes[0]).Want(t, "/profile")
	}, often)
}
