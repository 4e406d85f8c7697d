package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/guard"
)

// ApprovalOf gives the approval that an id stands for: the operations that a
// held run wrote down under it, or the very ones that a dry run reported. binding is whose
// state it is; nil: as the state knows it.
func ApprovalOf(ctx context.Context, store *state.DB, binding *dirsync.Binding, id string) (*dirsync.Approval, error) {
	if id == "" {
		return nil, dirsync.WithHint(errors.New("the ID is empty"), "`duosync approve` lists what can be approved.")
	}
	if binding == nil {
		meta, err := store.Meta(ctx)
		if err != nil {
			return nil, err
		}
		binding = meta.Binding
	}
	held, found, err := store.Hold(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case found:
		return held, nil
	case binding != nil && guard.KnownApproval(id, *binding):
		return &dirsync.Approval{ID: id}, nil
	}
	return nil, dirsync.WithHint(fmt.Errorf("nothing is held under the ID %s", dirsync.Quote(id)),
		"Take the ID from the report of the run that was held, or from `duosync approve`; each can be used once.")
}

// aRun is for how long a run that is given an approval approves: it looks once, as it begins.
const aRun = time.Minute

// approve gives what the run is to let through, nil where that is nothing. What is
// approved already keeps its time, and who gave it; else the approval is for the run that begins now.
func (p *Parts) approve(ctx context.Context, store *state.DB, opts *RunOptions) (*dirsync.Approval, error) {
	if opts.Approve == "" {
		return nil, nil
	}
	approval, err := ApprovalOf(ctx, store, &p.Binding, opts.Approve)
	if err != nil {
		return nil, err
	}
	if opts.DryRun {
		approval.By = cmp.Or(approval.By, p.By)
		return approval, nil
	}
	now := time.Now()
	if p.Timing.Now != nil {
		now = p.Timing.Now()
	}
	if approval.Until.After(now) {
		return approval, nil
	}
	approval.Until, approval.By = now.Add(aRun), p.By
	return approval, store.Approve(ctx, *approval)
}
