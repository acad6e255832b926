package routes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// loot is what a thief took while it was worth something: each entry tries to
// use it and says whether it still opens anything.
type loot map[string]func() bool

// stage is an account with everything that can be stolen from it.
type stage struct {
	s     *sitetest.Site
	e     equipped
	root  *sitetest.Browser // an admin, freshly confirmed
	loot  loot
	phone string // id of the app
}

const boss = "root@example.com"

func newStage(s *sitetest.Site) *stage {
	g := &stage{s: s, e: equip(s, ada)}
	s.User(boss, identity.Admin)
	roots := s.Browser().SignIn(boss).EnrollTOTP()
	session, trusting := s.Browser().SignInTOTP(ada, g.e.secret), s.Browser()
	g.phone = session.Factor("Phone")
	s.Advance(time.Minute)
	trusting.Password(ada)
	trusting.Post("/login/challenge/totp", "code", s.Code(g.e.secret), "trust", "on").Want(s.T, "/profile")
	trusting.Post("/logout")
	trusted := s.Browser()
	trusted.SetCookie("nightlatch_browser", trusting.Cookie("nightlatch_browser"))
	s.Browser().Post("/password/forgot", "login", ada)
	reset := letter(s.T.(*testing.T), s, "/password/reset/").Link()
	session.Post("/profile/email", "email", "thief@example.net").Want(s.T, "/profile?said=email-asked")
	change := letter(s.T.(*testing.T), s, "/email/verify/").Link()
	session.Post("/profile/factors/totp").Want(s.T, "/profile/factors/totp")
	planted := session.PendingSecret()
	mailing, app, sheet := pend(s, ada), pend(s, ada), pend(s, ada)
	mail := mailed(mailing)
	g.root = s.Browser().SignInTOTP(boss, roots)
	in := func(p *sitetest.Page) bool { return p.Went("/profile") }
	g.loot = loot{
		"session": func() bool { return session.Get("/verify").Status == 200 },
		"trusted browser": func() bool {
			trusted.Password(ada)
			trusted.Post("/login", "login", ada, "password", newPassword)
			return trusted.Get("/verify?level=2").Status == 200
		},
		"pending mail":  func() bool { return in(mailing.Post("/login/challenge/email", "code", mail)) },
		"pending app":   func() bool { return in(app.Post("/login/challenge/totp", "code", s.CodeAt(g.e.secret, 1))) },
		"pending sheet": func() bool { return in(sheet.Post("/login/challenge/recovery", "code", g.e.codes[9])) },
		"reset link":    func() bool { return s.Browser().Post(reset, "password", newPassword+" 2").Went("/login?said=reset") },
		"address link":  func() bool { return strings.HasPrefix(s.Browser().Post(change).Location, "/profile?said=") },
		"planted app": func() bool {
			return session.Post("/profile/factors/totp/confirm", "code", s.Code(planted), "name", "x").Location == "/profile?said=factor-added"
		},
	}
	return g
}

// ends are what ends things, and what of the loot is worthless afterwards.
var ends = []struct {
	name string
	do   func(g *stage)
	dead string
}{
	{"admin disables", func(g *stage) { g.admin("disable") }, "session, trusted browser, pending mail, pending app, pending sheet, reset link, address link, planted app"},
	{"disabled and enabled", func(g *stage) { g.admin("disable"); g.admin("enable") }, "session, trusted browser, pending mail, pending app, pending sheet, planted app"},
	{"admin resets factors", func(g *stage) { g.admin("reset") }, "session, trusted browser, pending mail, pending app, pending sheet, planted app"},
	{"admin ends sessions", func(g *stage) { g.admin("end-sessions") }, "session, trusted browser, pending mail, pending app, pending sheet, planted app"},
	{"password changed", func(g *stage) {
		b := g.owner()
		b.Post("/profile/password", "current", sitetest.Password, "password", newPassword).Want(g.s.T, "/profile?said=password")
	}, "session, trusted browser, pending mail, pending app, pending sheet, reset link, address link, planted app"},
	{"password reset", func(g *stage) {
		g.s.Advance(10 * time.Minute)
		g.s.Browser().Post("/password/forgot", "login", ada)
		l := letter(g.s.T.(*testing.T), g.s, "/password/reset/").Link()
		g.s.Browser().Post(l, "password", newPassword).Want(g.s.T, "/login?said=reset")
	}, "session, trusted browser, pending mail, pending app, pending sheet, reset link, address link, planted app"},
	{"app removed", func(g *stage) {
		g.owner().Post("/profile/factors/"+g.phone+"/remove").Want(g.s.T, "/profile?said=factor-removed")
	},
		"trusted browser, pending app"},
	{"new recovery codes", func(g *stage) { g.owner().Post("/profile/factors/recovery") }, "trusted browser, pending sheet"},
	{"everything off", func(g *stage) { g.owner().Post("/profile/factors/disable").Want(g.s.T, "/profile?said=two-factor-off") },
		"trusted browser, pending mail, pending app, pending sheet"},
	{"others ended", func(g *stage) { g.owner().Post("/profile/sessions/end-others") }, "session, planted app"},
	{"browsers forgotten", func(g *stage) { g.owner().Post("/profile/browsers/forget-all") }, "trusted browser"},
	{"ten minutes", func(g *stage) { g.s.Advance(10*time.Minute + time.Second) }, "pending mail, pending app, pending sheet, planted app"},
	{"a day", func(g *stage) { g.s.Advance(25 * time.Hour) }, "session, pending mail, pending app, pending sheet, reset link, address link, planted app"},
	{"a month", func(g *stage) { g.s.Advance(721 * time.Hour) }, "session, trusted browser, pending mail, pending app, pending sheet, reset link, address link, planted app"},
}

