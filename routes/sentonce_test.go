package routes_test

import (
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// twiceFrom sends a form of a page twice, as the page stands. Between the two
// the browser follows the first answer: with a slow hand, or a quick server,
// the second click comes only then.
func twiceFrom(t *testing.T, b *sitetest.Browser, page, action string, pairs ...string) (first, second *sitetest.Page) {
	t.Helper()
	shown := b.Get(page).WantStatus(t, 200).Hidden(action)
	if shown["once"] == "" {
		t.Fatalf("%s: the form to %s does not say on which showing it stands", page, action)
	}
	for name, value := range shown {
		pairs = append(pairs, name, value)
	}
	first = b.Post(action, pairs...)
	b.Get(first.Location).WantStatus(t, 200)
	return first, b.Post(action, pairs...)
}

// What makes a link or sends a mail does it once for a double click, whether or
// not the browser has followed the first answer by then.
func TestDoubleClickMakesOneLinkAndSendsOneMail(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a, _ := invited(s, accounts.Form{Login: "kurt", Email: "kurt@example.com"})
		s.User("ada@example.com", identity.Member)
		ada, adas := s.Browser().SignIn("ada@example.com"), "/admin/users/"+s.Account("ada@example.com").ID
		path := "/admin/users/" + a.ID
		for _, x := range []struct {
			b                *sitetest.Browser
			page, action, to string
			mails            int
			pairs            []string
		}{
			{boss, path, path + "/invite", path + "?said=did-invite", 1, nil},
			{boss, adas, adas + "/password", adas + "?said=did-password", 1, []string{"reason", "forgot it"}},
			{boss, path, path + "/email", path + "?said=did-email", 2, []string{"reason", "mistyped", "email", "kurt@example.org"}},
			{boss, "/admin", "/admin/users", "", 1, []string{"login", "new@example.com", "role", "user"}},
			{ada, "/profile", "/email/verify", "/profile?said=verify-asked", 1, nil},
			{ada, "/profile", "/profile/email", "/profile?said=email-asked", 2, []string{"email", "lovelace@example.com"}},
			{ada, "/profile", "/profile/password", "/profile?said=password", 1, []string{"current", sitetest.Password, "password", newPassword}},
			{s.Browser(), "/password/forgot", "/password/forgot", "/password/forgot?sent=1", 1, []string{"login", "ada@example.com"}},
			{s.Browser(), "/register", "/register", "/register?sent=1", 1, []string{"login", "grace@example.com", "password", newPassword}},
		} {
			s.Mails()
			first, second := twiceFrom(t, x.b, x.page, x.action, x.pairs...)
			if x.to == "" {
				x.to = first.Location
			}
			same(t, x.to, first, second)
			if n := len(s.Mails()); n != x.mails {
				t.Errorf("%s: %d mails instead of %d", x.action, n, x.mails)
			}
		}
	}, func(c *sitetest.Config) { c.Open = true })
}

// Whoever has seen the next page and asks again means it, however soon.
func TestAskingAgainOnTheNextPageMakesAnotherLink(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a, _ := invited(s, accounts.Form{Login: "kurt"})
		path := "/admin/users/" + a.ID
		links := map[string]bool{}
		for range 2 {
			s.Advance(time.Millisecond)
			once := boss.Get(path).Hidden(path + "/invite")["once"]
			boss.Post(path+"/invite", "once", once).Want(t, path+"?said=did-invite")
			links[shownLink(boss, a.ID)] = true
		}
		if len(links) != 2 || links[""] {
			t.Errorf("the links are %v", links)
		}
	})
}
