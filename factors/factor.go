// Package factors holds the ways to prove a second time that it is really you.
//
// A factor is pure: it has no database, no clock and no network. It is told
// what it needs to know, also the time, and gives back what it wants done as
// data: the state to keep, what to show, what to send, the credential to save.
package factors

import (
	"context"
	"errors"
	"time"
)

// Kind names a sort of factor in routes, in the database and in the audit log.
type Kind string

// The kinds that Nightlatch has.
const (
	KindTOTP     Kind = "totp"
	KindEmail    Kind = "email"
	KindRecovery Kind = "recovery"
)

// Errors with which a factor refuses an answer. To whoever typed it, ErrWrong and
// ErrReplayed look the same; ErrReplayed means that the code was right once, which
// is logged and worth telling the owner.
var (
	ErrWrong    = errors.New("wrong code")
	ErrReplayed = errors.New("code was used before")
	ErrOlder    = errors.New("a newer code was sent")
	ErrExpired  = errors.New("code has expired")
)

// Purpose is what a ceremony is for. A code that was requested for one purpose
// is not accepted for another (OWASP ASVS 5.0 6.6.2).
type Purpose string

// The purposes of a ceremony.
const (
	ForLogin   Purpose = "login"   // the second step of a sign-in
	ForConfirm Purpose = "confirm" // the step-up of someone signed in
	ForEnroll  Purpose = "enroll"  // setting a new factor up
)

// Ceremony is one run of enrolling or answering: who, why, where and when.
type Ceremony struct {
	Purpose   Purpose
	Subject   string // id of the pending login or session the ceremony is bound to
	AccountID string
	Login     string // what the account is called in an authenticator app
	Email     string // the account's own address, may be empty
	Issuer    string // the site's name in an authenticator app
	Now       time.Time
	Before    []byte // the state that a new challenge replaces; nil when there is none
}

// Answer is what a person typed.
type Answer struct {
	Code   string
	Target string // id of one credential of several; empty: the kind chooses
}

// Step is what a factor wants done when a ceremony starts.
type Step struct {
	State []byte     // kept for this ceremony and given back at its end; sealed at rest
	Send  []Delivery // codes to send
	TTL   time.Duration
}

// Delivery is a code on its way to its owner.
type Delivery struct {
	Channel string // "email"
	To      string
	Code    string
	TTL     time.Duration
}

// Credential is one factor of one account as it is kept. Version makes saving it
// a compare-and-swap: a save that is based on an older version fails.
type Credential struct {
	ID        string
	AccountID string
	Kind      Kind
	Name      string
	Secret    []byte  // sealed at rest: the TOTP key, or a recovery code to show again
	Address   string  // where codes go
	Hash      string  // PHC string of a recovery code
	Batch     string  // the set a recovery code belongs to
	Steps     []int64 // accepted TOTP steps that are remembered, in order: see Settler
	Counter   int64   // last accepted TOTP step (RFC 6238 §5.2: never accept it again)
	Drift     int64   // smoothed seconds that the owner's clock is ahead (+) or behind (-)
	Version   int64
	Created   time.Time
	LastUsed  time.Time
	Used      time.Time // when a recovery code was spent; zero while it is good
}

// Factor is one way to prove a second time that it is really you.
type Factor interface {
	Kind() Kind
	Traits() Traits
	// Verify judges an answer and returns the credential that accepted it, with
	// the changes to save. state is that of the challenge, nil for a kind that
	// starts none. The errors are those above.
	Verify(ctx context.Context, c Ceremony, creds []Credential, state []byte, a Answer) (Credential, error)
}

// Challenger is a kind that sends or shows something before it can be answered.
type Challenger interface {
	Factor
	// Challenge starts one proof with the credential of an id, or with the first.
	// ErrWrong when there is no such credential.
	Challenge(ctx context.Context, c Ceremony, creds []Credential, target string) (Step, error)
	// Sent reads from a state what was sent; the zero value when nothing was.
	Sent(state []byte) Sent
}

// Enroller is a kind that is set up one by one.
type Enroller interface {
	Factor
	// Enroll starts setting up another factor of the kind; have are those that
	// the account has, and to is the target. An Unfit error says why the target
	// cannot be used.
	Enroll(ctx context.Context, c Ceremony, have []Credential, to string) (Step, error)
	// Confirm judges the answer and returns the credential to keep. Its Name is
	// the kind's suggestion.
	Confirm(ctx context.Context, c Ceremony, state []byte, a Answer) (Credential, error)
	// Show is what the page of a pending enrollment shows, in the form that the
	// kind's own template expects. It may implement Picture.
	Show(c Ceremony, state []byte) any
}

// Picture is a pending enrollment that can be scanned.
type Picture interface {
	Picture() string // the content of the QR code
}

// Spare is a kind whose credentials come as a set with the first factor of an
// account, each good once.
type Spare interface {
	Factor
	NewSet(c Ceremony) ([]Credential, error)
}

// Settler is a kind whose credentials count time, so that a clock that went
// back can hold them up.
type Settler interface {
	// Settle makes a credential usable again; false when there is nothing to do.
	// The code that is good at the moment is not accepted any more, since it may
	// have been used.
	Settle(c Credential, now time.Time) (Credential, bool)
}

// Sent is what was sent, or is shown, for a challenge or an enrollment.
type Sent struct {
	Credential string // its id; empty for an enrollment
	Address    string
	At         time.Time
	Show       any // what the challenge shows, where it shows something
}

// Unfit says in a sentence for its owner why a target cannot become a factor.
type Unfit string

// Error is that sentence.
func (u Unfit) Error() string { return string(u) }
