package routes_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// form is a form that succeeds, and who sends it.
type form struct {
	b     *sitetest.Browser
	path  string
	pairs []string
}

// sending makes what a form needs to succeed.
type sending struct {
	quiet string // why it leaves no event; empty: it leaves one
	form  func() form
}

// Every form of the table that does what it is for leaves an event, but for
// those that change nothing about an account, each with the reason.
func TestWhatAFormDidIsRecorded(t *testing.T) {
	t.Parallel()
	x := &senders{s: sitetest.New(t, func(c *sitetest.Config) { c.Open = true })}
	all := map[string]sending{}
	for _, some := range []map[string]sending{x.fromTheFront(), x.byLinks(), x.aboutFactors(), x.aboutOneself(), x.byAdmins()} {
		for pattern, f := range some {
			all[pattern] = f
		}
	}
	for _, r := range table(x.s) {
		if r.method != http.MethodPost || strings.HasPrefix(r.pattern, "/api/") { // what a program does: TestAPIChanges
			continue
		}
		sent, known := all[r.pattern]
		if delete(all, r.pattern); !known {
			t.Errorf("nobody sends %s", r.pattern)
			continue
		}
		x.s.Mails() // what the forms before sent is none of the next
		f := sent.form()
		before := logged(f.b.Site)
		p := f.b.Post(f.path, f.pairs...)
		if p.Status != http.StatusOK && p.Status != http.StatusSeeOther || strings.HasPrefix(p.Location, "/confirm?level") || strings.HasPrefix(p.Location, "/login?next") {
			t.Errorf("%s did not do what it is for: %d %q, %q", r.pattern, p.Status, p.Location, p.Alert())
		}
		if more := logged(f.b.Site) - before; (more > 0) != (sent.quiet == "") {
			t.Errorf("%s left %d events", r.pattern, more)
		}
	}
	for left := range all {
		t.Errorf("%s is no form of the table", left)
	}
}

// logged is how many events the audit log of a site has.
func logged(s *sitetest.Site) int64 {
	s.T.Helper()
	page, err := s.Store.AuditPage(s.T.Context(), accounts.AuditFilter{Limit: 1}, "")
	if err != nil {
		s.T.Fatal(err)
	}
	if len(page.Events) == 0 {
		return 0
	}
	return page.Events[0].Seq
}

// senders make accounts and browsers that forms succeed for.
type senders struct {
	s *sitetest.Site
	n int
}

func (x *senders) name() string {
	x.n++
	return fmt.Sprintf("p%d@example.com", x.n)
}

// member is somebody who signed in and has no factor.
func (x *senders) member() *sitetest.Browser {
	name := x.name()
	x.s.User(name, identity.Member)
	return x.s.Browser().SignIn(name)
}

// owner is somebody with two factors who signed in just now.
func (x *senders) owner() (name string, e equipped) {
	name = x.name()
	e = equip(x.s, name)
	e.owner = x.s.Browser().SignInTOTP(name, e.secret)
	return name, e
}

func (x *senders) fromTheFront() map[string]sending {
	return map[string]sending{
		"/setup": {"", func() form {
			fresh := sitetest.New(x.s.T)
			token := strings.TrimPrefix(fresh.Setup.Link(""), "/setup?token=")
			return form{fresh.Browser(), "/setup", []string{"token", token, "login", "boss@example.com", "password", sitetest.Password}}
		}},
		"/login": {"", func() form {
			name := x.name()
			x.s.User(name, identity.Member)
			return form{x.s.Browser(), "/login", []string{"login", name, "password", sitetest.Password}}
		}},
		"/login/challenge/:kind": {"", func() form {
			name, e := x.owner()
			x.s.Advance(time.Minute)
			return form{pend(x.s, name), "/login/challenge/totp", []string{"code", x.s.Code(e.secret)}}
		}},
		"/login/challenge/:kind/code": {"", func() form {
			name, _ := x.owner()
			return form{pend(x.s, name), "/login/challenge/email/code", nil}
		}},
		"/login/cancel": {"the password before it left one, and so does the sweep where nobody finishes", func() form {
			name, _ := x.owner()
			return form{pend(x.s, name), "/login/cancel", nil}
		}},
		"/logout": {"", func() form { return form{x.member(), "/logout", nil} }},
		"/register": {"nobody has an account before the address is proved", func() form {
			return form{x.s.Browser(), "/register", []string{"login", x.name(), "name", "Eve", "password", newPassword}}
		}},
		"/password/forgot": {"", func() form {
			name := x.name()
			x.s.User(name, identity.Member)
			return form{x.s.Browser(), "/password/forgot", []string{"login", name}}
		}},
		"/confirm": {"", func() form {
			_, e := x.owner()
			x.s.Advance(time.Minute)
			return form{e.owner, "/confirm", []string{"kind", "totp", "code", x.s.Code(e.secret)}}
		}},
		"/confirm/code": {"", func() form { _, e := x.owner(); return form{e.owner, "/confirm/code", []string{"kind", "email"}} }},
		"/confirm/cancel": {"only the form that waits for the step-up is forgotten", func() form {
			_, e := x.owner()
			return form{e.owner, "/confirm/cancel", nil}
		}},
	}
}

