package duo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"duosync/duo/api"
	"duosync/duo/gate"
	"duosync/duo/once"
	"duosync/duo/operation"
	"duosync/duo/values"
	dirsync "duosync/sync"
)

// slack is how much older than its intent a user of ours may look: Duo's times
// are whole seconds, cut off.
const slack = time.Second

// create makes a user. Of what a lost reply has left in Duo, it is
//
//	a user made since the intent, every field equal   ours
//	anyone else who holds the name                    taken
func (t *Target) create(ctx context.Context, op *dirsync.Op, at time.Time) dirsync.Result {
	fields := operation.CreateFields(op)
	change := dirsync.Change{After: fields[dirsync.FieldAliases]}
	edit, err := values.EditAliases(&change, nil)
	if err != nil {
		return outcome(op, dirsync.Refused, err)
	}
	params := maps.Clone(fields)
	delete(params, dirsync.FieldAliases)
	params = values.WithAliases(params, edit)
	twice := false
	m := once.Make(ctx, t.client,
		func(ctx context.Context) (*dirsync.Account, error) {
			a, err := t.createUser(ctx, op.Source, params, at)
			if misplaced(params, err) && !twice {
				twice = true
				err = t.client.Stray("POST /admin/v1/users", "the refusal of "+strings.Join(values.RefusedFields(err), ", ")+", which was not sent")
			}
			return a, err
		},
		func(context.Context, *dirsync.Account) error { return nil }, // each is looked at before it is written to
		func(ctx context.Context) (*dirsync.Account, error) {
			return t.client.UserByName(ctx, fields[dirsync.FieldUsername])
		})
	switch {
	case m.Made != nil:
		undone := append(operation.AliasesUndone(&change, m.Made), operation.StatusUndone(fields, m.Made)...)
		return with(done(op, m.Made), m.Made, undone...)
	case m.Found != nil:
		return t.claim(op, fields, at, m.Found)
	case errors.Is(m.Err, api.ErrDuplicate) && m.Fate == dirsync.Failed:
		return t.nameTaken(ctx, op, dirsync.Items(change.After), m.Err)
	case m.Fate == dirsync.Refused:
		return values.RefusedResult(op, fields, m.Err)
	}
	return outcome(op, m.Fate, m.Err)
}

// claim decides whether the holder of a name is the user that an operation asked
// for at that time of Duo's clock.
func (t *Target) claim(op *dirsync.Op, fields dirsync.Fields, at time.Time, holder *dirsync.Account) dirsync.Result {
	mine := !t.isOthers(holder, op.Source) && !holder.Synced && !holder.Created.Before(at.Add(-slack)) && operation.Shows(holder, fields)
	if mine && t.keep(op.Source, holder, true) {
		r := done(op, holder)
		r.Met = true
		return r
	}
	return with(outcome(op, dirsync.Taken, values.Taken(fields[dirsync.FieldUsername], holder)), holder)
}

// modify sends the changed fields. Without any it only looks, and not even that
// where lists follow, after which there is a look anyway.
func (t *Target) modify(ctx context.Context, op *dirsync.Op) dirsync.Result {
	if !operation.HasOwn(op) && op.Change(dirsync.FieldAliases) == nil && operation.HasSteps(op) {
		return done(op, nil)
	}
	if op.Action == dirsync.Adopt {
		t.leaveFirst(ctx, op)
	}
	a, lacks, err := t.change(ctx, op)
	switch {
	case err != nil:
		return t.notModified(ctx, op, err)
	case a == nil:
		return values.NothingDone(op, lacks)
	}
	return changed(op, a, values.UndoneOf(lacks))
}

