package login

import (
	"errors"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/password"
)

// Busied makes a refusal of an error of Hasher.Do that says that the queue is
// full.
func Busied(err error) error {
	if errors.Is(err, password.ErrBusy) {
		return &identity.Refusal{Why: identity.Busy, Wait: busyWait}
	}
	return err
}
