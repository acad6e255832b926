package oldsite_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/oldsite"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// onOldSite runs a test on the old site, brought up to date, on both databases,
// with plain forms and HTMX.
func onOldSite(t *testing.T, do func(t *testing.T, s *sitetest.Site)) {
	t.Helper()
	sitetest.Each(t, do, func(c *sitetest.Config) {
		c.Folder, c.Now = t.TempDir(), oldsite.Moment
		oldsite.Folder(t, c.Folder)
		if c.Database != "" {
			c.Database = pgtest.DSN(t)
			oldsite.Postgres(t, c.Database)
		}
	})
}

// Whoever had an account on the old site signs in to the new one as before, with
// every factor, and with nothing that was used, switched off or taken away.
func TestEverybodySignsInAsBefore(t *testing.T) {
	t.Parallel()
	onOldSite(t, func(t *testing.T, s *sitetest.Site) {
		truth := oldsite.Read(t)
		usedAppCode(t, s, truth.Person(t, "vtrust@example.com"))
		trustedBrowser(t, s, truth.Person(t, "vtrust@example.com"))
		invited(t, s, truth)
		for _, p := range truth.People {
			if p.Disabled {
				s.Browser().Post("/login", "login", p.Login, "password", p.Password).WantStatus(t, http.StatusUnprocessableEntity)
				continue
			}
			s.Advance(2 * time.Minute) // a new step for apps, and no wait between emailed codes
			for _, login := range append(p.Variants, p.Login) {
				first(t, s, p, login)
			}
			apps(t, s, p)
			addresses(t, s, p)
			recovery(t, s, p)
		}
		backAndForth(t, s, truth)
	})
}

// first gives the password, and what follows is what the account had.
func first(t *testing.T, s *sitetest.Site, p oldsite.Person, login string) *sitetest.Browser {
	t.Helper()
	b := s.Browser()
	to := "/login/challenge"
	if p.Level < 2 {
		to = "/profile"
	}
	b.Post("/login", "login", login, "password", p.Password).Want(t, to)
	if wrong := s.Browser().Post("/login", "login", login, "password", p.Password+"!"); wrong.Status != http.StatusUnprocessableEntity {
		t.Errorf("%s: a wrong password gave %d", login, wrong.Status)
	}
	return b
}

// level fails the test unless a browser is signed in at a level.
func level(t *testing.T, b *sitetest.Browser, p oldsite.Person) {
	t.Helper()
	got, status, user := b.Get(fmt.Sprintf("/verify?level=%d", p.Level)), http.StatusOK, p.Login
	if !b.Account(p.Login).LoginVouched() { // an address that nobody proved
		status, user = http.StatusForbidden, ""
	}
	if got.Status != status || got.Header.Get("Remote-User") != user {
		t.Errorf("%s: %d, user %q", p.Login, got.Status, got.Header.Get("Remote-User"))
	}
	profile := b.Get("/profile").WantStatus(t, http.StatusOK).Text()
	for _, word := range append([]string{p.Name}, names(p)...) {
		if !strings.Contains(profile, word) {
			t.Errorf("the profile of %s does not show %q", p.Login, word)
		}
	}
}

func names(p oldsite.Person) (list []string) {
	for _, a := range p.TOTP {
		list = append(list, a.Name)
	}
	for _, a := range p.Email {
		list = append(list, a.Name)
	}
	return list
}

func apps(t *testing.T, s *sitetest.Site, p oldsite.Person) {
	t.Helper()
	if p.Level < 2 {
		level(t, first(t, s, p, p.Login), p)
	}
	for _, a := range p.TOTP {
		b := first(t, s, p, p.Login)
		got := b.Post("/login/challenge/totp", "code", s.Code(a.Key()))
		if p.TOTPOff {
			if got.Status != http.StatusTooManyRequests && got.Status != http.StatusUnprocessableEntity || b.Get("/profile").Status == http.StatusOK {
				t.Errorf("%s: the app that is off gave %d", p.Login, got.Status)
			}
			continue
		}
		got.Want(t, "/profile")
		level(t, b, p)
	}
}

func addresses(t *testing.T, s *sitetest.Site, p oldsite.Person) {
	t.Helper()
	for _, a := range p.Email {
		s.Advance(2 * time.Minute)
		b := first(t, s, p, p.Login)
		b.Post("/login/challenge/email/code", "to", addressID(t, s, p, a.Name))
		b.Post("/login/challenge/email", "code", s.LastCode(a.Address)).Want(t, "/profile")
		level(t, b, p)
	}
}

