package routes_test

import (
	"strings"
	"testing"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

const (
	ownAddress   = "ada@example.com"
	thiefAddress = "thief@example.net"
)

// asked has a thief at a session ask for another address. It gives the link to
// the new address and the one that warns the old.
func asked(t *testing.T, s *sitetest.Site, thief *sitetest.Browser) (change, stop string) {
	t.Helper()
	s.Mails()
	thief.Post("/profile/email", "email", thiefAddress).Want(t, "/profile?said=email-asked")
	for _, l := range s.Mails() {
		switch {
		case l.To == thiefAddress && strings.HasPrefix(l.Link(), "/email/verify/"):
			change = l.Link()
		case l.To == ownAddress && strings.HasPrefix(l.Link(), "/email/stop/"):
			stop = l.Link()
			if strings.Contains(l.Text, thiefAddress) {
				t.Error("the old address is told the whole new one")
			}
		}
	}
	if change == "" || stop == "" {
		t.Fatalf("links %q and %q", change, stop)
	}
	return change, stop
}

// proven is a signed-in person with a factor and an address of their own.
func proven(t *testing.T, s *sitetest.Site) (b *sitetest.Browser, secret []byte) {
	t.Helper()
	b, secret = enrolled(t, s)
	if s.Account(ownAddress).EmailVerified.IsZero() {
		t.Fatal("the address is not proved")
	}
	return b, secret
}

// Whatever throws a thief out or changes what protects the account voids the
// change of address that waits; no mail goes to that address afterwards.
func TestChangeOfAddressEndsWithTheThief(t *testing.T) {
	type act func(t *testing.T, s *sitetest.Site, thief *sitetest.Browser, secret []byte)
	by := accounts.Terminal("stolen")
	fine := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	owner := func(s *sitetest.Site, secret []byte) *sitetest.Browser {
		return s.Browser().SignInTOTP(ownAddress, secret)
	}
	acts := map[string]act{
		"sign out everywhere": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, _ []byte) {
			miss(s, "totp", "198.51.100.1")
			s.Browser().Post(letter(t, s, "/secure/").Link()).Want(t, "/login?said=secured")
		},
		"other sessions": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, secret []byte) {
			owner(s, secret).Post("/profile/sessions/end-others").Want(t, "/profile?said=sessions-ended")
		},
		"that session": func(t *testing.T, s *sitetest.Site, thief *sitetest.Browser, secret []byte) {
			v, _ := s.Login.Visit(t.Context(), thief.Cookie("nightlatch_session"))
			owner(s, secret).Post("/profile/sessions/"+v.Session.ID+"/end").Want(t, "/profile?said=session-ended")
		},
		"factor removed": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, secret []byte) {
			o := owner(s, secret)
			o.Post("/profile/factors/"+o.Factor("Email")+"/remove").Want(t, "/profile?said=factor-removed")
		},
		"factor added": func(_ *testing.T, s *sitetest.Site, _ *sitetest.Browser, secret []byte) {
			owner(s, secret).EnrollTOTP()
		},
		"two-factor off": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, secret []byte) {
			owner(s, secret).Post("/profile/factors/disable").Want(t, "/profile?said=two-factor-off")
		},
		"new codes": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, secret []byte) {
			owner(s, secret).Post("/profile/factors/recovery").Want(t, "/profile/factors/recovery?new=1")
		},
		"password": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, secret []byte) {
			owner(s, secret).Post("/profile/password", "current", sitetest.Password, "password", newPassword).Want(t, "/profile?said=password")
		},
		"reset": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, _ []byte) {
			s.Browser().Post("/password/forgot", "login", ownAddress)
			s.Browser().Post(letter(t, s, "/password/reset/").Link(), "password", newPassword).Want(t, "/login?said=reset")
		},
		"stopped on the profile": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, secret []byte) {
			owner(s, secret).Post("/profile/email/cancel").Want(t, "/profile?said=email-cancelled")
		},
		"admin's reset": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, _ []byte) {
			_, err := s.Accounts.ResetFactors(t.Context(), by, s.Account(ownAddress).ID)
			fine(t, err)
		},
		"admin ends sessions": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, _ []byte) {
			err := s.Accounts.EndSessions(t.Context(), by, s.Account(ownAddress).ID)
			fine(t, err)
		},
		"disabled and enabled": func(t *testing.T, s *sitetest.Site, _ *sitetest.Browser, _ []byte) {
			for _, off := range []bool{true, false} {
				err := s.Accounts.SetDisabled(t.Context(), by, s.Account(ownAddress).ID, off)
				fine(t, err)
			}
		},
	}
	for name, do := range acts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sitetest.New(t)
			thief, secret := proven(t, s)
			change, _ := asked(t, s, thief)
			do(t, s, thief, secret)
			s.Browser().Get(change).WantStatus(t, 404)
			s.Browser().Post(change).WantStatus(t, 404)
			s.Mails()
			s.Browser().Post("/password/forgot", "login", ownAddress)
			for _, l := range s.Mails() {
				if l.To == thiefAddress {
					t.Errorf("%q went to the thief", l.Subject)
				}
			}
		})
	}
}

