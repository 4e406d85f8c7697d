package afterrun

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/watch"
	"duosync/state"
	dirsync "duosync/sync"
)

// Metrics are what Prometheus gets to know, at /metrics and in the textfile. A
// series is there once it has a value; hence vectors, also without labels. It
// implements [prometheus.Gatherer], and may be gathered while a run ends.
type Metrics struct {
	mu       sync.Mutex // a run shows as a whole
	registry *prometheus.Registry
	kept     map[string]func(prometheus.Labels, float64) // by metric: takes over a value that an earlier process left

	last    lastRun
	known   string    // id of the run that last tells of; "" for one of before
	until   time.Time // its end
	success time.Time // what last tells of the last good run
	total   totals
	reload  *prometheus.GaugeVec
}

// The metrics that are times, by which an earlier run is told from a later one.
const (
	nameOfSuccess = "duosync_last_success_timestamp_seconds"
	nameOfEnd     = "duosync_last_run_timestamp_seconds"
)

// lastRun is about the last run that came to know it.
type lastRun struct {
	success, end, outcome, duration *prometheus.GaugeVec
	people, held, conflicts, failed *prometheus.GaugeVec
	attention                       *prometheus.GaugeVec
}

// totals count over all runs.
type totals struct {
	runs, operations, calls, retries *prometheus.CounterVec
}

func newMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), kept: make(map[string]func(prometheus.Labels, float64))}
	m.last = lastRun{
		success:   m.gauge(nameOfSuccess, "End of the last run that was complete and not held whole by a guard, in Unix time; absent before the first one."),
		end:       m.gauge(nameOfEnd, "End of the last run, in Unix time."),
		outcome:   m.gauge("duosync_last_run_outcome", "1 for the outcome of the last run, 0 for all others.", "outcome"),
		duration:  m.gauge("duosync_run_duration_seconds", "How long the phases of the last run took.", "phase"),
		people:    m.gauge("duosync_people", "People of the last run that could read the directory: read, in scope, of those unchanged, and waiting for a removal.", "state"),
		held:      m.gauge("duosync_held", "Operations that guards held in the last run that came to the guards."),
		conflicts: m.gauge("duosync_conflicts", "Conflicts of the last run that came to the guards."),
		attention: m.gauge("duosync_attention", "People and groups that are not as the directory asks for and stay so until a human acts, as of the last run that came to its end."),
		failed:    m.gauge("duosync_failed", "Operations that failed in the last run."),
	}
	m.total = totals{
		runs:       m.counter("duosync_runs_total", "Runs by outcome; skipped ones did not begin, since writing was paused or the state in use.", "outcome"),
		operations: m.counter("duosync_operations_total", "Operations by action and result.", "action", "result"),
		calls:      m.counter("duosync_duo_calls_total", "Calls to Duo, retries included."),
		retries:    m.counter("duosync_duo_retries_total", "Calls to Duo that were made again, after a 429 or a failure."),
	}
	m.reload = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "duosync_config_last_reload_successful",
		Help: "1 when the configuration in force is the one that was last loaded, 0 when that was refused.",
	}, nil)
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "duosync_build_info", Help: "1, with the version.", ConstLabels: prometheus.Labels{"version": version},
	})
	m.registry.MustRegister(m.reload, build) // not kept: they are of this process

	build.Set(1)
	for _, outcome := range outcomes() {
		m.total.runs.WithLabelValues(outcome)
	}
	m.total.calls.WithLabelValues()
	m.total.retries.WithLabelValues()
	return m
}

func (m *Metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(vec)
	m.kept[name] = func(labels prometheus.Labels, value float64) {
		if gauge, err := vec.GetMetricWith(labels); err == nil { // else the labels are not ours
			gauge.Set(value)
		}
	}
	return vec
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(vec)
	m.kept[name] = func(labels prometheus.Labels, value float64) {
		if !(value >= 0) {
			return // less, or NaN: no counter holds that, and Add would panic
		}
		vec.Delete(labels) // of two values the last one holds
		if counter, err := vec.GetMetricWith(labels); err == nil {
			counter.Add(value)
		}
	}
	return vec
}

// Gather implements [prometheus.Gatherer].
func (m *Metrics) Gather() ([]*dto.MetricFamily, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.registry.Gather()
}

// Stands notes what stands in the state: the newest run over all people, where it is a
// later one than is known, of another process or of before, and how many need a human. The
// totals count the runs of this process alone.
func (m *Metrics) Stands(s *past.Standing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(s.Attention) > 0 || s.Weighed != nil { // else nobody has looked yet
		m.last.attention.WithLabelValues().Set(float64(len(s.Attention)))
	}
	if !s.Success.IsZero() && !s.Success.Before(m.success) {
		m.succeeded(s.Success)
	}
	if s.Over == nil || s.Over.RunID == m.known || !after(s.Over, m.until) {
		return
	}
	m.outcome(s.Over.Outcome, s.Over.RunID, endOf(s.Over))
	m.last.failed.WithLabelValues().Set(float64(s.Over.Summary.Failed))
	if w := s.Weighed; w != nil {
		m.weighed(&w.Summary, w.Source)
	}
}

