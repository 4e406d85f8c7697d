package duo

import (
	"context"
	"errors"
	"fmt"

	dirsync "duosync/sync"
)

// Settle finds out what became of operations without a recorded outcome. It
// only reads. One that could not be looked at is Unknown, and stays open; the
// error is for what stops all of them, and then the results end before it.
func (t *Target) Settle(ctx context.Context, intents []dirsync.Intent) ([]dirsync.Result, error) {
	results := make([]dirsync.Result, 0, len(intents))
	for _, intent := range intents {
		if err := ctx.Err(); err != nil {
			return results, err
		}
		r := t.settle(ctx, intent)
		if err := ctx.Err(); err != nil {
			return results, err
		}
		if stops(r.Err) {
			return results, r.Err
		}
		if err := t.reads.note(r.Err); err != nil {
			return results, err
		}
		results = append(results, r)
	}
	return results, nil
}

func (t *Target) settle(ctx context.Context, intent dirsync.Intent) dirsync.Result {
	op := intent.Op
	if op.Action == dirsync.Release {
		return done(op, nil)
	}
	if err := unsendable(op); err != nil {
		return outcome(op, dirsync.Failed, err)
	}
	if creates(op) {
		return t.settleCreate(ctx, intent)
	}
	a, err := t.client.User(ctx, op.User)
	switch {
	case errors.Is(err, ErrNotFound) && op.Action == dirsync.Delete:
		return done(op, nil)
	case errors.Is(err, ErrNotFound):
		return outcome(op, dirsync.Vanished, err)
	case err != nil:
		return outcome(op, dirsync.Unknown, err)
	}
	trashed := a.Status == dirsync.StatusPendingDeletion
	happened := false
	switch op.Action {
	case dirsync.Trash:
		happened = trashed
	case dirsync.Restore:
		happened = !trashed && holds(a, op.After())
	case dirsync.Update, dirsync.Disable, dirsync.Enable, dirsync.Adopt:
		happened = holds(a, op.After())
	}
	if !happened {
		return with(outcome(op, dirsync.Failed, fmt.Errorf("an earlier run broke off before the %s took effect", op.Action)), a)
	}
	return done(op, a)
}

func (t *Target) settleCreate(ctx context.Context, intent dirsync.Intent) dirsync.Result {
	fields := created(intent.Op)
	holder, err := t.client.UserByName(ctx, fields[dirsync.FieldUsername])
	switch {
	case err != nil && !errors.Is(err, ErrInvalid):
		return outcome(intent.Op, dirsync.Unknown, err)
	case holder == nil:
		return outcome(intent.Op, dirsync.Failed, errors.New("an earlier run broke off before the user was created"))
	}
	return claim(intent.Op, fields, intent.At, holder)
}
