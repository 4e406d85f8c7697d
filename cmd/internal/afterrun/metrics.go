package afterrun

import (
	"cmp"
	"context"
	"errors"
	"slices"
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

// Metrics are what Prometheus gets to know, at /metrics and in the textfile: those of [Listed]. A
// series is there once it has a value; hence vectors, also without labels. It
// implements [prometheus.Gatherer], and may be gathered while a run ends.
type Metrics struct {
	mu       sync.Mutex // a run shows as a whole
	registry *prometheus.Registry
	gauges   map[string]*prometheus.GaugeVec
	counters map[string]*prometheus.CounterVec
	kept     map[string]func(prometheus.Labels, float64) // by metric: takes over a value that an earlier process left

	known   string    // id of the run that the gauges tell of; "" for one of before
	until   time.Time // its end
	success time.Time // what they tell of the last good run
}

func newMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), gauges: map[string]*prometheus.GaugeVec{}, counters: map[string]*prometheus.CounterVec{},
		kept: map[string]func(prometheus.Labels, float64){},
	}
	for _, one := range Listed() {
		if one.Counter {
			m.counter(&one)
		} else {
			m.gauge(&one)
		}
	}
	m.set(nameOfBuild, 1, version)
	for _, outcome := range outcomes() {
		m.add(nameOfRuns, 0, outcome)
	}
	for _, name := range []string{nameOfCalls, nameOfRetries, nameOfThrottled} {
		m.add(name, 0)
	}
	return m
}

func (m *Metrics) gauge(one *Metric) {
	vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: one.Name, Help: one.Help}, one.Labels)
	m.registry.MustRegister(vec)
	m.gauges[one.Name] = vec
	if one.Own {
		return
	}
	m.kept[one.Name] = func(labels prometheus.Labels, value float64) {
		if gauge, err := vec.GetMetricWith(labels); err == nil { // else the labels are not ours
			gauge.Set(value)
		}
	}
}

func (m *Metrics) counter(one *Metric) {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: one.Name, Help: one.Help}, one.Labels)
	m.registry.MustRegister(vec)
	m.counters[one.Name] = vec
	m.kept[one.Name] = func(labels prometheus.Labels, value float64) {
		if !(value >= 0) {
			return // less, or NaN: no counter holds that, and Add would panic
		}
		vec.Delete(labels) // of two values the last one holds
		if counter, err := vec.GetMetricWith(labels); err == nil {
			counter.Add(value)
		}
	}
}

// set gives a gauge its value.
func (m *Metrics) set(name string, value float64, labels ...string) {
	m.gauges[name].WithLabelValues(labels...).Set(value)
}

// setTime gives a gauge a time; one that is zero has no series.
func (m *Metrics) setTime(name string, at time.Time, labels ...string) {
	if at.IsZero() {
		m.gauges[name].DeleteLabelValues(labels...)
		return
	}
	m.set(name, seconds(at), labels...)
}

func (m *Metrics) add(name string, n int, labels ...string) {
	m.counters[name].WithLabelValues(labels...).Add(float64(n))
}

// Gather implements [prometheus.Gatherer].
func (m *Metrics) Gather() ([]*dto.MetricFamily, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.registry.Gather()
}

// Stands notes what stands in the state: the newest run over all people, where it is a
// later one than is known, of another process or of before, how many need a human, and what
// else nobody but the state knows. The totals count the runs of this process alone.
func (m *Metrics) Stands(s *past.Standing) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(s.Attention) > 0 || s.Weighed != nil { // else nobody has looked yet
		m.attend(s.Attention)
	}
	if !s.Success.IsZero() && !s.Success.Before(m.success) {
		m.succeeded(s.Success)
	}
	m.set(nameOfPaused, number(s.Paused != nil))
	m.setTime(nameOfRefresh, s.Refreshed)
	m.day(s.Day)
	if s.Over != nil && s.Over.RunID != m.known && after(s.Over, m.until) {
		m.outcome(s.Over.Outcome, s.Over.RunID, endOf(s.Over))
		m.set(nameOfFailed, float64(s.Over.Summary.Failed))
		if w := s.Weighed; w != nil {
			m.weighed(&w.Summary, w.Source)
		}
	}
	if w := s.Weighed; w != nil {
		m.guards(w.Guards, s.Held)
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
	m.set(nameOfReload, number(good))
}

// Planned notes when the next run is due, and the longest time between two.
func (m *Metrics) Planned(due time.Time, interval time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.setTime(nameOfNext, due)
	m.set(nameOfInterval, interval.Seconds())
}

// Began notes that a run is under way.
func (m *Metrics) Began() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.setTime(nameOfNext, time.Time{})
}

// ran counts a run. What a run did not come to know stays as the one before left
// it.
func (m *Metrics) ran(run *dirsync.Run, took map[string]time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := outcomeOf(run)
	m.add(nameOfRuns, 1, now)
	m.outcome(now, run.ID, run.Finished)
	if paused := errors.Is(run.Err, dirsync.ErrPaused); paused || run.Err == nil {
		m.set(nameOfPaused, number(paused))
	}
	if now == skipped {
		return
	}
	if complete(run) {
		m.succeeded(run.Finished)
	}
	for _, phase := range watch.Phases() {
		m.set(nameOfDuration, took[phase].Seconds(), phase)
	}
	for _, o := range run.Operations {
		m.add(nameOfOps, 1, string(o.Action), o.Result)
	}
	m.set(nameOfFailed, float64(run.Count(dirsync.ResultFailed)))
	m.add(nameOfCalls, run.Usage.Calls)
	m.add(nameOfRetries, run.Usage.Retries)
	m.add(nameOfThrottled, run.Usage.Throttled)
	if run.Complete {
		m.gauges[nameOfExpiry].DeletePartialMatch(prometheus.Labels{"use": "ldap_server"})
		for _, read := range run.Read.Each() {
			m.setTime(nameOfExpiry, read.Certificate, "ldap_server", read.Directory)
		}
	}
	if run.Err != nil {
		return
	}
	s := report.Summarize(run)
	m.attend(run.Attention)
	m.weighed(&s, report.Source{Read: run.Read.Read, InScope: run.InScope})
	guards := make([]report.Guard, 0, len(run.Guards))
	for i := range run.Guards {
		guards = append(guards, report.GuardOf(&run.Guards[i], ""))
	}
	m.guards(guards, slices.DeleteFunc(slices.Clone(guards), func(g report.Guard) bool { return !g.Held }))
}

// outcome notes how the last run ended, and when.
func (m *Metrics) outcome(word, id string, at time.Time) {
	m.known, m.until = id, at
	for _, outcome := range outcomes() {
		m.set(nameOfOutcome, number(outcome == word), outcome)
	}
	m.set(nameOfEnd, seconds(at))
}

// succeeded notes the end of a run that was complete and not held whole.
func (m *Metrics) succeeded(at time.Time) {
	m.success = at
	m.set(nameOfSuccess, seconds(at))
}

// weighed notes what a run has counted that came to the guards.
func (m *Metrics) weighed(s *report.Summary, read report.Source) {
	m.set(nameOfHeld, float64(s.Held))
	m.set(nameOfConflicts, float64(s.Conflict))
	m.set(nameOfPeople, float64(read.Read), "read")
	m.set(nameOfPeople, float64(read.InScope), "in_scope")
	m.set(nameOfPeople, float64(s.Unchanged), "unchanged")
	m.set(nameOfPeople, float64(s.Waiting), "waiting")
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
