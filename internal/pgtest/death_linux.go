package pgtest

import "syscall"

// dieWithUs has the kernel shut the server down when the test process is
// killed and cannot do it itself.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
