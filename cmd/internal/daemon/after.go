package daemon

import (
	"context"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
)

// Ended is a run that has ended, and how it was made.
type Ended struct {
	// Config that the run was made with.
	Config *config.Config
	// Run that ended. A dry run, and one for a single person, is none to tell
	// the world of.
	Run *dirsync.Run
	// Watch observed the run.
	Watch *Watch
	// Version that duosync calls itself by.
	Version string
	// Log is told what could not be told: never more than a warning.
	Log logrus.FieldLogger
}

// After tells the world outside of a single run: notify.textfile is written
// anew, its counters going on where they were, and after a complete run
// notify.heartbeat_url is called, for ten seconds at most. What fails here is a
// warning, and no error of the run.
func After(ctx context.Context, end Ended) {
	m := newMetrics(end.Version)
	if err := m.restore(end.Config.Notify.Textfile); err != nil {
		end.Log.WithError(err).Warn("the textfile's counters begin anew")
	}
	m.ran(end.Run, end.Watch.Took())
	after(ctx, end.Config, end.Run, m, end.Version, end.Log)
}

func after(ctx context.Context, c *config.Config, run *dirsync.Run, m *metrics, version string, log logrus.FieldLogger) {
	if path := c.Notify.Textfile; path != "" {
		if err := m.save(path); err != nil {
			withHint(log, err).Warn("the textfile could not be written")
		}
	}
	if address := c.Notify.HeartbeatURL; !address.IsEmpty() && complete(run) && ctx.Err() == nil {
		if err := beat(ctx, address, version); err != nil {
			withHint(log, err).Warn("the heartbeat could not be sent")
		}
	}
}
