package sim

import (
	"strings"
	"time"

	"nightlatch.example/nightlatch/identity"
)

// Rules that the ledger looks at while it writes: it breaks them itself.
const (
	ruleOff   = "what was called off does nothing"
	ruleAsked = "a code belongs to who asked for it"
	ruleOld   = "an old code opens nothing"
)

func init() {
	byLedger := func(name, source, sentence string) {
		AddRule(Rule{Name: name, Source: source, Sentence: sentence, Every: 1 << 30, Check: func(*World) error { return nil }})
	}
	byLedger(ruleOff, "CONTRACT §2, ASVS 5.0 6.4.3", "A link for a new password does nothing when the password was changed since, and a change of address does nothing "+
		"when sessions were thrown out since it was asked for.")
	byLedger(ruleAsked, "ASVS 5.0 6.6.2", "A mailed code opens something only in the browser that asked for it, and for what it was asked for.")
	byLedger(ruleOld, "NIST SP 800-63B-4 §3.1.3.1", "A mailed code opens nothing when it is older than five minutes.")
}

// ask is a code by mail that a browser asked for.
type ask struct {
	browser *Browser
	purpose string // "login", "confirm" or "enroll"
	place   string // the sign-in that waited then, or the session
	over    int    // how many requests there were when a newer one had been asked for; 0 while there is none
}

// codeLife is how long a mailed code may be used, with some seconds for a clock
// that moves while it is looked at.
const codeLife = 5*time.Minute + 5*time.Second

// purposeOf is what a code is for that is typed at, or asked for by, a path.
func purposeOf(path string) string {
	switch {
	case strings.HasPrefix(path, "/login"):
		return "login"
	case strings.HasPrefix(path, "/confirm"):
		return "confirm"
	}
	return "enroll"
}

// asked writes down that a browser asked for a code, where that is certain: the
// row of the mail was made while nobody else acted.
func (l *Ledger) asked(x *Exchange) {
	asks := strings.HasSuffix(x.Path, "/code") || x.Path == "/profile/factors/email"
	if !asks || !x.Worked() || l.w.meanwhile != nil || l.w.waits != nil {
		return
	}
	rows, err := l.w.Beside.Rows("SELECT id FROM outbox WHERE template = 'code' AND created_at >= ? ORDER BY created_at DESC, id LIMIT 2", x.At.UnixMicro())
	if err != nil || len(rows) != 1 || l.asks[rowID(rows[0][0])] != nil || !strings.HasPrefix(rows[0][0], identity.CodeMail) {
		return
	}
	fresh := &ask{browser: x.Browser, purpose: purposeOf(x.Path), place: x.Before[LoginCookie]}
	if fresh.purpose != "login" {
		fresh.place = x.Before[SessionCookie]
	}
	for _, a := range l.asks {
		if a.browser == fresh.browser && a.purpose == fresh.purpose && a.place == fresh.place && a.over == 0 {
			a.over = l.w.requests
		}
	}
	l.asks[rowID(rows[0][0])] = fresh
}

// fitsAsk looks whether a code that was taken is one that this browser asked
// for, for this purpose, and lately.
func (m code) fitsAsk(l *Ledger, purpose string) {
	x := l.busy
	if m.ask != nil && (m.ask.browser != x.Browser || m.ask.purpose != purpose) {
		l.w.Broken(ruleAsked, "a code that %s asked for (%s) was taken from %s (%s)", m.ask.browser.Name, m.ask.purpose, x.Browser.Name, purpose)
	}
	if age := x.Real.Sub(m.at); age > codeLife && m.set == l.w.Clock.Off() {
		l.w.Broken(ruleOld, "a code that was mailed %s before opened something for %s", age, x.Browser.Name)
	}
}

// callOff notes that links of one purpose about an account do nothing any more.
// A link to the address that the account has is none that changes it.
func (l *Ledger) callOff(name, what string) {
	for at, x := range l.links {
		if p := l.w.about(x); p != nil && strings.EqualFold(p.Login, name) && purpose(at) == what && (what != "email/verify" || x.to != p.Email) && x.by == nil {
			x.off = "the account was changed since"
		}
	}
}

// dropped notes that a browser said "Not now": the forms that it had held up are
// carried out by nothing.
func (l *Ledger) dropped(x *Exchange) {
	if x.Path != "/confirm/cancel" || !x.Worked() || strings.HasPrefix(x.Page.Location, "/login") {
		return
	}
	delete(l.held, x.Browser)
	for id, held := range l.heldIDs {
		if held.Browser == x.Browser {
			delete(l.heldIDs, id)
		}
	}
}

// use notes that the cookie of a session was sent.
func (l *Ledger) use(token string) {
	if t := l.tokens[identity.HashToken(token)]; t != nil {
		t.Used = l.w.Clock.Real()
	}
}

// outdated says whether a sign-in was done with a password that is surely none of its account
// any more.
func (l *Ledger) outdated(login string, x *Exchange) bool {
	for _, p := range l.w.People {
		if p.Login == login && !p.Gone {
			return !p.Robbed && !p.unsure && p.Before == "" && p.Password != "" && p.ID != "" && x.Form.Get("password") != p.Password && !x.Browser.Foe
		}
	}
	return false
}

// promoted notes that somebody became an admin: trust ends, and a session that
// was opened by it has to prove something.
func (l *Ledger) promoted(login string) {
	l.Distrust(login)
	for _, t := range l.order {
		if t.Account == login && t.Trusted {
			t.Level, t.Proof = 1, ""
		}
	}
}
