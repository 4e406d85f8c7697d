package engine

import (
	"context"
	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"errors"
	"slices"
)

var errTimeUp = errors.New("sync.max_duration is over")

// application carries one plan out.
type application struct {
	*run
	*course
	byID  map[dirsync.SourceID]*subject
	byOp  map[*dirsync.Op]*dirsync.Operation
	sent  []*dirsync.Op // of the call under way
	count int           // operations done
	total int

	retry  map[*subject]bool // an operation is still to be done
	failed bool              // one failed that the next run must try again
	// refused are groups that Duo refused in this run.
	refused map[string]dirsync.Told
}

// apply carries the plan out, wave by wave. An intent is durable before its
// call, an outcome before the next one.
func (r *run) apply(ctx context.Context, c *course) (*application, error) {
	a := &application{run: r, course: c, byID: map[dirsync.SourceID]*subject{}, byOp: map[*dirsync.Op]*dirsync.Operation{}, total: len(c.plan.Ops()),
		retry: map[*subject]bool{}, refused: map[string]dirsync.Told{}}
	a.list()
	if r.opts.DryRun {
		return a, nil
	}
	if r.report.Stopped() { // but what somebody asked for by hand goes on
		c.plan.Narrow(func(o *dirsync.Op) bool { return o.Marked })
		if r.narrowed(c) {
			return a, a.carryOut(ctx)
		}
		return a, inOrder(ctx, a.keepQuietChanges, a.carryOut)
	}
	if len(c.verdicts.Used) > 0 {
		if err := r.journal.Use(ctx, c.verdicts.Used); err != nil {
			return a, err
		}
	}
	if r.opts.Exactly == nil {
		if err := inOrder(ctx, a.keepSeen, a.keepQuietChanges); err != nil {
			return a, err
		}
	}
	return a, a.carryOut(ctx)
}

// carryOut carries the plan out, wave by wave.
func (a *application) carryOut(ctx context.Context) error {
	if len(a.plan.Waves) == 0 {
		return nil
	}
	a.phase("apply")
	for _, s := range a.subjects() {
		a.byID[s.id] = s
	}
	for _, op := range a.groups.ops {
		a.byID[op.Source] = &subject{id: op.Source}
	}
	for _, o := range a.report.Operations {
		a.byOp[o.Op] = o
	}
	a.total = len(a.plan.Ops())
	a.progress(0, a.total)
	for _, wave := range a.plan.Waves {
		err := a.Target.Apply(ctx, a.ready(wave), func(ops []*dirsync.Op) ([]*dirsync.Op, error) { return a.intend(ctx, ops) },
			func(results []dirsync.Result) error { return a.record(ctx, results) })
		switch {
		case errors.Is(err, errTimeUp):
			a.leave("sync.max_duration was over; the next run goes on")
			return nil
		case err != nil:
			a.leave("not sent: the run stopped before")
			return err
		}
	}
	return nil
}

// list makes the report's operations of the plan.
func (a *application) list() {
	held := a.verdicts.Held
	assembly.Unask(a.plan.Plan, held)
	for _, op := range a.plan.Ops() {
		result := dirsync.ResultPlanned
		if held[op] {
			result = dirsync.ResultHeld
		}
		a.report.Operations = append(a.report.Operations, &dirsync.Operation{Op: op, Result: result})
	}
	for _, s := range a.subjects() {
		for _, op := range s.ops {
			if op.Blocked != "" {
				a.report.Operations = append(a.report.Operations, &dirsync.Operation{Op: op, Result: dirsync.ResultFailed, Error: op.Blocked, Known: a.known(s, op.Blocked)})
			}
		}
	}
	a.report.Operations = append(a.report.Operations, a.plan.moved...)
}

// ready gives the operations of a wave that nothing before has made senseless:
// nobody is trashed or deleted whose disabling has failed, nor changed who is
// still in the Trash.
func (a *application) ready(wave []*dirsync.Op) []*dirsync.Op {
	return slices.DeleteFunc(slices.Clone(wave), func(op *dirsync.Op) bool {
		s, o := a.byID[op.Source], a.byOp[op]
		switch {
		case o.Result == dirsync.ResultHeld:
			return true
		case op.Missing != nil && (a.retry[s] || s.problem != ""),
			op.Action == dirsync.Update && s.next != nil && s.next.Answered.Status == dirsync.StatusPendingDeletion:
			o.Result, o.Error = dirsync.ResultSkipped, "what comes before it failed; the next run tries again"
			a.retry[s] = true
			return true
		case op.Action == dirsync.EnrollMail && op.User == "" && (s.next == nil || s.next.User == ""):
			o.Result, o.Error = dirsync.ResultSkipped, "the user was not created"
			return true
		case op.Action == dirsync.EnrollMail && op.User == "":
			op.User = s.next.User
		}
		return false
	})
}

func (a *application) intend(ctx context.Context, ops []*dirsync.Op) ([]*dirsync.Op, error) {
	if most := a.Rules.MaxDuration; most > 0 && a.wallClock().Sub(a.now) >= most {
		return nil, errTimeUp
	}
	a.sent = ops
	sent, err := a.journal.Intend(context.WithoutCancel(ctx), ops, a.Target.Now())
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		if !slices.Contains(sent, op) {
			o := a.byOp[op]
			o.Result, o.Error = dirsync.ResultSkipped, "somebody keeps this user disabled since the run began (duosync disable)"
			a.retry[a.byID[op.Source]] = true
		}
	}
	return sent, nil
}

func (a *application) record(ctx context.Context, results []dirsync.Result) error {
	var outcomes []dirsync.Outcome
	for _, res := range results {
		s := a.byID[res.Op.Source]
		if res.Op.OnGroup() {
			outcomes = append(outcomes, a.groups.outcome(res))
			a.tell(s, res)
			continue
		}
		outcome := outcomeOf(res.Op, s.next, res)
		switch {
		case outcome.Link != nil && !outcome.Same:
			if s.want != nil && s.link == nil {
				outcome.Link.Seen, outcome.Link.Marked = s.want.Seen, s.want.Mark != nil
			}
			s.next = outcome.Link
		case outcome.Same && !outcome.Keep && s.next != nil && s.link != nil:
			// What was decided besides the operation holds all the same; what it
			// was to mend counts as not asked for.
			outcome.Same = false
		}
		outcomes = append(outcomes, handover(res)...)
		outcomes = append(outcomes, outcome)
		a.tell(s, res)
	}
	a.count += len(results)
	a.progress(a.count, a.total)
	return a.journal.Record(context.WithoutCancel(ctx), outcomes)
}
