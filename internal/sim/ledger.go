package sim

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Ledger is what the simulation itself knows: who proved what, and what was
// answered. It is written from the requests and answers alone, so that it does
// not share the mistakes of the site.
type Ledger struct {
	w        *World
	Accounts map[string]*Account // by login
	tokens   map[string]*Token   // sessions, by the hash of their token
	order    []*Token            // the same, in the order in which they came
	pendings map[string]string   // login of the account that a pending login is for, by its token
	begunBy  map[string]*Browser // who began it, by the same
	trusted  map[string]string   // the same for trusted browsers
	codes    []code              // that were mailed
	found    []string            // what the ledger itself has to object to

	pendingApps map[string][][]byte    // secrets that an account was shown
	held        map[*Browser]*Exchange // forms that wait for a step-up, the last of each browser
	heldIDs     map[string]*Exchange   // the same by the id that the step-up carries
	sent        map[string]bool        // forms that a browser sent
	deeds       []deed                 // of one step
	deedsOf     int
	void        map[string]string    // pending logins that ended, by their token, and why
	links       map[string]*link     // in mails, by their path
	sessionIDs  map[string]string    // hash of the token of a session, by the id that its owner sees
	asks        map[string]*ask      // for codes by mail, by the ids of their rows
	busy        *Exchange            // that is being written down
	forgiven    map[string]time.Time // when the counters of an account may last have been cleared, by a right clock
}

// Account is an account as the ledger knows it.
type Account struct {
	Login string
	Creds []*Cred
}

// Cred is something with which the owner of an account can prove to be that.
type Cred struct {
	Kind    factors.Kind
	ID      string            // of its row, where it is known
	Secret  []byte            // of an app
	Address string            // where codes are mailed
	Codes   map[string]bool   // on a sheet of recovery codes; true once used
	Places  map[string]string // where they were typed
	Steps   map[int64]string  // of an app: accepted, and where it was typed
	Gone    bool              // it was taken away, and the answer said so
	went    int               // in which step
	Unsure  bool              // nobody heard whether it was added
	Since   time.Time         // when it was added, by a right clock
}

// Token is a session as a browser has it.
type Token struct {
	Value   string
	Account string // login
	Browser *Browser
	Level   int
	Proof   string // by what its level was reached; empty when by nothing that the ledger knows
	Ended   bool   // an answer said that it has ended
	Since   time.Time
	Proved  time.Time     // by the right time: when its owner last proved something in it
	Set     time.Duration // how far the clock was set then
	Acted   time.Time     // by the right time: when a form may last have been carried out in it

	Used    time.Time     // by the right time: when its cookie was sent last
	Born    time.Time     // by the right time
	BornSet time.Duration // how far the clock was set then
	Stale   bool          // it was opened with a password that was none any more
	Trusted bool          // it was opened in a browser that its owner trusted, and proved nothing since

	step int  // in which it was opened
	seen bool // a rule has complained of it
}

// code is a code in a mail.
type code struct {
	to, digits string
	at         time.Time
	used       string        // where it was typed
	ask        *ask          // nil where it is not known
	set        time.Duration // how far the clock was set when it came
}

func newLedger(w *World) *Ledger {
	return &Ledger{w: w, Accounts: map[string]*Account{}, tokens: map[string]*Token{}, pendings: map[string]string{}, begunBy: map[string]*Browser{}, trusted: map[string]string{},
		pendingApps: map[string][][]byte{}, held: map[*Browser]*Exchange{}, heldIDs: map[string]*Exchange{}, sent: map[string]bool{},
		void: map[string]string{}, links: map[string]*link{}, asks: map[string]*ask{}, sessionIDs: map[string]string{}, forgiven: map[string]time.Time{}}
}

// Account is the account of a login, which is written down when it is new.
func (l *Ledger) Account(name string) *Account {
	name = strings.ToLower(name)
	if l.Accounts[name] == nil {
		l.Accounts[name] = &Account{Login: name}
	}
	return l.Accounts[name]
}

// Has says whether the account surely has a factor.
func (a *Account) Has() bool {
	return slices.ContainsFunc(a.Creds, func(c *Cred) bool { return !c.Gone && !c.Unsure && c.Kind != factors.KindRecovery })
}

// Live are the credentials that the account has, or may have.
func (a *Account) Live() (list []*Cred) {
	for _, c := range a.Creds {
		if !c.Gone {
			list = append(list, c)
		}
	}
	return list
}

func (l *Ledger) object(format string, args ...any) {
	l.found = append(l.found, sprintf(format, args...))
}

// Object takes what the ledger has to object to since the last call.
func (l *Ledger) Object() (list []string) {
	list, l.found = l.found, nil
	return list
}

// mailed writes down a code or link that was mailed.
func (l *Ledger) mailed(m sitetest.Letter) {
	l.mailedLink(m.Link(), m.To)
	if c := m.Code(); c != "" {
		l.codes = append(l.codes, code{to: strings.ToLower(m.To), digits: c, at: l.w.Clock.Real(), ask: l.asks[messageID(m)], set: l.w.Clock.Off()})
	}
}

// Session is the session of a browser; nil when it has none that the ledger
// knows.
func (l *Ledger) Session(b *Browser) *Token {
	return l.tokens[identity.HashToken(b.Cookie(SessionCookie))]
}

// EndAll notes that all sessions of an account have ended, but one token's.
func (l *Ledger) EndAll(name, but string) {
	for _, t := range l.order {
		switch {
		case !strings.EqualFold(t.Account, name) || t.Value == but:
		case t.step == l.w.Step && l.busy != nil && l.busy.met: // it may have been opened after that
			t.Ended = t.Ended || !l.stands(t.Value)
		default:
			t.Ended = true
		}
	}
}

// Cancel notes that everything has ended that was begun with the password or the
// factors of an account: sessions but one token's, pending logins, trust.
func (l *Ledger) Cancel(name, but string) {
	l.EndAll(name, but)
	l.Distrust(name)
	l.callOff(name, "email/verify")
	l.forgiven[strings.ToLower(name)] = l.w.Clock.Real()
	for token, of := range l.pendings {
		if strings.EqualFold(of, name) {
			l.void[token] = "the account was changed since"
		}
	}
}

// Distrust notes that no browser of an account is trusted any more.
func (l *Ledger) Distrust(name string) {
	for token, of := range l.trusted {
		if strings.EqualFold(of, name) {
			delete(l.trusted, token)
		}
	}
}

// TakeAll notes that an account has no factor any more.
func (l *Ledger) TakeAll(name string) {
	l.forgiven[name] = l.w.Clock.Real()
	for _, c := range l.Account(name).Creds {
		l.lose(c)
	}
}

// lose notes that a credential is gone.
func (l *Ledger) lose(c *Cred) {
	if !c.Gone {
		c.Gone, c.went = true, l.w.Step
	}
}

var (
	secretShown = regexp.MustCompile(`otpauth://totp/[^"]*?secret=([A-Z2-7]+)`)
	codeShown   = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b`)
)
