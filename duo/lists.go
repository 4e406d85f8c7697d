package duo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"duosync/duo/api"
	"duosync/duo/gate"
	"duosync/duo/once"
	"duosync/duo/operation"
	"duosync/duo/values"
	dirsync "duosync/sync"
)

// carryOutLists does the phones and groups of an operation whose other part is
// done, and looks at the user. One that the operation has made is looked at before, too:
// nothing is given to anybody else.
func (t *Target) carryOutLists(ctx context.Context, r *dirsync.Result) {
	s := t.newSteps(r)
	if operation.Creates(r.Op) {
		s.meet(ctx)
	}
	for i := range r.Op.Phones {
		s.try(ctx, dirsync.FieldPhones, func() (dirsync.Fate, error) { return s.phone(ctx, &r.Op.Phones[i]) })
	}
	if operation.RoomToJoin(r.Op) {
		s.joinAll(ctx)
		s.leaveAll(ctx)
	} else {
		s.leaveAll(ctx)
		s.joinAll(ctx)
	}
	s.seeUser(ctx)
	s.conclude()
}

// meet looks at the user who was made.
func (s *steps) meet(ctx context.Context) {
	_, s.stop = s.seeMade(ctx, s.user)
	if errors.Is(s.stop, api.ErrNotFound) || errors.Is(s.stop, api.ErrStray) {
		s.gone = s.stop
	}
	s.writes.Count(s.stop)
}

// seeUser asks how the user stands after the steps, also where the run is to end.
// What was accepted and is not there was not done.
func (s *steps) seeUser(ctx context.Context) {
	if ctx.Err() != nil || s.shut != nil {
		rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.client.Timeout())
		defer cancel()
		ctx = rest
	}
	err := cmp.Or(s.gone, s.stop)
	if err == nil && !s.sent {
		err = s.shut
	}
	var a *dirsync.Account
	if err == nil {
		a, err = s.see(ctx, s.user, anyhow)
		if errors.Is(err, api.ErrNotFound) && !operation.Creates(s.op) {
			if doubt := s.nameless(ctx, s.user, s.op.Username, s.op.Name()); doubt != nil {
				err = doubtful(err, doubt)
			}
		}
	}
	switch {
	case s.gone != nil || errors.Is(err, api.ErrNotFound):
		s.gone = cmp.Or(s.gone, err)
	case err != nil:
		for field := range s.tried {
			if t := s.failed[field]; t == nil || t.Unanswered() {
				s.trouble(field, dirsync.Unknown, fmt.Errorf("not seen since: %w", err))
			}
		}
		if s.result.Account == nil { // an operation of nothing but steps
			s.result.Fate, s.result.Err = dirsync.Failed, fmt.Errorf("the user was not seen: %w", err)
		}
	default:
		s.result.Account, s.result.Met = a, true
		for field, lack := range map[string]error{
			dirsync.FieldPhones: operation.PhonesLack(s.op.Phones, s.result, a),
			dirsync.FieldGroups: operation.GroupsLack(s.joins, s.op.Leaves, a),
		} {
			if lack != nil && s.failed[field] == nil {
				s.trouble(field, dirsync.Failed, fmt.Errorf("accepted, but %w", lack))
			}
		}
	}
}

func (s *steps) joinAll(ctx context.Context) {
	for i := range s.joins {
		s.try(ctx, dirsync.FieldGroups, func() (dirsync.Fate, error) { return s.join(ctx, &s.joins[i]) })
	}
}

// join puts the user into a group. The id of one that was still to be made when
// the operation was planned is found by its name, and written into m.
func (s *steps) join(ctx context.Context, m *dirsync.Membership) (dirsync.Fate, error) {
	found, err := s.idsOf(ctx, []dirsync.Membership{*m})
	switch {
	case err != nil:
		return dirsync.Failed, err
	case isUnmade(found[0]):
		return dirsync.Failed, notMade(m.Name)
	}
	*m = found[0]
	err = s.client.JoinGroup(ctx, s.user, m.ID)
	switch {
	case err == nil:
		return dirsync.Done, nil
	case errors.Is(err, api.ErrNotFound):
		return s.absent(ctx, err, "the group "+dirsync.Quote(m.Name))
	}
	fate, err := values.NotStepped(err, "the group "+dirsync.Quote(m.Name), groupLimits())
	if errors.Is(err, api.ErrLimit) && len(s.op.Leaves) > 0 {
		fate = dirsync.Failed // there is room once the others are left
	}
	return fate, err
}

