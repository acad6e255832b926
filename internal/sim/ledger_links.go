package sim

import (
	"regexp"
	"strings"
)

// link is a one-time link in a mail.
type link struct {
	to string   // the address that it was mailed to
	by *Browser // who used it; nil while nobody did
}

var linkPath = regexp.MustCompile(`^/(invite|password/reset|email/verify|email/stop|secure|enroll)/[A-Za-z0-9]+$`)

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
	p := l.w.At(x.to)
	if p == nil || !d.sure {
		return
	}
	if x.by != nil {
		if x.by != d.x.Browser {
			l.object("a link %s of %s worked for %s after it had worked for %s", purpose(d.path), p.Name, d.x.Browser.Name, x.by.Name)
		}
		return
	}
	x.by = d.x.Browser
	switch purpose(d.path) {
	case "password/reset":
		l.Cancel(p.Login, "")
		p.Locked, p.Proven = false, p.Proven || p.Email == x.to
		if d.x.Browser.Foe { // its owner hears of it by mail
			p.Robbed = true
			p.Taken = d.field("password")
		}
	case "invite":
		p.Proven = p.Proven || p.Email == x.to
	case "email/verify":
		if strings.Contains(d.to, "said=email-confirmed") {
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