// addressID is the id of a factor with a name.
func addressID(t *testing.T, s *sitetest.Site, p oldsite.Person, name string) string {
	t.Helper()
	creds, err := s.Store.Credentials(t.Context(), s.Account(p.Login).ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range creds {
		if c.Kind == factors.KindEmail && c.Name == name {
			return c.ID
		}
	}
	t.Fatalf("%s has no address called %q", p.Login, name)
	return ""
}

// recovery signs in with every code that is left, and with none that was used.
func recovery(t *testing.T, s *sitetest.Site, p oldsite.Person) {
	t.Helper()
	if len(p.Recovery) == 0 {
		return
	}
	with := func(code string) (*sitetest.Browser, *sitetest.Page) {
		b := first(t, s, p, p.Login)
		return b, b.Post("/login/challenge/recovery", "code", code)
	}
	for _, code := range p.Used {
		if _, got := with(code); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: a used recovery code gave %d", p.Login, got.Status)
		}
	}
	fresh := p.Fresh()
	if n := s.Account(p.Login).RecoveryLeft; n != len(fresh) {
		t.Errorf("%s has %d recovery codes left instead of %d", p.Login, n, len(fresh))
	}
	for _, code := range fresh[:2] { // each of them costs a slow hash
		b, got := with(code)
		got.Want(t, "/profile")
		level(t, b, p)
	}
	if _, got := with(fresh[0]); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("%s: a recovery code worked twice", p.Login)
	}
}

// usedAppCode gives the code that signed somebody in on the old site just now.
func usedAppCode(t *testing.T, s *sitetest.Site, p oldsite.Person) {
	t.Helper()
	b := first(t, s, p, p.Login)
	b.Post("/login/challenge/totp", "code", s.CodeAt(p.TOTP[0].Key(), -1)).WantStatus(t, http.StatusUnprocessableEntity)
	b.Post("/login/challenge/totp", "code", s.Code(p.TOTP[0].Key())).Want(t, "/profile")
}

func trustedBrowser(t *testing.T, s *sitetest.Site, p oldsite.Person) {
	t.Helper()
	b := s.Browser()
	b.SetCookie("nightlatch_browser", p.Trusted)
	b.Post("/login", "login", p.Login, "password", p.Password).Want(t, "/profile")
	level(t, b, p)
	other := s.Browser()
	other.SetCookie("nightlatch_browser", p.Trusted)
	other.Post("/login", "login", "vrec@example.com", "password", oldsite.Read(t).Person(t, "vrec@example.com").Password).Want(t, "/login/challenge")
}

func invited(t *testing.T, s *sitetest.Site, truth oldsite.Truth) {
	t.Helper()
	link := "/invite/" + truth.Links.Invite
	s.Browser().Get(link).WantStatus(t, http.StatusOK)
	s.Browser().Post(link, "name", "Not Yet", "password", sitetest.Password).Want(t, "/login?said=registered")
	s.Browser().SignIn(truth.Invited)
	if again := s.Browser().Post(link, "name", "Other", "password", sitetest.Password); again.Status < 400 {
		t.Errorf("the invite worked twice: %d", again.Status)
	}
}

// backAndForth takes one step back and takes it again, after all that happened
// on the new site: everything is as before, and the log holds.
func backAndForth(t *testing.T, s *sitetest.Site, truth oldsite.Truth) {
	t.Helper()
	ctx := t.Context()
	verify := func() {
		t.Helper()
		if got, err := s.Store.VerifyEvents(ctx, ""); err != nil || got.Broken > 0 || got.Fault != "" || got.Rows <= int64(truth.Events) {
			t.Errorf("the audit log: %+v, %v", got, err)
		}
	}
	verify()
	step, err := s.Store.Undo(ctx, func(store.Loss) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Store.Migrate(ctx); err != nil || len(again) != 1 || again[0] != step {
		t.Fatal(step, again, err)
	}
	verify()
	s.Advance(time.Minute)
	for _, p := range truth.People {
		switch {
		case p.Disabled, p.TOTPOff:
		case p.Level < 2:
			first(t, s, p, p.Login)
		case len(p.TOTP) > 0:
			b := first(t, s, p, p.Login)
			b.Post("/login/challenge/totp", "code", s.Code(p.TOTP[0].Key())).Want(t, "/profile")
		}
	}
}
