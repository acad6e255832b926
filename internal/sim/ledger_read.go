package sim

import (
	"net/http"
	"slices"
	"strings"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// read writes down what one exchange shows.
func (l *Ledger) read(x *Exchange) {
	l.busy = x
	l.pending(x)
	l.asked(x)
	if token := x.After[SessionCookie]; token != "" && token != x.Before[SessionCookie] && x.gave(SessionCookie) {
		l.opened(x, token)
	}
	if token := x.After[TrustCookie]; token != "" && token != x.Before[TrustCookie] {
		if t := l.tokens[identity.HashToken(x.After[SessionCookie])]; t != nil && !t.Ended {
			l.trusted[token] = t.Account
		}
	}
	l.confirmed(x)
	if t := l.Session(x.Browser); t != nil && x.Method == "POST" && (x.Page == nil || x.Page.Status >= 500 || x.Page.Location != "") {
		t.Acted = l.w.Clock.Real()
	}
	l.shown(x)
	if d, ok := l.deed(x); ok {
		l.note(d)
		l.did(x, d)
	}
	l.looked(x)
	l.dropped(x)
}

// Worked says whether a form was carried out.
func (x *Exchange) Worked() bool {
	return x.Method == "POST" && x.Page != nil && x.Page.Location != "" && (x.Page.Status == 303 || x.Page.Status == 200)
}

// gave says whether an answer itself set a cookie to what the browser has now. While
// the form was on its way the browser may have got it by another one.
func (x *Exchange) gave(name string) bool {
	return x.Page != nil && slices.ContainsFunc(x.Page.Cookies, func(c *http.Cookie) bool { return c.Name == name && c.Value == x.After[name] })
}

// kept is the session in which a form was sent, as it is after the answer.
func (x *Exchange) kept() string {
	if x.met && !x.gave(SessionCookie) { // the browser may have got another one meanwhile
		return x.Before[SessionCookie]
	}
	return x.After[SessionCookie]
}

// pending writes down whose pending login a browser has.
func (l *Ledger) pending(x *Exchange) {
	token := x.After[LoginCookie]
	if x.Path == "/login" && x.Method == "POST" && token != "" && token != x.Before[LoginCookie] && x.gave(LoginCookie) {
		l.pendings[token], l.begunBy[token] = l.Named(x.Form.Get("login")), x.Browser
		if l.outdated(l.pendings[token], x) {
			l.void[token] = "its password was none any more"
		}
	}
}

// Named is the login of the account that somebody means who types a login or an
// address.
func (l *Ledger) Named(typed string) string {
	typed = strings.ToLower(strings.TrimSpace(typed))
	for _, p := range l.w.People {
		if p.Email == typed && !p.Gone && p.Proven {
			return p.Login
		}
	}
	return typed
}

// opened writes down a session that a browser got, and by what.
func (l *Ledger) opened(x *Exchange, token string) {
	if known := l.tokens[identity.HashToken(token)]; known != nil { // the same form again gets the same session again
		if known.Browser != x.Browser {
			l.object("%s got the session of %s", x.Browser.Name, known.Browser.Name)
		}
		return
	}
	t := &Token{Used: l.w.Clock.Real(), Born: x.Real, BornSet: l.w.Clock.Off(), Acted: l.w.Clock.Real(), Value: token, Browser: x.Browser, Since: x.At, Level: 1, step: l.w.Step}
	before := l.tokens[identity.HashToken(x.Before[SessionCookie])]
	switch {
	case strings.HasPrefix(x.Path, "/login/challenge/"):
		t.Account, t.Level = l.pendings[x.Before[LoginCookie]], 2
		if why := l.void[x.Before[LoginCookie]]; why != "" {
			if t.Ended = !l.stands(token); !t.Ended { // or it was finished before that, and ended by it
				l.object("%s finished a sign-in of %s that was begun before: %s", x.Browser.Name, t.Account, why)
			}
		}
		kind := factors.Kind(strings.TrimPrefix(x.Path, "/login/challenge/"))
		t.Proof = l.Proves(t.Account, kind, x.Form.Get("code"), x.Before[LoginCookie])
		l.proved(t)
	case x.Path == "/login":
		t.Account = l.Named(x.Form.Get("login"))
		t.Stale = l.outdated(t.Account, x)
		if of := l.trusted[x.Before[TrustCookie]]; of != "" && of == t.Account && l.Account(of).Has() {
			t.Level, t.Proof, t.Trusted = 2, "a browser that its owner trusts", true
		} else {
			l.proved(t)
		}
	case x.Path == "/setup":
		t.Account = strings.ToLower(x.Form.Get("login"))
		l.proved(t)
	case before != nil:
		before.Ended = true
		t.Account, t.Level, t.Proof, t.Proved, t.Set, t.Trusted = before.Account, before.Level, before.Proof, before.Proved, before.Set, before.Trusted
		if p := l.rise(x, t); p != "" {
			t.Level, t.Proof, t.Trusted = 2, p, false
			l.proved(t)
		}
	default:
		l.object("%s got a session by %s %s, without having had one", x.Browser.Name, x.Method, x.Path)
	}
	l.order = append(l.order, t)
	l.tokens[identity.HashToken(token)] = t
}

// stands says whether there is a session of a token now. While its answer was on
// its way something else may have ended it.
func (l *Ledger) stands(token string) bool {
	id, err := l.w.Beside.One("SELECT id FROM sessions WHERE token_hash = ?", identity.HashToken(token))
	return err != nil || id != ""
}

// rise is by what a session rose that somebody had already.
func (l *Ledger) rise(x *Exchange, t *Token) string {
	switch held := l.heldBy(x); {
	case held != nil && enrolls(held.Path):
		l.Proves(t.Account, factors.Kind(x.Form.Get("kind")), x.Form.Get("code"), x.Before[SessionCookie]) // it is used up
		return "a factor that it enrolled"
	case enrolls(x.Path):
		return "a factor that it enrolled"
	case x.Path == "/confirm":
		return l.Proves(t.Account, factors.Kind(x.Form.Get("kind")), x.Form.Get("code"), x.Before[SessionCookie])
	}
	return ""
}

// enrolls says whether a form sets up a factor.
func enrolls(path string) bool {
	return strings.HasPrefix(path, "/profile/factors/") && strings.HasSuffix(path, "/confirm")
}
