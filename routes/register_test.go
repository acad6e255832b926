package routes_test

import (
	"fmt"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

const chosen = "a good long one 77 of mine"

// registers an address and gives the answer.
func registers(b *sitetest.Browser, address string) *sitetest.Page {
	b.T.Helper()
	return b.Post("/register", "login", address, "name", "Eve", "password", chosen, "next", "/profile/activity")
}

// The account is made by the click that proves its address, once, and signs in
// with it; other applications are told a proven address.
func TestRegistrationMakesTheAccountByItsMail(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b := s.Browser()
		registers(b, " Eve@Example.com").Want(t, "/register?sent=1")
		if n, err := s.Store.CountAccounts(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d accounts before the proof, %v", n, err)
		}
		b.Post("/login", "login", "eve@example.com", "password", chosen).WantStatus(t, 422)
		link := letter(t, s, "/email/verify/").Link()
		b.Get(link).WantStatus(t, 200)
		if n, _ := s.Store.CountAccounts(t.Context()); n != 0 {
			t.Error("opening the link alone made the account")
		}
		b.Post(link).Want(t, "/login?said=registered&next=%2Fprofile%2Factivity")
		b.Post(link).Want(t, "/login?said=registered&next=%2Fprofile%2Factivity") // a second click
		s.Browser().Post(link, "password", chosen).WantStatus(t, 404)
		a := s.Account("eve@example.com")
		if a.Login != "Eve@Example.com" || a.Email != a.Login || a.EmailVerified.IsZero() || a.Role != identity.Member || a.Name != "Eve" {
			t.Errorf("made: %+v", a)
		}
		b.Post("/login", "login", "eve@example.com", "password", chosen).Want(t, "/profile")
		if p := b.Get("/verify").WantStatus(t, 200); p.Header.Get("Remote-User") != a.Login || p.Header.Get("Remote-Email") != a.Login {
			t.Errorf("applications are told %q, %q", p.Header.Get("Remote-User"), p.Header.Get("Remote-Email"))
		}
	}, openDoor)
}

// Whoever presses a link that somebody else had sent makes no account with
// that one's password.
func TestRegistrationInAnotherBrowserAsksForThePassword(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		registers(s.Browser(), "ceo@company.example").Want(t, "/register?sent=1")
		link := letter(t, s, "/email/verify/").Link()
		owner := s.Browser()
		if text := owner.Get(link).WantStatus(t, 200).Text(); !strings.Contains(text, "requested in another browser") {
			t.Errorf("it says %q", text)
		}
		owner.Post(link).WantStatus(t, 422)
		owner.Post(link, "password", wrong).WantStatus(t, 422)
		if n, _ := s.Store.CountAccounts(t.Context()); n != 0 {
			t.Fatal("an account was made")
		}
		owner.Post(link, "password", chosen).Want(t, "/login?said=registered&next=%2Fprofile%2Factivity")
	}, openDoor)
}

// The form answers the same whether or not the address has an account, as a
// login or as a proven address; only its owner's mailbox is told.
func TestRegistrationTellsNothing(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("taken@example.com", identity.Member)
		s.User("carl", identity.Member)
		carl := s.Browser().SignIn("carl")
		carl.EnrollEmail("carl@example.com")
		s.Mails()
		want := registers(s.Browser(), "free@example.com")
		if l := letter(t, s, "/email/verify/"); l.To != "free@example.com" {
			t.Errorf("mail to %s", l.To)
		}
		for _, name := range []string{"taken@example.com", "TAKEN@example.com", "carl@example.com"} {
			p := registers(s.Browser(), name)
			if p.Status != want.Status || p.Location != want.Location || p.Body != want.Body || len(p.Cookies) != len(want.Cookies) {
				t.Errorf("%q is told apart: %d %s", name, p.Status, p.Location)
			}
			if l := s.Mails(); len(l) != 1 || !strings.EqualFold(l[0].To, name) || !strings.Contains(l[0].Subject, "You already have an account") || l[0].Link() != "" {
				t.Errorf("%q is mailed %v", name, l)
			}
		}
		for _, name := range []string{"eve", "eve@", "eve@localhost\u00ad.", "Eve <eve@example.com>"} {
			registers(s.Browser(), name).WantStatus(t, 422)
		}
		for i := range 8 { // a mailbox is not filled
			registers(s.Browser().From(fmt.Sprintf("198.51.100.%d", i)), "victim@example.com").Want(t, "/register?sent=1")
		}
		if n := len(s.Mails()); n != 5 {
			t.Errorf("%d mails", n)
		}
		for range 10 {
			registers(s.Browser().From("192.0.2.9"), "x@example.com").Want(t, "/register?sent=1")
		}
		for _, name := range []string{"x@example.com", "taken@example.com"} {
			if p := registers(s.Browser().From("192.0.2.9"), name).WantStatus(t, 429); p.Header.Get("Retry-After") == "" {
				t.Error("nothing says when to come back")
			}
		}
	}, openDoor)
}

