package sim

import (
	"fmt"

	"nightlatch.example/nightlatch/factors"
)

// Meetings that chance alone brings about too seldom: two things at once, or one right after
// the other.
func init() {
	AddActor(Actor{Name: "owner at the wrong moment", Weight: 14, Acts: []Act{
		{"changes the password while a sign-in waits", 3, owners(changeMeanwhile)},
		{"confirms an enrollment twice at once", 6, owners(confirmAtOnce)},
		{"signs in while the password is changed elsewhere", 5, owners(changeAtOnce)},
		{"answers while something else goes on", 5, owners(answerAtOnce)},
		{"signs in with the code of an enrollment", 3, owners(enrollAndSignIn)},
		{"opens a link about an address after a new password", 3, owners(lateAddress)},
	}})
}

// another is a browser of somebody beside one; a new one where there is none.
func (w *World) another(c *Chance, p *Person, b *Browser) *Browser {
	for _, x := range p.Browsers {
		if x != b {
			return x
		}
	}
	x := w.NewBrowser(fmt.Sprintf("%s, browser %d", p.Name, len(p.Browsers)+1), c)
	x.Owner = p
	p.Browsers = append(p.Browsers, x)
	return x
}

// enrollAndSignIn sets an app up, and signs in elsewhere with the same code at once.
func enrollAndSignIn(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) || b.asked() || p.troubled() || len(p.Phones) > 3 || w.tab(b) == "" {
		return false
	}
	m := secretShown.FindStringSubmatch(b.Page.Body)
	if m == nil || !confirmEnrollment(w, c, p, b) {
		return true
	}
	code := w.Seen[len(w.Seen)-1].Form.Get("code")
	other := w.another(c, p, b)
	w.PostForm(other, "/login", "login", p.Login, "password", p.Password)
	if code != "" && other.Cookie(LoginCookie) != "" {
		w.PostForm(other, "/login/challenge/totp", "code", code)
	}
	return true
}

// lateAddress asks for another address, chooses a new password before its mail is opened, and
// opens it then.
func lateAddress(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) || p.troubled() || !changeAddress(w, c, p, b) {
		return false
	}
	w.goThrough(c, p, b)
	w.Chore(Pick(c, w.Processes), "sends mail", sendMail)
	changePassword(w, c, p, b)
	w.goThrough(c, p, b)
	if at := w.letterWith(p.Wants, "/email/verify/"); at != "" && w.At(p.Wants) == p {
		w.Get(b, at)
		w.Submit(b, b.Page, at)
	}
	return true
}

// changeMeanwhile begins a sign-in in one browser, changes the password in another one, and goes on
// with the first.
func changeMeanwhile(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) || p.troubled() || p.Phone == nil || p.Phone.Lost || len(p.Browsers) < 2 {
		return false
	}
	for _, other := range p.Browsers {
		if other == b || w.in(other) {
			continue
		}
		w.PostForm(other, "/login", "login", p.Login, "password", p.Password)
		changePassword(w, c, p, b)
		w.goThrough(c, p, b)
		if other.Cookie(LoginCookie) != "" {
			w.Clock.Pass(factors.TOTPPeriod * 1e9)
			w.PostForm(other, "/login/challenge/totp", "code", w.CodeOf(p.Phone))
		}
		return true
	}
	return false
}

// confirmAtOnce sets an app up, and has its confirmation stand still while something else goes on.
func confirmAtOnce(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) || w.meanwhile != nil || w.waits != nil || b.asked() || w.tab(b) == "" {
		return false
	}
	w.standStillIn(c, w.twice)
	return confirmEnrollment(w, c, p, b)
}

// changeAtOnce signs in in a second browser, and has that stand still while the password is changed
// in the first.
func changeAtOnce(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) || w.meanwhile != nil || w.waits != nil || p.troubled() {
		return false
	}
	other := w.another(c, p, b)
	delete(other.cookies, SessionCookie)
	delete(other.cookies, LoginCookie)
	w.standStillIn(c, w.elsewhere)
	w.PostForm(other, "/login", "login", p.Login, "password", p.Password)
	if other.Cookie(LoginCookie) != "" && p.Phone != nil {
		w.Clock.Pass(factors.TOTPPeriod * 1e9)
		w.PostForm(other, "/login/challenge/totp", "code", w.CodeOf(p.Phone))
	}
	return true
}

// answerAtOnce does the same with what somebody is asked for.
func answerAtOnce(w *World, c *Chance, p *Person, b *Browser) bool {
	if w.meanwhile != nil || w.waits != nil {
		return false
	}
	act := signIn
	switch {
	case b.asked():
		act = stepUp
	case w.in(b):
		act = changePassword
	case b.Cookie(LoginCookie) != "" || c.Seldom(2) && !p.troubled() && w.begun(p, b):
		act = answerChallenge
	}
	w.standStillIn(c, w.elsewhere)
	return act(w, c, p, b)
}
