package sim

import (
	"fmt"
	"net/http"
	"strings"

	"nightlatch.example/nightlatch/factors"
)

func init() {
	AddActor(Actor{Name: "owner", Weight: 60, Kinds: []factors.Kind{factors.KindTOTP, factors.KindEmail, factors.KindRecovery}, Acts: []Act{
		{"signs in", 40, owners(signIn)},
		{"answers the second step", 20, owners(answerChallenge)},
		{"steps up", 15, owners(stepUp)},
		{"adds an app", 8, owners(addApp)},
		{"adds an address for codes", 5, owners(addMail)},
		{"confirms an enrollment", 20, owners(confirmEnrollment)},
		{"looks at the recovery codes", 4, owners(lookAtCodes)},
		{"changes the password", 4, owners(changePassword)},
		{"removes a factor", 3, owners(removeFactor)},
		{"looks around", 8, owners(lookAround)},
		{"ends sessions", 3, owners(endSessions)},
		{"signs out", 3, owners(signOut)},
		{"goes on", 10, owners(goOn)},
		{"sends the last form again", 4, owners(again)},
		{"goes back and sends an old form", 2, owners(goBack)},
	}})
}

// owners has one of the people do something in one of their browsers.
func owners(do func(w *World, c *Chance, p *Person, b *Browser) bool) func(*World, *Chance) bool {
	return func(w *World, c *Chance) bool {
		b := w.focus
		if b == nil || c.Seldom(4) {
			b = Pick(c, w.People).browser(w, c)
		}
		if p := b.Owner; p.Password == "" || p.Gone || p.ID == "" && !c.Seldom(20) || !do(w, c, p, b) {
			return false
		}
		w.focus = b // who began something mostly goes on with it
		w.goThrough(c, b.Owner, b)
		return true
	}
}

// browser is one of a person's browsers; once in a while a new one.
func (p *Person) browser(w *World, c *Chance) *Browser {
	if len(p.Browsers) < 3 && (len(p.Browsers) == 0 || c.Seldom(40)) {
		b := w.NewBrowser(fmt.Sprintf("%s, browser %d", p.Name, len(p.Browsers)+1), c)
		b.Owner = p
		p.Browsers = append(p.Browsers, b)
		return b
	}
	return Pick(c, p.Browsers)
}

// in says whether a browser is signed in, as far as its owner can know.
func (w *World) in(b *Browser) bool {
	t := w.Ledger.Session(b)
	return t != nil && !t.Ended && !b.out
}

func signIn(w *World, c *Chance, p *Person, b *Browser) bool {
	if p.refused > 2 && !c.Seldom(4) || w.in(b) && !c.Seldom(20) || b.Cookie(LoginCookie) != "" && !c.Seldom(4) {
		return false
	}
	if b.Page == nil || len(b.Page.Hidden("/login")) == 0 || c.Seldom(3) {
		w.Get(b, "/login")
	}
	name, password := p.Login, p.Password
	if c.Seldom(3) && p.Proven {
		name = p.Email
	}
	if p.Before != "" && c.Seldom(2) {
		password = p.Before
	}
	if c.Seldom(12) {
		password += "x"
	}
	page := w.Submit(b, b.Page, "/login", "login", name, "password", password)
	switch {
	case b.Cookie(LoginCookie) != "" || w.in(b):
		p.refused = 0
	case page != nil && page.Status == http.StatusUnprocessableEntity:
		p.refused++
	}
	return true
}

// ways are the ways in which somebody can prove to be themselves.
func (p *Person) ways() (list []factors.Kind) {
	if p.Phone != nil && !p.Phone.Lost {
		list = append(list, factors.KindTOTP, factors.KindTOTP, factors.KindTOTP)
	}
	if p.Mails {
		list = append(list, factors.KindEmail)
	}
	if len(p.Sheet) > 0 {
		list = append(list, factors.KindRecovery)
	}
	return list
}

// typed is what somebody types who answers by a kind.
func (w *World) typed(c *Chance, p *Person, k factors.Kind) (code string) {
	switch k {
	case factors.KindTOTP:
		code = w.CodeOf(p.Phone)
	case factors.KindEmail:
		code = w.lastCode(p.Email)
	case factors.KindRecovery:
		code = Pick(c, p.Sheet)
	}
	if c.Seldom(15) {
		code = mistype(c, code)
	}
	if c.Seldom(10) {
		w.Clock.Pass(c.Span(20e9, 90e9)) // a slow typist
	}
	return code
}

