package duo

import (
	"cmp"
	"context"
	"errors"
	"time"

	"duosync/duo/operation"
	dirsync "duosync/sync"
)

// Apply performs the operations one by one. An operation that needs no call
// (release, a group that is adopted), or that cannot be sent at all, is recorded
// without an intent. What an operation does to lists follows its other part, each
// step in a call of its own. A create that is refused for a value that the user can do
// without is a further operation without that value, and where it is not known which value
// that was, an update with those left out comes after it: each intended, sent and recorded
// for itself.
func (t *Target) Apply(ctx context.Context, wave []*dirsync.Op,
	intend func([]*dirsync.Op) ([]*dirsync.Op, error), record func([]dirsync.Result) error,
) error {
	for _, op := range wave {
		if err := ctx.Err(); err != nil {
			return err
		}
		for try := (&attempt{of: op, op: op}); try != nil; {
			inTime, cancel := context.WithTimeout(ctx, t.bound)
			result, err := t.applyOne(dirsync.Concerning(inTime, op.Username), try.op, intend)
			cancel()
			if errors.Is(err, errLeftOut) {
				break
			}
			if err != nil {
				return err
			}
			result = t.told(result)
			if err := record([]dirsync.Result{try.result(result)}); err != nil {
				return err
			}
			if err := cmp.Or(ctx.Err(), stopper(result), t.writes.tooMany()); err != nil {
				return err
			}
			try = try.next(result)
		}
	}
	return nil
}

// applyOne returns an error only where nothing was sent and the run must stop.
func (t *Target) applyOne(ctx context.Context, op *dirsync.Op, intend intention) (dirsync.Result, error) {
	if err := operation.Unsendable(op); err != nil {
		return outcome(op, dirsync.Failed, err), nil
	}
	switch {
	case operation.Callless(op):
		return done(op, nil), nil
	case op.Action == dirsync.EnrollMail:
		return t.enrollMail(ctx, op, intend)
	}
	if op.Follows && operation.HasSteps(op) {
		if _, err := t.seeMade(ctx, op.User); err != nil {
			t.writes.count(err)
			return outcome(op, dirsync.Failed, err), nil
		}
	}
	if _, known := t.client.Skew(); !known && operation.Creates(op) {
		// What a lost reply made can only be told by Duo's clock.
		if _, err := t.client.CountUsers(ctx); err != nil {
			t.writes.count(err)
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
	t.writes.count(result.Err)
	if result.Fate == dirsync.Done && operation.HasSteps(op) {
		t.carryOutLists(ctx, &result)
	}
	return result, nil
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
