package daemon

import (
	"time"

	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

// metrics are what Prometheus gets to know, at /metrics and in the textfile.
type metrics struct {
	registry
	lastSuccess, lastRun, lastOutcome, duration *family
	runs, people, operations                    *family
	held, conflicts, failed                     *family
	calls, retries                              *family
	reload, build                               *family
}

func newMetrics(version string) *metrics {
	m := &metrics{}
	m.lastSuccess = m.gauge("duosync_last_success_timestamp_seconds", "End of the last run that left nothing undone, in Unix time; absent before the first one.")
	m.lastRun = m.gauge("duosync_last_run_timestamp_seconds", "End of the last run, in Unix time.")
	m.lastOutcome = m.gauge("duosync_last_run_outcome", "1 for the outcome of the last run, 0 for all others.")
	m.duration = m.gauge("duosync_run_duration_seconds", "How long the phases of the last run took.")
	m.runs = m.counter("duosync_runs_total", "Runs by outcome; skipped ones did not begin, since writing was paused or the state in use.")
	m.people = m.gauge("duosync_people", "People of the last run that could read the directory: read, in scope, of those unchanged, and waiting for a removal.")
	m.operations = m.counter("duosync_operations_total", "Operations by action and result.")
	m.held = m.gauge("duosync_held", "Operations that guards held in the last run that came to the guards.")
	m.conflicts = m.gauge("duosync_conflicts", "Conflicts of the last run that came to the guards.")
	m.failed = m.gauge("duosync_failed", "Operations that failed in the last run.")
	m.calls = m.counter("duosync_duo_calls_total", "Calls to Duo, retries included.")
	m.retries = m.counter("duosync_duo_retries_total", "Calls to Duo that were made again, after a 429 or a failure.")
	m.reload = m.gauge("duosync_config_last_reload_successful", "1 when the configuration in force is the one that was last loaded, 0 when that was refused.")
	m.build = m.gauge("duosync_build_info", "1, with the version.")
	m.reload.volatile, m.build.volatile = true, true

	m.build.set(1, "version", version)
	for _, outcome := range outcomes() {
		m.runs.set(0, "outcome", outcome)
	}
	m.calls.set(0)
	m.retries.set(0)
	return m
}

// reloaded notes how loading the configuration went.
func (m *metrics) reloaded(good bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reload.set(number(good))
}

// ran counts a run. What a run did not come to know stays as the one before left
// it.
func (m *metrics) ran(run *dirsync.Run, took map[string]time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := outcomeOf(run)
	m.runs.add(1, "outcome", now)
	for _, outcome := range outcomes() {
		m.lastOutcome.set(number(outcome == now), "outcome", outcome)
	}
	m.lastRun.set(seconds(run.Finished))
	if now == skipped {
		return
	}
	if good(run) {
		m.lastSuccess.set(seconds(run.Finished))
	}
	for _, phase := range phases() {
		m.duration.set(took[phase].Seconds(), "phase", phase)
	}
	for _, o := range run.Operations {
		m.operations.add(1, "action", string(o.Action), "result", o.Result)
	}
	m.failed.set(float64(run.Count(dirsync.ResultFailed)))
	m.calls.add(float64(run.Usage.Calls))
	m.retries.add(float64(run.Usage.Retries))
	if run.Err != nil {
		return
	}
	s := report.Summarize(run)
	m.held.set(float64(s.Held))
	m.conflicts.set(float64(s.Conflict))
	m.people.set(float64(run.Read.Read), "state", "read")
	m.people.set(float64(run.InScope), "state", "in_scope")
	m.people.set(float64(s.Unchanged), "state", "unchanged")
	m.people.set(float64(s.Waiting), "state", "waiting")
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
