package daemon

import (
	"context"

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
		err = d.server.adopt(ctx, fresh.Config.HTTP)
	}
	if err != nil {
		d.refuse(err)
		return
	}
	rescheduled := fresh.Config.Schedule != d.loaded.Config.Schedule
	d.loaded, d.schedule = fresh, next
	d.status.configured(fresh)
	if rescheduled && d.turn == nil {
		d.plan()
	}
	d.metrics.reloaded(true)
	d.opts.Log.WithField("file", fresh.File).Info("the new configuration is in force")
	d.notify("READY=1", d.statusLine())
}

// refuse keeps the configuration as it was.
func (d *daemon) refuse(err error) {
	d.metrics.reloaded(false)
	explainAll(d.opts.Log, err, "the new configuration can't be used; the old one stays in force")
	d.notify("READY=1", "STATUS=The new configuration can't be used; the old one stays in force")
}
