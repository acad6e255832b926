package routes_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// shownLink is the one-time link on an account's page; empty when none is.
func shownLink(boss *sitetest.Browser, id string) string {
	return sitetest.Letter{Text: boss.Get("/admin/users/" + id).Text()}.Link()
}

// invited makes an account that has no password yet.
func invited(s *sitetest.Site, f accounts.Form) (a identity.Account, link string) {
	s.T.Helper()
	f.Role, f.Origin = identity.Member, "cli"
	link, err := s.Accounts.Create(s.T.Context(), f, "", identity.Event{Actor: "cli"})
	if err != nil {
		s.T.Fatal(err)
	}
	return s.Account(f.Login), strings.TrimPrefix(link, s.URL)
}

// Somebody without an address who lost the invite, and then forgets the
// password, is let in again by an admin; the factor is asked for all the same.
func TestAccountWithoutAddressIsRepaired(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a, lost := invited(s, accounts.Form{Login: "kurt"})
		path := "/admin/users/" + a.ID
		boss.Post(path+"/invite").Want(t, path+"?said=did-invite")
		link := shownLink(boss, a.ID)
		if link == "" || link == lost {
			t.Fatalf("the new invite is %q", link)
		}
		s.Browser().Get(lost).WantStatus(t, http.StatusNotFound)
		s.Browser().Post(link, "password", sitetest.Password).Want(t, "/login?said=registered")
		boss.Post(path+"/invite").WantStatus(t, http.StatusUnprocessableEntity) // there is a password now
		kurt := s.Browser().SignIn("kurt")
		secret := kurt.EnrollTOTP()

		boss.Post(path+"/password", "reason", "forgot it").Want(t, path+"?said=did-password")
		link = shownLink(boss, a.ID)
		if !strings.HasPrefix(link, "/password/reset/") {
			t.Fatalf("the link is %q", link)
		}
		if p := kurt.Get("/profile").WantStatus(t, http.StatusOK); !strings.Contains(p.Text(), "created a password reset link") {
			t.Error("the open session is not told")
		}
		if l := shownLink(s.Admin("other"), a.ID); l != "" {
			t.Errorf("another admin sees %q", l)
		}
		const fresh = "an entirely new set of words"
		b := s.Browser()
		b.Post(link, "password", fresh).Want(t, "/login?said=reset")
		s.Browser().Post(link, "password", fresh).WantStatus(t, http.StatusNotFound)
		if p := kurt.Get("/profile"); p.Location != "/login?next=%2Fprofile" {
			t.Error("the old session lives")
		}
		s.Advance(30e9)
		b.Post("/login", "login", "kurt", "password", fresh).Want(t, "/login/challenge")
		b.Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
		if got := s.Events("kurt"); !has(got, "account.invited") || !has(got, "password.reset-started") {
			t.Errorf("the audit log has %v", got)
		}
	})
}

// A link for somebody with an address is the mailbox's alone, and says who
// started it. No admin starts one to get past a factor of their own or to
// become another admin.
func TestResetByAdminGoesToTheMailbox(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a := s.User("ada@example.com", identity.Member)
		path := "/admin/users/" + a.ID
		s.Mails()
		boss.Post(path+"/password", "reason", "forgot it").Want(t, path+"?said=did-password")
		mails := s.Mails()
		if len(mails) != 1 || mails[0].To != "ada@example.com" || !strings.Contains(mails[0].Text, "boss") || !strings.Contains(mails[0].Text, "forgot it") {
			t.Fatalf("mailed: %v", mails)
		}
		if p := boss.Get(path); strings.Contains(p.Body, "/password/reset/") {
			t.Error("the admin sees the link")
		}
		s.Browser().SignIn("ada@example.com") // the old password still works
		s.Browser().Get(mails[0].Link()).WantStatus(t, http.StatusOK)

		self := s.Account("boss").ID
		for _, act := range []string{"/password", "/email", "/delete", "/invite"} {
			boss.Post("/admin/users/"+self+act, "reason", "x", "email", "boss@example.com").WantStatus(t, http.StatusUnprocessableEntity)
		}
		s.Admin("rival")
		rival := "/admin/users/" + s.Account("rival").ID
		boss.Post(rival+"/password", "reason", "x").WantStatus(t, http.StatusUnprocessableEntity)
		boss.Post(rival+"/email", "reason", "x", "email", "boss2@example.com").WantStatus(t, http.StatusUnprocessableEntity)
		if l := shownLink(boss, s.Account("rival").ID); l != "" {
			t.Errorf("a link to another admin's account is shown: %q", l)
		}
		boss.Post(path+"/disable", "reason", "left").WantStatus(t, okStatus(boss))
		boss.Post(path+"/password", "reason", "x").WantStatus(t, http.StatusUnprocessableEntity)
	})
}

