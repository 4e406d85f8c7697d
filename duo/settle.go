package duo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"duosync/duo/api"
	"duosync/duo/lookup"
	"duosync/duo/operation"
	dirsync "duosync/sync"
)

// Settle finds out what became of operations without a recorded outcome. It
// only reads. One that could not be looked at is Unknown, and stays open; the
// error is for what stops all of them, and then the results end before it.
func (t *Target) Settle(ctx context.Context, intents []dirsync.Intent) ([]dirsync.Result, error) {
	results := make([]dirsync.Result, 0, len(intents))
	t.known.readAnew()
	seen := t.seeOpen(ctx, intents)
	for _, intent := range intents {
		if err := ctx.Err(); err != nil {
			return results, err
		}
		r := t.told(t.settle(ctx, intent, seen))
		if err := ctx.Err(); err != nil {
			return results, err
		}
		if api.Stops(r.Err) {
			return results, r.Err
		}
		t.reads.Count(r.Err)
		if err := t.reads.TooMany(); err != nil {
			return results, err
		}
		results = append(results, r)
	}
	return results, nil
}

// seeOpen looks at the users of those operations that share calls, many at once. Who is not
// seen so is looked at alone.
func (t *Target) seeOpen(ctx context.Context, intents []dirsync.Intent) lookup.Seen {
	var names, ids []string
	for _, intent := range intents {
		switch op := intent.Op; {
		case operation.Unsendable(op) != nil:
		case operation.Creates(op):
			names = append(names, dirsync.FoldName(operation.CreateFields(op)[dirsync.FieldUsername]))
		case op.Action == dirsync.Update, op.Action == dirsync.Disable, op.Action == dirsync.Enable:
			ids = append(ids, op.User)
		}
	}
	seen, err := t.See(ctx, several(names), several(ids))
	t.reads.Count(err)
	return seen
}

// several gives nothing in place of one alone.
func several(some []string) []string {
	if len(some) < 2 {
		return nil
	}
	return some
}

func (t *Target) settle(ctx context.Context, intent dirsync.Intent, seen lookup.Seen) dirsync.Result {
	op := intent.Op
	if operation.Callless(op) {
		return done(op, nil)
	}
	if err := operation.Unsendable(op); err != nil {
		return outcome(op, dirsync.Failed, err)
	}
	switch {
	case op.Action == dirsync.EnrollMail:
		return done(op, nil) // nobody can tell whether it was sent, so it is not sent again
	case op.Action == dirsync.PhoneDelete:
		return t.settleLists(ctx, done(op, nil))
	case op.Action == dirsync.GroupCreate:
		return t.settleGroupCreate(ctx, op)
	case op.Action == dirsync.GroupUpdate, op.Action == dirsync.GroupDelete:
		return t.settleGroup(ctx, op)
	case operation.Creates(op):
		return t.settleCreate(ctx, intent, seen)
	}
	a, err := seen.ByID(op.User), error(nil)
	if a == nil || intent.Known.MayBeOther(a) {
		a, err = t.see(ctx, op.User, func(a *dirsync.Account) bool { return !intent.Known.MayBeOther(a) })
	}
	switch {
	case err == nil && intent.Known.MayBeOther(a): // the link has a wrong id, and whoever has it is nobody's here
		return outcome(op, dirsync.Failed, notThatUser(a, intent.Known))
	case errors.Is(err, api.ErrNotFound):
		r := t.vanished(ctx, op, err)
		if r.Fate == dirsync.Vanished && op.Action == dirsync.Delete {
			return done(op, nil)
		}
		return r
	case err != nil:
		return outcome(op, dirsync.Unknown, err)
	}
	trashed := a.Status == dirsync.StatusPendingDeletion
	happened := false
	switch op.Action {
	case dirsync.Trash:
		happened = trashed
	case dirsync.Restore:
		happened = !trashed && operation.Shows(a, operation.OwnFields(op))
	case dirsync.Update, dirsync.Disable, dirsync.Enable, dirsync.Adopt:
		happened = operation.Shows(a, operation.OwnFields(op))
	}
	if !happened {
		return with(outcome(op, dirsync.Failed, brokeOff(fmt.Sprintf("the %s took effect", op.Action))), a)
	}
	return t.settleLists(ctx, done(op, a))
}

