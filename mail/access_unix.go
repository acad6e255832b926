//go:build linux || darwin || freebsd

package mail

import "syscall"

// mayWrite says whether files may be made in a folder, without making one: 2|1
// is W_OK|X_OK of access(2).
func mayWrite(folder string) error { return syscall.Access(folder, 2|1) }
