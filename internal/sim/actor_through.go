package sim

import "strings"

// goThrough has somebody do what the site asks them for next, as most people
// mostly do: the second step, a step-up, the code of what they set up.
func (w *World) goThrough(c *Chance, p *Person, b *Browser) {
	for range 3 {
		if c.Seldom(6) {
			return // is called away
		}
		var next func(*World, *Chance, *Person, *Browser) bool
		switch {
		case b.asked():
			next = stepUp
		case b.Cookie(LoginCookie) != "" && !w.in(b):
			next = answerChallenge
		case strings.HasPrefix(b.Led, "/profile/factors/totp") || strings.HasPrefix(b.Led, "/profile/factors/email"):
			next = confirmEnrollment
		default:
			return
		}
		w.Clock.Pass(c.Span(1e9, 12e9))
		if !next(w, c, p, b) {
			return
		}
	}
}
