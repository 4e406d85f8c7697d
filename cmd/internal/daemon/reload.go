package daemon

import (
	"context"
	"errors"
	"time"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/config"
)

// reload reads the configuration anew. A good one takes the place of the old one
// as a whole, after the run under way; a bad one is told, and the old one stays.
func (d *daemon) reload(ctx context.Context) {
	d.notify(reloading(), "STATUS=Reading the configuration anew")
	fresh, err := d.opts.Load()
	if err != nil {
		d.fresh = nil // not what an earlier reload left either: the file is bad now
		d.refuse(err)
		return
	}
	d.fresh = fresh
	if d.turn != nil {
		d.opts.Log.Info("the new configuration is good; it holds once the run under way has ended")
		return
	}
	d.swap(ctx)
}

// swap puts the fresh configuration in the place of the old one.
func (d *daemon) swap(ctx context.Context) {
	var fresh *config.Loaded
	fresh, d.fresh = d.fresh, nil
	next, err := scheduleOf(fresh)
	if err == nil {
		err = d.pages.Adopt(ctx, fresh.Config.HTTP)
	}
	if err != nil {
		d.refuse(err)
		return
	}
	rescheduled := fresh.Config.Schedule != d.loaded.Config.Schedule
	elsewhere := fresh.Config.State.DSN != d.loaded.Config.State.DSN
	d.loaded, d.schedule = fresh, next
	d.status.Configured(fresh)
	d.configured()
	if elsewhere {
		d.pages.Look(ctx)
	}
	if rescheduled && d.turn == nil {
		d.plan()
	}
	d.after.Metrics().Reloaded(true)
	d.opts.Log.WithField("file", fresh.File).Info("the new configuration is in force")
	d.notify("READY=1", d.statusLine())
}

// configured tells the metrics what follows from the configuration in force.
func (d *daemon) configured() {
	d.interval = d.schedule.Longest(time.Now())
	d.after.Metrics().Configured(&d.loaded.Config, true)
}

// refuse keeps the configuration as it was, and logs why, a line for each mistake in
// the new one.
func (d *daemon) refuse(err error) {
	d.after.Metrics().Reloaded(false)
	const message = "the new configuration can't be used; the old one stays in force"
	if problems, ok := errors.AsType[config.Errors](err); ok {
		for _, p := range problems {
			d.opts.Log.WithField("mistake", p.Error()).Error(message)
		}
	} else {
		afterrun.WithError(d.opts.Log, err, d.loaded.Flags()).Error(message)
	}
	d.notify("READY=1", "STATUS=The new configuration can't be used; the old one stays in force")
}
