// Package afterrun does what follows a run, in a daemon and of a single one: it is
// counted (metrics.go), logged (log.go), and told to the world outside, by
// notify.textfile, notify.heartbeat_url, and to people ([notify]). What fails here is a
// warning, and no error of the run.
package afterrun

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify"
	"duosync/cmd/internal/past"
	dirsync "duosync/sync"
)

// Options are what following takes.
type Options struct {
	// Version that duosync calls itself by.
	Version string
	// Log is told what could not be told.
	Log logrus.FieldLogger
	// LogRuns has each run logged, too.
	LogRuns bool
}

// Follower follows the runs of a process, one after another.
type Follower struct {
	opts    Options
	metrics *Metrics
	runs    runLog
	people  *notify.Teller
}

// New makes a follower that knows of no run.
func New(opts Options) *Follower {
	return &Follower{opts: opts, metrics: newMetrics(opts.Version), runs: runLog{log: opts.Log},
		people: notify.New(notify.Options{Version: opts.Version, Stays: opts.LogRuns})}
}

// Metrics gives what was counted, and goes on with each run.
func (f *Follower) Metrics() *Metrics { return f.metrics }

// Resume has the counters go on from where a textfile left them.
func (f *Follower) Resume(textfile string) {
	if err := f.metrics.restore(textfile); err != nil {
		f.opts.Log.WithError(err).Warn("the textfile's counters begin anew")
	}
}

// Follow does what follows a run of a configuration, whose phases took so long: the
// textfile is written anew, and after a complete run the heartbeat is sent, which takes
// ten seconds at most. Then people are told, see [Follower.Tell]. A dry run, and one for a
// single person, is none to follow.
func (f *Follower) Follow(ctx context.Context, c *config.Config, run *dirsync.Run, took map[string]time.Duration) {
	f.metrics.ran(run, took)
	if f.opts.LogRuns {
		f.runs.tell(ctx, run)
	}
	f.metrics.Configured(c, false)
	if path := c.Notify.Textfile; path != "" {
		f.stand(ctx, c, run.Flags)
		if err := f.metrics.save(path); err != nil {
			WithError(f.opts.Log, err, run.Flags).Warn("the textfile could not be written")
		}
	}
	if address := c.Notify.HeartbeatURL; !address.IsEmpty() && complete(run) && ctx.Err() == nil {
		if err := beat(ctx, address, f.opts.Version); err != nil {
			WithError(f.opts.Log, err, run.Flags).Warn("the heartbeat could not be sent")
		}
	}
	f.Tell(ctx, c, run)
}

// standTime is how long it may take to read what stands in the state.
const standTime = 10 * time.Second

// stand takes into the metrics what stands in the state once a run is over.
func (f *Follower) stand(ctx context.Context, c *config.Config, flags string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), standTime)
	defer cancel()
	standing, err := past.StandingOf(ctx, c.State.DSN.Reveal(), flags)
	if err != nil {
		WithError(f.opts.Log, err, flags).Warn("the state can't be read, so the textfile has a part of the figures of before")
		return
	}
	if standing.Last != nil { // else there is no state
		f.metrics.Stands(standing)
	}
}

// Tell tells people what of a run they are to know, by the channels of section notify. It
// takes a minute at most, however long a receiver is silent.
func (f *Follower) Tell(ctx context.Context, c *config.Config, run *dirsync.Run) {
	for _, r := range f.people.Tell(ctx, c, run, WhySkipped(run) != nil) {
		log := f.opts.Log
		if r.Channel == "" {
			WithError(log, r.Err, run.Flags).Warn("what people were told of can't be kept; they may be told again")
			continue
		}
		log = log.WithFields(logrus.Fields{"channel": r.Channel, "host": r.Where, "events": r.Events})
		switch {
		case r.Err != nil && notify.Taken(r.Err):
			WithError(log.WithField("answer", r.Answer), r.Err, run.Flags).Warn("some people could not be told, the others were; this message is not sent again")
			continue
		case r.Err != nil:
			WithError(log, r.Err, run.Flags).Warn("people could not be told; the next run tells it")
			continue
		}
		log.WithField("answer", r.Answer).Info("people were told")
	}
}