func (x *senders) byLinks() map[string]sending {
	link := func(part string) string { return letter(x.s.T.(*testing.T), x.s, part).Link() }
	return map[string]sending{
		"/invite/:token": {"", func() form {
			_, to := invited(x.s, accounts.Form{Login: x.name()})
			return form{x.s.Browser(), to, []string{"password", newPassword}}
		}},
		"/password/reset/:token": {"", func() form {
			name := x.name()
			x.s.User(name, identity.Member)
			x.s.Browser().Post("/password/forgot", "login", name)
			return form{x.s.Browser(), link("/password/reset/"), []string{"password", newPassword}}
		}},
		"/email/verify/:token": {"", func() form {
			x.member().Post("/email/verify")
			return form{x.s.Browser(), link("/email/verify/"), nil}
		}},
		"/email/stop/:token": {"", func() form {
			_, e := x.owner()
			e.owner.Post("/profile/email", "email", "new@example.org")
			return form{x.s.Browser(), link("/email/stop/"), nil}
		}},
		"/enroll/:token": {"", func() form {
			name, _ := x.owner()
			x.s.Admin(x.name()).Post("/admin/users/"+x.s.Account(name).ID+"/reset", "reason", "lost")
			return form{x.s.Browser(), link("/enroll/"), nil}
		}},
		"/secure/:token": {"", func() form {
			name, _ := x.owner()
			pend(x.s, name).From("198.51.100.9").Post("/login/challenge/totp", "code", "000000")
			return form{x.s.Browser(), link("/secure/"), nil}
		}},
	}
}

func (x *senders) aboutFactors() map[string]sending {
	by := func(path string, pairs ...string) func() form {
		return func() form { _, e := x.owner(); return form{e.owner, "/profile/factors/" + path, pairs} }
	}
	one := func(path string, pairs ...string) func() form {
		return func() form {
			_, e := x.owner()
			return form{e.owner, "/profile/factors/" + e.owner.Factor("Email") + path, pairs}
		}
	}
	begun := func(kind, path string) func() form {
		return func() form {
			b := x.member()
			b.Post("/profile/factors/" + kind)
			return form{b, "/profile/factors/" + kind + path, nil}
		}
	}
	confirmed := func(kind string, code func(b *sitetest.Browser) string) func() form {
		return func() form {
			f := begun(kind, "/confirm")()
			f.pairs = []string{"code", code(f.b)}
			return f
		}
	}
	return map[string]sending{
		"/profile/factors/totp":          {"a secret that nobody confirmed signs nobody in", func() form { return form{x.member(), "/profile/factors/totp", nil} }},
		"/profile/factors/totp/cancel":   {"nothing was added", begun("totp", "/cancel")},
		"/profile/factors/totp/confirm":  {"", confirmed("totp", func(b *sitetest.Browser) string { return b.Code(b.PendingSecret()) })},
		"/profile/factors/email":         {"", func() form { return form{x.member(), "/profile/factors/email", nil} }},
		"/profile/factors/email/cancel":  {"nothing was added", begun("email", "/cancel")},
		"/profile/factors/email/confirm": {"", confirmed("email", func(b *sitetest.Browser) string { return b.LastCode("") })},

		"/profile/factors/recovery":       {"", by("recovery")},
		"/profile/factors/recovery/saved": {"it is noted for the numbers", by("recovery/saved")},
		"/profile/factors/recovery/check": {"the code stays good", func() form {
			_, e := x.owner()
			return form{e.owner, "/profile/factors/recovery/check", []string{"code", e.codes[0]}}
		}},
		"/profile/factors/disable":       {"", by("disable")},
		"/profile/factors/:id/name":      {"", one("/name", "name", "Mailbox")},
		"/profile/factors/:id/preferred": {"", one("/preferred")},
		"/profile/factors/:id/remove":    {"", one("/remove")},
	}
}
