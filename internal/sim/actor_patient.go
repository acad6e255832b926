package sim

import (
	"context"
	"errors"
	"net/http"
	"time"

	"nightlatch.example/nightlatch/factors"
)

func init() {
	AddActor(Actor{Name: "guesser with patience", Weight: 2, Acts: []Act{
		{"guesses for days", 2, withApp(guessForDays)},
		{"guesses at once from everywhere", 3, thieves("the thief of %s's password", guessFromEverywhere)},
	}})
}

// guessForDays guesses at one app, again and again, with a day between and the owner's own
// sign-ins from new browsers, until no guess may count any more. Then it guesses right.
func guessForDays(w *World, c *Chance, p *Person, _ *Browser) bool {
	if p.Phone.Drift < -1 || p.Phone.Drift > 1 || w.Clock.Off() != 0 || w.jumped() || w.meanwhile != nil {
		return false
	}
	w.Mend()
	b := w.stranger(c, "the thief of "+p.Name+"'s password")
	for round := 0; w.guesses(p) <= guessCap && round < 4; round++ {
		if w.guessRow(c, p, b) == 0 {
			break
		}
		w.Clock.Pass(26 * time.Hour)
		w.Chore(Pick(c, w.Processes), "sweeps", func(ctx context.Context, p *Process) error {
			return errors.Join(p.Site.Rooms().Login.Sweep(ctx), p.Site.Rooms().Accounts.Sweep(ctx))
		})
		fresh := w.NewBrowser(p.Name+", a browser at the library", c)
		w.PostForm(fresh, "/login", "login", p.Login, "password", p.Password)
		w.Clock.Pass(factors.TOTPPeriod * time.Second)
		w.PostForm(fresh, "/login/challenge/totp", "code", w.CodeOf(p.Phone))
	}
	return w.guesses(p) <= guessCap || guessRight(w, c, p, b)
}

// guessRow is how many of thirty guesses at an app were judged, with the waits that the site asks for.
func (w *World) guessRow(c *Chance, p *Person, b *Browser) (judged int) {
	for try := 0; try < 120 && judged < 30; try++ {
		if b.Cookie(LoginCookie) == "" {
			if page := w.PostForm(b, "/login", "login", p.Login, "password", p.Password); b.Cookie(LoginCookie) == "" {
				w.Clock.Pass(wait(page))
				continue
			}
		}
		switch page := w.PostForm(b, "/login/challenge/totp", "code", w.wrong(c, p)); {
		case page == nil:
		case page.Status == http.StatusUnprocessableEntity:
			judged++
			w.guesses(p, w.Clock.Real())
		case page.Status == http.StatusTooManyRequests:
			w.Clock.Pass(wait(page))
		case page.Location != "":
			delete(b.cookies, LoginCookie)
		}
	}
	return judged
}

// guessFromEverywhere guesses a few times at once, each time from another address, in a new
// sign-in, or after another mailed code.
func guessFromEverywhere(w *World, c *Chance, p *Person, b *Browser) bool {
	for range 12 {
		switch c.N(3) {
		case 0:
			w.browsers++
			b.Address = address(w.browsers)
		case 1:
			delete(b.cookies, LoginCookie)
		default:
			w.Clock.Pass(c.Span(0, 70*time.Second))
			w.PostForm(b, "/login/challenge/email/code")
		}
		if b.Cookie(LoginCookie) == "" {
			w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
		}
		kind := "totp"
		if p.Mails && c.Seldom(2) {
			kind = "email"
		}
		page := w.PostForm(b, "/login/challenge/"+kind, "code", w.wrong(c, p))
		if kind == "totp" && page != nil && page.Status == http.StatusUnprocessableEntity {
			w.guesses(p, w.Clock.Real())
		}
	}
	return true
}
