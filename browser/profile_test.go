package browser

import (
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/chrome"
)

// The profile's actions, one after another, as somebody would do them: with
// scripts, where the step-up is a dialog over the page, and without.
func TestProfile(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o chrome.Options) {
		p := ready(t, o)
		p.enterWithApp()
		p.renaming(o)
		p.stepping(o)
		p.checking()
		p.account()
		p.ending()
		p.disabling()
	})
}

func (p *person) manage(name string) {
	p.t.Helper()
	p.Click(`summary[aria-label="Manage ` + name + `"]`)
}

func (p *person) renaming(o chrome.Options) {
	p.t.Helper()
	p.manage("Phone")
	p.Fill(`details[open] input[name=name]`, "Old phone")
	p.Click("=Rename")
	p.WaitText("The factor was renamed.")
	p.WaitText("Old phone")
	p.manage("Email")
	p.Click("=Ask for this first")
	p.WaitText("Asked first")
}

// stepping has a removal held up by a step-up, and carried out after it.
func (p *person) stepping(o chrome.Options) {
	p.t.Helper()
	p.site.Advance(6 * time.Minute)
	p.Reload()
	p.manage("Email")
	p.Click(`summary[aria-label="Remove Email"]`)
	p.WaitText("These remain: Old phone, and 10 recovery codes.")
	p.look("profile, asked before a removal")
	p.Click("=Yes, remove it")
	p.WaitText("Remove a factor")
	if !o.NoJS { // not now: the dialog closes, the page below stays as it was
		p.Click("=Not now")
		same(p.t, "a dialog after not now", p.shows("dialog[open]"), false)
		p.Click("=Yes, remove it")
		p.WaitText("Remove a factor")
	}
	same(p.t, "a dialog", p.shows("dialog[open]"), !o.NoJS)
	if o.NoJS {
		p.at("/confirm")
	} else {
		p.at("/profile")
	}
	p.Click(`.choice[href*="factor=totp"]`) // the address is preferred, so its panel is open
	p.Fill("#code", "000000")
	p.Click("=Confirm")
	p.WaitText("That code is not right.")
	same(p.t, "still a dialog", p.shows("dialog[open]"), !o.NoJS)
	p.Fill("#code", p.site.Code(p.key))
	p.Click("=Confirm")
	p.WaitText("The factor was removed.")
	p.at("/profile")
	p.look("profile after a step-up")
}

// checking looks whether a recovery code is good, and spends none.
func (p *person) checking() {
	p.t.Helper()
	p.Click("=Show")
	p.at("/profile/factors/recovery")
	p.visit("/profile")
	p.WaitText("10 of 10 left")
}

func (p *person) account() {
	p.t.Helper()
	p.Click("#name summary")
	p.Fill("#own-name", "Ada Byron")
	p.Click("=Save")
	p.WaitText("Your name was changed.")
	p.Click("#password summary")
	p.Fill("#current", "correct horse battery staple")
	p.Fill("#new-password", "password")
	p.Click("=Change the password")
	p.WaitText("one of the most common ones")
	p.Fill("#current", "correct horse battery staple")
	p.Fill("#new-password", "quite another pass phrase")
	p.Click("=Change the password")
	p.WaitText("Your password was changed.")
	p.Click("#email summary")
	p.Fill("#new-email", "lovelace@example.org")
	p.Click("#email button")
	p.WaitText("We sent a link to the new address.")
	for _, l := range p.site.Mails() {
		if strings.HasPrefix(l.Link(), "/email/verify/") {
			p.visit(l.Link())
			p.look("confirm an address")
			p.Click("=Confirm")
			p.WaitText("The address is confirmed.")
			return
		}
	}
	p.t.Error("no link came to the new address")
}

// ending ends somebody else's session, and reads what happened.
func (p *person) ending() {
	p.t.Helper()
	other := p.site.Browser()
	other.Post("/login", "login", "lovelace@example.org", "password", "quite another pass phrase").Want(p.t, "/login/challenge")
	p.site.Advance(31 * time.Second)
	other.Post("/login/challenge/totp", "code", p.site.Code(p.key)).Want(p.t, "/profile")
	p.visit("/profile")
	p.Click(`summary[aria-label="End all others"]`)
	p.Click("=Yes, end them all")
	p.WaitText("All other sessions were ended.")
	other.Get("/verify").WantStatus(p.t, 401)
	p.Click("=All activity")
	p.WaitText("Password changed")
	p.look("activity")
	p.visit("/profile")
}

func (p *person) disabling() {
	p.t.Helper()
	p.Click("=Switch off two-factor sign-in")
	p.WaitText("Your recovery codes stop working.")
	p.look("profile, about to switch off")
	p.Click(`details[open] button[data-variant=danger]`)
	p.WaitText("Two-factor sign-in is off.")
	p.WaitText("Password only")
}
