package sim

import (
	"strings"

	"nightlatch.example/nightlatch/identity"
)

// imports says whether a form brings accounts from a file.
func (d deed) imports() bool { return d.path == "/admin/import" && d.field("do") == "1" }

// ledToLogin are the answers that lead to the sign-in because a form was carried
// out, and not because somebody must sign in first.
var ledToLogin = map[string]bool{"/login": true, "/login?said=registered": true, "/login?said=reset": true, "/login?said=secured": true, "/login?said=signed-out": true,
	"/login?said=ticket": true}

// sender is the session in which a form was sent. While it was on its way the
// browser may have got another one.
func (l *Ledger) sender(x *Exchange) *Token {
	opens := strings.HasPrefix(x.Path, "/login") || strings.HasSuffix(x.Path, "/confirm")
	if t := l.tokens[identity.HashToken(x.Before[SessionCookie])]; t != nil && !opens {
		return t
	}
	return l.Session(x.Browser)
}

// heldBy is the form that a step-up carries out; nil when it carries out none.
func (l *Ledger) heldBy(x *Exchange) *Exchange {
	if x.Path != "/confirm" {
		return nil
	}
	held := l.held[x.Browser]
	if x.Form.Has("held") { // the page said which, or that there is none
		held = l.heldIDs[x.Form.Get("held")]
	}
	if held != nil && (held.Form.Has("password") || held.Form.Has("current")) { // has to be typed again
		return nil
	}
	return held
}
