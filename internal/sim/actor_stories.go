package sim

import (
	"maps"
	"slices"
	"time"

	"nightlatch.example/nightlatch/factors"
)

// What belongs together and takes several requests, each of which chance alone has follow the one
// before too seldom.
func init() {
	AddActor(Actor{Name: "owner with a plan", Weight: 26, Acts: []Act{
		{"has a code mailed and types it after a while", 4, mailers(lateCode)},
		{"has a code mailed and types it elsewhere", 4, mailers(codeElsewhere)},
		{"types a code of the app after a while", 3, withApp(staleCode)},
		{"types a code that is crossed out", 3, owners(crossedOut)},
		{"makes recovery codes and looks at them after a while", 3, owners(codesAfterLunch)},
		{"trusts a browser and comes back", 4, withApp(comeBack)},
		{"begins something else than what a step-up is for", 4, owners(anotherStepUp)},
		{"is signed in elsewhere when the first factor is set up", 3, some(func(p *Person) bool { return p.Phone == nil && !p.Mails }, firstFactor)},
		{"proves the address", 4, owners(proveAddress)},
	}})
}

// begun brings a browser to the second step of a sign-in of somebody; false where it does not come
// so far.
func (w *World) begun(p *Person, b *Browser) bool {
	delete(b.cookies, SessionCookie)
	delete(b.cookies, TrustCookie)
	delete(b.cookies, LoginCookie)
	w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
	return b.Cookie(LoginCookie) != ""
}

// mailers is owners for those who have codes mailed and nothing to worry about.
func mailers(do func(*World, *Chance, *Person, *Browser) bool) func(*World, *Chance) bool {
	return some(func(p *Person) bool { return p.Mails }, do)
}

// withApp is the same for those who have an app.
func withApp(do func(*World, *Chance, *Person, *Browser) bool) func(*World, *Chance) bool {
	return some(func(p *Person) bool { return p.Phone != nil && !p.Phone.Lost }, do)
}

func some(fit func(*Person) bool, do func(*World, *Chance, *Person, *Browser) bool) func(*World, *Chance) bool {
	return func(w *World, c *Chance) bool {
		var all []*Person
		for _, p := range w.People {
			if !p.troubled() && fit(p) {
				all = append(all, p)
			}
		}
		if len(all) == 0 {
			return false
		}
		p := Pick(c, all)
		return do(w, c, p, p.browser(w, c))
	}
}

// haveCode has a code mailed for a sign-in that waits, and is the code; empty when none came.
func (w *World) haveCode(c *Chance, p *Person, b *Browser) string {
	before := len(w.Post.Letters(p.Email))
	w.Submit(b, b.Page, "/login/challenge/email/code")
	w.Chore(Pick(c, w.Processes), "sends mail", sendMail)
	if len(w.Post.Letters(p.Email)) == before {
		return ""
	}
	return w.lastCode(p.Email)
}

func lateCode(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.begun(p, b) {
		return false
	}
	if code := w.haveCode(c, p, b); code != "" {
		w.Clock.Pass(c.Span(0, 9*time.Minute))
		w.PostForm(b, "/login/challenge/email", "code", code)
	}
	return true
}

// codeElsewhere types a mailed code in another sign-in, or in a step-up.
func codeElsewhere(w *World, c *Chance, p *Person, b *Browser) bool {
	other := w.another(c, p, b)
	if (!w.in(other) || c.Seldom(2)) && !w.begun(p, other) || !w.begun(p, b) {
		return true
	}
	code := w.haveCode(c, p, b)
	switch {
	case code == "":
	case w.in(other):
		w.PostForm(other, "/confirm", "kind", string(factors.KindEmail), "code", code, "next", "/profile")
	default:
		w.PostForm(other, "/login/challenge/email", "code", code)
	}
	return true
}

// staleCode types a code that the app showed some time ago.
func staleCode(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.begun(p, b) {
		return false
	}
	code := w.CodeOf(p.Phone)
	w.Clock.Pass(c.Span(30*time.Second, 5*time.Minute))
	w.PostForm(b, "/login/challenge/totp", "code", code)
	return true
}

// crossedOut types a recovery code that was used before.
func crossedOut(w *World, c *Chance, p *Person, b *Browser) bool {
	if p.troubled() {
		return false
	}
	for _, x := range w.Ledger.Account(p.Login).Live() {
		if used := spent(x.Codes); len(used) > 0 && w.begun(p, b) {
			w.PostForm(b, "/login/challenge/recovery", "code", Pick(c, used))
			return true
		}
	}
	return false
}

func codesAfterLunch(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) || b.asked() || !w.Ledger.Account(p.Login).Has() {
		return false
	}
	w.Submit(b, b.Page, "/profile/factors/recovery")
	w.goThrough(c, p, b)
	if b.Led != "" {
		w.Get(b, b.Led)
	}
	w.Clock.Pass(c.Span(time.Minute, 30*time.Minute))
	w.Get(b, "/profile/factors/recovery.txt")
	return true
}

// comeBack trusts a browser, signs out, and signs in again without the second step.
func comeBack(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.begun(p, b) {
		return false
	}
	w.Clock.Pass(factors.TOTPPeriod * time.Second)
	w.PostForm(b, "/login/challenge/totp", "code", w.CodeOf(p.Phone), "trust", "on")
	if !w.in(b) {
		return true
	}
	w.PostForm(b, "/logout")
	of := p
	if c.Seldom(2) { // somebody else sits down there
		if of = Pick(c, w.People); of.troubled() {
			return true
		}
	}
	w.PostForm(b, "/login", "login", of.Login, "password", of.Password)
	if of != p {
		if b.Cookie(SessionCookie) != "" {
			w.PostForm(b, "/logout")
		}
		delete(b.cookies, SessionCookie)
		delete(b.cookies, LoginCookie)
		b.Led = ""
	}
	return true
}

// anotherStepUp has a form held up, and proves something for the sake of another page.
func anotherStepUp(w *World, c *Chance, p *Person, b *Browser) bool {
	if !b.asked() || p.Phone == nil || p.Phone.Lost {
		return false
	}
	page := w.Get(b, "/confirm?next=/profile/activity")
	if page == nil || page.Status != 200 {
		return true
	}
	w.Clock.Pass(factors.TOTPPeriod * time.Second)
	w.Submit(b, page, "/confirm", "kind", string(factors.KindTOTP), "code", w.CodeOf(p.Phone))
	return true
}

// firstFactor signs in in two browsers, and sets the first factor up in one of them.
func firstFactor(w *World, c *Chance, p *Person, b *Browser) bool {
	if len(w.Ledger.Account(p.Login).Live()) > 0 {
		return false
	}
	if !w.in(b) {
		w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
	}
	if other := w.another(c, p, b); !w.in(other) {
		w.PostForm(other, "/login", "login", p.Login, "password", p.Password)
	}
	if w.tab(b) != "" {
		confirmEnrollment(w, c, p, b)
	}
	return true
}

// proveAddress asks for a link about the address that somebody has, and opens it.
func proveAddress(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) || p.Proven || p.troubled() {
		return false
	}
	w.PostForm(b, "/email/verify")
	w.Chore(Pick(c, w.Processes), "sends mail", sendMail)
	if at := w.letterWith(p.Email, "/email/verify/"); at != "" && w.Ledger.links[at].by == nil {
		w.Get(b, at)
		w.Submit(b, b.Page, at)
	}
	return true
}

// spent are the codes of a sheet that were crossed out, in order.
func spent(codes map[string]bool) (list []string) {
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if codes[code] {
			list = append(list, code)
		}
	}
	return list
}