func (g *stage) admin(what string) {
	p := g.root.Post("/admin/users/"+g.s.Account(ada).ID+"/"+what, "reason", "a test")
	if p.Location != "/admin/users/"+g.s.Account(ada).ID+"?said=did-"+what {
		g.s.T.Fatalf("%s: %d to %q: %s", what, p.Status, p.Location, p.Alert())
	}
}

// owner signs in once more, in a browser of their own.
func (g *stage) owner() *sitetest.Browser {
	b := pend(g.s, ada)
	b.Post("/login/challenge/recovery", "code", g.e.codes[0]).Want(g.s.T, "/profile")
	return b
}

// What ends something ends everything
// that was won by it before, at once.
func TestLootDies(t *testing.T) {
	for _, end := range ends {
		t.Run(end.name, func(t *testing.T) {
			g := newStage(sitetest.New(t))
			end.do(g)
			for _, what := range strings.Split(end.dead, ", ") {
				if g.loot[what]() {
					t.Errorf("the %s still works", what)
				}
			}
		})
	}
}

// The loot is worth something, or the test above would show nothing.
func TestLootWorks(t *testing.T) {
	for what := range newStage(sitetest.New(t)).loot {
		if g := newStage(sitetest.New(t)); !g.loot[what]() {
			t.Errorf("the %s never worked", what)
		}
	}
}

// The role counts at the moment of the request: a session that was an
// admin's is not one a moment later, nor is a form that waits for a step-up.
func TestRoleTakenAway(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Admin)
		s.User(boss, identity.Admin)
		s.User("eve@example.com", identity.Member)
		root, b := s.Browser().SignIn(boss), s.Browser().SignIn(ada)
		root.EnrollTOTP()
		secret := b.EnrollTOTP()
		eve := "/admin/users/" + s.Account("eve@example.com").ID
		s.Advance(6 * time.Minute)
		up := b.Post(eve+"/disable", "reason", "x").WantHeld(t, "/profile")
		s.Advance(-5 * time.Minute) // the other admin is still fresh
		root.Post("/admin/users/"+s.Account(ada).ID+"/role", "role", "user").WantStatus(t, map[bool]int{true: 200, false: 303}[root.HTMX])
		s.Advance(5 * time.Minute)
		b.Get("/admin").WantStatus(t, 403)
		stepUp(t, b, up, "kind", "totp", "code", s.Code(secret)).WantStatus(t, 403)
		if s.Account("eve@example.com").Status() != "active" {
			t.Error("a held form did what its owner may not do any more")
		}
	})
}

// A link that is pressed ten times at once works once.
func TestLinksInARace(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		e.owner.SignInTOTP(ada, e.secret)
		name := ada
		ask := map[string]func(){
			"/password/reset/": func() { s.Browser().Post("/password/forgot", "login", name) },
			"/email/verify/": func() {
				e.owner.Post("/profile/email", "email", "new@example.org").Want(t, "/profile?said=email-asked")
			},
			"/secure/": func() {
				b := s.Browser().From("198.51.100.1")
				b.Password(name).Want(t, "/login/challenge")
				b.Post("/login/challenge/totp", "code", "000000").WantStatus(t, 422)
			},
		}
		for _, part := range []string{"/email/verify/", "/secure/", "/password/reset/"} {
			s.Mails()
			ask[part]()
			link, before := letter(t, s, part).Link(), len(s.Events(name))
			pages := sitetest.AtOnce(10, func(i int) *sitetest.Page {
				return s.Browser().Post(link, "password", fmt.Sprintf("%s %d", newPassword, i))
			})
			if part == "/email/verify/" {
				name = "new@example.org" // the login goes with the address
			}
			worked := 0
			for _, p := range pages {
				if p.Location != "" {
					worked++
				} else if p.Status != 404 && p.Status != 503 {
					t.Errorf("%s: %d", part, p.Status)
				}
			}
			if worked != 1 {
				t.Errorf("%s worked %d times, %v", part, worked, s.Events(name)[:len(s.Events(name))-before])
			}
		}
	})
}

// Whoever answers rightly at the moment in which the account is
// disabled, its password changed or its factor removed, is out afterwards.
func TestAnswerAndTheEndRace(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(boss, identity.Admin)
		root := s.Browser().SignIn(boss)
		root.EnrollTOTP()
		for round, what := range []string{"disable", "end-sessions", "reset", "disable", "end-sessions", "reset"} {
			name := fmt.Sprintf("p%d@example.com", round)
			s.User(name, identity.Member)
			secret := s.Browser().SignIn(name).EnrollTOTP()
			s.Advance(31 * time.Second)
			thief := pend(s, name)
			pages := sitetest.AtOnce(2, func(i int) *sitetest.Page {
				if i == 0 {
					return root.Post("/admin/users/"+s.Account(name).ID+"/"+what, "reason", "x")
				}
				return thief.Post("/login/challenge/totp", "code", s.Code(secret))
			})
			if !slices.Contains([]int{200, 303}, pages[0].Status) {
				t.Fatalf("%s: %d %s", what, pages[0].Status, pages[0].Alert())
			}
			if thief.Get("/verify").Status == 200 && what != "end-sessions" || sessions(s, name) > 1 {
				t.Errorf("%s, then the answer came with %d and is in", what, pages[1].Status)
			}
			s.Advance(-31 * time.Second) // the admin stays fresh
		}
	})
}