// The first factor ends what somebody asked for who was there before it.
func TestFirstFactorEndsChangeOfAddress(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ownAddress, identity.Member)
		thief := s.Browser().SignIn(ownAddress)
		change, _ := asked(t, s, thief)
		s.Browser().SignIn(ownAddress).EnrollTOTP()
		s.Browser().Post(change).WantStatus(t, 404)
	})
}

// The old address is told when a change is asked, and stops it without signing
// in; opening the link alone does nothing. After that, its owner can sign out
// everywhere.
func TestOldAddressStopsTheChange(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		thief, _ := proven(t, s)
		change, stop := asked(t, s, thief)
		owner := s.Browser()
		owner.Get(stop).WantStatus(t, 200)
		owner.Get(change).WantStatus(t, 200) // still there
		secure := owner.Post(stop).Location
		if !strings.HasPrefix(secure, "/secure/") {
			t.Fatalf("led to %q", secure)
		}
		if again := owner.Post(stop).Location; again != secure { // a second click
			t.Errorf("sent twice it led to %q, then %q", secure, again)
		}
		s.Browser().Post(stop).WantStatus(t, 404)
		thief.Post(change).WantStatus(t, 404)
		owner.Get(secure).WantStatus(t, 200)
		secure, _, _ = strings.Cut(secure, "?")
		owner.Post(secure).Want(t, "/login?said=secured")
		thief.Get("/profile").Want(t, "/login?next=%2Fprofile")
		if l := letter(t, s, "/password/reset/"); l.To != ownAddress {
			t.Errorf("the link for a new password went to %s", l.To)
		}
	})
}

// A thief who clicks at once does not keep the address: for a week the old one
// takes it back, however often it was changed meanwhile.
func TestOldAddressTakesTheAccountBack(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		thief, _ := proven(t, s)
		change, first := asked(t, s, thief)
		thief.Post(change).Want(t, "/profile?said=email-confirmed")
		var undo string
		for _, l := range s.Mails() {
			if l.To == ownAddress {
				undo = l.Link()
			} else if strings.HasPrefix(l.Link(), "/email/stop/") {
				t.Error("the thief got the link")
			}
		}
		thief.Post("/profile/email", "email", "second@example.net").Want(t, "/profile?said=email-asked")
		thief.Post(letter(t, s, "/email/verify/").Link()).Want(t, "/profile?said=email-confirmed")
		thief.Post("/profile/password", "current", sitetest.Password, "password", newPassword).Want(t, "/profile?said=password")
		s.Mails()
		s.Browser().Get(first).WantStatus(t, 404) // replaced by that of the second change
		secure := s.Browser().Post(undo).Location
		if a := s.Account(ownAddress); a.Email != ownAddress || a.EmailVerified.IsZero() {
			t.Fatalf("the address is %s", a.Email)
		}
		secure, _, _ = strings.Cut(secure, "?")
		s.Browser().Post(secure).Want(t, "/login?said=secured")
		thief.Get("/profile").Want(t, "/login?next=%2Fprofile")
		if l := letter(t, s, "/password/reset/"); l.To != ownAddress {
			t.Errorf("the link for a new password went to %s", l.To)
		}
	})
}

// An address that nobody proved may be a stranger's, typed by mistake: it
// cannot take the account.
func TestUnprovedOldAddressTakesNothingBack(t *testing.T) {
	s := sitetest.New(t)
	s.User(ownAddress, identity.Member)
	b := s.Browser().SignIn(ownAddress)
	change, stop := asked(t, s, b)
	b.Post(change).Want(t, "/profile?said=email-confirmed")
	s.Browser().Post(stop).WantStatus(t, 404)
	for _, l := range s.Mails() {
		if strings.HasPrefix(l.Link(), "/email/stop/") {
			t.Errorf("%s got a link", l.To)
		}
	}
}

// An address that an admin corrected stays: no link that was mailed before
// puts the one before back.
func TestCorrectedAddressIsNotTakenBack(t *testing.T) {
	s := sitetest.New(t)
	b, _ := proven(t, s)
	id := s.Account(ownAddress).ID
	change, _ := asked(t, s, b)
	b.Post(change).Want(t, "/profile?said=email-confirmed")
	var links []string
	for _, l := range s.Mails() {
		links = append(links, l.Link())
	}
	b.Post("/profile/email", "email", "second@example.net").Want(t, "/profile?said=email-asked")
	for _, l := range s.Mails() {
		links = append(links, l.Link())
	}
	err := s.Accounts.CorrectEmail(t.Context(), accounts.Terminal("taken over"), id, "ada@example.net")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, link := range links {
		if strings.HasPrefix(link, "/email/") {
			tried++
			s.Browser().Post(link).WantStatus(t, 404)
		}
	}
	if a, err := s.Store.Account(t.Context(), id); err != nil || tried < 3 || a.Email != "ada@example.net" {
		t.Errorf("%d links tried, the address is %s, %v", tried, a.Email, err)
	}
}