// mistype changes one character.
func mistype(c *Chance, code string) string {
	if code == "" {
		return "000000"
	}
	at := c.N(len(code))
	return code[:at] + string('0'+(code[at]-'0'+1)%10) + code[at+1:]
}

func answerChallenge(w *World, c *Chance, p *Person, b *Browser) bool {
	ways := p.ways()
	if b.Cookie(LoginCookie) == "" || len(ways) == 0 {
		return false
	}
	k := Pick(c, ways)
	if c.Seldom(3) {
		w.Get(b, "/login/challenge?factor="+string(k))
	}
	at := "/login/challenge/" + string(k)
	if k == factors.KindEmail && (w.lastCode(p.Email) == "" || c.Seldom(2)) {
		w.Submit(b, b.Page, at+"/code")
		return true
	}
	pairs := []string{"code", w.typed(c, p, k)}
	if c.Seldom(5) {
		pairs = append(pairs, "trust", "on")
	}
	w.Submit(b, b.Page, at, pairs...)
	return true
}

// asked is the step-up that a browser was sent to.
func (b *Browser) asked() bool { return strings.HasPrefix(b.Led, "/confirm") }

func stepUp(w *World, c *Chance, p *Person, b *Browser) bool {
	if !b.asked() {
		return false
	}
	led := b.Led
	w.Get(b, led)
	if b.Page == nil || b.At != "/confirm" {
		return true
	}
	shown := b.Page.Hidden("/confirm")
	switch ways := p.ways(); {
	case shown["kind"] == "password":
		w.Submit(b, b.Page, "/confirm", "password", p.Password)
	case len(ways) == 0:
		return false
	default:
		k := Pick(c, ways)
		if string(k) != shown["kind"] {
			w.Get(b, led+"&factor="+string(k))
		}
		if k == factors.KindEmail && (w.lastCode(p.Email) == "" || c.Seldom(2)) {
			w.Submit(b, b.Page, "/confirm/code", "kind", string(k))
			return true
		}
		w.Submit(b, b.Page, "/confirm", "kind", string(k), "code", w.typed(c, p, k))
	}
	return true
}

func goOn(w *World, _ *Chance, _ *Person, b *Browser) bool {
	if b.Led == "" || b.asked() {
		return false
	}
	w.Get(b, b.Led)
	return true
}

// pages are what a signed-in person can open.
var pages = strings.Fields("/ /profile /profile/activity /profile/factors /confirm?next=/profile /login /profile/factors/totp /profile/factors/email /verify /verify?level=2")

func lookAround(w *World, c *Chance, _ *Person, b *Browser) bool {
	w.Get(b, Pick(c, pages))
	return true
}

func endSessions(w *World, c *Chance, _ *Person, b *Browser) bool {
	if !w.in(b) {
		return false
	}
	w.PostForm(b, Pick(c, []string{"/profile/sessions/end-others", "/profile/browsers/forget-all"}))
	return true
}

func signOut(w *World, _ *Chance, _ *Person, b *Browser) bool {
	if !w.in(b) {
		return false
	}
	w.PostForm(b, "/logout")
	return true
}

func again(w *World, _ *Chance, _ *Person, b *Browser) bool {
	if b.last == nil {
		return false
	}
	w.request(b, b.last.Method, b.last.Path, b.last.Form)
	return true
}

// goBack sends a form of a page that was shown before.
func goBack(w *World, c *Chance, p *Person, b *Browser) bool {
	if len(b.Past) == 0 {
		return false
	}
	page, ways := Pick(c, b.Past), p.ways()
	for _, form := range []string{"/login/challenge/totp", "/login/challenge/email", "/confirm"} {
		if len(page.Hidden(form)) > 0 && len(ways) > 0 {
			w.Submit(b, page, form, "code", w.typed(c, p, Pick(c, ways)))
			return true
		}
	}
	if len(page.Hidden("/login")) == 0 {
		return false
	}
	w.Submit(b, page, "/login", "login", p.Login, "password", p.Password)
	return true
}
