package engine

import (
	dirsync "duosync/sync"
	"fmt"
	"time"
)

// run is one run under way: what it was asked for, and what it tells. The phases get
// all else from those before them.
type run struct {
	*Engine
	opts    Options
	now     time.Time // its start by the local clock, or the time as of which a dry run looks
	report  *dirsync.Run
	journal dirsync.Journal         // nil in a dry run
	told    map[string]dirsync.Told // before this run
}

func (e *Engine) run(opts Options) *run {
	r := &run{Engine: e, opts: opts, now: e.wallClock()}
	r.report = &dirsync.Run{ID: opts.RunID, DryRun: opts.DryRun, Only: opts.Only, Flags: e.Flags, Started: r.now}
	if opts.DryRun && !opts.AsOf.IsZero() {
		r.now = opts.AsOf
	}
	return r
}

func (e *Engine) wallClock() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// narrowed reports whether the run is about some people only. Such a run moves no
// baseline and no counter.
func (r *run) narrowed(c *course) bool {
	return r.opts.Only != "" || r.opts.Exactly != nil || c.census == nil
}

func (r *run) warn(format string, args ...any) {
	r.report.Warnings = append(r.report.Warnings, fmt.Sprintf(format, args...))
}

// conflict notes a conflict. It is new unless the very same was told before.
func (r *run) conflict(c dirsync.Conflict) {
	told, ok := r.told[c.Key]
	c.New = !ok || told.Hash != c.Hash
	r.report.Conflicts = append(r.report.Conflicts, c)
}

func (r *run) phase(name string) {
	if o := r.Observer; o != nil {
		o.Phase(name)
	}
}

func (r *run) progress(done, total int) {
	if o := r.Observer; o != nil {
		o.Progress(done, total)
	}
}