func (s *steps) leaveAll(ctx context.Context) {
	for _, m := range s.op.Leaves {
		s.try(ctx, dirsync.FieldGroups, func() (dirsync.Fate, error) { return s.leave(ctx, m) })
	}
}

func (s *steps) leave(ctx context.Context, m dirsync.Membership) (dirsync.Fate, error) {
	err := s.client.LeaveGroup(ctx, s.user, m.ID)
	if err == nil || errors.Is(err, api.ErrNotFound) { // who is gone, or left already, is not in it; the look tells
		return dirsync.Done, nil
	}
	return values.NotStepped(err, "the group "+dirsync.Quote(m.Name), groupLimits())
}

// steps carries out what an operation does to phones and groups, a call at a
// time, and keeps what could not be done.
type steps struct {
	*Target
	op     *dirsync.Op
	user   string // user_id
	result *dirsync.Result
	joins  []dirsync.Membership // op.Joins, with the ids of groups made in this run
	stop   error                // why no further call is made
	sent   bool                 // a call that writes was let through
	shut   error                // why no further one is, see gate
	gone   error                // the user does not exist any more
	tried  map[string]bool      // fields with a step that was tried
	failed map[string]values.Troubles
}

func (t *Target) newSteps(r *dirsync.Result) *steps {
	s := &steps{
		Target: t, op: r.Op, user: r.Op.User, result: r,
		joins: slices.Clone(r.Op.Joins), tried: make(map[string]bool), failed: make(map[string]values.Troubles),
	}
	if r.Account != nil {
		s.user = r.Account.ID
	}
	return s
}

// try carries one step out, unless one before met what every other would meet as well.
func (s *steps) try(ctx context.Context, field string, do func() (dirsync.Fate, error)) {
	if err := cmp.Or(s.stop, s.shut, ctx.Err()); err != nil {
		s.trouble(field, dirsync.Failed, fmt.Errorf("not tried: %w", err))
		return
	}
	s.tried[field] = true
	fate, err := do()
	s.writes.Count(err)
	refusal := gate.RefusalOf(err)
	s.sent = s.sent || refusal == nil || refusal.Lost != nil || len(s.result.Made) > 0
	switch {
	case refusal != nil:
		s.shut = err
		s.trouble(field, fate, err)
		return
	case fate == dirsync.Vanished:
		s.gone, s.stop = err, err
	case fate != dirsync.Done:
		s.trouble(field, fate, err)
	}
	if api.Stops(err) {
		s.stop = err
	} else if err := s.writes.TooMany(); err != nil {
		s.stop = err
	}
}

// absent decides what a 404 for a call that names a user and another object
// means: the user is gone, or the other object.
func (s *steps) absent(ctx context.Context, err error, other string) (dirsync.Fate, error) {
	_, readErr := s.see(ctx, s.user, anyhow)
	switch {
	case errors.Is(readErr, api.ErrNotFound) && operation.Creates(s.op):
		return dirsync.Vanished, readErr // under that id, see conclude
	case errors.Is(readErr, api.ErrNotFound):
		if doubt := s.nameless(ctx, s.user, s.op.Username, s.op.Name()); doubt != nil {
			return dirsync.Failed, doubtful(readErr, doubt)
		}
		return dirsync.Vanished, readErr
	case readErr != nil:
		return dirsync.Failed, once.Unseen(err, readErr)
	}
	return dirsync.Failed, fmt.Errorf("%s does not exist any more: %w", other, err)
}

// conclude puts what could not be done into the result.
func (s *steps) conclude() {
	if s.gone != nil {
		fate := dirsync.Vanished
		if operation.Creates(s.op) { // what became of it is found out by name
			fate, s.gone = dirsync.Unknown, fmt.Errorf("the user %s, whom Duo answered to the create, is not there: %w", s.user, s.gone)
			s.Target.made.drop(s.user, s.op.Source)
		}
		s.result.Fate, s.result.Err, s.result.Account, s.result.Undone = fate, s.gone, nil, nil
		return
	}
	for _, field := range dirsync.ListFields {
		if t := s.failed[field]; len(t) > 0 {
			s.result.Undone = append(s.result.Undone, dirsync.Undone{Field: field, Fate: t.Fate(), Err: t.Err()})
		}
	}
}

// trouble notes why a field is not wholly done; the same reason once.
func (s *steps) trouble(field string, fate dirsync.Fate, err error) {
	for _, t := range s.failed[field] {
		if t.Err.Error() == err.Error() {
			return
		}
	}
	s.failed[field] = append(s.failed[field], values.Trouble{Fate: fate, Err: err})
}
