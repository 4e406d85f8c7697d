package duo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// budgetSize is how many writes, or reads, may fail in a row before the trouble
// is taken to be Duo's or the network's, and not one person's.
const budgetSize = 10

// budget counts failures in a row of one kind of call.
type budget struct {
	what   string
	failed int
	last   error
}

// note takes the outcome of a call.
func (b *budget) note(err error) {
	if !api.Outage(err) {
		b.failed = 0
		return
	}
	b.failed++
	b.last = err
}

// spent returns an error when nothing is left.
func (b *budget) spent() error {
	if b.failed < budgetSize {
		return nil
	}
	return fmt.Errorf("%d %ss to Duo failed in a row, the last one so: %w", b.failed, b.what, b.last)
}

// Apply performs the operations one by one. An operation that needs no call
// (release, a group that is adopted), or that cannot be sent at all, is recorded
// without an intent. What an operation does to lists follows its other part, each
// step in a call of its own.
func (t *Target) Apply(ctx context.Context, wave []*dirsync.Op,
	intend func([]*dirsync.Op) ([]*dirsync.Op, error), record func([]dirsync.Result) error,
) error {
	for _, op := range wave {
		if err := ctx.Err(); err != nil {
			return err
		}
		inTime, cancel := context.WithTimeout(ctx, t.bound)
		result, err := t.applyOne(inTime, op, intend)
		cancel()
		if errors.Is(err, errLeftOut) {
			continue
		}
		if err != nil {
			return err
		}
		if err := record([]dirsync.Result{result}); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := stopper(result); err != nil {
			return err
		}
		if err := t.writes.spent(); err != nil {
			return err
		}
	}
	return nil
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

// stopper is the error of a result that every further call would meet as well.
func stopper(r dirsync.Result) error {
	if api.Stops(r.Err) {
		return r.Err
	}
	for _, undone := range r.Undone {
		if api.Stops(undone.Err) {
			return undone.Err
		}
	}
	return nil
}

// OperationTime is how long after its intent an operation makes calls at most,
// unless NewTarget is told otherwise: a call that begins in time ends within the
// client's Timeout. Whoever takes over from a process that vanished knows then that
// it calls no more.
const OperationTime = 5 * time.Minute

// applyOne returns an error only where nothing was sent and the run must stop.
func (t *Target) applyOne(ctx context.Context, op *dirsync.Op, intend intention) (dirsync.Result, error) {
	if err := unsendable(op); err != nil {
		return outcome(op, dirsync.Failed, err), nil
	}
	switch {
	case callless(op):
		return done(op, nil), nil
	case op.Action == dirsync.EnrollMail:
		return t.enrollMail(ctx, op, intend)
	}
	if _, known := t.client.Skew(); !known && creates(op) {
		// What a lost reply made can only be told by Duo's clock.
		if _, err := t.client.CountUsers(ctx); err != nil {
			t.writes.note(err)
			return outcome(op, dirsync.Failed, err), nil
		}
	}
	at := t.Now()
	if err := intend.to(op); err != nil {
		return dirsync.Result{}, err
	}
	if op.Action == dirsync.PhoneDelete {
		return t.deletePhones(ctx, op), nil
	}
	result := t.perform(ctx, op, at)
	t.writes.note(result.Err)
	if result.Fate == dirsync.Done && hasSteps(op) {
		t.carryOutLists(ctx, &result)
	}
	return result, nil
}

// perform does what an operation does in one piece: a group, or a user's fields.
func (t *Target) perform(ctx context.Context, op *dirsync.Op, at time.Time) dirsync.Result {
	switch {
	case creates(op):
		return t.create(ctx, op, at)
	case restores(op):
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

// callless reports whether an operation changes nothing in Duo.
func callless(op *dirsync.Op) bool {
	return op.Action == dirsync.Release || op.Action == dirsync.GroupUpdate && op.Change(dirsync.FieldName) == nil
}

// restores reports whether an operation begins with a way out of the Trash.
func restores(op *dirsync.Op) bool {
	return op.Action == dirsync.Restore || op.Action == dirsync.Adopt && statusBefore(op) == dirsync.StatusPendingDeletion
}

func creates(op *dirsync.Op) bool {
	return op.Action == dirsync.Create || op.Action == dirsync.Recreate
}

func outcome(op *dirsync.Op, fate dirsync.Fate, err error) dirsync.Result {
	return dirsync.Result{Op: op, Fate: fate, Err: err}
}

func done(op *dirsync.Op, a *dirsync.Account) dirsync.Result {
	return dirsync.Result{Op: op, Fate: dirsync.Done, Account: a}
}

// with adds the account, where one is known, and what is not as it should be.
func with(r dirsync.Result, a *dirsync.Account, undone ...dirsync.Undone) dirsync.Result {
	r.Account = a
	r.Undone = append(r.Undone, undone...)
	return r
}
