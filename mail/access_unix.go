//go:build linux || darwin || freebsd

package mail

import "syscall"

// mayWrite asks whether files may be made in a folder, and makes none: it is
// W_OK and X_OK of access(2).
func mayWrite(folder string) error { return syscall.Access(folder, 2|1) }
