package browser

import (
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/chrome"
)

// ready is someone with an app and an address, signed out, at the sign-in page.
func ready(t testing.TB, o chrome.Options) *person {
	t.Helper()
	p := arrive(t, o)
	b := p.site.Browser()
	p.site.User(ada, identity.Admin)
	b.SignIn(ada)
	p.key = b.EnrollTOTP()
	b.EnrollEmail("")
	p.codes = b.RecoveryCodes()
	p.site.Advance(61e9)
	p.site.Mails()
	p.visit("/login")
	return p
}

// both runs a test with scripts and without.
func both(t *testing.T, do func(t *testing.T, o chrome.Options)) {
	for name, o := range map[string]chrome.Options{"scripts": {}, "no scripts": {NoJS: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do(t, o)
		})
	}
}

// letters is how many mails with a code came since the last time it was asked.
func (p *person) letters() (n int) {
	for _, l := range p.site.Mails() {
		if l.Code() != "" {
			n++
		}
	}
	return n
}

// Looking sends nothing: neither the panel, nor a reload, nor the back button
// does. Asking again within the cooldown says when.
func TestACodeIsSentOnceAndOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o chrome.Options) {
		p := ready(t, o)
		p.password()
		p.Click(`.choice[href*="factor=email"]`)
		p.Reload()
		p.Back()
		p.visit("/login/challenge?factor=email")
		same(t, "mails after looking", p.letters(), 0)
		p.Click("=Send the code")
		same(t, "mails after asking", p.letters(), 1)
		p.Reload()
		p.Back()
		p.visit("/login/challenge?factor=email")
		same(t, "mails after reload and back", p.letters(), 0)
		if o.NoJS {
			p.Click("=Send another code")
			p.refused("code", "another code in 60 seconds")
		} else {
			p.WaitText("Send another code in")
			same(t, "the button is held back", p.shows("button[disabled]"), true)
		}
		same(t, "mails within the cooldown", p.letters(), 0)
	})
}

// The chooser swaps panels in one screen; back and reload show whole pages
// with the panel that belongs to the address.
func TestChoosingAndGoingBack(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o chrome.Options) {
		p := ready(t, o)
		p.password()
		if !strings.Contains(p.Text(".choices"), "a•••@example.com") || strings.Contains(p.Text("main"), "da@example.com •") {
			t.Errorf("the choices are %q", p.Text(".choices"))
		}
		p.Click(`.choice[href*="factor=recovery"]`)
		same(t, "the panel", p.Text(".panel h2"), "Recovery code")
		p.WaitFocus("code")
		p.Click(`.choice[href*="factor=email"]`)
		same(t, "the panel", p.Text(".panel h2"), "Emailed code")
		p.Reload()
		same(t, "the panel after a reload", p.Text(".panel h2"), "Emailed code")
		p.Back()
		same(t, "the panel one back", p.Text(".panel h2"), "Recovery code")
		p.Back()
		same(t, "the panel two back", p.Text(".panel h2"), "Authenticator app")
		p.look("challenge, come back to")
		var whole bool
		p.Eval(`document.querySelectorAll("header, main, footer").length === 3`, &whole)
		same(t, "a whole page", whole, true)
	})
}

// A wrong code keeps the panel, says so, and puts the keyboard where the right
// one goes; after the fifth the page says how long to wait.
func TestWrongCodes(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o chrome.Options) {
		p := ready(t, o)
		p.password()
		p.Click(`.choice[href*="factor=recovery"]`)
		p.Fill("#code", "0000-0000-0000-0000")
		p.Click("=Sign in")
		p.refused("code", "That code is not right.")
		p.Click(`.choice[href*="factor=totp"]`)
		for range 5 {
			p.Fill("#code", "000000")
			p.Click("=Sign in")
			p.refused("code", "That code is not right.")
		}
		p.Fill("#code", p.site.Code(p.key))
		p.Click("=Sign in")
		p.refused("code", "Try again in 30 seconds")
		p.look("challenge, waiting")
		p.Click(`.choice[href*="factor=recovery"]`) // another kind is not held up
		p.Fill("#code", p.codes[0])
		p.Click("=Sign in")
		p.at("/profile")
	})
}

// A sign-in that took too long ends at the first step and says so;
// "Not you?" forgets it.
func TestTheEndOfAPendingSignIn(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o chrome.Options) {
		p := ready(t, o)
		p.password()
		p.site.Advance(11 * 60e9)
		p.Fill("#code", p.site.Code(p.key))
		p.Click("=Sign in")
		p.at("/login")
		p.WaitText("took too long")
		p.look("sign-in, too late")
		p.password()
		p.Click("=Not you?")
		p.at("/login")
		p.visit("/login/challenge")
		p.at("/login")
	})
}

// Until the challenge is passed nothing else opens, and the
// page that was asked for opens after it.
func TestNextAfterTheChallenge(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o chrome.Options) {
		p := ready(t, o)
		p.visit("/profile/activity")
		p.at("/login?next=%2Fprofile%2Factivity")
		p.password()
		p.visit("/profile")
		p.at("/login")
		p.visit("/profile/activity")
		p.password()
		p.Fill("#code", p.site.Code(p.key))
		p.Click("[name=trust]")
		p.Click("=Sign in")
		p.at("/profile/activity")
		p.look("activity")
		p.leave()
		p.Fill("#login", ada)
		p.Fill("#password", "correct horse battery staple")
		p.Click("=Sign in")
		p.at("/profile/activity") // the browser is trusted
		p.visit("/profile")
		p.look("profile, trusted")
	})
}