// A corrected address proves nothing until its owner opens the link; the old
// one is told, and what was mailed there is void.
func TestCorrectedAddress(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a, link := invited(s, accounts.Form{Login: "kurt", Email: "kurt@old.example"})
		if a.Email != "kurt@old.example" || !a.EmailVerified.IsZero() {
			t.Fatalf("made with %q, confirmed %v", a.Email, a.EmailVerified)
		}
		s.Browser().Post(link, "password", sitetest.Password).Want(t, "/login?said=registered")
		path := "/admin/users/" + a.ID
		boss.Post(path+"/email", "email", "kurt@new.example").WantStatus(t, http.StatusUnprocessableEntity) // no reason
		p := boss.Post(path+"/email", "email", "kurt at home", "reason", "x").WantStatus(t, http.StatusUnprocessableEntity)
		if !strings.Contains(p.Body, `value="kurt at home"`) || p.Alert() == "" {
			t.Errorf("what was typed is lost: %q", p.Alert())
		}
		boss.Post(path+"/password").WantStatus(t, okStatus(boss))
		var old string
		for _, l := range s.Mails() {
			old = l.Link()
		}
		boss.Post(path+"/email", "email", "kurt@new.example", "reason", "mistyped").Want(t, path+"?said=did-email")
		s.Browser().Get(old).WantStatus(t, http.StatusNotFound)
		told := map[string]sitetest.Letter{}
		for _, l := range s.Mails() {
			told[l.To] = l
		}
		if l := told["kurt@old.example"]; !strings.Contains(l.Text, "mistyped") || l.Link() != "" {
			t.Errorf("the old address reads %q", l.Text)
		}
		kurt := s.Browser().SignIn("kurt")
		if p := kurt.Get("/verify").WantStatus(t, http.StatusOK); p.Header.Get("Remote-Email") != "" {
			t.Errorf("an unproven address is told: %q", p.Header.Get("Remote-Email"))
		}
		verify := told["kurt@new.example"].Link()
		s.Browser().Get(verify).WantStatus(t, http.StatusOK)
		s.Browser().Post(verify).WantStatus(t, okStatus(boss))
		if p := kurt.Get("/verify"); p.Header.Get("Remote-Email") != "kurt@new.example" {
			t.Errorf("after the proof: %q", p.Header.Get("Remote-Email"))
		}
	})
}

// An invite to a wrong address goes to the right one, and using it proves it.
func TestInviteToACorrectedAddress(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		boss.Post("/admin/users", "login", "ada", "email", "adda@example.com").WantStatus(t, okStatus(boss))
		a := s.Account("ada")
		wrong := shownLink(boss, a.ID)
		s.Mails()
		path := "/admin/users/" + a.ID
		boss.Post(path+"/email", "email", "ada@example.com", "reason", "mistyped").WantStatus(t, okStatus(boss))
		s.Browser().Get(wrong).WantStatus(t, http.StatusNotFound)
		if l := shownLink(boss, a.ID); l != "" {
			t.Errorf("the admin sees %q", l)
		}
		var link string
		for _, l := range s.Mails() {
			if l.To == "ada@example.com" {
				link = l.Link()
			}
		}
		s.Browser().Post(link, "password", sitetest.Password).Want(t, "/login?said=registered")
		if s.Account("ada").EmailVerified.IsZero() {
			t.Error("the mailed invite proved nothing")
		}
	})
}

// A deleted account is gone with all that names it but its audit rows, which
// keep the login; the totals agree, and the login is free.
func TestDeletedAccount(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a := s.User("ada@example.com", identity.Member)
		ada := s.Browser().SignIn("ada@example.com")
		secret := ada.EnrollTOTP()
		pending := s.Browser()
		pending.Password("ada@example.com").Want(t, "/login/challenge")
		pending.Post("/login/challenge/totp", "code", "000000")
		before := s.Events("ada@example.com")
		path := "/admin/users/" + a.ID
		boss.Post(path+"/delete").WantStatus(t, http.StatusUnprocessableEntity)
		s.Mails()
		boss.Post(path+"/delete", "reason", "left us").Want(t, "/admin?said=did-delete")
		if l := s.Mails(); len(l) != 1 || l[0].To != "ada@example.com" || !strings.Contains(l[0].Text, "it was deleted") {
			t.Errorf("told: %v", l)
		}

		boss.Get(path).WantStatus(t, http.StatusNotFound)
		boss.Post(path+"/delete", "reason", "left us").Want(t, "/admin?said=did-delete") // a double click
		boss.Post("/admin/users/nobody/delete", "reason", "x").WantStatus(t, http.StatusNotFound)
		boss.Post(path+"/password", "reason", "x").WantStatus(t, http.StatusNotFound)
		if p := ada.Get("/profile"); p.Location != "/login?next=%2Fprofile" {
			t.Errorf("the session is alive: %d", p.Status)
		}
		s.Advance(30e9)
		if p := pending.Post("/login/challenge/totp", "code", s.Code(secret)); p.Went("/profile") || p.Status >= 500 {
			t.Errorf("the pending login: %d", p.Status)
		}
		list := boss.Get("/admin")
		if strings.Contains(list.Body, "ada@example.com") || !strings.Contains(list.Text(), "Accounts 1 ") {
			t.Errorf("the list: %s", list.Text())
		}
		if n, err := s.Accounts.Funnel(t.Context()); err != nil || n.Confirmed > 0 {
			t.Errorf("the funnel counts %d, %v", n.Confirmed, err)
		}
		for _, user := range []string{"ada@example.com", a.ID} {
			p := boss.Get("/admin/audit?user=" + user)
			if got := strings.Count(p.Body, "· ada@example.com"); got != len(before)+1 || strings.Contains(p.Body, "/admin/users/"+a.ID+`"`) {
				t.Errorf("%d rows name the login, %d were made", got, len(before)+1)
			}
		}
		if p := boss.Get("/admin/audit.csv"); strings.Count(p.Body, "ada@example.com") < len(before)+1 {
			t.Error("the file does not name the login")
		}
		if got, err := s.Accounts.VerifyAudit(t.Context(), ""); err != nil || got.Broken > 0 {
			t.Errorf("the chain: %+v %v", got, err)
		}
		b := s.User("ada@example.com", identity.Member)
		s.Browser().SignIn("ada@example.com")
		if b.HasFactor() || len(s.Account("ada@example.com").Off) > 0 {
			t.Error("the new account inherits")
		}
		if got := s.Events("ada@example.com"); len(got) != 2 {
			t.Errorf("the new account's events: %v", got)
		}
		s.Advance(time.Minute)
	})
}
