package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/schedule"
	dirsync "duosync/sync"
)

// Options are what a daemon works with. All but Reload, Notify and Watchdog must
// be set.
type Options struct {
	// Load reads and checks the whole configuration anew.
	Load func() (*config.Loaded, error)
	// Run makes one run. It returns what is known of the run in any case. The
	// end of ctx asks it to finish the call in flight, to write that down, and to
	// return.
	Run func(ctx context.Context, loaded *config.Loaded, watch *Watch) *dirsync.Run
	// Reachable says why the state can't be used, or nil. It is asked for each
	// /readyz, beside a run, so it must be quick and take no lock.
	Reachable func(loaded *config.Loaded) error
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

// daemon is the loop and what it owns. Only status, metrics, server and the
// watch of a run are looked at by others; they lock themselves.
type daemon struct {
	opts     Options
	loaded   *config.Loaded // of the moment
	fresh    *config.Loaded // takes its place once the run under way has ended
	schedule *schedule.Schedule
	base     time.Time // when the last run was due; the start, before the first one
	due      time.Time // when the next run is due, jitter included
	nominal  time.Time // the same without jitter
	turn     *turn     // the run under way, or nil
	status   status
	metrics  *metrics
	teller   teller
	server   *server
}

// Run runs on the schedule of a configuration until ctx ends; the run under way
// is then finished as [Options.Run] promises. It returns an error where it could
// not start: a schedule that can't be read, an address that can't be listened
// on. A run that fails is told to the log and the metrics, and ends nothing.
func Run(ctx context.Context, loaded *config.Loaded, opts Options) error {
	d := &daemon{opts: opts, loaded: loaded, base: time.Now().Round(0), metrics: newMetrics(opts.Version), teller: teller{log: opts.Log}}
	var err error
	if d.schedule, err = scheduleOf(loaded); err != nil {
		return err
	}
	d.server = newServer(&d.status, d.metrics, opts)
	if err := d.server.adopt(ctx, loaded.Config.HTTP); err != nil {
		return err
	}
	d.metrics.reloaded(true)
	if err := d.metrics.restore(loaded.Config.Notify.Textfile); err != nil {
		opts.Log.WithError(err).Warn("the textfile's counters begin anew")
	}
	d.status.configured(loaded)
	d.plan()
	if loaded.Config.Schedule.AtStart {
		d.nominal, d.due = d.base, d.base
	}
	d.notify("READY=1", d.statusLine())
	d.loop(ctx)
	return d.server.close()
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

func scheduleOf(loaded *config.Loaded) (*schedule.Schedule, error) {
	c := loaded.Config.Schedule
	return schedule.New(c.Cron, c.Timezone, c.Jitter)
}

// plan sets the time of the next run.
func (d *daemon) plan() {
	d.nominal = d.schedule.Next(d.base, time.Now().Round(0))
	d.due = d.schedule.Jittered(d.nominal)
	d.status.planned(d.due)
}

// begin starts a run.
func (d *daemon) begin(ctx context.Context) {
	d.base = d.nominal
	d.turn = d.start(ctx)
	d.status.began(d.turn.watch)
	d.notify("STATUS=A run is under way since " + clock(time.Now()))
}

// end takes what a run left, and makes room for the next one.
func (d *daemon) end(ctx context.Context) {
	d.status.ended(d.turn.run)
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

// statusLine tells the service manager where things are.
func (d *daemon) statusLine() string {
	last := "No run yet"
	if run := d.status.look().last; run != nil {
		last = fmt.Sprintf("Last run, ended %s: %s", clock(run.Finished), run.word())
	}
	return fmt.Sprintf("STATUS=%s; next run at %s", last, clock(d.due))
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// explainAll logs an error, a line for each mistake in a configuration.
func explainAll(log logrus.FieldLogger, err error, message string) {
	if problems, ok := errors.AsType[config.Errors](err); ok {
		for _, p := range problems {
			log.WithField("mistake", p.Error()).Error(message)
		}
		return
	}
	withHint(log, err).Error(message)
}

// withHint adds an error and its advice to a line of the log.
func withHint(log logrus.FieldLogger, err error) logrus.FieldLogger {
	log = log.WithField("error", err.Error())
	if hint := dirsync.Hint(err); hint != "" {
		log = log.WithField("hint", hint)
	}
	return log
}
