package sim

import (
	"strings"

	"nightlatch.example/nightlatch/factors"
)

// proved notes that the owner of a session proved something in it just now.
func (l *Ledger) proved(t *Token) { t.Proved, t.Set = l.w.Clock.Real(), l.w.Clock.Off() }

// confirmed writes down a step-up that did not change the token.
func (l *Ledger) confirmed(x *Exchange) {
	t := l.Session(x.Browser)
	if t == nil || x.Method != "POST" || !strings.HasSuffix(x.Path, "/confirm") || x.After[SessionCookie] != x.Before[SessionCookie] {
		return
	}
	if x.Page == nil || x.Page.Status >= 500 { // it may have been one
		l.proved(t)
		return
	}
	if !l.steppedUp(x) {
		return
	}
	by := "what was enrolled"
	if x.Path == "/confirm" {
		if by = "the password"; l.Account(t.Account).Has() {
			by = l.Proves(t.Account, factors.Kind(x.Form.Get("kind")), x.Form.Get("code"), t.Value)
		}
	}
	if by == "" {
		l.object("%s stepped up a session of %s with what proves nothing", x.Browser.Name, t.Account)
		return
	}
	if t.Trusted && by != "the password" { // more than that its owner trusts the browser
		t.Trusted, t.Proof = false, by
	}
	l.proved(t)
}

// steppedUp says whether a confirmation was taken: it led on, or to what became
// of the form that it let go, which may have been refused.
func (l *Ledger) steppedUp(x *Exchange) bool {
	if x.Worked() {
		return !strings.HasPrefix(x.Page.Location, "/confirm") && !strings.HasPrefix(x.Page.Location, "/login")
	}
	return x.Path == "/confirm" && l.heldBy(x) != nil && x.Page.Location == "" && !strings.Contains(x.Page.Body, `action="/confirm`)
}

// Proves says by what a code proves to be the owner of an account; empty when
// it is nothing that the account has. place is where it was typed: the same code
// in the same place is a form that was sent twice.
func (l *Ledger) Proves(name string, k factors.Kind, typed, place string) string {
	typed = bare(typed)
	for _, c := range l.Account(name).Creds {
		if c.Kind != k || c.Gone && !(l.busy.met && c.went == l.w.Step) { // of two at once, either may have been the first
			continue
		}
		if by := l.fits(c, typed, place); by != "" {
			return by
		}
	}
	return ""
}

// bare leaves out what people type between the characters of a code.
func bare(code string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(strings.TrimSpace(code)))
}

// fits says whether a code is one of a credential's, and marks it as used.
func (l *Ledger) fits(c *Cred, typed, place string) string {
	switch c.Kind {
	case factors.KindTOTP:
		return l.fitsApp(c, typed, place)
	case factors.KindEmail:
		for i := len(l.codes) - 1; i >= 0; i-- {
			m := &l.codes[i]
			if m.digits != typed || m.to != strings.ToLower(c.Address) {
				continue
			}
			if m.used != "" && m.used != place {
				l.object("the mailed code %s opened something a second time", typed)
			}
			m.used = place
			m.fitsAsk(l, purposeOf(l.busy.Path))
			l.w.prove(m.to)
			return "a code mailed to " + c.Address
		}
	case factors.KindRecovery:
		used, ok := c.Codes[typed]
		if !ok {
			return ""
		}
		if used && c.Places[typed] != place {
			l.object("a recovery code opened something a second time")
		}
		c.Codes[typed], c.Places[typed] = true, place
		return "a recovery code"
	}
	return ""
}

// fitsApp looks for a step of an app whose code was typed. The window of the
// site is one step; a second is left for a clock that moved while it judged.
func (l *Ledger) fitsApp(c *Cred, typed, place string) string {
	at := l.w.Clock.Now().Unix() / factors.TOTPPeriod
	for step := at - 2; step <= at+1; step++ {
		if x, _ := factors.TOTPCode(c.Secret, step); x != typed {
			continue
		}
		if before := c.Steps[step]; before != "" && before != place {
			l.object("the code of step %d of an app opened something a second time", step)
		}
		c.Steps[step] = place
		return "the app"
	}
	return ""
}
