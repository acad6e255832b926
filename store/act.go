package store

import (
	"context"
	"slices"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// act is a transaction that changes what an account is or has. Its methods get
// the transaction from change, so that the store knows whether any was called.
// A tx has none of these methods: Write has no way to them.
type act struct {
	login.Tx      // for what needs no event
	t        *tx  // the same
	changed  bool // something was changed that needs an event
	told     bool // a try of strangers was counted: it may have no event of its own
}

// change is the transaction, for what needs an event.
func (x *act) change() *tx {
	x.t.stirred = true
	return x.quietly()
}

// quietly is change for what says nothing about who is signed in now, and as what:
// no visit that anybody knows is another after it.
func (x *act) quietly() *tx {
	x.changed = true
	return x.t
}

// Record adds events that come before the one that the act ends with.
func (x *act) Record(es ...identity.Event) {
	for _, e := range es {
		if e != identity.NothingHappened {
			x.t.events = append(x.t.events, e)
		}
	}
}

// Act runs a transaction and records the event that it ends with. It is
// identity.ErrUnrecorded, and nothing is kept, where there is none, or where
// something was changed though nothing is said to have happened.
func (s *Store) Act(ctx context.Context, do func(login.Act) (identity.Event, error)) error {
	return s.write(ctx, func(t *tx) error {
		x := &act{Tx: t, t: t}
		e, err := do(x)
		if err != nil {
			return err
		}
		x.Record(e)
		return x.check(e)
	})
}

// check makes sure that the act has its event.
func (x *act) check(last identity.Event) error {
	for _, e := range slices.Concat(x.t.events, []identity.Event{last}) {
		if e.Kind == "" {
			return identity.ErrUnrecorded
		}
	}
	if x.changed && !x.told && len(x.t.events) == 0 {
		return identity.ErrUnrecorded
	}
	return nil
}
