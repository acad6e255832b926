package wiring

import (
	"cmp"
	"time"

	"nightlatch.example/nightlatch/login"
)

// setting is a value and the variable that sets it. written is its text, empty
// when nobody set it.
type setting[T cmp.Ordered] struct {
	name, written string
	value         *T
}

// within checks that one setting is not above another that bounds it. A value
// that somebody set above the bound is refused, because it would never take
// effect; a default is lowered to the bound.
func within[T cmp.Ordered](r *reader, s, bound setting[T]) {
	switch {
	case *s.value <= *bound.value:
	case s.written == "":
		*s.value = *bound.value
	default:
		r.bad(s.name, "is %v, which is more than %s (%v) allows: lower the first or raise the second", *s.value, bound.name, *bound.value)
	}
}

// agree refuses settings that contradict each other.
func (o Options) agree(r *reader, l *login.Options) {
	type span = setting[time.Duration]
	within(r, span{"NIGHTLATCH_SESSION_IDLE", o.SessionIdle, &l.SessionIdle}, span{"NIGHTLATCH_SESSION_MAX", o.SessionMax, &l.SessionMax})
	within(r, span{"NIGHTLATCH_CONFIRM_TTL", o.ConfirmTTL, &l.ConfirmTTL}, span{"NIGHTLATCH_SESSION_MAX", o.SessionMax, &l.SessionMax})
	within(r, span{"NIGHTLATCH_CODE_TTL", o.CodeTTL, &l.CodeTTL}, span{"NIGHTLATCH_LOGIN_TTL", o.LoginTTL, &l.LoginTTL})
	type number = setting[int]
	within(r, number{"NIGHTLATCH_LOCK_AFTER", o.LockAfter, &l.LockAfter}, number{"NIGHTLATCH_LOCK_DISABLE", o.LockDisable, &l.LockDisable})
}
