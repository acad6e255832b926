package store

import (
	"nightlatch.example/nightlatch/identity"
)

// tx is one transaction. Events are kept back until its end: the lock of their
// chain is the last one taken and the shortest held.
type tx struct {
	query
	events  []identity.Event
	touched map[string]bool // accounts whose row of the directory may have to change
	counts  counts
	untried map[string]bool // accounts of which the log has no tries to tell
	posted  bool            // mail was put into the outbox
	stirred bool            // something was changed that a visit may depend on
	waiting bool            // events were written that wait to be chained
}
