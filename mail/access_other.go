//go:build !(linux || darwin || freebsd)

package mail

import (
	"errors"
	"os"
)

// mayWrite says whether files may be made in a folder. This system has no call
// to ask, so it makes one and removes it.
func mayWrite(folder string) error {
	f, err := os.CreateTemp(folder, ".part-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