func (t *Target) settleCreate(ctx context.Context, intent dirsync.Intent, seen lookup.Seen) dirsync.Result {
	fields := operation.CreateFields(intent.Op)
	holder, err := seen.ByName(fields[dirsync.FieldUsername]), error(nil)
	if holder == nil {
		holder, err = t.client.UserByName(ctx, fields[dirsync.FieldUsername])
	}
	switch {
	case err != nil && !errors.Is(err, api.ErrInvalid):
		return outcome(intent.Op, dirsync.Unknown, err)
	case holder == nil:
		return outcome(intent.Op, dirsync.Failed, brokeOff("the user was created"))
	}
	r := t.claim(intent.Op, fields, intent.At, holder)
	if r.Fate != dirsync.Done {
		return r
	}
	return t.settleLists(ctx, r)
}

func (t *Target) settleGroupCreate(ctx context.Context, op *dirsync.Op) dirsync.Result {
	g, err := t.groupNamed(ctx, operation.GroupName(op))
	switch {
	case err != nil:
		return outcome(op, dirsync.Unknown, err)
	case g == nil:
		return outcome(op, dirsync.Failed, brokeOff("the group was made"))
	}
	return t.claimGroup(op, g)
}

func (t *Target) settleGroup(ctx context.Context, op *dirsync.Op) dirsync.Result {
	g, err := t.client.Group(ctx, operation.GroupID(op))
	deletes := op.Action == dirsync.GroupDelete
	switch {
	case errors.Is(err, api.ErrNotFound):
		r := t.groupVanished(ctx, op, err)
		if r.Fate == dirsync.Vanished && deletes {
			return done(op, nil)
		}
		return r
	case err != nil:
		return outcome(op, dirsync.Unknown, err)
	case deletes:
		return outcome(op, dirsync.Failed, brokeOff("the group was deleted"))
	case dirsync.FoldName(g.Name) != dirsync.FoldName(operation.GroupName(op)):
		return outcome(op, dirsync.Failed, brokeOff("the group was renamed"))
	}
	return done(op, nil)
}

// settleLists looks how far an operation came with aliases, phones and groups
// when its other part is done. A look that fails leaves all of it open.
func (t *Target) settleLists(ctx context.Context, r dirsync.Result) dirsync.Result {
	op, user := r.Op, ""
	lacks := make(map[string]error)
	if r.Account != nil {
		user = r.Account.ID
		if aliases := op.Change(dirsync.FieldAliases); aliases != nil {
			lacks[dirsync.FieldAliases] = operation.AliasesLack(aliases, r.Account)
		}
		joins, err := t.idsOf(ctx, op.Joins)
		if err != nil {
			return outcome(op, dirsync.Unknown, err)
		}
		lacks[dirsync.FieldGroups] = operation.GroupsLack(joins, op.Leaves, r.Account)
	}
	for i := range op.Phones {
		lack, err := t.settlePhone(ctx, &op.Phones[i], user, &r)
		if err != nil {
			return outcome(op, dirsync.Unknown, err)
		}
		if lacks[dirsync.FieldPhones] == nil {
			lacks[dirsync.FieldPhones] = lack
		}
	}
	if r.Account != nil {
		if lack := operation.PhonesLack(op.Phones, &r, r.Account); lack != nil {
			lacks[dirsync.FieldPhones] = lack
		}
	}
	for _, field := range dirsync.ListFields {
		if lack := lacks[field]; lack != nil {
			r.Undone = append(r.Undone, dirsync.Undone{Field: field, Fate: dirsync.Failed, Err: lack})
		}
	}
	return r
}

// settlePhone finds out whether a phone was made, or is gone, and what of the
// step is still to be done. user is "" where the user is gone.
func (t *Target) settlePhone(ctx context.Context, step *dirsync.PhoneStep, user string, r *dirsync.Result) (lack, err error) {
	switch step.Do {
	case dirsync.PhoneMake:
		p, err := t.client.PhoneByNumber(ctx, step.Number, step.Extension)
		if err == nil && p != nil && operation.MadeBy(step, user, p) {
			r.Made = append(r.Made, dirsync.OwnPhone{ID: p.ID, Number: step.Text()})
		}
		return nil, err
	case dirsync.PhoneRemove:
		p, err := t.client.Phone(ctx, step.ID)
		switch {
		case errors.Is(err, api.ErrNotFound):
			if err := t.phoneGone(ctx, step); err != nil {
				return nil, err
			}
			r.Removed = append(r.Removed, step.ID)
			return nil, nil
		case err != nil:
			return nil, err
		case keep(user, step, p, r):
			return nil, nil
		case user == "", slices.Contains(p.Users, user), len(p.Users) == 0:
			return fmt.Errorf("the phone %s is still there", step.Text()), nil
		}
	}
	return nil, nil
}
