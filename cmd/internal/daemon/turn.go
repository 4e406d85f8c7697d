package daemon

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/watch"
	dirsync "duosync/sync"
)

// turn is a run under way, in a goroutine of its own.
type turn struct {
	watch *watch.Watch
	over  chan struct{} // closed at the end; run is set then
	run   *dirsync.Run
}

// done gives a channel that is closed when the run has ended. Without a run it
// never is.
func (t *turn) done() <-chan struct{} {
	if t == nil {
		return nil
	}
	return t.over
}

// start makes a run with the configuration of the moment, and does what follows it.
func (d *daemon) start(ctx context.Context) *turn {
	t := &turn{watch: watch.New(nil), over: make(chan struct{})}
	loaded := d.loaded
	go func() {
		defer close(t.over)
		t.run = d.run(ctx, loaded, t.watch)
		d.after.Follow(ctx, &loaded.Config, t.run, t.watch.Took())
		debug.FreeOSMemory() // until the next run others can have it
	}()
	return t
}

// run makes a run. A panic is a run that failed: the next one may well succeed,
// and a daemon that is gone would be noticed late.
func (d *daemon) run(ctx context.Context, loaded *config.Loaded, watch *watch.Watch) (run *dirsync.Run) {
	started := time.Now()
	defer func() {
		if reason := recover(); reason != nil {
			d.opts.Log.WithField("stack", string(debug.Stack())).Errorf("panic in a run: %v", reason)
			err := dirsync.WithHint(fmt.Errorf("panic: %v", reason), "This is a bug in duosync; please report it with the stack that stands in the log.")
			run = &dirsync.Run{Outcome: dirsync.OutcomeFailed, Err: err, Started: started, Finished: time.Now()}
		}
	}()
	return d.opts.Run(ctx, loaded, watch)
}
