package sim

import (
	"regexp"
	"strings"

	"nightlatch.example/nightlatch/identity"
)

// link is a one-time link in a mail.
type link struct {
	to string   // the address that it was mailed to
	of string   // id of the account that it is about; empty when that is not known
	by *Browser // who used it; nil while nobody did

	spent bool   // it was shown to lead nowhere
	off   string // why it must do nothing any more; empty while it may
}

var linkPath = regexp.MustCompile(`^/(invite|password/reset|email/verify|email/stop|secure|enroll)/[A-Za-z0-9]+$`)

// mailedLink writes down a link that was mailed, and whose it is. Whoever reads a
// mail may be somebody else than whose account it is about.
func (l *Ledger) mailedLink(at, to string) {
	if at == "" || l.links[at] != nil {
		return
	}
	of, _ := l.w.Beside.One("SELECT account_id FROM links WHERE token_hash = ?", identity.HashToken(at[strings.LastIndexByte(at, '/')+1:]))
	l.links[at] = &link{to: strings.ToLower(to), of: of}
}

// about is whose account a link is about; nil when that is not known.
func (w *World) about(x *link) *Person {
	if p := w.ByID(x.of); p != nil {
		return p
	}
	return w.At(x.to)
}

// field is a field of a deed's form.
func (d deed) field(name string) string {
	if v := d.form[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// purpose is the first part of a link's path.
func purpose(path string) string {
	path = path[1:]
	return path[:strings.LastIndexByte(path, '/')]
}

// followed writes down what the button behind a link did.
func (l *Ledger) followed(d deed) {
	x := l.links[d.path]
	if x == nil { // one that an admin's page showed
		return
	}
	if purpose(d.path) != "invite" { // which an admin's page may have shown
		l.w.prove(x.to)
	}
	p := l.w.about(x)
	if p == nil {
		return
	}
	if !d.sure { // the address, the password and what is open may be others now
		p.unsure = true
		l.forgiven[p.Login] = l.w.Clock.Real()
		return
	}
	if x.by != nil {
		if x.by != d.x.Browser {
			l.object("a link %s of %s worked for %s after it had worked for %s", purpose(d.path), p.Name, d.x.Browser.Name, x.by.Name)
		}
		return
	}
	if x.by = d.x.Browser; x.off != "" {
		l.w.Broken(ruleOff, "a link %s of %s worked for %s: %s", purpose(d.path), p.Name, d.x.Browser.Name, x.off)
	}
	switch purpose(d.path) {
	case "password/reset":
		l.Cancel(p.Login, "")
		l.callOff(p.Login, "password/reset")
		p.Locked, p.Robbed, p.Proven = false, d.x.Browser.Foe, p.Proven || p.Email == x.to
		if p.Robbed { // its owner hears of it by mail
			p.Taken = d.field("password")
		}
	case "invite":
		p.unsure = true // an invite that an admin's page showed proves no address
	case "email/verify":
		if strings.Contains(d.to, "said=email-confirmed") {
			if p.Email != x.to {
				p.Old = p.Email
			}
			p.Email, p.Proven = x.to, true
		}
	case "email/stop":
		if p.Email != x.to && p.Old == x.to {
			p.Email, p.Proven = x.to, true
		}
	case "secure":
		l.Cancel(p.Login, "")
		p.Locked = true
	}
}

// looked writes down that a link leads nowhere any more.
func (l *Ledger) looked(x *Exchange) {
	if a := l.links[x.Path]; a != nil && x.Page != nil && (x.Page.Status == 404 || a.by != nil) {
		a.spent = true
	}
}

// knowSession learns which session an id on a page names.
func (l *Ledger) knowSession(id string) {
	if hash, err := l.w.Beside.One("SELECT token_hash FROM sessions WHERE id = ?", id); err == nil && hash != "" {
		l.sessionIDs[id] = hash
	}
}
