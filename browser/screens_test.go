package browser

import (
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Every other screen: nothing for axe-core to find, no wider than the window,
// nothing red in the console.
func TestEveryOtherScreen(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]chrome.Options{
		"desk":                          {},
		"narrow, dark, without scripts": {Width: 320, Height: 640, Dark: true, NoJS: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := ready(t, o)
			p.outside()
			p.inside()
			p.steppingUp()
			p.administering()
		})
	}
}

// outside are the screens of someone not signed in.
func (p *person) outside() {
	p.t.Helper()
	p.visit("/login")
	p.Fill("#login", ada)
	p.Fill("#password", "wrong")
	p.Click("=Sign in")
	p.refused("password", "")
	p.look("sign-in, refused")
	p.Click("=Forgot your password?")
	p.look("forgot")
	p.Fill("#login", ada)
	p.Click("=Send the link")
	p.look("forgot, sent")
	for _, l := range p.site.Mails() {
		if strings.HasPrefix(l.Link(), "/password/") {
			p.visit(l.Link())
		}
	}
	p.look("reset")
	p.Fill("#password", "12345678")
	p.Click("=Set the password")
	p.refused("password", "")
	p.look("reset, refused")
	p.visit("/nowhere")
	p.look("not found")
	same(p.t, "status of nowhere", p.Status(), 404)
	p.visit("/login")
}

// inside are the screens of someone signed in.
func (p *person) inside() {
	p.t.Helper()
	p.enterWithApp()
	p.Click(`summary[aria-label="Manage Phone"]`)
	p.look("profile, managing a factor")
	p.Click("=Show")
	p.look("recovery codes again")
	p.Click("=Check a code without using it up")
	p.Fill("#check", p.codes[0])
	p.Click("=Check it")
	p.look("recovery codes, one checked")
	p.Click("=Create a new set")
	p.look("recovery codes, a new set")
	p.visit("/profile")
	p.Click("#password summary")
	p.Fill("#current", "wrong")
	p.Fill("#new-password", sitetest.Password+" again")
	p.Click("=Change the password")
	p.refused("current", "")
	p.look("profile, refused")
	p.visit("/profile/activity")
	p.look("activity")
}

// steppingUp is asked for before a change when the last proof is old; the
// change is carried out after it.
func (p *person) steppingUp() {
	p.t.Helper()
	p.site.Advance(6 * 60e9)
	p.visit("/profile")
	p.Click("=Add an authenticator app")
	p.look("confirmation")
	p.Fill("#code", "000000")
	p.Click("=Confirm")
	p.refused("code", "")
	p.Fill("#code", p.site.Code(p.key))
	p.Click("=Confirm")
	p.at("/profile/factors/totp")
	p.Click("=Cancel")
	p.at("/profile")
}

// administering are the admin's pages, and an invite and what comes of it.
func (p *person) administering() {
	p.t.Helper()
	p.site.User("grace@example.com", identity.Member)
	p.visit("/admin")
	p.look("accounts")
	p.Fill("#q", "grace")
	p.Click("=Show")
	p.look("accounts, filtered")
	p.visit("/admin")
	p.Click("=Invite someone")
	p.Fill("#login", "linus@example.com")
	p.Click("=Send the invite")
	p.look("accounts, one invited")
	for _, path := range []string{"/admin/users/" + p.site.Account("grace@example.com").ID, "/admin/policy", "/admin/import", "/admin/audit", "/admin/mail"} {
		p.visit(path)
		same(p.t, "status of "+path, p.Status(), 200)
		p.look(path)
	}
	var link string
	for _, l := range p.site.Mails() {
		if strings.HasPrefix(l.Link(), "/invite/") {
			link = l.Link()
		}
	}
	p.visit("/profile")
	p.leave()
	p.visit(link)
	p.look("invite")
	p.Fill("#password", sitetest.Password)
	p.Click("=Set the password")
	p.at("/login")
	p.Fill("#login", "linus@example.com")
	p.Fill("#password", sitetest.Password)
	p.Click("=Sign in")
	p.at("/profile")
	p.look("profile, password only")
}
