package sim

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"nightlatch.example/nightlatch/factors"
)

// patient is how long an owner may be kept waiting, whatever strangers do.
const patient = 15 * time.Minute

func init() {
	AddActor(Actor{Name: "owner who must get in", Weight: 3, Acts: []Act{
		{"signs in whatever it takes", 2, func(w *World, c *Chance) bool { return w.mustGetIn(Pick(c, w.People)) }},
		{"signs in while a thief guesses", 2, guessedMeanwhile},
	}})
}

// guessedMeanwhile has a thief of somebody's password guess codes, and its owner sign in right after.
func guessedMeanwhile(w *World, c *Chance) bool {
	p := Pick(c, w.People)
	if !w.canGetIn(p) {
		return false
	}
	b := w.stranger(c, "the thief of "+p.Name+"'s password")
	for try, judged, most := 0, 0, 6+c.N(4); try < 40 && judged < most; try++ {
		page := w.guessOnce(c, p, b)
		if page == nil || page.Status != http.StatusUnprocessableEntity && page.Status != http.StatusTooManyRequests {
			break
		}
		if page.Status == http.StatusUnprocessableEntity {
			judged++
		} else {
			w.Clock.Pass(wait(page))
		}
	}
	return w.mustGetIn(p)
}

// canGetIn says whether nothing but strangers may keep somebody out.
func (w *World) canGetIn(p *Person) bool {
	if p.Phone == nil || p.Phone.Lost || p.Phone.Drift < -1 || p.Phone.Drift > 1 || p.troubled() || w.Clock.Off() != 0 || w.meanwhile != nil {
		return false
	}
	return w.knownBrowser(p) != nil && !slices.ContainsFunc(w.Ledger.Account(p.Login).Live(), func(x *Cred) bool { return x.Unsure })
}

// mustGetIn has an owner sign in, with password and app, on a browser of their own. Everything
// works again meanwhile, and they try for a quarter of an hour. That they do not get in
// breaks the rule of this name.
func (w *World) mustGetIn(p *Person) bool {
	if !w.canGetIn(p) {
		return false
	}
	b := w.knownBrowser(p)
	w.Mend()
	w.Trace.Say("      %s must get in", p.Name)
	delete(b.cookies, SessionCookie)
	delete(b.cookies, LoginCookie)
	end := w.Clock.Real().Add(patient)
	for w.Clock.Real().Before(end) {
		wait := w.tryIn(p, b)
		if w.in(b) && w.Ledger.Session(b).Level == 2 {
			return true
		}
		w.Clock.Pass(max(wait, 20*time.Second))
	}
	w.Broken(ruleGetsIn, "%s, with password and app and in a browser of their own, did not get in within %s", p.Name, patient)
	return true
}

const (
	ruleGetsIn = "the owner gets in"
	ruleHeldUp = "strangers hold nobody up"
)

func init() {
	AddRule(Rule{Name: ruleGetsIn, Source: "NIST SP 800-63B-4 §3.2.2, CONTRACT §4", Every: 1 << 30,
		Sentence: "An owner with password and app, on a browser that signed in before, signs in within 15 minutes whatever strangers do.",
		Check:    func(*World) error { return nil }}) // the act of this name looks
	AddRule(Rule{Name: ruleHeldUp, Source: "CONTRACT §4", Every: 1 << 30,
		Sentence: "In a browser that signed in before, and in which nobody failed, no second step has to wait for the failures of others.",
		Check:    func(*World) error { return nil }})
}

// troubled says whether something other than a stranger may keep somebody out.
func (p *Person) troubled() bool {
	return p.Gone || p.ID == "" || p.Password == "" || p.Before != "" || p.Disabled || p.Locked || p.Robbed || p.unsure
}

// knownBrowser is a browser in which somebody signed in before with the app that they have,
// and in which they did not fail often themselves: of several the one in which they failed least.
func (w *World) knownBrowser(p *Person) (best *Browser) {
	var since time.Time
	for _, x := range w.Ledger.Account(p.Login).Live() {
		if x.Kind == factors.KindTOTP && x.Since.After(since) {
			since = x.Since
		}
	}
	for _, b := range p.Browsers {
		for _, t := range w.Ledger.order {
			if t.Browser == b && t.Account == p.Login && t.Level == 2 && t.Proof == "the app" && t.Acted.After(since) &&
				w.Clock.Real().Sub(t.Acted) < month && b.Cookie(KnownCookie) != "" && b.failed < 4 && (best == nil || b.failed < best.failed) {
				best = b
			}
		}
	}
	return best
}

// month is how long a site remembers.
const month = 30 * 24 * time.Hour

// tryIn is one try to sign in, and how long the site says to wait.
func (w *World) tryIn(p *Person, b *Browser) (wait time.Duration) {
	w.Get(b, "/login")
	page := w.Submit(b, b.Page, "/login", "login", p.Login, "password", p.Password)
	if page != nil && b.Cookie(LoginCookie) != "" {
		at := "/login/challenge/" + string(factors.KindTOTP)
		w.Clock.Pass(factors.TOTPPeriod * time.Second) // the last code may be used up
		page = w.Submit(b, b.Page, at, "code", w.CodeOf(p.Phone))
	}
	if page != nil && page.Status == http.StatusTooManyRequests {
		if b.failed == 0 && b.Cookie(LoginCookie) != "" {
			w.Broken(ruleHeldUp, "%s waits in a browser in which nobody failed: “%s”", b.Name, page.Alert())
		}
		n, _ := strconv.Atoi(page.Header.Get("Retry-After"))
		return time.Duration(n) * time.Second
	}
	return 0
}

// jumped says whether the clock was set within the last days: what was counted before may
// count differently now.
func (w *World) jumped() bool {
	return !w.steady(month)
}

// unrestored says whether no backup was put back for so long.
func (w *World) unrestored(d time.Duration) bool {
	return w.restored.IsZero() || w.Clock.Real().Sub(w.restored) >= d
}

// steady says whether the clock was right for so long.
func (w *World) steady(d time.Duration) bool {
	return w.Clock.Off() == 0 && (w.jump.IsZero() || w.Clock.Real().Sub(w.jump) >= d)
}