// change sends what an operation changes of its user's fields and aliases, and tells what of
// it is not there afterwards. a is nil where nothing of it could be done.
func (t *Target) change(ctx context.Context, op *dirsync.Op) (a *dirsync.Account, lacks []values.Lack, err error) {
	fields := operation.OwnFields(op)
	calls := [][]values.Value{values.Of(fields, nil)}
	aliases := op.Change(dirsync.FieldAliases)
	var places []string
	if aliases != nil || len(fields) == 0 {
		if a, err = t.see(ctx, op.User, anyhow); err != nil {
			return nil, nil, err
		}
		places = a.Aliases
		var edit values.AliasEdit
		if aliases != nil {
			if edit, err = values.EditAliases(aliases, places); err != nil {
				lacks = []values.Lack{{Value: values.Value{Field: dirsync.FieldAliases}, Fate: dirsync.Failed, Err: err}}
			}
		}
		calls = values.EditsOf(fields, edit, a)
	}
	if len(calls) > 0 {
		a = nil
	}
	send := func(call []values.Value) error {
		seen, left, err := t.sendApart(ctx, op, call)
		if seen != nil {
			a = seen
		}
		lacks = append(lacks, left...)
		return err
	}
	for _, call := range calls {
		if err := send(call); err != nil {
			return a, values.BrokenOff(a, calls, lacks, err), values.UnlessDone(a, err)
		}
	}
	if aliases != nil {
		if free := values.ToFree(aliases, places, lacks); len(free) > 0 {
			if err := send(values.Of(nil, free)); err != nil {
				return a, values.BrokenOff(a, calls, lacks, err), values.UnlessDone(a, err)
			}
		}
	}
	if a != nil && aliases != nil && !slices.ContainsFunc(lacks, func(l values.Lack) bool { return l.Field == dirsync.FieldAliases }) {
		for _, u := range operation.AliasesUndone(aliases, a) {
			lacks = append(lacks, values.Lack{Value: values.Value{Field: u.Field}, Fate: u.Fate, Err: u.Err})
		}
	}
	return a, lacks, nil
}

// leaveFirst takes a user out of groups before anything is given. What fails is tried
// again, and told, with the other steps of the operation.
func (t *Target) leaveFirst(ctx context.Context, op *dirsync.Op) {
	for _, m := range op.Leaves {
		_ = t.client.LeaveGroup(ctx, op.User, m.ID)
	}
}

// changed holds a user against what was sent. Duo may fold and trim, and the
// difference is then in the account; a status is there or it is not.
func changed(op *dirsync.Op, a *dirsync.Account, undone []dirsync.Undone) dirsync.Result {
	status, sent := op.After()[dirsync.FieldStatus]
	sent = sent && !slices.ContainsFunc(undone, func(u dirsync.Undone) bool { return u.Field == dirsync.FieldStatus })
	if sent && !operation.Same(dirsync.FieldStatus, status, a.Status) {
		return with(outcome(op, dirsync.Failed, operation.OtherStatus(status, a)), a)
	}
	return with(done(op, a), a, undone...)
}

func (t *Target) notModified(ctx context.Context, op *dirsync.Op, err error) dirsync.Result {
	fields := operation.OwnFields(op)
	if aliases := op.Change(dirsync.FieldAliases); aliases != nil {
		fields[dirsync.FieldAliases] = aliases.After
	}
	var doubt unsure
	switch {
	case errors.As(err, &doubt):
		return outcome(op, dirsync.Unknown, err)
	case errors.Is(err, api.ErrNotFound):
		return t.vanished(ctx, op, err)
	case errors.Is(err, api.ErrLimit):
		if a, readErr := t.client.User(ctx, op.User); readErr == nil && operation.ShowsAll(op, a) {
			return done(op, a)
		}
		return values.RefusedResult(op, fields, err)
	case once.PerhapsDone(err):
		return outcome(op, dirsync.Unknown, err)
	}
	return outcome(op, dirsync.Failed, err)
}

// nameTaken finds out which of the names of a new user it is that Duo's "duplicate" speaks
// of, and whose.
func (t *Target) nameTaken(ctx context.Context, op *dirsync.Op, names []string, duplicate error) dirsync.Result {
	for _, name := range names {
		holder, err := t.client.UserByName(ctx, name)
		switch {
		case errors.Is(err, api.ErrInvalid), err == nil && holder == nil: // a name that Duo refuses is held by nobody
		case err != nil:
			return outcome(op, dirsync.Unknown, once.Unseen(duplicate, err))
		default:
			return with(outcome(op, dirsync.Taken, values.Taken(name, holder)), holder)
		}
	}
	return outcome(op, dirsync.Failed, fmt.Errorf("%w; but no user is found by that name", duplicate))
}

