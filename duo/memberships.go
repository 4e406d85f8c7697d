package duo

import (
	"context"
	"errors"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

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
