package sim

import (
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
)

// What people do that hardly anybody tries in a test: the same code in two browsers, an old
// page, a borrowed computer, somebody else's sheet, a link from a stranger.
func init() {
	AddActor(Actor{Name: "owner with odd ways", Weight: 14, Acts: []Act{
		{"uses a code in a second browser", 14, secondBrowser},
		{"goes back after not now", 4, owners(backAfterNotNow)},
		{"types a code from somebody else's sheet", 3, withApp(anothersSheet)},
		{"signs in at somebody else's computer", 3, borrowComputer},
		{"follows a stranger's link", 2, owners(followLink)},
		{"sets an app up in two tabs", 4, owners(twoTabs)},
		{"asks for two codes and types the older", 4, mailers(olderCode)},
	}})
	AddRule(Rule{Name: ruleTabs, Source: "CONTRACT §4", Every: 1 << 30, Sentence: "A secret that was shown stays the one that is being set up, whatever a second tab asks for.",
		Check: func(*World) error { return nil }})
}

const ruleTabs = "a secret that was shown counts"

// secondBrowser types the code that an app has just proved something with, in another sign-in of
// the same person.
func secondBrowser(w *World, c *Chance) bool {
	for i := len(w.Ledger.order) - 1; i >= max(0, len(w.Ledger.order)-3); i-- {
		t := w.Ledger.order[i]
		p := t.Browser.Owner
		if p == nil || p.Phone == nil || p.Phone.Lost || p.troubled() || t.Account != p.Login || w.Clock.Real().Sub(t.Born).Seconds() > 45 {
			continue
		}
		b := p.Browsers[0]
		for _, other := range p.Browsers {
			if other != t.Browser {
				b = other
			}
		}
		if b == t.Browser && len(p.Browsers) < 3 {
			b = w.NewBrowser(sprintf("%s, browser %d", p.Name, len(p.Browsers)+1), c)
			b.Owner = p
			p.Browsers = append(p.Browsers, b)
		}
		w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
		if b.Cookie(LoginCookie) != "" {
			w.PostForm(b, "/login/challenge/totp", "code", w.CodeOf(p.Phone))
		}
		return true
	}
	return false
}

// elsewhere has the owner of a second step that is on its way type the same code in another
// browser, and that of a sign-in change the password there.
func (w *World) elsewhere(x *Exchange) bool {
	p := x.Browser.Owner
	if p == nil || x.Method != "POST" || x.Path != "/login/challenge/totp" && x.Path != "/login" || p.troubled() {
		return false
	}
	if x.Path == "/login" {
		for _, b := range p.Browsers {
			if b == x.Browser || !w.in(b) {
				continue
			}
			changePassword(w, w.chance, p, b)
			if b.asked() && stepUp(w, w.chance, p, b) {
				changePassword(w, w.chance, p, b)
			}
			return true
		}
		return false
	}
	b := w.another(w.chance, p, x.Browser)
	w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
	if b.Cookie(LoginCookie) != "" {
		w.PostForm(b, x.Path, "code", x.Form.Get("code"))
	}
	return true
}

func backAfterNotNow(w *World, c *Chance, p *Person, b *Browser) bool {
	if p.Phone == nil || p.Phone.Lost || !b.asked() && !w.in(b) {
		return false
	}
	if !b.asked() {
		w.Clock.Pass(6 * time.Minute)
		if w.PostForm(b, "/profile/factors/recovery"); !b.asked() {
			return true
		}
	}
	w.Get(b, b.Led)
	page := b.Page
	if page == nil || b.At != "/confirm" {
		return true
	}
	w.PostForm(b, "/confirm/cancel")
	w.Clock.Pass(factors.TOTPPeriod * time.Second)
	w.Submit(b, page, "/confirm", "kind", string(factors.KindTOTP), "code", w.CodeOf(p.Phone))
	return true
}

func anothersSheet(w *World, c *Chance, p *Person, b *Browser) bool {
	of := Pick(c, w.People)
	if of == p || len(of.Sheet) == 0 || !w.begun(p, b) {
		return false
	}
	w.PostForm(b, "/login/challenge/recovery", "code", Pick(c, of.Sheet))
	return true
}

// borrowComputer has somebody sign in where somebody else did before, and leave.
func borrowComputer(w *World, c *Chance) bool {
	p, of := Pick(c, w.People), Pick(c, w.People)
	if p == of || p.troubled() || len(of.Browsers) == 0 {
		return false
	}
	b := Pick(c, of.Browsers)
	if w.in(b) || b.Cookie(LoginCookie) != "" {
		return false
	}
	w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
	if b.Cookie(SessionCookie) != "" {
		w.PostForm(b, "/logout")
	}
	delete(b.cookies, SessionCookie)
	delete(b.cookies, LoginCookie)
	b.Led = ""
	return true
}

func followLink(w *World, c *Chance, p *Person, b *Browser) bool {
	if b.Cookie(LoginCookie) != "" {
		return false
	}
	w.Get(b, "/login?next="+Pick(c, []string{"//evil.example/x", "https://evil.example/", "/%5Cevil.example", "///evil.example"}))
	if !w.in(b) && b.Page != nil && b.At == "/login" {
		w.Submit(b, b.Page, "/login", "login", p.Login, "password", p.Password)
	}
	return true
}

func twoTabs(w *World, c *Chance, _ *Person, b *Browser) bool {
	if !w.in(b) || b.asked() {
		return false
	}
	first := w.tab(b)
	second := w.tab(b)
	if first != "" && second != "" && first != second && len(w.mendings) == 0 && w.meanwhile == nil && w.waits == nil {
		w.Broken(ruleTabs, "%s was shown one secret, and then another one in a second tab", b.Name)
	}
	return true
}

// tab begins to set an app up, and is the secret that it is shown; empty when it is none.
func (w *World) tab(b *Browser) string {
	w.PostForm(b, "/profile/factors/totp")
	if b.asked() && b.Owner != nil {
		stepUp(w, w.chance, b.Owner, b)
	}
	if !strings.HasPrefix(b.Led, "/profile/factors/totp") {
		return ""
	}
	page := w.Get(b, b.Led)
	if page == nil {
		return ""
	}
	if m := secretShown.FindStringSubmatch(page.Body); m != nil {
		return m[1]
	}
	return ""
}

// olderCode asks for a code twice, with the pause that the site wants, and types the first.
func olderCode(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.begun(p, b) {
		return false
	}
	at := "/login/challenge/email"
	send := func() {
		w.Submit(b, b.Page, at+"/code")
		w.Chore(Pick(c, w.Processes), "sends mail", sendMail)
	}
	if c.Seldom(2) { // both are sent at once, or rather the second alone
		w.Submit(b, b.Page, at+"/code")
		w.Clock.Pass(61e9)
	}
	send()
	older := w.lastCode(p.Email)
	w.Clock.Pass(61e9)
	if send(); c.Seldom(3) {
		w.Clock.Pass(6 * time.Minute)
		older = ""
		w.PostForm(b, at, "code", w.lastCode(p.Email))
	}
	if older != "" && older != w.lastCode(p.Email) {
		w.PostForm(b, at, "code", older)
	}
	return true
}
