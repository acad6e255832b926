package sim

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// cap is how many wrong codes of a kind may be judged in thirty days for everybody who is
// not its owner (CONTRACT §4).
const guessCap = 100

func init() {
	AddActor(Actor{Name: "guesser", Weight: 1, Acts: []Act{
		{"guesses all night", 1, thieves("the thief of %s's password", guessAllNight)},
		{"guesses right", 3, thieves("the thief of %s's password", guessRight)},
	}})
	AddRule(Rule{Name: ruleCap, Source: "NIST SP 800-63B-4 §3.2.2, CONTRACT §4", Every: 1 << 30,
		Sentence: "After a hundred wrong codes within thirty days, strangers' right ones open nothing either.",
		Check:    func(*World) error { return nil }}) // the acts of the guesser look
}

const ruleCap = "guesses have an end"

// guesses are when strangers typed wrong codes for an account that were judged, within thirty
// days and since the counters were last cleared.
func (w *World) guesses(p *Person, more ...time.Time) int {
	list := State(w, "guesses at "+p.ID, func() *[]time.Time { return new([]time.Time) })
	*list = slices.DeleteFunc(append(*list, more...), func(at time.Time) bool {
		return w.Clock.Real().Sub(at) > month-24*time.Hour || at.Before(w.Ledger.forgiven[p.Login])
	})
	return len(*list)
}

// guessAllNight types codes for as long as the site takes them, and waits where it says so.
func guessAllNight(w *World, c *Chance, p *Person, b *Browser) bool {
	var judged []time.Time
	for range 20 + c.N(40) {
		if b.Cookie(LoginCookie) == "" {
			page := w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
			if page == nil || b.Cookie(LoginCookie) == "" {
				w.Clock.Pass(wait(page))
				continue
			}
		}
		page := w.PostForm(b, "/login/challenge/totp", "code", w.wrong(c, p))
		switch {
		case page == nil:
		case page.Status == http.StatusUnprocessableEntity:
			judged = append(judged, w.Clock.Real())
		case page.Status == http.StatusTooManyRequests:
			w.Clock.Pass(wait(page))
		case page.Location != "":
			delete(b.cookies, LoginCookie)
		}
	}
	w.Trace.Say("      %d of these codes were judged, %d within thirty days", len(judged), w.guesses(p, judged...))
	return true
}

// wrong is a code that is none of somebody's phones now.
func (w *World) wrong(c *Chance, p *Person) string {
	for {
		code := sprintf("%06d", c.N(1000000))
		if w.Ledger.peekCode(p.Login, code) == nil {
			return code
		}
	}
}

// peekCode is the app that shows a code now; nil when none does.
func (l *Ledger) peekCode(login, code string) *Cred {
	at := l.w.Clock.Now().Unix() / factors.TOTPPeriod
	for _, x := range l.Account(login).Live() {
		for step := at - 3; step <= at+3 && x.Kind == factors.KindTOTP; step++ {
			if shown, _ := factors.TOTPCode(x.Secret, step); shown == code {
				return x
			}
		}
	}
	return nil
}

// wait is how long an answer asks to wait.
func wait(page *sitetest.Page) time.Duration {
	if page == nil {
		return time.Minute
	}
	n, _ := strconv.Atoi(page.Header.Get("Retry-After"))
	return time.Duration(max(n, 1)) * time.Second
}

// guessRight is a guess that happens to be right, when so many were wrong before that no guess may
// count any more.
func guessRight(w *World, _ *Chance, p *Person, b *Browser) bool {
	if w.guesses(p) <= guessCap || w.jumped() || p.Phone == nil || p.Disabled || p.Locked {
		return false
	}
	delete(b.cookies, LoginCookie)
	page := w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
	if page == nil || b.Cookie(LoginCookie) == "" {
		return true
	}
	had := b.Cookie(SessionCookie)
	w.PostForm(b, "/login/challenge/totp", "code", w.CodeOf(p.Phone))
	if b.Cookie(SessionCookie) != had {
		w.Broken(ruleCap, "after %d wrong codes of strangers another one was judged for %s", w.guesses(p), p.Name)
	}
	return true
}
