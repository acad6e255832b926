//go:build !(linux || darwin || freebsd)

package mail

import (
	"errors"
	"os"
)

// mayWrite tries, where it cannot be asked.
func mayWrite(folder string) error {
	f, err := os.CreateTemp(folder, ".part-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
