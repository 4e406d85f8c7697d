package duo

import (
	"cmp"
	"context"
	"errors"
	"time"

	"duosync/duo/flight"
	"duosync/duo/gate"
	"duosync/duo/operation"
	dirsync "duosync/sync"
	"duosync/sync/batch"
)

// Apply performs a wave in rounds of operations that may be under way at once, those that
// can share calls together (see together.go). An operation that needs no call (release, a
// group that is adopted), or that cannot be sent at all, is recorded without an intent. What
// an operation does to lists follows its other part. A create that is refused for a value
// that the user can do without is a further operation without that value, and where it is
// not known which value that was, an update with those left out comes after it: each
// intended, sent and recorded for itself.
func (t *Target) Apply(ctx context.Context, wave []*dirsync.Op, intend func([]*dirsync.Op) ([]*dirsync.Op, error),
	recheck func([]*dirsync.Op) (map[*dirsync.Op]string, error), record func([]dirsync.Result) error,
) error {
	for _, round := range t.rounds(wave) {
		tasks := make([]func(*flight.Core) error, len(round))
		for i, unit := range round {
			tasks[i] = func(core *flight.Core) error { return t.worker(core, intend, recheck, record).carryOut(ctx, unit) }
		}
		if err := flight.Run(t.inFlight, tasks); err != nil {
			return err
		}
	}
	return nil
}

// rounds divides a wave into what goes together, and what may be under way at once.
func (t *Target) rounds(wave []*dirsync.Op) [][]batch.Unit {
	most := batch.Most{Create: togetherMost(t.creates), Change: togetherMost(t.changes)}
	if t.inFlight < 2 && most == (batch.Most{}) {
		return [][]batch.Unit{batch.Each(wave)}
	}
	return batch.Cut(wave, wayOf, most)
}

// wayOf tells how an operation may go.
func wayOf(op *dirsync.Op) batch.Way {
	own, aliases := operation.HasOwn(op), op.Change(dirsync.FieldAliases) != nil
	switch {
	case operation.Unsendable(op) != nil, op.Follows: // who was made is looked at before
		return batch.Alone
	case operation.Creates(op) && aliases:
		return batch.Change
	case operation.Creates(op):
		return batch.Create
	}
	switch op.Action {
	case dirsync.Update, dirsync.Disable, dirsync.Enable:
		if own || aliases || len(op.Joins)+len(op.Leaves) > 0 {
			return batch.Change
		}
	}
	return batch.Alone
}

// worker carries operations out beside others. It is a Target that shares what is known of
// the run, and has the core asked by the goroutine that called Apply.
type worker struct {
	*Target
	intend  intention
	recheck gate.Ask
	record  func([]dirsync.Result) error
}

func (t *Target) worker(core *flight.Core, intend intention, recheck gate.Ask, record func([]dirsync.Result) error) *worker {
	own := *t
	if t.owner != nil {
		own.owner = func(user string) (whose dirsync.SourceID) {
			core.Do(func() { whose = t.owner(user) })
			return whose
		}
		own.remembered = func(id dirsync.SourceID) (known dirsync.Remembered) {
			core.Do(func() { known = t.remembered(id) })
			return known
		}
	}
	return &worker{
		Target: &own,
		intend: func(ops []*dirsync.Op) (sent []*dirsync.Op, err error) {
			core.Do(func() { sent, err = intend(ops) })
			return sent, err
		},
		recheck: func(ops []*dirsync.Op) (withdrawn map[*dirsync.Op]string, err error) {
			core.Do(func() { withdrawn, err = recheck(ops) })
			return withdrawn, err
		},
		record: func(results []dirsync.Result) (err error) {
			core.Do(func() { err = record(results) })
			return err
		},
	}
}

// carryOut performs what goes together, or one by one what can't any more.
func (w *worker) carryOut(ctx context.Context, unit batch.Unit) error {
	if e := w.endpoint(unit.Way); e != nil && e.Most() > 1 && len(unit.Ops) > 1 {
		return w.together(ctx, unit)
	}
	for _, op := range unit.Ops {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := w.alone(ctx, op, nil); err != nil {
			return err
		}
	}
	return nil
}

