//go:build unix

package commands

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// unopened says whether standard output was closed when the program began: Go
// opens the null device in its place, for reading too, and takes whatever is
// written. A shell that throws output away on purpose opens it for writing only.
func unopened(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	mine, err := f.Stat()
	null, err2 := os.Stat(os.DevNull)
	if err != nil || err2 != nil || !os.SameFile(mine, null) {
		return false
	}
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR
}
