package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/identity"
)

func init() {
	AddRule(Rule{Name: "what is grave needs a fresh proof", Source: "ASVS 5.0 7.5.1, CONTRACT §2", Sentence: "Factors, the address and accounts of others change only " +
		"in a session that proved a factor, or a password where there is no factor, within the last five minutes.", Check: fresh})
}

// grave are the forms that need a fresh confirmation, by how their path ends.
var grave = []string{"/profile/factors/totp/confirm", "/profile/factors/email/confirm", "/remove", "/profile/factors/disable", "/profile/factors/recovery",
	"/profile/email", "/reset", "/disable", "/enable", "/role", "/end-sessions", "/delete", "/admin/policy"}

// confirmed is how long a proof counts, with some time for typing slowly
// between the look at it and the deed.
const confirmed = 5*time.Minute + 10*time.Second

// fresh looks at what was carried out in this step. A clock that was set since
// the proof is no measure.
func fresh(w *World) error {
	jumped := State(w, "clock was set", func() *time.Duration { return new(time.Duration) })
	set := *jumped != w.Clock.Off()
	*jumped = w.Clock.Off()
	for _, d := range w.Ledger.Deeds() {
		if !d.sure || d.old || d.by == nil || !isGrave(d) || set || d.by.Set != w.Clock.Off() || w.confirmedBeside(d.x) {
			continue
		}
		if age := d.x.Real.Sub(d.by.Proved); d.by.Proved.IsZero() || age > confirmed {
			return fmt.Errorf("%s did %s in a session of %s whose last proof was %s ago", d.x.Browser.Name, d.path, d.by.Account, age)
		}
	}
	for _, x := range w.Seen {
		t := w.Ledger.tokens[identity.HashToken(x.Before[SessionCookie])]
		if x.Path != "/profile/factors/recovery.txt" || x.Page == nil || x.Page.Status != 200 || t == nil || set || t.Set != w.Clock.Off() {
			continue
		}
		if age := x.Real.Sub(t.Proved); t.Proved.IsZero() || age > confirmed {
			return fmt.Errorf("%s saw recovery codes in a session of %s whose last proof was %s ago", x.Browser.Name, t.Account, age)
		}
	}
	return nil
}

// confirmedBeside says whether the browser of a form confirmed something while that was on its way.
func (w *World) confirmedBeside(x *Exchange) bool {
	return x.met && slices.ContainsFunc(w.Seen, func(y *Exchange) bool {
		return y.met && y.Browser == x.Browser && y.Method == "POST" && strings.HasSuffix(y.Path, "/confirm") && y.Page != nil && y.Page.Status < 400
	})
}

func isGrave(d deed) bool {
	if strings.HasPrefix(d.to, "/confirm") || strings.HasPrefix(d.to, "/login") || strings.Contains(d.to, "said=confirmed") || d.x.Path == "/confirm" && d.path == "/confirm" {
		return false
	}
	for _, end := range grave {
		if strings.HasSuffix(d.path, end) {
			return true
		}
	}
	return false
}
