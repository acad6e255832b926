package store

import (
	"os"
	"syscall"
)

// room is how much can still be written where a file lies, in bytes; -1 when
// that cannot be told.
func room(path string) int64 {
	var s syscall.Statfs_t
	if syscall.Statfs(path, &s) != nil {
		return -1
	}
	free := s.Bavail
	if os.Geteuid() == 0 { // may also take what is kept back for it
		free = s.Bfree
	}
	return int64(free) * s.Bsize
}
