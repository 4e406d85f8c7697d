package framed

import (
	"errors"

	"golang.org/x/sys/unix"
)

// pause waits for pileUp. It takes the thread along: while time.Sleep waits, the runtime's
// poller is woken by every packet that comes all the same, and that is what is to be spared.
func pause() {
	left := unix.NsecToTimespec(pileUp.Nanoseconds())
	for errors.Is(unix.Nanosleep(&left, &left), unix.EINTR) { // left is what is left then
	}
}
