package duo

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// carryOutLists does the phones and groups of an operation whose other part is
// done, and looks at the user.
func (t *Target) carryOutLists(ctx context.Context, r *dirsync.Result) {
	s := t.newSteps(r)
	for i := range r.Op.Phones {
		s.try(ctx, dirsync.FieldPhones, func() (dirsync.Fate, error) { return s.phone(ctx, &r.Op.Phones[i]) })
	}
	if roomToJoin(r.Op) {
		s.joinAll(ctx)
		s.leaveAll(ctx)
	} else {
		s.leaveAll(ctx)
		s.joinAll(ctx)
	}
	s.seeUser(ctx)
	s.conclude()
}

// seeUser asks how the user stands after the steps, also where the run is to end.
// What was accepted and is not there was not done.
func (s *steps) seeUser(ctx context.Context) {
	if ctx.Err() != nil {
		rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.client.Timeout())
		defer cancel()
		ctx = rest
	}
	err := cmp.Or(s.gone, s.stop)
	var a *dirsync.Account
	if err == nil {
		a, err = s.client.User(ctx, s.user)
		if errors.Is(err, api.ErrNotFound) {
			if doubt := s.userGone(ctx, s.user, s.op.Username, s.op.Name()); doubt != nil {
				err = doubtful(err, doubt)
			}
		}
	}
	switch {
	case s.gone != nil || errors.Is(err, api.ErrNotFound):
		s.gone = cmp.Or(s.gone, err)
	case err != nil:
		for field := range s.tried {
			if s.failed[field] == nil {
				s.trouble(field, dirsync.Unknown, fmt.Errorf("not seen since: %w", err))
			}
		}
		if s.result.Account == nil { // an operation of nothing but steps
			s.result.Fate, s.result.Err = dirsync.Failed, fmt.Errorf("the user was not seen: %w", err)
		}
	default:
		s.result.Account = a
		for field, lack := range map[string]error{
			dirsync.FieldPhones: phonesLack(s.op.Phones, a),
			dirsync.FieldGroups: groupsLack(s.joins, s.op.Leaves, a),
		} {
			if lack != nil && s.failed[field] == nil {
				s.trouble(field, dirsync.Failed, fmt.Errorf("accepted, but %w", lack))
			}
		}
	}
}

// roomToJoin reports whether a user can join groups before leaving others: then
// nobody is without a group in between.
func roomToJoin(op *dirsync.Op) bool {
	c := op.Change(dirsync.FieldGroups)
	return c == nil || len(dirsync.Items(c.Before))+len(op.Joins) <= dirsync.MaxGroups
}

func (s *steps) joinAll(ctx context.Context) {
	for i := range s.joins {
		s.try(ctx, dirsync.FieldGroups, func() (dirsync.Fate, error) { return s.join(ctx, &s.joins[i]) })
	}
}

// join puts the user into a group. The id of one that was still to be made when
// the operation was planned is found by its name, and written into m.
func (s *steps) join(ctx context.Context, m *dirsync.Membership) (dirsync.Fate, error) {
	if m.ID == "" {
		id, err := s.madeGroup(ctx, m.Name)
		if err != nil {
			return dirsync.Failed, err
		}
		m.ID = id
	}
	err := s.client.JoinGroup(ctx, s.user, m.ID)
	switch {
	case err == nil:
		return dirsync.Done, nil
	case errors.Is(err, api.ErrNotFound):
		return s.absent(ctx, err, "the group "+dirsync.Quote(m.Name))
	}
	fate, err := notStepped(err, "the group "+dirsync.Quote(m.Name), groupLimits())
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
	return notStepped(err, "the group "+dirsync.Quote(m.Name), groupLimits())
}
