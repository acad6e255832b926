package factors

import (
	"slices"
	"time"
)

// How many accepted steps a credential remembers.
const (
	stepsBefore = 16 // up to the newest accepted one, itself included
	stepsAfter  = 48 // beyond it: accepted while the clock was ahead
)

// A clock that jumps an hour ahead and back must not lock an app for that hour,
// and no code may be taken twice all the same. So a credential remembers which
// steps it accepted, not the highest alone. Those that lie ahead of every code
// that is good now hold nothing up; each is refused when its time comes.

// lastStep is the last accepted step that lies at or before a limit. It is
// unknown where all that is remembered lies behind the limit and older ones may
// have been forgotten.
func lastStep(c Credential, limit int64) (last int64, known bool) {
	steps := c.Steps
	if len(steps) == 0 && c.Counter > 0 { // accepted by a version that remembered one
		steps = []int64{c.Counter}
	}
	i, found := slices.BinarySearch(steps, limit)
	switch {
	case found:
		return limit, true
	case i > 0:
		return steps[i-1], true
	case len(c.Steps) >= stepsBefore || len(c.Steps) == 0 && c.Counter > 0:
		return limit, false // whatever is good now may have been used
	}
	return 0, true
}

// remember adds an accepted step. What is forgotten lies farthest from it.
func remember(c Credential, step int64) []int64 {
	steps := slices.Clone(c.Steps)
	if len(steps) == 0 && c.Counter > 0 {
		steps = []int64{c.Counter}
	}
	i, found := slices.BinarySearch(steps, step)
	if !found {
		steps = slices.Insert(steps, i, step)
	}
	return steps[max(0, i+1-stepsBefore):min(len(steps), i+1+stepsAfter)]
}

// Settle makes an app usable again whose remembered steps all lie ahead,
// because the clock went back. What is good at the moment may have been used
// before, so it is given up: the next code but one is taken. It says false, and
// gives the credential as it is, when there is nothing to settle; the caller
// saves what it gives otherwise.
func (TOTP) Settle(c Credential, now time.Time) (Credential, bool) {
	limit := now.Unix()/TOTPPeriod + totpWindow
	if _, known := lastStep(c, limit); known {
		return c, false
	}
	c.Steps = remember(c, limit)
	return c, true
}
