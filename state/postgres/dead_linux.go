package postgres

import (
	"time"

	"golang.org/x/sys/unix"
)

// giveUpAfter has the kernel end a connection on which what was sent has not been
// acknowledged for that long.
func giveUpAfter(fd int, limit time.Duration) error {
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
}
