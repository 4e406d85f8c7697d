package pgtest

import "syscall"

// endWithUs has a process end when the tests are killed.
func endWithUs(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }
