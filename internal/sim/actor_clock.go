package sim

import (
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// What happens while the clock of the site is wrong, and right after it was set right.
func init() {
	AddActor(Actor{Name: "owner whom the clock meets", Weight: 10, Acts: []Act{
		{"signs in by a phone that is as wrong as the site", 1, wrongTogether},
		{"signs in when the clock is right again", 1, rightAgain},
	}})
	AddActor(Actor{Name: "thief whom the clock meets", Weight: 6, Acts: []Act{
		{"guesses by a wrong clock, or after it", 1, guessByClock},
	}})
}

// wrongTogether signs in while the clock of the site is wrong, with a phone that goes by the same
// clock.
func wrongTogether(w *World, c *Chance) bool {
	if w.Clock.Off() < time.Minute {
		return false
	}
	return withApp(signInWrong)(w, c)
}

func signInWrong(w *World, c *Chance, p *Person, b *Browser) bool {
	if known := w.knownBrowser(p); known != nil {
		b = known
	}
	delete(b.cookies, SessionCookie)
	delete(b.cookies, TrustCookie)
	w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
	if b.Cookie(LoginCookie) != "" {
		code, _ := factors.TOTPCode(p.Phone.Secret, w.Clock.Now().Unix()/factors.TOTPPeriod)
		w.PostForm(b, "/login/challenge/totp", "code", code)
	}
	*w.wronged() = p
	return true
}

// wronged is who signed in last while the clock was wrong.
func (w *World) wronged() **Person {
	return State(w, "wronged", func() **Person { return new(*Person) })
}

// rightAgain has whoever signed in by a wrong clock sign in by the right one.
func rightAgain(w *World, _ *Chance) bool {
	p := *w.wronged()
	if p == nil || w.Clock.Off() != 0 {
		return false
	}
	*w.wronged() = nil
	return w.mustGetIn(p)
}

// guessed is whose codes a thief guessed while the clock was wrong, and in which browser.
type guessed struct {
	p *Person
	b *Browser
}

// guessByClock guesses until there is a wait while the clock is wrong, and once more when it is right.
func guessByClock(w *World, c *Chance) bool {
	last := State(w, "guessed by a wrong clock", func() *guessed { return &guessed{} })
	if w.Clock.Off() == 0 && last.p != nil {
		p, b := last.p, last.b
		*last = guessed{}
		w.guessOnce(c, p, b)
		return true
	}
	return w.Clock.Off() > 0 && last.p == nil && thieves("the thief of %s's password", func(w *World, c *Chance, p *Person, b *Browser) bool {
		*last = guessed{p, b}
		for range 7 {
			w.guessOnce(c, p, b)
		}
		return true
	})(w, c)
}

// guessOnce types a wrong code of an app, in a new sign-in where none waits.
func (w *World) guessOnce(c *Chance, p *Person, b *Browser) *sitetest.Page {
	if b.Cookie(LoginCookie) == "" {
		w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
	}
	page := w.PostForm(b, "/login/challenge/totp", "code", w.wrong(c, p))
	if page != nil && page.Location != "" {
		delete(b.cookies, LoginCookie)
	}
	return page
}