// Of many links to one address, pressed at once, one makes the account.
func TestOneAddressIsRegisteredOnce(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		var links []string
		browsers := make([]*sitetest.Browser, 4)
		for i := range browsers {
			browsers[i] = s.Browser()
			registers(browsers[i], "eve@example.com").Want(t, "/register?sent=1")
			links = append(links, letter(t, s, "/email/verify/").Link())
		}
		made := 0
		for _, p := range sitetest.AtOnce(4, func(i int) *sitetest.Page { return browsers[i].Post(links[i]) }) {
			if strings.HasPrefix(p.Location, "/login?said=registered") {
				made++
			} else if p.Status != 404 {
				t.Errorf("the others get %d", p.Status)
			}
		}
		if made != 1 {
			t.Errorf("made %d times", made)
		}
	}, openDoor)
}

// People sign in by login or by the address that they proved. A changed one
// signs in, the old one does not, and a login that is an address goes with it.
func TestSignInByProvenAddress(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("carl", identity.Member)
		b := s.Browser().SignIn("carl")
		s.Browser().Password("carl@example.com").WantStatus(t, 422)
		move := func(b *sitetest.Browser, to string) {
			t.Helper()
			b.Post("/profile/email", "email", to).Want(t, "/profile?said=email-asked")
			b.Post(letter(t, s, "/email/verify/").Link()).Want(t, "/profile?said=email-confirmed")
			s.Mails()
		}
		move(b, "carl@example.com")
		for _, name := range []string{"carl", "carl@example.com", " CARL@example.com"} {
			if got := s.Browser().SignIn(name).AccountOf().Login; got != "carl" {
				t.Errorf("%q is %q", name, got)
			}
		}
		move(b, "carl@example.org")
		s.Browser().SignIn("carl@example.org")
		s.Browser().SignIn("carl")
		s.Browser().Password("carl@example.com").WantStatus(t, 422)

		s.User(ada, identity.Member)
		adas := s.Browser().SignIn(ada)
		move(adas, "lovelace@example.org")
		if got := s.Browser().SignIn("lovelace@example.org").AccountOf().Login; got != "lovelace@example.org" {
			t.Errorf("the login is %q", got)
		}
		s.Browser().Password(ada).WantStatus(t, 422)
		fails(s.Browser(), "carl", 3) // one counter, whichever name
		fails(s.Browser(), "carl@example.org", 2)
		s.Browser().Password("carl").WantStatus(t, 429)
	})
}

// Two accounts never prove one address, and no new login is one that somebody
// proved.
func TestAnAddressIsProvedByOneAccount(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		links, browsers := make([]string, 2), make([]*sitetest.Browser, 2)
		for i, name := range []string{"carl", "cora"} {
			s.User(name, identity.Member)
			browsers[i] = s.Browser().SignIn(name)
			browsers[i].Post("/profile/email", "email", "shared@example.com").Want(t, "/profile?said=email-asked")
			links[i] = letter(t, s, "/email/verify/").Link()
		}
		proved := 0
		for _, p := range sitetest.AtOnce(2, func(i int) *sitetest.Page { return browsers[i].Post(links[i]) }) {
			if p.Went("/profile?said=email-confirmed") {
				proved++
			} else if p.Status != 422 {
				t.Errorf("the other gets %d", p.Status)
			}
		}
		if proved != 1 {
			t.Errorf("proved by %d", proved)
		}
		s.Mails()
		boss := s.Admin("boss@example.com")
		if p := boss.Post("/admin/users", "login", "shared@example.com").WantStatus(t, 422); !strings.Contains(p.Alert(), "taken") {
			t.Errorf("it says %q", p.Alert())
		}
	})
}

// An address-like login that registered before addresses were proven tells
// other applications nothing until it is.
func TestUnprovenLoginIsToldToNobody(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		old(t, s, "ceo@company.example")
		b := s.Browser().SignIn("ceo@company.example")
		if p := b.Get("/verify").WantStatus(t, 403); p.Header.Get("Remote-User") != "" {
			t.Errorf("told: %q", p.Header.Get("Remote-User"))
		}
		b.Post("/email/verify").Want(t, "/profile?said=verify-asked")
		b.Post(letter(t, s, "/email/verify/").Link()).Want(t, "/profile?said=email-confirmed")
		if p := b.Get("/verify").WantStatus(t, 200); p.Header.Get("Remote-User") != "ceo@company.example" {
			t.Errorf("told: %q", p.Header.Get("Remote-User"))
		}
	})
}

// old makes an account as open registration once did: its own, not proven.
func old(t *testing.T, s *sitetest.Site, name string) {
	t.Helper()
	form := accounts.Form{Login: name, Password: sitetest.Password, Role: identity.Member, Origin: "self"}
	if _, err := s.Accounts.Create(t.Context(), form, "", identity.Event{Actor: "self"}); err != nil {
		t.Fatal(err)
	}
}
