package identity

import "errors"

// Errors of a store. Any other error of it means that the database has a fault.
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
