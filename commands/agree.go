package commands

import (
	"cmp"
	"net"
	"time"

	"nightlatch.example/nightlatch/login"
)

// setting is a value with the variable that sets it. Written is its text; empty
// where it has its default.
type setting[T cmp.Ordered] struct {
	name, written string
	value         *T
}

// within holds one setting to another that bounds it. Where somebody wrote it
// down, more than the bound is a contradiction, since it would never take
// effect; a default gives way without a word.
func within[T cmp.Ordered](r *reader, s, bound setting[T]) {
	switch {
	case *s.value <= *bound.value:
	case s.written == "":
		*s.value = *bound.value
	default:
		r.bad(s.name, "is %v, which is more than %s (%v) lets come true: lower the first or raise the second", *s.value, bound.name, *bound.value)
	}
}

// agree looks for settings that contradict each other.
func (f *Flags) agree(r *reader, o *login.Options) {
	type span = setting[time.Duration]
	within(r, span{"NIGHTLATCH_SESSION_IDLE", f.SessionIdle, &o.SessionIdle}, span{"NIGHTLATCH_SESSION_MAX", f.SessionMax, &o.SessionMax})
	within(r, span{"NIGHTLATCH_CONFIRM_TTL", f.ConfirmTTL, &o.ConfirmTTL}, span{"NIGHTLATCH_SESSION_MAX", f.SessionMax, &o.SessionMax})
	within(r, span{"NIGHTLATCH_CODE_TTL", f.CodeTTL, &o.CodeTTL}, span{"NIGHTLATCH_LOGIN_TTL", f.LoginTTL, &o.LoginTTL})
	type number = setting[int]
	within(r, number{"NIGHTLATCH_LOCK_AFTER", f.LockAfter, &o.LockAfter}, number{"NIGHTLATCH_LOCK_DISABLE", f.LockDisable, &o.LockDisable})
}

// apart refuses one address for two listeners. Port 0 is a new one each time.
func (r *reader) apart(addr, metrics string) {
	if _, port, err := net.SplitHostPort(addr); err == nil && port != "0" && addr == metrics {
		r.bad("NIGHTLATCH_METRICS_ADDR", "is %s, the address of NIGHTLATCH_ADDR: give it another port", metrics)
	}
}
