package routes_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// adminPages are the pages of an admin that only look.
var adminPages = []string{"/admin", "/admin?status=enrolled", "/admin/enrollment.csv", "/admin/adoption.svg", "/admin/kinds.svg", "/admin/policy",
	"/admin/import", "/admin/audit", "/admin/audit.csv", "/admin/mail"}

// The role and level 2 are needed at the moment of the request.
func TestAdminPagesAreForAdmins(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		other := s.User("other@example.com", identity.Admin)
		member := s.User("ada@example.com", identity.Member)
		ada := s.Browser().SignIn("ada@example.com")
		ada.EnrollTOTP()
		bare := s.Browser().SignIn("other@example.com") // an admin at level 1
		pages := append([]string{"/admin/users/" + member.ID}, adminPages...)
		for _, path := range pages {
			boss.Get(path).WantStatus(t, http.StatusOK)
			ada.Get(path).WantStatus(t, http.StatusForbidden)
			if p := bare.Get(path); p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location, "/confirm?level=2") {
				t.Errorf("%s at level 1: %d to %s", path, p.Status, p.Location)
			}
			if p := s.Browser().Get(path); p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location, "/login") {
				t.Errorf("%s as nobody: %d", path, p.Status)
			}
		}
		for _, act := range []string{"/invite", "/password", "/email", "/delete", "/reset", "/unlock", "/disable", "/enable", "/end-sessions", "/role"} {
			ada.Post("/admin/users/"+other.ID+act, "reason", "x", "role", "user").WantStatus(t, http.StatusForbidden)
			if p := bare.Post("/admin/users/"+member.ID+act, "reason", "x", "role", "admin"); !strings.HasPrefix(p.Location, "/confirm?level=2") {
				t.Errorf("%s at level 1: %d to %s", act, p.Status, p.Location)
			}
		}
		if a := s.Account("other@example.com"); a.Role != identity.Admin || !a.Disabled.IsZero() {
			t.Error("the refused changed something")
		}
		boss.Post("/admin/users/"+other.ID+"/role", "role", "user").WantStatus(t, okStatus(boss))
		if p := bare.Get("/admin"); p.Status != http.StatusForbidden {
			t.Errorf("the role is gone, and the page opens: %d", p.Status)
		}
	})
}

// okStatus is the status of a form that worked.
func okStatus(b *sitetest.Browser) int {
	if b.HTMX {
		return http.StatusOK
	}
	return http.StatusSeeOther
}

// A reset asks for a reason, is told to the owner, ends all
// that was proved, and is in the audit log. Afterwards the password alone
// opens nothing: only the browser that pressed the mailed link may enroll.
func TestResetOfFactors(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss@example.com")
		a := s.User("ada@example.com", identity.Member)
		ada := s.Browser().SignIn("ada@example.com")
		ada.EnrollTOTP()
		reset := "/admin/users/" + a.ID + "/reset"
		if p := boss.Post(reset, "reason", " ").WantStatus(t, http.StatusUnprocessableEntity); !strings.Contains(p.Alert(), "reason") {
			t.Errorf("no reason: %q", p.Alert())
		}
		if !s.Account("ada@example.com").HasFactor() {
			t.Fatal("a reset without a reason was carried out")
		}
		s.Mails()
		boss.Post(reset, "reason", "lost the phone").Want(t, "/admin/users/"+a.ID+"?said=did-reset")
		var letter sitetest.Letter
		for _, l := range s.Mails() {
			if l.To == "ada@example.com" {
				letter = l
			}
		}
		if !strings.Contains(letter.Text, "lost the phone") || !strings.HasPrefix(letter.Link(), "/enroll/") {
			t.Fatalf("the owner was told: %q", letter.Text)
		}
		if p := boss.Get("/admin/users/" + a.ID); strings.Contains(p.Body, letter.Link()) {
			t.Error("the admin sees the owner's link")
		}
		if p := ada.Get("/profile"); p.Location != "/login?next=%2Fprofile" {
			t.Errorf("the session is alive: %d", p.Status)
		}
		now := s.Account("ada@example.com")
		if now.HasFactor() || now.RecoveryLeft > 0 {
			t.Error("factors are left")
		}
		if !has(s.Events("ada@example.com"), "factors.reset") {
			t.Error("not in the audit log")
		}

		thief := s.Browser() // knows the password, and no more
		if p := thief.Password("ada@example.com"); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Alert(), "mail") {
			t.Fatalf("the password alone: %d to %q: %q", p.Status, p.Location, p.Alert())
		}
		if thief.Cookie("nightlatch_session") != "" || thief.Cookie("nightlatch_login") != "" {
			t.Error("a session or pending login began")
		}
		for range 8 { // a right password is no failure
			thief.Password("ada@example.com").WantStatus(t, http.StatusUnprocessableEntity)
		}

		owner := s.Browser()
		owner.Get(letter.Link()).WantStatus(t, http.StatusOK)
		if p := owner.Password("ada@example.com"); p.Status != http.StatusUnprocessableEntity {
			t.Fatalf("opening the link was enough: %d", p.Status)
		}
		owner.Post(letter.Link()).Want(t, "/login?said=ticket")
		if text := owner.Clone().Get(letter.Link()).WantStatus(t, http.StatusOK).Text(); !strings.Contains(text, "Already done") {
			t.Errorf("the browser that used the link reads %q", text)
		}
		s.Browser().Post(letter.Link()).WantStatus(t, http.StatusNotFound)
		thief.Password("ada@example.com").WantStatus(t, http.StatusUnprocessableEntity)
		s.User("eve@example.com", identity.Member)
		owner.Password("ada@example.com")
		for _, path := range []string{"/profile", "/profile/activity", "/"} {
			if p := owner.Get(path); p.Status != http.StatusSeeOther {
				t.Errorf("%s opens before a factor is set up: %d", path, p.Status)
			}
		}
		if p := owner.Get("/verify"); p.Status != http.StatusForbidden {
			t.Errorf("/verify: %d", p.Status)
		}
		owner.Get("/profile/factors").WantStatus(t, http.StatusOK)
		secret := owner.EnrollTOTP()
		owner.Get("/profile").WantStatus(t, http.StatusOK)
		owner.Post("/logout")
		owner.SignInTOTP("ada@example.com", secret)
		s.Browser().Password("ada@example.com").Want(t, "/login/challenge")
	})
}

