package identity

import "errors"

// Faults that a store answers with. Everything else it returns is a broken
// database.
var (
	ErrNotFound = errors.New("not found")
	ErrTaken    = errors.New("login is taken")
	// ErrUnrecorded says that a transaction would have changed an account and left
	// no event. It is a mistake in the program.
	ErrUnrecorded = errors.New("a change without an event")
	// ErrSealed says that a secret cannot be opened or sealed just now: the keys
	// are not those of the site, or the value was changed.
	ErrSealed = errors.New("sealed value does not open")
)
