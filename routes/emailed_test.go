package routes_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// mailOwner is a signed-in person with an app and an address, who may ask for
// a code again. The login says nothing of the address.
func mailOwner(t *testing.T, s *sitetest.Site) (b *sitetest.Browser, secret []byte) {
	t.Helper()
	s.User("ada", login.Member)
	b = s.Browser().SignIn("ada")
	secret = b.EnrollTOTP()
	b.EnrollEmail("ada@example.com")
	s.Advance(61 * time.Second)
	s.Mails()
	return b, secret
}

// pendingOf is a browser that gave the right password.
func pendingOf(t *testing.T, s *sitetest.Site, name string) *sitetest.Browser {
	t.Helper()
	b := s.Browser()
	b.Password(name).Want(t, "/login/challenge")
	return b
}

const askedFor = "/login/challenge?factor=email"

// codesIn are the codes of all mails that came since the last look.
func codesIn(s *sitetest.Site) (codes []string) {
	for _, l := range s.Mails() {
		if c := l.Code(); c != "" {
			codes = append(codes, c)
		}
	}
	return codes
}

// other is a code that is not the one given.
func other(code string) string { return string('0'+(code[0]-'0'+1)%10) + code[1:] }

// often lets a test give more wrong codes than the limits allow.
func often(c *sitetest.Config) { c.Login.LockAfter = 1000 }

// CONFORMANCE 25: sent when asked for, once; no GET sends.
func TestOnlyAPostSends(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		b := pendingOf(t, s, "ada")
		look := func() {
			t.Helper()
			for _, path := range []string{"/login/challenge", askedFor, "/login/challenge/email", "/login/challenge/email/code", "/confirm", "/"} {
				for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
					for _, purpose := range []string{"", "prefetch"} {
						for _, asHTMX := range []bool{false, true} {
							c := b.Clone()
							c.Header.Set("Sec-Purpose", purpose)
							c.Do(method, path, nil, asHTMX)
						}
					}
				}
			}
			if codes := codesIn(s); len(codes) != 0 {
				t.Fatalf("looking sent %d codes", len(codes))
			}
		}
		look()
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		if codes := codesIn(s); len(codes) != 1 {
			t.Fatalf("%d codes were sent", len(codes))
		}
		look()
		s.Advance(61 * time.Second)
		look()
	})
}

// CONFORMANCE 26: one cooldown for the account, wherever it asks, and the page
// says how long it lasts.
func TestCooldown(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _ := mailOwner(t, s)
		one, two := pendingOf(t, s, "ada"), pendingOf(t, s, "ada")
		one.Post("/login/challenge/email/code").Want(t, askedFor)
		code := s.LastCode("ada@example.com")
		s.Advance(20*time.Second + 500*time.Millisecond)
		for name, ask := range map[string]func() *sitetest.Page{
			"the same login": func() *sitetest.Page { return one.Post("/login/challenge/email/code") },
			"another login":  func() *sitetest.Page { return two.Post("/login/challenge/email/code") },
			"a step-up":      func() *sitetest.Page { return b.Post("/confirm/code", "kind", "email") },
			"an enrollment":  func() *sitetest.Page { return b.Post("/profile/factors/email", "address", "new@example.com") },
			"a login cancelled": func() *sitetest.Page {
				two.Post("/login/cancel")
				two.Password("ada")
				return two.Post("/login/challenge/email/code")
			},
		} {
			p := ask().WantStatus(t, 429)
			if p.Header.Get("Retry-After") != "40" || !strings.Contains(p.Alert(), "40 seconds") {
				t.Errorf("%s: Retry-After %q, %q", name, p.Header.Get("Retry-After"), p.Alert())
			}
			if text := p.Text(); name != "the same login" && (strings.Contains(text, "on its way")) {
				t.Errorf("%s: the page says that a mail was sent", name)
			}
		}
		if codes := codesIn(s); len(codes) != 0 {
			t.Fatalf("%d codes within the cooldown", len(codes))
		}
		one.Post("/login/challenge/email", "code", code).Want(t, "/profile") // a refused wish voids nothing
		s.Advance(39 * time.Second)
		two.Post("/login/challenge/email/code").WantStatus(t, 429)
		s.Advance(500 * time.Millisecond)
		two.Post("/login/challenge/email/code").Want(t, askedFor)
	})
}

