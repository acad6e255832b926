package browser

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// lovelace is the address, and so the login, that Ada changes to.
const lovelace = "lovelace@example.org"

// doubler is somebody who clicks everything twice.
type doubler struct {
	*person
	gate   *gate
	moment moment
	noJS   bool
}

// clicking says with which moments each kind of page is tried. Whether a page has
// scripts decides what the browser sends a second time, and the moment what the site
// then finds, so a run has each journey at all four moments, two with scripts and two
// without; with sitetest.PairsEnv it is the other way round. Both are all eight.
func clicking() map[moment]bool {
	noJS := map[moment]bool{sent: false, judged: true, answered: false, followed: true}
	for at := range noJS {
		noJS[at] = noJS[at] != sitetest.Swapped()
	}
	return noJS
}

// A double click on any form does what one click does, at whatever moment the
// second finds the first: it leads to the same page, acts once, mails once and
// counts no failure.
func TestDoubleClicks(t *testing.T) {
	for at, noJS := range clicking() {
		name := "scripts"
		if noJS {
			name = "no scripts"
		}
		t.Run(name+"/"+string(at), func(t *testing.T) {
			t.Parallel()
			p, g := behindGate(t, chrome.Options{NoJS: noJS})
			d := &doubler{p, g, at, noJS}
			d.beginning()
			d.changing()
			d.steppingUp()
			d.administering()
			d.inviting()
			d.entering()
			d.forgetting()
			d.registering()
		})
	}
}

// recorded is how many events of a kind there are, empty for all.
func (d *doubler) recorded(kind string) int {
	d.t.Helper()
	page, err := d.site.Accounts.Audit(d.t.Context(), accounts.AuditFilter{Kind: kind, Limit: 500})
	if err != nil {
		d.t.Fatal(err)
	}
	return len(page.Events)
}

// done is what one click comes to.
type done struct {
	at     string // the page that it leads to; may be empty
	text   string // that is to be read there
	event  string // that is recorded once; may be empty
	others int    // events beside it
}

// twice clicks an element twice and gives the mails that came of it.
func (d *doubler) twice(sel string, want done) []sitetest.Letter {
	d.t.Helper()
	d.site.Mails()
	before, all := d.recorded(want.event), d.recorded("")
	held := d.gate.arm(d.moment)
	d.ClickTwice(sel, func() {
		select {
		case <-held:
		case <-time.After(holdTime):
			d.t.Fatalf("%s: nothing was sent", sel)
		}
	}, func() {
		if !d.noJS { // without scripts a second form always comes
			d.gate.release()
		}
	})
	d.WaitText(want.text)
	if want.at != "" {
		d.at(want.at)
	}
	if d.noJS && d.gate.forms() != 2 {
		d.t.Errorf("%s: %d forms were sent", sel, d.gate.forms())
	}
	if want.event != "" {
		same(d.t, sel+": "+want.event+" recorded", d.recorded(want.event)-before, 1)
		same(d.t, sel+": events", d.recorded("")-all, 1+want.others)
	}
	for _, warn := range []string{"login.failed", "factor.failed", "factor.replayed", "password.failed"} {
		same(d.t, sel+": "+warn, d.recorded(warn), 0)
	}
	if d.Exists("[role=alert]") {
		d.t.Errorf("%s: an alert says %q", sel, d.Text("[role=alert]"))
	}
	return d.site.Mails()
}

// links are how many mails have a link of a sort.
func (d *doubler) links(letters []sitetest.Letter, part string) (link string) {
	d.t.Helper()
	n := 0
	for _, l := range letters {
		if strings.HasPrefix(l.Link(), part) {
			link = l.Link()
			n++
		}
	}
	same(d.t, "mails with a link to "+part, n, 1)
	return link
}

// beginning makes the first admin and adds an app.
func (d *doubler) beginning() {
	d.t.Helper()
	d.Go(d.site.Setup.Link(d.site.URL))
	d.Fill("#login", ada)
	d.Fill("#password", sitetest.Password)
	d.twice("=Create the account", done{at: "/profile/factors", text: "Add a second factor"})
	d.Click("=Authenticator app")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(d.Text("#secret"), " ", ""))
	if err != nil {
		d.t.Fatal(err)
	}
	d.key = key
	d.Fill("#code", d.site.Code(d.key))
	d.twice("=Switch it on", done{at: "/profile/factors/recovery?new=1", text: "I have saved them", event: "factor.added", others: 1})
	if d.codes = recoveryCode.FindAllString(d.Text("#codes"), -1); len(d.codes) != 10 {
		d.t.Fatalf("%d recovery codes are shown", len(d.codes))
	}
	d.twice("=I have saved them", done{at: "/profile", text: "Authenticator app"})
}

// changing is what one does about one's own account.
func (d *doubler) changing() {
	d.t.Helper()
	d.Click("#name summary")
	d.Fill("#own-name", "Ada Byron")
	d.twice("=Save", done{"/profile", "Your name was changed.", "name.changed", 0})
	d.Click("#email summary")
	d.Fill("#new-email", lovelace)
	link := d.links(d.twice("#email form button", done{"/profile", "We sent a link to the new address.", "email.change-asked", 0}), "/email/verify/")
	d.visit(link)
	d.twice("=Confirm", done{"/profile", "The address is confirmed.", "email.changed", 0})
	d.Click("#password summary")
	d.Fill("#current", sitetest.Password)
	d.Fill("#new-password", "quite another pass phrase")
	d.twice("=Change the password", done{"/profile", "Your password was changed.", "password.changed", 0})
}

