package login

import (
	"context"
	"slices"
	"time"

	"nightlatch.example/nightlatch/factors"
)

// Counted says what a counter counts.
type Counted string

// What is counted.
const (
	CountFactor   Counted = "factor"   // wrong answers of a kind
	CountPassword Counted = "password" // wrong passwords
	CountAddress  Counted = "address"  // failed sign-ins from a range of network addresses
	CountSend     Counted = "send"     // emailed codes
	CountReset    Counted = "reset"    // mails with a link that resets the password
	CountLinks    Counted = "links"    // mails with a link that confirms an address
	CountRegister Counted = "register" // mails about a registration

	countStranger Counted = "stranger" // forms from a range that send mail for nobody signed in
	countWarned   Counted = "warned"   // mails that somebody knows the password
	countBrowsers Counted = "browsers" // sign-ins from new browsers
)

// Counter says what is counted and for whom. It has an account or a subject:
// what an account has been counted for can be forgotten as a whole.
type Counter struct {
	What    Counted
	Account string       // whose
	Kind    factors.Kind // which of their kinds, of CountFactor
	Browser string       // ID of one that signed in before; empty for all others together
	Subject string       // hash of a name or email address that may be nobody's, or a range of network addresses
}

// Throttle is what a counter has counted.
type Throttle struct {
	Key              Counter
	Fails            int
	Last, Until, Off time.Time
	// Recent are the times that a sliding window counts, oldest first: failures
	// within FailureWindow, or codes sent within an hour. Never more than the
	// limit of the window and those that are judged at the moment.
	Recent []time.Time
	Warned time.Time // when the owner was last told of many failures
}

// ClockSlack is how far the clocks of several processes may differ. A date
// further in the future than this was written by a clock that has been set back
// since.
const ClockSlack = time.Minute

// AsOf is a counter as it counts now. When the clock went back since the last
// change, all its times are moved back too, so that what was left of a wait is
// still left, and no wait becomes longer than its own length.
func (t Throttle) AsOf(now time.Time) Throttle {
	ahead := t.Last.Sub(now)
	if t.Last.IsZero() || ahead <= 0 {
		return t
	}
	t.Last = now
	if !t.Until.IsZero() {
		t.Until = t.Until.Add(-ahead)
	}
	t.Recent = slices.Clone(t.Recent)
	for i, at := range t.Recent {
		if at.After(now) {
			t.Recent[i] = now
		}
	}
	if t.Warned.After(now) {
		t.Warned = now
	}
	return t
}

// Sound is a counter of sent mail, or an empty one when the clock went back
// since its last change. Such a counter is often only read and not saved, so
// moving its times back would not last.
func (t Throttle) Sound(now time.Time) Throttle {
	if t.Last.After(now.Add(ClockSlack)) {
		return Throttle{Key: t.Key}
	}
	return t
}

// Empty says that nothing is counted.
func (t Throttle) Empty() bool {
	return t.Fails == 0 && t.Last.IsZero() && t.Until.IsZero() && t.Off.IsZero() && t.Warned.IsZero() && len(t.Recent) == 0
}

// lockThrottle locks a counter of failures as it counts now; see Throttle.AsOf.
func lockThrottle(ctx context.Context, tx Tx, key Counter, now time.Time) (Throttle, error) {
	t, err := tx.LockThrottle(ctx, key)
	return t.AsOf(now), err
}

// LockLimit locks a counter of what was sent; see Throttle.Sound.
func LockLimit(ctx context.Context, tx Tx, key Counter, now time.Time) (Throttle, error) {
	t, err := tx.LockThrottle(ctx, key)
	return t.Sound(now), err
}

// forget drops what happened at or before a time.
func (t *Throttle) forget(before time.Time) {
	t.Recent = slices.DeleteFunc(slices.Clone(t.Recent), func(at time.Time) bool { return !at.After(before) })
}

// takeBack drops the newest failure of the window: the one that was reserved.
func (t *Throttle) takeBack() {
	t.Recent = t.Recent[:max(0, len(t.Recent)-1)]
}

// over says whether something with these times has ended. Something created after
// now was created while the clock was ahead and would last too long, so it has
// ended too.
func (s *Service) over(created, expires time.Time) bool {
	now := s.Now()
	return !now.Before(expires) || s.ahead(created)
}

// Over says whether something with these times has ended, or was created by a
// clock that was ahead.
func (s *Service) Over(created, expires time.Time) bool { return s.over(created, expires) }

// ahead says whether a time lies so far ahead that a clock must have been wrong.
func (s *Service) ahead(at time.Time) bool { return at.After(s.Now().Add(ClockSlack)) }
