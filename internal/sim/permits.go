package sim

import (
	"regexp"
	"slices"
	"strings"
)

// permit is what one kind of form may change, of whose account, and what must be
// told of it. It is what the simulation holds to be right, and no part of the site.
type permit struct {
	path   *regexp.Regexp
	whose  whose
	fields []Field
	foe    bool // also somebody who has only stolen the mailbox, or a session that was not confirmed
}

// whose account a form changes.
type whose string

const (
	own     whose = "own"     // that of the session
	named   whose = "named"   // that of the link or of the path
	another whose = "another" // one that is made by it
)

func form(path string, w whose, fields ...Field) permit {
	return permit{regexp.MustCompile("^" + path + "$"), w, fields, false}
}

// robbed is a form that who holds one secret can send, too.
func robbed(path string, w whose, fields ...Field) permit {
	p := form(path, w, fields...)
	p.foe = true
	return p
}

const id = `[A-Za-z0-9]+`

var permits = []permit{
	form("/profile/password", own, FieldPassword),
	robbed("/profile/name", own, FieldName),
	form("/profile/factors/(totp|email)/confirm", own, FieldFactors, FieldRecovery, FieldSpent, FieldEmail, FieldProved, FieldPreferred),
	form("/profile/factors/recovery", own, FieldRecovery, FieldSpent),
	form("/profile/factors/disable", own, FieldFactors, FieldRecovery, FieldSpent, FieldPreferred),
	form("/profile/factors/"+id+"/remove", own, FieldFactors, FieldRecovery, FieldSpent, FieldPreferred),
	form("/profile/factors/"+id+"/name", own, FieldFactors),
	form("/profile/factors/"+id+"/preferred", own, FieldPreferred),
	form("/login/challenge/recovery", own, FieldSpent),
	form("/confirm", own, FieldSpent),

	form("/invite/"+id, named, FieldPassword, FieldName, FieldStanding, FieldProved),
	robbed("/password/reset/"+id, named, FieldPassword, FieldStanding, FieldProved),
	robbed("/secure/"+id, named, FieldPassword, FieldStanding),
	form("/email/verify/"+id, named, FieldEmail, FieldProved, FieldLogin),
	form("/email/verify/"+id, another, FieldExists),
	form("/email/stop/"+id, named, FieldEmail, FieldProved, FieldLogin),

	form("/admin/users", another, FieldExists),
	form("/admin/import", another, FieldExists),
	form("/admin/users/"+id+"/reset", named, FieldFactors, FieldRecovery, FieldSpent, FieldPreferred),
	form("/admin/users/"+id+"/(disable|enable)", named, FieldDisabled),
	form("/admin/users/"+id+"/role", named, FieldRole),
	form("/admin/users/"+id+"/email", named, FieldEmail, FieldProved),
	form("/admin/users/"+id+"/delete", named, FieldExists),
	form("/setup", another, FieldExists),
}

// allows says whether a deed explains a change.
func (w *World) allows(d deed, c Change) bool {
	return slices.ContainsFunc(permits, func(p permit) bool {
		return p.path.MatchString(d.path) && slices.Contains(p.fields, c.Field) && (p.foe || !d.x.Browser.Foe) && w.concerns(d, p.whose, c)
	})
}

// concerns says whether a deed is about the account of a change.
func (w *World) concerns(d deed, of whose, c Change) bool {
	switch of {
	case own:
		return d.by != nil && w.idOf(d.by.Account) == c.ID
	case another:
		return c.From == "" && c.To == "yes"
	}
	if rest, ok := strings.CutPrefix(d.path, "/admin/users/"); ok {
		return w.mayManage(d) && strings.HasPrefix(rest, c.ID+"/")
	}
	x := w.Ledger.links[d.path]
	if x == nil {
		return true // a link that a page showed
	}
	p := w.about(x)
	return p == nil || p.ID == c.ID || p.ID == ""
}

// mayManage says whether a deed was an admin's, in a session of level 2.
func (w *World) mayManage(d deed) bool {
	if d.by == nil || d.by.Level < 2 {
		return false
	}
	before := w.snapshots().before
	if before == nil {
		return false
	}
	row := before.Rows[w.idOf(d.by.Account)]
	return row.Fields[FieldRole] == "admin" && row.Fields[FieldDisabled] == ""
}

// idOf is the id of the account of a login.
func (w *World) idOf(login string) string {
	for _, p := range w.People {
		if p.Login == login && !p.Gone {
			return p.ID
		}
	}
	return ""
}
