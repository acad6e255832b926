package sim

import (
	"strings"

	"nightlatch.example/nightlatch/factors"
)

// adopt has the ledger learn which factors an account has after a form of which nobody
// heard whether it was carried out, or after two at once: either is right.
func (l *Ledger) adopt() {
	for _, d := range l.Deeds() {
		p := l.concerned(d)
		if p == nil || !d.x.met {
			continue
		}
		if row, there := l.w.Rows()[p.ID]; there {
			l.adoptOf(p.Login, row)
		}
	}
	for _, c := range l.w.Changes() {
		if p := l.w.ByID(c.ID); c.Field == FieldFactors && p != nil && (p.unsure || l.unheard()) {
			l.adoptOf(p.Login, l.w.Rows()[c.ID])
		}
	}
}

// concerned is whose factors a deed may have changed; nil when it changes none.
func (l *Ledger) concerned(d deed) *Person {
	if rest, ok := strings.CutPrefix(d.path, "/admin/users/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		return l.w.ByID(id)
	}
	if d.by == nil || !strings.HasPrefix(d.path, "/profile/factors") {
		return nil
	}
	return l.w.ByID(l.w.idOf(d.by.Account))
}

// unheard says whether a form was sent in this step whose answer did not come.
func (l *Ledger) unheard() bool {
	for _, d := range l.Deeds() {
		if !d.sure {
			return true
		}
	}
	return false
}

func (l *Ledger) adoptOf(login string, row Row) {
	a := l.Account(login)
	l.name(a)
	for _, c := range a.Live() {
		there := c.ID != "" && row.Factors[c.ID] != ""
		if c.Kind == factors.KindRecovery {
			there = row.Fields[FieldRecovery] != ""
		}
		if c.Unsure = false; !there {
			l.lose(c)
		}
	}
	if !a.Has() { // trust ends with the last factor
		l.Distrust(login)
	}
}

// rename has everything that the ledger knows of an account go by another login: one that
// is an address changes with it.
func (l *Ledger) rename(p *Person, login string) {
	old := p.Login
	p.Login = login
	a := l.Account(old)
	a.Login = login
	delete(l.Accounts, old)
	l.Accounts[login] = a
	for _, t := range l.order {
		if t.Account == old {
			t.Account = login
		}
	}
	for _, m := range []map[string]string{l.pendings, l.trusted} {
		for token, of := range m {
			if of == old {
				m[token] = login
			}
		}
	}
	l.pendingApps[login], l.forgiven[login] = l.pendingApps[old], l.forgiven[old]
}
