package daemon

import (
	"context"
	"runtime/debug"
	"time"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/console"
)

// Run runs on the schedule of a configuration until ctx ends; the run under way
// is then finished as [Options.Run] promises. It returns an error where it could
// not start: a schedule that can't be read, an address that can't be listened
// on. A run that fails is told to the log and the metrics, and ends nothing.
func Run(ctx context.Context, loaded *config.Loaded, opts Options) error {
	d := &daemon{opts: opts, loaded: loaded, base: time.Now().Round(0), after: afterrun.New(afterrun.Options{Version: opts.Version, Log: opts.Log, LogRuns: true})}
	var err error
	if d.schedule, err = scheduleOf(loaded); err != nil {
		return err
	}
	d.pages = console.New(&d.status, d.after.Metrics(), console.Options{Examine: opts.Examine, Standing: opts.Standing,
		Glance: opts.Glance, Rules: opts.Rules, Entry: opts.Entry, Log: opts.Log, Version: opts.Version})
	defer d.pages.End()
	d.after.Metrics().Reloaded(true)
	d.after.Resume(loaded.Config.Notify.Textfile)
	d.configured()
	d.status.Configured(loaded)
	d.pages.Look(ctx)
	d.plan()
	if loaded.Config.Schedule.AtStart {
		d.nominal, d.due = d.base, d.base
		d.after.Metrics().Planned(d.due, d.interval)
	}
	// Pages come last, for what they tell must be known by then.
	if err := d.pages.Adopt(ctx, loaded.Config.HTTP); err != nil {
		return err
	}
	d.notify("READY=1", d.statusLine())
	d.loop(ctx)
	return d.pages.Close()
}

// longestSleep is how long the loop sleeps before it looks at the clock again,
// which may have been set, or have stood still in a suspended machine.
const longestSleep = time.Minute

// loop waits for whatever comes first, until ctx has ended and no run is under
// way.
func (d *daemon) loop(ctx context.Context) {
	stop := ctx.Done()
	wake := time.NewTimer(0)
	defer wake.Stop()
	pings, stopPings := d.pings()
	defer stopPings()
	for {
		if d.turn == nil {
			wake.Reset(min(time.Until(d.due), longestSleep))
		} else {
			wake.Stop()
		}
		select {
		case <-stop:
			stop = nil
			d.notify("STOPPING=1", "STATUS=Stopping")
		case <-d.opts.Reload:
			if stop != nil {
				d.reload(ctx)
			}
		case <-d.turn.done():
			d.end(ctx)
		case <-wake.C:
			if stop != nil && ctx.Err() == nil && !time.Now().Round(0).Before(d.due) {
				d.begin(ctx)
			}
		case <-pings:
			d.ping()
		}
		if stop == nil && d.turn == nil {
			return
		}
	}
}

// begin starts a run.
func (d *daemon) begin(ctx context.Context) {
	d.base = d.nominal
	d.after.Metrics().Began()
	d.turn = d.start(ctx)
	d.status.Began(d.turn.watch)
	d.notify("STATUS=A run is under way since " + console.Clock(time.Now()))
}

// end takes what a run left, and makes room for the next one.
func (d *daemon) end(ctx context.Context) {
	d.status.Ended(d.turn.run)
	d.turn = nil
	debug.FreeOSMemory() // what a large run took is not needed until the next one
	if d.fresh != nil && ctx.Err() == nil {
		d.swap(ctx)
	}
	d.plan()
	if ctx.Err() == nil {
		d.notify(d.statusLine())
	}
}
