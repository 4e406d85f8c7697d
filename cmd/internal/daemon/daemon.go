// Package daemon keeps duosync running: it makes a run whenever the schedule
// says so, never two at once, and takes a new configuration between two of them.
//
// One goroutine, the loop of loop.go, owns everything that changes: the
// configuration of the moment (reload.go), the time of the next run (due.go), and the one
// run that may be under way (turn.go). systemd.go tells the service manager. What others
// look at comes from the status of [console], which the loop keeps; what follows a run
// is [afterrun]'s.
package daemon

import (
	"context"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/console"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/schedule"
	"duosync/cmd/internal/watch"
	"duosync/state"
	dirsync "duosync/sync"
)

// Options are what a daemon works with. All but Standing, Glance, Rules, Entry, Reload, Notify and
// Watchdog must be set.
type Options struct {
	// Load reads and checks the whole configuration anew.
	Load func() (*config.Loaded, error)
	// Run makes one run. It returns what is known of the run in any case. The
	// end of ctx asks it to finish the call in flight, to write that down, and to
	// return.
	Run func(ctx context.Context, loaded *config.Loaded, watch *watch.Watch) *dirsync.Run
	// Examine looks at the state, and Standing gives what stands in it, see
	// [console.Options].
	Examine  func(loaded *config.Loaded) (state.Condition, error)
	Standing func(ctx context.Context, loaded *config.Loaded) (*past.Standing, error)
	// Glance, Rules and Entry are for the pages, see [console.Options].
	Glance func(ctx context.Context, loaded *config.Loaded, look func(*past.Moment) error) error
	Rules  func(loaded *config.Loaded) (*console.Rules, error)
	Entry  func(ctx context.Context, loaded *config.Loaded, dn string) (dirsync.SourceID, error)
	// Reload asks for the configuration to be loaded anew (SIGHUP).
	Reload <-chan os.Signal
	// Notify sends a state to the service manager (sd_notify(3)); nil where there
	// is none. An error is told at debug level only.
	Notify func(state string) error
	// Watchdog is the time after which the service manager takes a silent daemon
	// for stuck; 0 where it doesn't watch.
	Watchdog time.Duration
	// Log gets a line a run.
	Log logrus.FieldLogger
	// Version that duosync calls itself by.
	Version string
}

// daemon is the loop and what it owns. Only status, metrics and the watch of a run are
// looked at by others; they lock themselves.
type daemon struct {
	opts     Options
	loaded   *config.Loaded // of the moment
	fresh    *config.Loaded // takes its place once the run under way has ended
	schedule *schedule.Schedule
	base     time.Time     // when the last run was due; the start, before the first one
	due      time.Time     // when the next run is due, jitter included
	nominal  time.Time     // the same without jitter
	interval time.Duration // the longest between two runs, see [schedule.Schedule.Longest]
	turn     *turn         // the run under way, or nil
	status   console.Status
	pages    *console.Server
	after    *afterrun.Follower
}
