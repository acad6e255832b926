package identity

import (
	"math"
	"slices"
	"time"

	"nightlatch.example/nightlatch/factors"
)

// Who must have a second factor.
const (
	Nobody   = "nobody"
	Admins   = "admins"
	Everyone = "everyone"
)

// Policy is who must have a second factor, from when on, and which kinds count.
type Policy struct {
	Who   string                  `json:"who"`
	From  time.Time               `json:"from"`
	Kinds map[Role][]factors.Kind `json:"kinds"`
	// Groups are those whose members must have one too.
	Groups []string `json:"groups,omitempty"`
}

// DefaultPolicy requires nothing of anybody. A weak kind does not count for
// admins: otherwise anyone who reads an admin's mail could become that admin.
func DefaultPolicy(kinds factors.Kinds) Policy {
	p := Policy{Who: Nobody, Kinds: map[Role][]factors.Kind{}}
	for _, t := range kinds.Alone() {
		p.Kinds[Member] = append(p.Kinds[Member], t.Kind)
		if t.Strength == factors.Strong {
			p.Kinds[Admin] = append(p.Kinds[Admin], t.Kind)
		}
	}
	return p
}

// Asks says whether the policy requires a factor of an account, now or later.
func (p Policy) Asks(a Account) bool {
	return p.Who == Everyone || p.Who == Admins && a.Role == Admin ||
		slices.ContainsFunc(a.Groups, func(g string) bool { return slices.Contains(p.Groups, g) })
}

// Empty says that the policy asks nobody.
func (p Policy) Empty() bool { return p.Who == Nobody && len(p.Groups) == 0 }

// Counts says whether a kind is enough for a role.
func (p Policy) Counts(r Role, k factors.Kind) bool { return slices.Contains(p.Kinds[r], k) }

// Met says whether the account has a factor that counts for it.
func (p Policy) Met(a Account) bool {
	return slices.ContainsFunc(a.Kinds, func(k factors.Kind) bool { return p.Counts(a.Role, k) })
}

// Forces says whether the account must enroll before anything else.
func (p Policy) Forces(a Account, now time.Time) bool {
	return p.Asks(a) && !p.Met(a) && !now.Before(p.From)
}

// DaysLeft is how many days an account has until it must be enrolled; false when
// no date is set for it.
func (p Policy) DaysLeft(a Account, now time.Time) (int, bool) {
	if !p.Asks(a) || p.Met(a) || !now.Before(p.From) {
		return 0, false
	}
	return int(math.Ceil(p.From.Sub(now).Hours() / 24)), true
}

// Step is how far an account has come on its way to a second factor, as bits.
type Step int

// The steps.
const (
	StepTold      Step = 1 << iota // reminded by mail, or shown by the policy
	StepBegan                      // began to set one up
	StepConfirmed                  // has confirmed one
	StepSaved                      // said that the recovery codes are saved
)