// restore takes a user out of the Trash, sends what has changed, and looks.
func (t *Target) restore(ctx context.Context, op *dirsync.Op) dirsync.Result {
	if err := t.client.RestoreUsers(ctx, op.User); err != nil {
		if !once.Answered(err) {
			return outcome(op, dirsync.Failed, err)
		}
		// Refused: perhaps it was purged, perhaps it is out of the Trash already.
		a, readErr := t.see(ctx, op.User, anyhow)
		switch {
		case errors.Is(readErr, api.ErrNotFound):
			return t.vanished(ctx, op, readErr)
		case readErr != nil:
			return outcome(op, dirsync.Failed, once.Unseen(err, readErr))
		case a.Status == dirsync.StatusPendingDeletion:
			return with(outcome(op, dirsync.Failed, fmt.Errorf("not restored from Duo's Trash: %w", err)), a)
		}
	}
	t.leaveFirst(ctx, op) // before the status lets anybody in
	var lacks []values.Lack
	if operation.HasOwn(op) || op.Change(dirsync.FieldAliases) != nil {
		var err error
		if _, lacks, err = t.change(ctx, op); gate.RefusalOf(err) != nil {
			return outcome(op, dirsync.Unknown, fmt.Errorf("restored, but no more: %w", err))
		} else if err != nil {
			return t.notModified(ctx, op, err)
		}
	}
	a, err := t.see(ctx, op.User, func(a *dirsync.Account) bool { return a.Status != dirsync.StatusPendingDeletion })
	switch {
	case errors.Is(err, api.ErrNotFound):
		return t.vanished(ctx, op, err)
	case err != nil:
		return outcome(op, dirsync.Unknown, fmt.Errorf("restored, but not seen since: %w", err))
	case a.Status == dirsync.StatusPendingDeletion:
		return with(outcome(op, dirsync.Failed, errors.New("the restore was accepted, but the user is still in Duo's Trash")), a)
	}
	return changed(op, a, values.UndoneOf(lacks))
}

// trash puts a user into the Trash and looks whether it is there. Where it is
// not, that is all: delete never stands in for trash.
func (t *Target) trash(ctx context.Context, op *dirsync.Op) dirsync.Result {
	sendErr := t.client.TrashUsers(ctx, op.User)
	if sendErr != nil && !once.Answered(sendErr) {
		return outcome(op, dirsync.Failed, sendErr)
	}
	a, err := t.see(ctx, op.User, func(a *dirsync.Account) bool { return a.Status == dirsync.StatusPendingDeletion })
	switch {
	case errors.Is(err, api.ErrNotFound):
		return t.vanished(ctx, op, err)
	case err != nil && sendErr != nil:
		return outcome(op, dirsync.Failed, once.Unseen(sendErr, err))
	case err != nil:
		return outcome(op, dirsync.Unknown, fmt.Errorf("sent to Duo's Trash, but not seen there: %w", err))
	case a.Status == dirsync.StatusPendingDeletion:
		return done(op, a)
	case sendErr != nil:
		return with(outcome(op, dirsync.Refused, fmt.Errorf("not put into Duo's Trash: %w", sendErr)), a)
	}
	err = fmt.Errorf("the move to Duo's Trash was accepted, but the user is still %q", a.Status)
	return with(outcome(op, dirsync.Refused, err), a)
}

// remove deletes a user for good, and makes sure of it: Duo's answer names nobody. One
// that is gone already is what was wanted.
func (t *Target) remove(ctx context.Context, op *dirsync.Op) dirsync.Result {
	if err := t.client.DeleteUser(ctx, op.User); err != nil && !errors.Is(err, api.ErrNotFound) {
		return outcome(op, dirsync.Failed, err)
	}
	if r := notDeleted(op, "the user", t.userGone(ctx, op.User, op.Username)); r != nil {
		return *r
	}
	return done(op, nil)
}