// begun is what was done of an operation before: intended at that time of Duo's clock, and
// perhaps sent, without an answer of use. until is when its last call may begin.
type begun struct {
	at, until time.Time
	open      bool
}

// alone carries one operation out and records what became of it; it was begun, or not (nil).
// An error means that the run must stop.
func (w *worker) alone(ctx context.Context, op *dirsync.Op, before *begun) (result dirsync.Result, err error) {
	for try := (&attempt{of: op, op: op}); try != nil; before = nil {
		until := time.Now().Add(w.bound)
		if before != nil {
			until = before.until
		}
		inTime, cancel := context.WithDeadline(gate.With(ctx, w.recheck, try.op), until)
		result, err = w.applyOne(dirsync.Concerning(inTime, op.Username), try.op, before)
		cancel()
		if errors.Is(err, errLeftOut) {
			break
		}
		if err != nil {
			return result, err
		}
		if before != nil && before.open && result.Fate == dirsync.Failed {
			result.Fate = dirsync.Unknown // what was sent before may still be under way
		}
		result = w.told(result)
		if err := w.record([]dirsync.Result{try.result(result)}); err != nil {
			return result, err
		}
		if err := cmp.Or(ctx.Err(), stopper(result), w.writes.TooMany()); err != nil {
			return result, err
		}
		try = try.next(result)
	}
	return result, nil
}

// applyOne returns an error only where nothing was sent and the run must stop.
func (w *worker) applyOne(ctx context.Context, op *dirsync.Op, before *begun) (dirsync.Result, error) {
	if err := operation.Unsendable(op); err != nil {
		return outcome(op, dirsync.Failed, err), nil
	}
	switch {
	case operation.Callless(op):
		return done(op, nil), nil
	case op.Action == dirsync.EnrollMail:
		return w.enrollMail(ctx, op, w.intend)
	}
	if op.Follows && operation.HasSteps(op) {
		if _, err := w.seeMade(ctx, op.User); err != nil {
			w.writes.Count(err)
			return outcome(op, dirsync.Failed, err), nil
		}
	}
	if operation.Creates(op) {
		if err := w.learnClock(ctx); err != nil {
			return outcome(op, dirsync.Failed, err), nil
		}
	}
	at := w.Now()
	if before != nil {
		at = before.at
	} else if err := w.intend.to(op); err != nil {
		return dirsync.Result{}, err
	}
	if op.Action == dirsync.PhoneDelete {
		return w.deletePhones(ctx, op), nil
	}
	result := w.perform(ctx, op, at)
	w.writes.Count(result.Err)
	if result.Fate == dirsync.Done && operation.HasSteps(op) {
		w.carryOutLists(ctx, &result)
	}
	return result, nil
}

// learnClock asks for Duo's clock where no reply told it yet: what a lost reply made can only
// be told by it.
func (t *Target) learnClock(ctx context.Context) error {
	t.clock.Lock()
	defer t.clock.Unlock()
	if _, known := t.client.Skew(); known {
		return nil
	}
	_, err := t.client.CountUsers(ctx)
	if err != nil {
		t.writes.Count(err)
	}
	return err
}

// perform does what an operation does in one piece: a group, or a user's fields.
func (t *Target) perform(ctx context.Context, op *dirsync.Op, at time.Time) dirsync.Result {
	switch {
	case operation.Creates(op):
		return t.create(ctx, op, at)
	case operation.Restores(op):
		return t.restore(ctx, op)
	}
	switch op.Action {
	case dirsync.Trash:
		return t.trash(ctx, op)
	case dirsync.Delete:
		return t.remove(ctx, op)
	case dirsync.GroupCreate:
		return t.createGroup(ctx, op)
	case dirsync.GroupUpdate:
		return t.renameGroup(ctx, op)
	case dirsync.GroupDelete:
		return t.deleteGroup(ctx, op)
	}
	return t.modify(ctx, op)
}

// intention writes operations down before they are sent, and gives back those that
// may be.
type intention func([]*dirsync.Op) ([]*dirsync.Op, error)

// errLeftOut: the operation may not be sent.
var errLeftOut = errors.New("left out")

// to intends one operation.
func (i intention) to(op *dirsync.Op) error {
	sent, err := i([]*dirsync.Op{op})
	if err == nil && len(sent) == 0 {
		err = errLeftOut
	}
	return err
}
