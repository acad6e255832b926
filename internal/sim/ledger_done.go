package sim

import (
	"net/url"
	"strings"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// deed is a form that was carried out, or may have been.
type deed struct {
	path string
	form map[string][]string
	by   *Token // whose session it was
	to   string // where the answer led; empty when none came
	sure bool
	x    *Exchange // that carried it
	old  bool      // the same browser sent the same form before
}

// Deeds are the forms that were carried out in this step, or may have been.
func (l *Ledger) Deeds() []deed {
	if l.deedsOf != l.w.Step {
		return nil
	}
	return l.deeds
}

// note writes a deed down.
func (l *Ledger) note(d deed) {
	if l.deedsOf != l.w.Step {
		l.deedsOf, l.deeds = l.w.Step, nil
	}
	l.deeds = append(l.deeds, d)
}

// deed is what an exchange did: the form that it sent, or the one that was held
// up until this step-up.
func (l *Ledger) deed(x *Exchange) (d deed, ok bool) {
	if x.Method != "POST" {
		return d, false
	}
	by := l.sender(x)
	if by == nil {
		by = l.tokens[identity.HashToken(x.Before[SessionCookie])]
	}
	if of := l.pendings[x.Before[LoginCookie]]; strings.HasPrefix(x.Path, "/login/challenge/") && (by == nil || by.Account != of) {
		by = &Token{Account: of, Browser: x.Browser} // nobody heard of the session
	}
	d = deed{path: x.Path, form: x.Form, by: by, sure: x.Worked(), x: x}
	if x.Page != nil {
		d.to = x.Page.Location
		held := l.heldBy(x)
		if x.Page.Status == 200 && (d.imports() || held != nil && held.Path == "/admin/import") {
			d.sure = true // its answer is a page with what became of each line
		}
		if !d.sure && x.Page.Status < 500 {
			if l.steppedUp(x) { // only what it let go was refused
				l.note(d)
			}
			return d, false
		}
	}
	if held := l.heldBy(x); held != nil && !strings.Contains(d.to, "said=confirmed") { // which says that it has to be sent again
		l.note(d) // the step-up itself
		d.path, d.form = held.Path, held.Form
		if d.sure {
			delete(l.held, x.Browser)
		}
	}
	d.old = l.sent[x.Browser.Name+d.path+url.Values(d.form).Encode()]
	l.sent[x.Browser.Name+d.path+url.Values(d.form).Encode()] = true
	signedIn := strings.HasPrefix(x.Path, "/login/challenge/") && x.After[SessionCookie] != x.Before[SessionCookie]
	if !signedIn && (d.to == "/profile/factors" || strings.HasPrefix(d.to, "/profile/factors?")) { // whoever must enroll first is led there
		return d, false
	}
	if !signedIn && (strings.HasPrefix(d.to, "/confirm?") || strings.HasPrefix(d.to, "/login")) {
		if u, err := url.Parse(d.to); err == nil && u.Query().Get("held") != "" && !strings.HasPrefix(x.Path, "/confirm") {
			l.held[x.Browser], l.heldIDs[u.Query().Get("held")] = x, x
		}
		if strings.HasPrefix(d.to, "/confirm?") || !ledToLogin[d.to] {
			return d, false
		}
	}
	return d, true
}

// did writes down what a deed means for sessions, trust and credentials.
func (l *Ledger) did(x *Exchange, d deed) {
	if !d.sure && d.by != nil {
		l.forgiven[strings.ToLower(d.by.Account)] = l.w.Clock.Real()
	}
	switch {
	case linkPath.MatchString(d.path):
		l.followed(d)
	case strings.HasPrefix(d.path, "/admin/users/"):
		l.managed(d)
	case d.by == nil:
	case strings.HasSuffix(d.path, "/confirm") && strings.HasPrefix(d.path, "/profile/factors/"):
		l.added(x, d)
	case !d.sure:
	case d.path == "/logout":
		d.by.Ended = true
	case strings.HasPrefix(d.path, "/profile/sessions/") && strings.HasSuffix(d.path, "/end"):
		if t := l.tokens[l.sessionIDs[strings.Split(d.path, "/")[3]]]; t != nil {
			t.Ended = true
		}
	case d.path == "/profile/sessions/end-others":
		l.EndAll(d.by.Account, x.kept())
	case d.path == "/profile/browsers/forget-all":
		l.Distrust(d.by.Account)
	case d.to == "/profile?said=password":
		l.Cancel(d.by.Account, x.kept())
		l.callOff(d.by.Account, "password/reset")
	case d.to == "/profile?said=two-factor-off":
		l.TakeAll(d.by.Account)
		l.Distrust(d.by.Account)
	case strings.HasSuffix(d.path, "/remove"):
		l.removed(d)
	}
}

// managed writes down what an admin did to an account.
func (l *Ledger) managed(d deed) {
	id, what, _ := strings.Cut(strings.TrimPrefix(d.path, "/admin/users/"), "/")
	p := l.w.ByID(id)
	if p == nil {
		return
	}
	l.forgiven[p.Login] = l.w.Clock.Real()
	sure := d.sure && !d.old && (strings.Contains(d.to, "said=did-"+what) || d.to == "/login")
	if !sure {
		p.maybe()
		return
	}
	switch what {
	case "reset":
		l.TakeAll(p.Login)
		l.Cancel(p.Login, "")
	case "disable":
		p.Disabled = true
		l.Cancel(p.Login, "")
	case "enable":
		p.Disabled = false
	case "end-sessions":
		l.Cancel(p.Login, "")
	case "role":
		if p.Admin = d.field("role") == "admin"; p.Admin {
			l.promoted(p.Login)
		}
	case "email":
		p.Email, p.Proven = strings.ToLower(d.field("email")), false
	case "delete":
		p.Gone = true
		l.TakeAll(p.Login)
		l.Cancel(p.Login, "")
	}
}

// added writes down a factor that somebody enrolled, or may have.
func (l *Ledger) added(x *Exchange, d deed) {
	sure := d.sure && (strings.Contains(d.to, "said=factor-added") || strings.HasPrefix(d.to, "/profile/factors/recovery?new=1"))
	if d.sure && !sure {
		return
	}
	a, kind := l.Account(d.by.Account), factors.Kind(strings.Split(d.path, "/")[3])
	l.forgiven[d.by.Account] = l.w.Clock.Real()
	c := &Cred{Since: l.w.Clock.Real(), Kind: kind, Steps: map[int64]string{}, Unsure: !sure}
	typed := ""
	if len(d.form["code"]) > 0 {
		typed = bare(d.form["code"][0])
	}
	switch kind {
	case factors.KindTOTP:
		step := int64(0)
		if c.Secret, step = l.secretFor(d.by.Account, typed); sure && c.Secret != nil {
			c.Steps[step] = "the enrollment"
		}
	case factors.KindEmail:
		c.Address = l.addressFor(typed)
	}
	if c.Secret == nil && c.Address == "" {
		return
	}
	for _, old := range a.Live() {
		if old.Kind == kind && string(old.Secret) == string(c.Secret) && old.Address == c.Address {
			old.Unsure = old.Unsure && !sure
			return
		}
	}
	if d.old { // the answer of the first once more
		return
	}
	if len(a.Live()) == 0 && sure {
		l.EndAll(a.Login, x.kept())
	}
	a.Creds = append(a.Creds, c)
	l.name(a)
}

// secretFor is the secret, of those that an account was shown, to which a code
// belongs, and the step.
func (l *Ledger) secretFor(name, typed string) ([]byte, int64) {
	at := l.w.Clock.Now().Unix() / factors.TOTPPeriod
	for _, secret := range l.pendingApps[name] {
		for step := at - 2; step <= at+1; step++ {
			if code, _ := factors.TOTPCode(secret, step); code == typed {
				return secret, step
			}
		}
	}
	return nil, 0
}

// addressFor is where a code was mailed.
func (l *Ledger) addressFor(typed string) string {
	for i := len(l.codes) - 1; i >= 0; i-- {
		if l.codes[i].digits == typed {
			if l.codes[i].used == "" && l.busy.Worked() { // and is no form that was sent before
				l.codes[i].fitsAsk(l, "enroll")
			}
			l.codes[i].used = "an enrollment"
			l.w.prove(l.codes[i].to)
			return l.codes[i].to
		}
	}
	return ""
}

// removed writes down that one factor was taken away; the last takes its sheet
// with it.
func (l *Ledger) removed(d deed) {
	if !strings.Contains(d.to, "said=factor-removed") {
		return
	}
	a, id := l.Account(d.by.Account), strings.Split(d.path, "/")[3]
	for _, c := range a.Live() {
		if c.ID == id {
			l.lose(c)
		}
	}
	if !a.Has() {
		l.TakeAll(a.Login)
	}
	l.Distrust(a.Login)
}

// name finds the ids of credentials that the ledger has no id of yet.
func (l *Ledger) name(a *Account) {
	rows, err := l.w.Beside.Rows("SELECT c.id, c.kind FROM credentials c JOIN accounts a ON a.id = c.account_id WHERE a.login_key = ? AND c.used_at = 0 ORDER BY c.created_at, c.id", a.Login)
	if err != nil {
		return
	}
	known := map[string]bool{}
	for _, c := range a.Creds {
		known[c.ID] = true
	}
	for _, r := range rows {
		for _, c := range a.Live() {
			if c.ID == "" && !known[r[0]] && string(c.Kind) == r[1] && c.Kind != factors.KindRecovery {
				c.ID = r[0]
				known[r[0]] = true
			}
		}
	}
}
