package duo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	dirsync "duosync/sync"
)

// budgetSize is how many writes, or reads, may fail in a row before the trouble
// is taken to be Duo's or the network's, and not one person's.
const budgetSize = 10

// budget counts failures in a row of one kind of call.
type budget struct {
	what   string
	failed int
}

// note takes the outcome of a call and returns an error when the budget is spent.
func (b *budget) note(err error) error {
	if !outage(err) {
		b.failed = 0
		return nil
	}
	b.failed++
	if b.failed < budgetSize {
		return nil
	}
	return fmt.Errorf("%d %ss to Duo failed in a row, the last one so: %w", b.failed, b.what, err)
}

// Apply performs the operations one by one. An operation that needs no call
// (release), or that cannot be sent at all, is recorded without an intent.
func (t *Target) Apply(ctx context.Context, wave []*dirsync.Op,
	intend func([]*dirsync.Op) error, record func([]dirsync.Result) error,
) error {
	for _, op := range wave {
		if err := ctx.Err(); err != nil {
			return err
		}
		result, err := t.applyOne(ctx, op, intend)
		if err != nil {
			return err
		}
		if err := record([]dirsync.Result{result}); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if stops(result.Err) {
			return result.Err
		}
		if err := t.writes.note(result.Err); err != nil {
			return err
		}
	}
	return nil
}

// applyOne returns an error only where nothing was sent and the run must stop.
func (t *Target) applyOne(ctx context.Context, op *dirsync.Op, intend func([]*dirsync.Op) error) (dirsync.Result, error) {
	if err := unsendable(op); err != nil {
		return outcome(op, dirsync.Failed, err), nil
	}
	if op.Action == dirsync.Release {
		return done(op, nil), nil
	}
	if _, known := t.client.Skew(); !known && creates(op) {
		// What a lost reply made can only be told by Duo's clock.
		if _, err := t.client.CountUsers(ctx); err != nil {
			return outcome(op, dirsync.Failed, err), nil
		}
	}
	at := t.Now()
	if err := intend([]*dirsync.Op{op}); err != nil {
		return dirsync.Result{}, err
	}
	switch {
	case creates(op):
		return t.create(ctx, op, at), nil
	case restores(op):
		return t.restore(ctx, op), nil
	}
	switch op.Action {
	case dirsync.Trash:
		return t.trash(ctx, op), nil
	case dirsync.Delete:
		return t.remove(ctx, op), nil
	}
	return t.modify(ctx, op), nil
}

// unsendable says why an operation cannot be sent, or nil.
func unsendable(op *dirsync.Op) error {
	if op.Blocked != "" {
		return errors.New(op.Blocked)
	}
	for _, change := range op.Changes {
		if !slices.Contains(dirsync.FieldNames, change.Field) {
			return fmt.Errorf("the field %q is not one that can be sent to Duo", change.Field)
		}
	}
	switch op.Action {
	case dirsync.Create, dirsync.Recreate:
		if dirsync.FoldName(op.Name()) == "" {
			return errors.New("a user without a username cannot be created")
		}
	case dirsync.Release:
	case dirsync.Update, dirsync.Disable, dirsync.Enable, dirsync.Adopt, dirsync.Restore, dirsync.Trash, dirsync.Delete:
		if !validID(op.User) {
			return fmt.Errorf("%q is not the id of a Duo user", tidy(op.User))
		}
	default:
		return fmt.Errorf("%q is not an operation", op.Action)
	}
	return nil
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

// with adds the account, where one is known.
func with(r dirsync.Result, a *dirsync.Account) dirsync.Result {
	r.Account = a
	return r
}
