package identity

import (
	"cmp"
	"errors"
	"time"
)

// Why is the reason of a refusal.
type Why int

// The reasons.
const (
	NotRefused Why = iota // see Reason
	Wrong                 // wrong code or password, unknown, disabled, not there: all the same
	Typo                  // a recovery code whose check character does not fit; not counted
	Older                 // an emailed code that a newer one replaced; not counted
	Wait                  // a limit holds; see Refusal.Wait
	Off                   // the kind is switched off after too many failures
	Expired               // the emailed code is too old, or was tried too often
	Gone                  // the pending login, enrollment or link has expired or was already used
	Busy                  // too many passwords to check at once
	Bad                   // the input cannot be used; Refusal.Text says why
	Denied                // a rule forbids it; Refusal.Text says which
)

// Refusal is an expected negative answer, as opposed to a fault. It is an
// error, so that code that ignores it lets nobody in, and a transaction that
// returns it is rolled back.
type Refusal struct {
	Why  Why
	Wait time.Duration // until it is worth asking again; 0 when that is not known
	Text string        // for the person who is refused; empty where the reason says it all
}

// Error is what the person is told, or the reason in a word.
func (r *Refusal) Error() string { return cmp.Or(r.Text, "refused: "+r.Why.String()) }

// String is the reason for whoever runs the site; routes has the words for
// everyone else.
func (w Why) String() string {
	return [...]string{"no", "wrong", "mistyped", "older", "wait", "switched off", "expired", "gone", "busy", "bad input", "denied"}[w]
}

// Refuse makes a refusal; text may be empty.
func Refuse(why Why, text string) error { return &Refusal{Why: why, Text: text} }

// RefuseFor refuses because of a limit that holds for some time.
func RefuseFor(wait time.Duration) error { return &Refusal{Why: Wait, Wait: wait} }

// Refused returns the refusal that an error contains, as a copy whose text may
// be changed; nil for any other error, and for none.
func Refused(err error) *Refusal {
	var r *Refusal
	if !errors.As(err, &r) {
		return nil
	}
	x := *r
	return &x
}

// Reason is why an error refuses; NotRefused for any other error, and for none.
func Reason(err error) Why {
	if r := Refused(err); r != nil {
		return r.Why
	}
	return NotRefused
}
