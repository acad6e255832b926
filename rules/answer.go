// Package rules says who may open what behind forward-auth: it reads a file of
// rules and judges requests by it. It knows no HTTP, no database and no clock.
package rules

import (
	"slices"
	"time"
)

// Answer is what a rule says to somebody. The larger is the stricter.
type Answer int

// The answers.
const (
	Allowed Answer = iota
	SignIn         // nobody is signed in
	Prove          // a proof of a factor, or of the password, would help
	Denied         // nothing that the person can do would help
)

// String is the answer in words.
func (a Answer) String() string {
	return [...]string{"allowed", "sign in", "second factor", "denied"}[a]
}

// Person is who asks. The zero Person is nobody.
type Person struct {
	Level  int  // of the session; 0 when nobody is signed in
	Owing  bool // something is left to do for the sign-in, so only a proof helps
	Role   string
	Groups []string
	Proved time.Time // the last proof or confirmation; zero when there was none
	Now    time.Time
}

// need is what is asked of a person.
type need struct {
	allow, deny bool // everybody, nobody: then nothing else is asked
	level       int
	groups      []string // any of them; none asks for no group
	role        string   // empty for any
	maxAge      time.Duration
}

// AtLevel is what asking for a level alone says to somebody.
func AtLevel(level int, p Person) Answer { return need{level: level}.answer(p) }

func (n need) answer(p Person) Answer {
	switch {
	case n.allow:
		return Allowed
	case n.deny:
		return Denied
	case p.Level == 0:
		return SignIn
	case n.role != "" && n.role != p.Role:
		return Denied
	case len(n.groups) > 0 && !slices.ContainsFunc(n.groups, func(g string) bool { return slices.Contains(p.Groups, g) }):
		return Denied
	case p.Owing, p.Level < n.level, n.maxAge > 0 && !p.provedWithin(n.maxAge):
		return Prove
	}
	return Allowed
}

// provedWithin is false also for a proof that lies ahead, from before the clock
// was set back: it would last too long.
func (p Person) provedWithin(d time.Duration) bool {
	age := p.Now.Sub(p.Proved)
	return !p.Proved.IsZero() && age >= 0 && age <= d
}
