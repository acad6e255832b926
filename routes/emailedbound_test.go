package routes_test

import (
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// A code opens only what it was sent for.
func TestCodeIsBoundToItsCeremony(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := mailOwner(t, s)
		session := s.Browser().SignInTOTP("ada", secret)
		s.User("bob", identity.Member)
		bob := s.Browser().SignIn("bob")
		bob.EnrollEmail("bob@example.com")
		bob.Post("/logout")
		s.Advance(61 * time.Second)
		one, two, bobs := pendingOf(t, s, "ada"), pendingOf(t, s, "ada"), pendingOf(t, s, "bob")
		type ceremony struct {
			name   string
			ask    func() *sitetest.Page
			answer func(code string) *sitetest.Page
		}
		challenge := func(b *sitetest.Browser) (func() *sitetest.Page, func(string) *sitetest.Page) {
			return func() *sitetest.Page { return b.Post("/login/challenge/email/code") },
				func(code string) *sitetest.Page { return b.Post("/login/challenge/email", "code", code) }
		}
		stepUp := func(b *sitetest.Browser) (func() *sitetest.Page, func(string) *sitetest.Page) {
			return func() *sitetest.Page { return b.Post("/confirm/code", "kind", "email") },
				func(code string) *sitetest.Page { return b.Post("/confirm", "kind", "email", "code", code) }
		}
		list := []ceremony{{name: "sign-in"}, {name: "second sign-in"}, {name: "bob's sign-in"}, {name: "step-up"}, {name: "other session's step-up"}, {name: "enrollment"}}
		list[0].ask, list[0].answer = challenge(one)
		list[1].ask, list[1].answer = challenge(two)
		list[2].ask, list[2].answer = challenge(bobs)
		list[3].ask, list[3].answer = stepUp(b)
		list[4].ask, list[4].answer = stepUp(session)
		list[5].ask = func() *sitetest.Page { return b.Post("/profile/factors/email", "address", "new@example.com") }
		list[5].answer = func(code string) *sitetest.Page { return b.Post("/profile/factors/email/confirm", "code", code) }
		codes := make([]string, len(list))
		for i, c := range list {
			if p := c.ask(); p.Status >= 400 {
				t.Fatalf("%s: no code: %d %q", c.name, p.Status, p.Alert())
			}
			codes[i] = s.LastCode("")
			s.Advance(time.Second)
		}
		for i, c := range list {
			for j, code := range codes { // one is left out: five tries would void the right one
				if code != codes[i] && j != (i+1)%len(list) {
					if p := c.answer(code); p.Status != 422 {
						t.Errorf("%s took the code of %s: %d", c.name, list[j].name, p.Status)
					}
				}
			}
		}
		for i, c := range list { // each is still good where it belongs
			if p := c.answer(codes[i]); p.Status >= 400 {
				t.Errorf("%s: %d %q", c.name, p.Status, p.Alert())
			}
		}
	}, often, func(c *sitetest.Config) { c.Login.CodeCooldown = time.Second })
}

// With two addresses the code goes to the one chosen, and the
// other is not said to have one.
func TestTwoAddresses(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _ := mailOwner(t, s)
		b.EnrollEmail("work@example.org")
		s.Advance(61 * time.Second)
		to := map[string]string{}
		creds, err := s.Store.Credentials(t.Context(), b.AccountOf().ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range creds {
			if c.Kind == factors.KindEmail {
				to[c.Address] = c.ID
			}
		}
		p := pendingOf(t, s, "ada")
		at := func(address string) string { return askedFor + "&to=" + to[address] }
		p.Post("/login/challenge/email/code", "to", to["work@example.org"]).Want(t, at("work@example.org"))
		if text := p.Get(at("work@example.org")).Text(); !strings.Contains(text, "on its way to w•••@example.org") {
			t.Errorf("the chosen address: %s", text)
		}
		if text := p.Get(at("ada@example.com")).Text(); strings.Contains(text, "on its way") || !strings.Contains(text, "Send the code") {
			t.Errorf("the other address: %s", text)
		}
		p.Post("/login/challenge/email", "code", s.LastCode("work@example.org")).Want(t, "/profile")
		p = pendingOf(t, s, "ada")
		s.Advance(61 * time.Second)
		p.Post("/login/challenge/email/code", "to", b.Factor("Phone")).WantStatus(t, 422)
		if codes := codesIn(s); len(codes) != 0 {
			t.Errorf("a code for something that takes none: %d", len(codes))
		}
	})
}

// An unconfirmed address is no factor and counts nowhere.
func TestUnconfirmedAddressIsNoFactor(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada", identity.Member)
		b := s.Browser().SignIn("ada")
		second := s.Browser().SignIn("ada")
		b.Post("/profile/factors/email", "address", "eve@example.net").Want(t, "/profile/factors/email")
		eves := s.LastCode("eve@example.net")
		nothing := func() {
			t.Helper()
			if a := s.Account("ada"); a.HasFactor() || a.Email != "" || a.RecoveryLeft != 0 || len(a.Kinds) != 0 {
				t.Errorf("the account has %v, %q, %d codes", a.Kinds, a.Email, a.RecoveryLeft)
			}
			s.Browser().SignIn("ada")
			b.Get("/verify?level=2").WantStatus(t, 403)
			if body := b.Get("/profile").Body; strings.Contains(body, "Two-factor on") || strings.Contains(body, "eve@") {
				t.Error("the profile shows it as a factor")
			}
		}
		nothing()
		second.Post("/profile/factors/email/confirm", "code", eves).Want(t, "/profile/factors") // not its ceremony
		nothing()
		s.Advance(61 * time.Second)
		b.Post("/profile/factors/email", "address", "ada@example.com").Want(t, "/profile/factors/email")
		own := s.LastCode("ada@example.com")
		if own != eves {
			b.Post("/profile/factors/email/confirm", "code", eves).WantStatus(t, 422)
			b.Post("/profile/factors/email/confirm", "code", eves, "address", "eve@example.net").WantStatus(t, 422)
		}
		nothing()
		b.Post("/profile/factors/email/confirm", "code", own, "address", "eve@example.net").Want(t, "/profile/factors/recovery?new=1")
		if a := s.Account("ada"); a.Email != "ada@example.com" || !a.Has(factors.KindEmail) {
			t.Errorf("the account has %v, %q", a.Kinds, a.Email)
		}
		// Another address is a factor when it is proved, and not the account's own.
		s.Advance(61 * time.Second)
		b.Post("/profile/factors/email", "address", "work@example.org").Want(t, "/profile/factors/email")
		p := pendingOf(t, s, "ada")
		if text := p.Get("/login/challenge").Text(); strings.Contains(text, "example.org") {
			t.Errorf("the chooser offers an address that nobody proved: %s", text)
		}
		b.Post("/profile/factors/email/confirm", "code", s.LastCode("work@example.org")).Want(t, "/profile?said=factor-added")
		if a := s.Account("ada"); a.Email != "ada@example.com" {
			t.Errorf("the account's address became %q", a.Email)
		}
	})
}