// endOf is the end of a run, or its start where it was killed.
func endOf(doc *report.Document) time.Time {
	t, err := time.Parse(time.RFC3339, cmp.Or(doc.Finished, doc.Started))
	if err != nil {
		return time.Time{}
	}
	return t
}

// after reports whether a run ended after a time, as far as whole seconds tell.
func after(doc *report.Document, t time.Time) bool {
	return !endOf(doc).Before(t.Truncate(time.Second))
}

// Reloaded notes how loading the configuration went.
func (m *Metrics) Reloaded(good bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reload.WithLabelValues().Set(number(good))
}

// ran counts a run. What a run did not come to know stays as the one before left
// it.
func (m *Metrics) ran(run *dirsync.Run, took map[string]time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := outcomeOf(run)
	m.total.runs.WithLabelValues(now).Inc()
	m.outcome(now, run.ID, run.Finished)
	if now == skipped {
		return
	}
	if complete(run) {
		m.succeeded(run.Finished)
	}
	for _, phase := range watch.Phases() {
		m.last.duration.WithLabelValues(phase).Set(took[phase].Seconds())
	}
	for _, o := range run.Operations {
		m.total.operations.WithLabelValues(string(o.Action), o.Result).Inc()
	}
	m.last.failed.WithLabelValues().Set(float64(run.Count(dirsync.ResultFailed)))
	m.total.calls.WithLabelValues().Add(float64(run.Usage.Calls))
	m.total.retries.WithLabelValues().Add(float64(run.Usage.Retries))
	if run.Err != nil {
		return
	}
	s := report.Summarize(run)
	m.last.attention.WithLabelValues().Set(float64(s.Attention))
	m.weighed(&s, report.Source{Read: run.Read.Read, InScope: run.InScope})
}

// outcome notes how the last run ended, and when.
func (m *Metrics) outcome(word, id string, at time.Time) {
	m.known, m.until = id, at
	for _, outcome := range outcomes() {
		m.last.outcome.WithLabelValues(outcome).Set(number(outcome == word))
	}
	m.last.end.WithLabelValues().Set(seconds(at))
}

// succeeded notes the end of a run that was complete and not held whole.
func (m *Metrics) succeeded(at time.Time) {
	m.success = at
	m.last.success.WithLabelValues().Set(seconds(at))
}

// weighed notes what a run has counted that came to the guards.
func (m *Metrics) weighed(s *report.Summary, read report.Source) {
	m.last.held.WithLabelValues().Set(float64(s.Held))
	m.last.conflicts.WithLabelValues().Set(float64(s.Conflict))
	m.last.people.WithLabelValues("read").Set(float64(read.Read))
	m.last.people.WithLabelValues("in_scope").Set(float64(read.InScope))
	m.last.people.WithLabelValues("unchanged").Set(float64(s.Unchanged))
	m.last.people.WithLabelValues("waiting").Set(float64(s.Waiting))
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// timeOf is the time that [seconds] gave.
func timeOf(value float64) time.Time {
	if !(value > 0 && value < 1e11) { // no time of ours
		return time.Time{}
	}
	return time.UnixMilli(int64(value * 1000))
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// skipped is the outcome of a run that did not begin, because writing is paused
// or another process works with the state. The core calls it failed.
const skipped = "skipped"

// outcomes lists the words of the metric.
func outcomes() []string {
	return []string{
		dirsync.OutcomeNoChanges, dirsync.OutcomeApplied, dirsync.OutcomePartial,
		dirsync.OutcomeHeld, dirsync.OutcomeFailed, skipped,
	}
}

func outcomeOf(run *dirsync.Run) string {
	if WhySkipped(run) != nil {
		return skipped
	}
	return run.Outcome
}

// WhySkipped gives the error that kept a run from beginning, or nil. A run that
// was paused under way has begun.
func WhySkipped(run *dirsync.Run) error {
	for _, why := range []error{dirsync.ErrPaused, state.ErrLocked} {
		if !run.Complete && errors.Is(run.Err, why) {
			return why
		}
	}
	return nil
}

// complete reports whether a run came to its end over a directory that was read
// whole, and no guard held all of it. Heartbeat and the time of the last success go
// by it.
func complete(run *dirsync.Run) bool {
	return run.Err == nil && run.Complete && run.Outcome != dirsync.OutcomeFailed && !report.HeldWhole(run)
}

// interrupted reports whether a run ended early because we were asked to stop.
func interrupted(ctx context.Context, run *dirsync.Run) bool {
	return ctx.Err() != nil && errors.Is(run.Err, context.Canceled)
}
