package factors

import (
	"slices"
	"time"
)

// How many accepted steps a credential remembers.
const (
	stepsBefore = 16 // up to the newest accepted one, itself included
	stepsAfter  = 48 // after it: accepted while the clock was ahead
)

// When the clock jumps an hour ahead and back, apps must not be locked for that
// hour, and yet no code may be accepted twice. So a credential remembers all the
// steps that it accepted lately, and not only the highest. A remembered step that
// lies ahead of every code that is good now delays nothing, and its own code is
// refused when its time comes.

// lastStep is the last accepted step at or before a limit. It is unknown when
// every remembered step comes after the limit and older ones may have been
// forgotten.
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

// remember adds an accepted step. When there are too many, those farthest from
// it are forgotten.
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

// Settle makes an app usable again of which all remembered steps lie ahead,
// because the clock went back. The code that is good at the moment may have
// been used before, so it is not accepted any more: the owner waits for the
// next code but one. False means that there is nothing to settle, and the
// credential is returned unchanged; otherwise the caller saves it.
func (TOTP) Settle(c Credential, now time.Time) (Credential, bool) {
	limit := now.Unix()/TOTPPeriod + totpWindow
	if _, known := lastStep(c, limit); known {
		return c, false
	}
	c.Steps = remember(c, limit)
	return c, true
}
