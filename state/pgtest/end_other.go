//go:build !linux

package pgtest

import "syscall"

// endWithUs has no way to end a process when the tests are killed; one that stays is in the
// way of nobody, and goes with the machine.
func endWithUs(*syscall.SysProcAttr) {}