// A ticket is one account's and one hour's.
func TestTicketOfAnother(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss@example.com")
		ada, eve := s.User("ada@example.com", identity.Member), s.User("eve@example.com", identity.Member)
		for _, a := range []identity.Account{ada, eve} {
			s.Browser().SignIn(a.Login).EnrollTOTP()
			boss.Post("/admin/users/"+a.ID+"/reset", "reason", "x").WantStatus(t, okStatus(boss))
		}
		b := s.Browser()
		for _, l := range s.Mails() {
			if l.To == "eve@example.com" && l.Link() != "" {
				b.Post(l.Link()).Want(t, "/login?said=ticket")
			}
		}
		b.Password("ada@example.com").WantStatus(t, http.StatusUnprocessableEntity)
		s.Advance(login.TicketTTL)
		b.Password("eve@example.com").WantStatus(t, http.StatusUnprocessableEntity)
	})
}

// An account without an address gets its link from the hands of the admin.
func TestResetWithoutAddress(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a := s.User("kurt", identity.Member)
		boss.Post("/admin/users/"+a.ID+"/reset", "reason", "x").WantStatus(t, http.StatusUnprocessableEntity) // there is nothing to reset
		s.Browser().SignIn("kurt").EnrollTOTP()
		boss.Post("/admin/users/"+a.ID+"/reset", "reason", "x").WantStatus(t, okStatus(boss))
		page := boss.Get("/admin/users/" + a.ID)
		l := sitetest.Letter{Text: page.Text()}
		s.Browser().Get(l.Link()).WantStatus(t, http.StatusOK)
		other := s.Admin("other")
		if p := other.Get("/admin/users/" + a.ID); strings.Contains(p.Body, l.Link()) {
			t.Error("another admin sees the link")
		}
		s.Advance(11 * time.Minute)
		if p := boss.Get("/admin/users/" + a.ID); strings.Contains(p.Body, l.Link()) {
			t.Error("the link stays on the page")
		}
	})
}

func has(list []string, want string) bool {
	for _, x := range list {
		if x == want {
			return true
		}
	}
	return false
}

// Disabling an account takes effect at once, on everything that it had open.
func TestDisableByAdmin(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a := s.User("ada@example.com", identity.Member)
		in := s.Browser().SignIn("ada@example.com")
		secret := in.EnrollTOTP()
		trusted := s.Browser()
		s.Advance(30e9)
		trusted.Password("ada@example.com")
		trusted.Post("/login/challenge/totp", "code", s.Code(secret), "trust", "on").Want(t, "/profile")
		pending := s.Browser()
		pending.Password("ada@example.com").Want(t, "/login/challenge")
		path := "/admin/users/" + a.ID
		boss.Post(path+"/disable").WantStatus(t, http.StatusUnprocessableEntity)
		s.Mails()
		boss.Post(path+"/disable", "reason", "left").Want(t, path+"?said=did-disable")
		if l := s.Mails(); len(l) != 1 || l[0].To != "ada@example.com" || !strings.Contains(l[0].Text, "it was disabled") || !strings.Contains(l[0].Text, "left") {
			t.Errorf("the owner was told: %v", l)
		}
		for name, b := range map[string]*sitetest.Browser{"session": in, "trusted": trusted} {
			if p := b.Get("/profile"); p.Location != "/login?next=%2Fprofile" {
				t.Errorf("%s: %d", name, p.Status)
			}
		}
		s.Advance(30e9)
		if p := pending.Post("/login/challenge/totp", "code", s.Code(secret)); p.Went("/profile") {
			t.Error("the pending login went on")
		}
		wrong := s.Browser().Post("/login", "login", "nobody@example.com", "password", "wrong password")
		right := s.Browser().Password("ada@example.com")
		if right.Status != wrong.Status || right.Alert() != wrong.Alert() {
			t.Errorf("a disabled account shows: %d %q", right.Status, right.Alert())
		}
		boss.Post(path+"/enable").Want(t, path+"?said=did-enable")
		s.Advance(31e9)
		trusted.Password("ada@example.com").Want(t, "/login/challenge")
	})
}

// The last admin stays one, also when two take each other's
// role at the same moment.
func TestLastAdmin(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		one := s.Admin("one")
		a := s.Account("one")
		path := "/admin/users/" + a.ID
		for _, p := range []*sitetest.Page{one.Post(path+"/role", "role", "user"), one.Post(path+"/disable", "reason", "x")} {
			if p.WantStatus(t, http.StatusUnprocessableEntity); !strings.Contains(p.Alert(), "last admin") {
				t.Errorf("%q", p.Alert())
			}
		}
		s.User("gone", identity.Admin)
		one.Post("/admin/users/"+s.Account("gone").ID+"/disable", "reason", "x").WantStatus(t, okStatus(one))
		one.Post(path+"/role", "role", "user").WantStatus(t, http.StatusUnprocessableEntity)

		two := s.Admin("two")
		b := s.Account("two")
		var race sync.WaitGroup
		race.Go(func() { one.Post("/admin/users/"+b.ID+"/role", "role", "user") })
		race.Go(func() { two.Post("/admin/users/"+a.ID+"/disable", "reason", "x") })
		race.Wait()
		left := 0
		for _, name := range []string{"one", "two"} {
			if x := s.Account(name); x.Role == identity.Admin && x.Disabled.IsZero() {
				left++
			}
		}
		if left != 1 {
			t.Errorf("%d admins are left", left)
		}
	})
}

// "Switch a factor on again", and the end of every wait.
func TestUnlockByAdmin(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a := s.User("ada@example.com", identity.Member)
		secret := s.Browser().SignIn("ada@example.com").EnrollTOTP()
		b := s.Browser()
		b.Password("ada@example.com").Want(t, "/login/challenge")
		for range 3 {
			b.Post("/login/challenge/totp", "code", "000000")
		}
		if got := s.Account("ada@example.com").Off; len(got) != 1 || got[0] != factors.KindTOTP {
			t.Fatalf("off: %v", got)
		}
		if p := boss.Get("/admin?status=locked"); !strings.Contains(p.Body, "ada@example.com") || !strings.Contains(p.Text(), "Switched off by failures 1") {
			t.Error("the list does not show it")
		}
		boss.Post("/admin/users/"+a.ID+"/unlock", "kind", "telepathy").WantStatus(t, http.StatusUnprocessableEntity)
		boss.Post("/admin/users/"+a.ID+"/unlock", "kind", "totp").WantStatus(t, okStatus(boss))
		if got := s.Account("ada@example.com").Off; len(got) != 0 {
			t.Errorf("still off: %v", got)
		}
		if p := boss.Get("/admin?status=locked"); strings.Contains(p.Body, "ada@example.com") {
			t.Error("the list still shows it")
		}
		s.Browser().SignInTOTP("ada@example.com", secret)
	}, func(c *sitetest.Config) { c.Login.LockDisable = 3 })
}
