package daemon

import (
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/schedule"
)

func scheduleOf(loaded *config.Loaded) (*schedule.Schedule, error) {
	c := loaded.Config.Schedule
	return schedule.New(c.Cron, c.Timezone, c.Jitter)
}

// plan sets the time of the next run.
func (d *daemon) plan() {
	d.nominal = d.schedule.Next(d.base, time.Now().Round(0))
	d.due = d.schedule.Jittered(d.nominal)
	d.status.Planned(d.due)
	d.after.Metrics().Planned(d.due, d.interval)
}