// CONTRACT §4: at most ten codes an hour to one account, enrollment's included.
func TestTenCodesAnHour(t *testing.T) {
	s := sitetest.New(t)
	mailOwner(t, s)
	for range 9 {
		pendingOf(t, s, "ada").Post("/login/challenge/email/code").Want(t, askedFor)
		s.LastCode("ada@example.com")
		s.Advance(61 * time.Second)
	}
	p := pendingOf(t, s, "ada").Post("/login/challenge/email/code").WantStatus(t, 429)
	if !strings.Contains(p.Alert(), "minutes") || strings.Contains(p.Text(), "on its way") {
		t.Errorf("the page says %q", p.Alert())
	}
	if codes := codesIn(s); len(codes) != 0 {
		t.Error("an eleventh code came")
	}
	s.Advance(time.Hour)
	pendingOf(t, s, "ada").Post("/login/challenge/email/code").Want(t, askedFor)
}

// CONFORMANCE 27: a new code voids the old one, and tries on the old one count.
func TestNewCodeVoidsTheOld(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		b := pendingOf(t, s, "ada")
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		first := s.LastCode("")
		for range 3 {
			b.Post("/login/challenge/email", "code", other(first)).WantStatus(t, 422)
		}
		s.Advance(61 * time.Second)
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		second := s.LastCode("")
		if first != second { // one time in a million they are the same
			b.Post("/login/challenge/email", "code", first).WantStatus(t, 422) // told apart, and not counted
		}
		for range 2 {
			b.Post("/login/challenge/email", "code", other(second)).WantStatus(t, 422)
		}
		b.Post("/login/challenge/email", "code", second).WantStatus(t, 429)
		s.Advance(30 * time.Second)
		b.Post("/login/challenge/email", "code", second).Want(t, "/profile")
	})
}

// CONTRACT §4: five tries void a code, also where no wait is in the way.
func TestFiveTriesVoidACode(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		b := pendingOf(t, s, "ada")
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		code := s.LastCode("")
		for range 5 {
			b.Post("/login/challenge/email", "code", other(code)).WantStatus(t, 422)
		}
		b.Post("/login/challenge/email", "code", code).WantStatus(t, 422)
		if !strings.Contains(b.Get(askedFor).Text(), "Send the code") {
			t.Error("no new code is offered")
		}
		s.Advance(61 * time.Second)
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		b.Post("/login/challenge/email", "code", s.LastCode("")).Want(t, "/profile")
	}, often)
}

// CONFORMANCE 28: once, within its life, after it was sent; nothing never matches.
func TestEmailedCodeOnceAndInTime(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		b := pendingOf(t, s, "ada")
		nothing := func() {
			t.Helper()
			for _, typed := range []string{"", " ", "-", "000000", "null", "0"} {
				b.Post("/login/challenge/email", "code", typed).WantStatus(t, 422)
			}
			b.Post("/login/challenge/email").WantStatus(t, 422)
		}
		nothing()
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		code := s.LastCode("")
		if code != "000000" {
			nothing()
		}
		late := pendingOf(t, s, "ada")
		s.Advance(61 * time.Second)
		late.Post("/login/challenge/email/code").Want(t, askedFor)
		lateCode := s.LastCode("")
		s.Advance(5*time.Minute - 61*time.Second - time.Millisecond)
		b.Post("/login/challenge/email", "code", code[:3]+" "+code[3:]).Want(t, "/profile") // the last moment
		again := pendingOf(t, s, "ada")
		again.Post("/login/challenge/email", "code", code).WantStatus(t, 422)
		s.Advance(61*time.Second + time.Millisecond)
		if p := late.Post("/login/challenge/email", "code", lateCode).WantStatus(t, 422); !strings.Contains(p.Alert(), "expired") {
			t.Errorf("after its life: %q", p.Alert())
		}
		if !strings.Contains(late.Get(askedFor).Text(), "Send the code") {
			t.Error("after its life no new code is offered")
		}
		late.Post("/login/challenge/email/code").Want(t, askedFor)
		late.Post("/login/challenge/email", "code", s.LastCode("")).Want(t, "/profile")
	}, often)
}

// CONFORMANCE 29: a code opens only what it was sent for.
func TestCodeIsBoundToItsCeremony(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := mailOwner(t, s)
		session := s.Browser().SignInTOTP("ada", secret)
		s.User("bob", login.Member)
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

// CONFORMANCE 30: with two addresses the code goes to the one chosen, and the
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

// CONFORMANCE 32: an unconfirmed address is no factor and counts nowhere.
func TestUnconfirmedAddressIsNoFactor(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada", login.Member)
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
