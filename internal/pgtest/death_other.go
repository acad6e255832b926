//go:build !linux

package pgtest

import "syscall"

// dieWithUs can do nothing here: a killed test process leaves its server.
func dieWithUs(*syscall.SysProcAttr) {}
