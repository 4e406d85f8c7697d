package daemon

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"duosync/cmd/internal/console"
)

// notify tells the service manager, if there is one, how things are.
func (d *daemon) notify(states ...string) {
	if d.opts.Notify == nil {
		return
	}
	if err := d.opts.Notify(strings.Join(states, "\n")); err != nil {
		d.opts.Log.WithError(err).Debug("the service manager could not be told")
	}
}

// statusLine tells the service manager where things are.
func (d *daemon) statusLine() string {
	return fmt.Sprintf("STATUS=%s; next run at %s", d.status.LastRun(), console.Clock(d.due))
}

// reloading announces a reload, with the monotonic clock's time in microseconds
// as sd_notify(3) wants it for Type=notify-reload.
func reloading() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return "RELOADING=1"
	}
	return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/int64(time.Microsecond))
}

// pings ticks at half of the time after which the service manager would take us
// for stuck.
func (d *daemon) pings() (ticks <-chan time.Time, stop func()) {
	if d.opts.Watchdog <= 0 {
		return nil, func() {}
	}
	ticker := time.NewTicker(d.opts.Watchdog / 2)
	return ticker.C, ticker.Stop
}

// ping tells that we live: the loop does, since it calls this, and so does the
// run under way.
func (d *daemon) ping() {
	if d.turn == nil || d.turn.watch.Alive() {
		d.notify("WATCHDOG=1")
	}
}
