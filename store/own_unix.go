//go:build linux || darwin || freebsd

package store

import (
	"os"
	"syscall"
)

// owner tells whose a file is.
func owner(info os.FileInfo) (uid, gid int, known bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(s.Uid), int(s.Gid), true
}

// mountedReadOnly is ST_RDONLY of statvfs(3), and MNT_RDONLY of the BSDs.
const mountedReadOnly = 1

// readOnly says whether a file lies on a mount that nobody can write to.
func readOnly(path string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(path, &s) == nil && s.Flags&mountedReadOnly != 0
}