// steppingUp has a form held up, and confirms it.
func (d *doubler) steppingUp() {
	d.t.Helper()
	d.site.Advance(6 * time.Minute)
	d.visit("/confirm?next=/profile/activity")
	d.Fill("#code", d.site.Code(d.key))
	d.twice("=Confirm", done{"/profile/activity", "Security events of your account", "confirmed", 0})
}

func (d *doubler) administering() {
	d.t.Helper()
	grace := "grace@example.com"
	d.site.User(grace, identity.Member)
	d.site.Browser().SignIn(grace).EnrollTOTP()
	path := "/admin/users/" + d.site.Account(grace).ID
	act := func(name, button, text, event string) {
		d.visit(path)
		d.Click(`details:has(form[action$="/` + name + `"]) summary`)
		if reason := "#reason-" + name; d.Exists(reason) {
			d.Fill(reason, "asked for it")
		}
		if name == "role" {
			d.Fill("#role", "admin")
		}
		d.twice(button, done{path, text, event, 0})
	}
	act("role", `form[action$="/role"] button`, "The role was changed.", "role.changed")
	act("reset", `form[action$="/reset"] button`, "The factors were reset.", "factors.reset")
	act("disable", `form[action$="/disable"] button`, "The account is disabled.", "account.disabled")
	act("enable", `form[action$="/enable"] button`, "The account is enabled.", "account.enabled")
	d.visit("/admin/policy?who=admins&from=2030-01-01")
	d.twice("=Apply this policy", done{"/admin/policy", "The policy is in force.", "policy.changed", 0})
	if d.moment == answered || d.moment == followed { // the answer of the next two forms is the page itself
		defer func(at moment) { d.moment = at }(d.moment)
		d.moment = judged
	}
	d.visit("/admin/import")
	d.Fill("#csv", "zoe@example.com,Zoe")
	d.twice("=Preview the import", done{at: "/admin/import", text: "nothing has been created yet"})
	d.links(d.twice("=Create 1 account", done{"/admin/import", "1 account created", "account.created", 0}), "/invite/")
}

// inviting makes an invite, which somebody else accepts in this browser.
func (d *doubler) inviting() {
	d.t.Helper()
	d.visit("/admin")
	d.Click("=Invite someone")
	d.Fill(".invite [name=login]", "kurt@example.com")
	link := d.links(d.twice("=Send the invite", done{text: "The invite was created.", event: "account.created"}), "/invite/")
	d.visit(link)
	d.Fill("#password", "quite another pass phrase")
	d.twice("=Set the password", done{"/login", "Your account is ready.", "account.accepted", 0})
}

// entering signs out and in, with the app and with a recovery code.
func (d *doubler) entering() {
	d.t.Helper()
	for i := range 2 {
		d.visit("/profile")
		d.twice("=Sign out", done{at: "/login", text: "You are signed out."})
		d.site.Advance(time.Minute)
		d.Fill("#login", lovelace)
		d.Fill("#password", "quite another pass phrase")
		d.twice("=Sign in", done{at: "/login/challenge", text: "Authenticator app"})
		code := d.site.Code(d.key)
		if i == 1 {
			d.Click(`.choice[href*="factor=recovery"]`)
			code = d.codes[0]
		}
		d.Fill("#code", code)
		d.twice("=Sign in", done{at: "/profile", text: "Ada Byron"})
		list, err := d.site.Store.Sessions(d.t.Context(), d.site.Account(lovelace).ID)
		if err != nil || len(list) != 1 {
			d.t.Errorf("%d sessions, %v", len(list), err)
		}
	}
	same(d.t, "recovery codes left", d.site.Account(lovelace).RecoveryLeft, 9)
}

// forgetting has a link sent and sets a password by it.
func (d *doubler) forgetting() {
	d.t.Helper()
	d.Click("=Sign out")
	d.visit("/password/forgot")
	d.Fill("#login", "kurt@example.com")
	link := d.links(d.twice("=Send the link", done{at: "/password/forgot", text: "Check your email"}), "/password/reset/")
	d.visit(link)
	d.Fill("#password", "a third and quite other one")
	d.twice("=Set the password", done{"/login", "Your password was set.", "password.reset", 0})
	d.Fill("#login", "kurt@example.com")
	d.Fill("#password", "a third and quite other one")
	d.twice("=Sign in", done{at: "/profile", text: "kurt@example.com"})
	d.Click("=Sign out")
}

// registering asks for an account and proves its address.
func (d *doubler) registering() {
	d.t.Helper()
	d.visit("/register")
	d.Fill("#login", "eve@example.com")
	d.Fill("#password", "quite another pass phrase")
	link := d.links(d.twice("=Create the account", done{at: "/register", text: "Check your email"}), "/email/verify/")
	d.visit(link)
	d.twice("main form button", done{"/login", "Your account is ready.", "account.created", 0})
}
