package identity

import (
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
)

// Role is what an account may do.
type Role string

// The two roles.
const (
	Member Role = "user"
	Admin  Role = "admin"
)

// Status is what an account is. It is stored, and not derived from anything
// else: an account without a password need not be an invited one.
type Status string

// What an account can be. A disabled one keeps its standing for later.
const (
	Invited  Status = "invited"  // the invite was not used yet
	Active   Status = "active"   //
	Locked   Status = "locked"   // by its owner, until a new password is set: see Secure in accounts
	Disabled Status = "disabled" // by an admin
)

// Hidden is text that must never be printed: a password hash. Formatting it
// gives a word instead.
type Hidden string

// String hides the value.
func (Hidden) String() string { return "hidden" }

// GoString hides the value from %#v.
func (Hidden) GoString() string { return "hidden" }

// Account is one person.
type Account struct {
	ID              string
	Login           string // as its owner writes it
	Key             string // canonical form, unique: see LoginKey
	Name            string
	Email           string // may be empty
	EmailVerified   time.Time
	Role            Role
	Origin          string // who made it: setup, cli, admin or self
	Password        Hidden // PHC string; may be empty
	PasswordChanged time.Time
	Preferred       string // id of the credential asked for first
	Created         time.Time
	LastLogin       time.Time
	Standing        Status // invited, active or locked: what it is while no admin has it disabled
	Disabled        time.Time
	Kinds           []factors.Kind // confirmed kinds, recovery codes left out
	RecoveryLeft    int
	Off             []factors.Kind // kinds that failures switched off
	Groups          []string       // sorted, each once: see Groups
	MustEnroll      time.Time      // when an admin removed the factors; zero when none did: see Bare
}

// HasFactor says whether signing in to the account takes a second step.
func (a Account) HasFactor() bool { return len(a.Kinds) > 0 }

// Has says whether the account has a confirmed factor of a kind.
func (a Account) Has(k factors.Kind) bool {
	return slices.Contains(a.Kinds, k)
}

// Bare says that an admin removed the account's factors: the password alone does
// not sign in, and no other page opens until a new factor is set up.
func (a Account) Bare() bool { return !a.MustEnroll.IsZero() && !a.HasFactor() }

// Status is what an account is now: its standing, unless it is disabled.
func (a Account) Status() Status {
	if !a.Disabled.IsZero() {
		return Disabled
	}
	return a.Standing
}

// Vouched says whether other applications may be told the address, which is
// when its owner proved it.
func (a Account) Vouched() bool { return a.Email != "" && !a.EmailVerified.IsZero() }

// ProvenKey is the fold of the address that its owner proved; empty when there
// is none.
func (a Account) ProvenKey() string {
	if a.Email == "" || a.EmailVerified.IsZero() {
		return ""
	}
	key, _ := LoginKey(a.Email)
	return key
}

// LoginIsAddress says whether other applications would take the login for an
// address.
func (a Account) LoginIsAddress() bool { return strings.Contains(a.Key, "@") }

// LoginVouched says whether other applications may be told the login. A login
// that looks like an address must be the account's own, which its owner proved:
// what an operator enters is as good as unproven.
func (a Account) LoginVouched() bool { return !a.LoginIsAddress() || a.ProvenKey() == a.Key }

// Registration is an account that waits for its address, which is its login,
// to be proven.
type Registration struct {
	TokenHash, BrowserHash string
	Login, Name, Next      string
	Password               Hidden
	Created, Expires       time.Time
}
