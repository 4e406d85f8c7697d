package duo

import (
	"context"
	"errors"
	"fmt"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// groupName is the name that an operation on a group leaves behind.
func groupName(op *dirsync.Op) string {
	if c := op.Change(dirsync.FieldName); c != nil {
		return c.After
	}
	if op.Group != nil {
		return op.Group.Name
	}
	return op.Username
}

// groupID is the id of the group that an operation is about, "" for a create.
func groupID(op *dirsync.Op) string {
	if op.User == "" && op.Group != nil {
		return op.Group.ID
	}
	return op.User
}

// createGroup makes a group. One that is there under its name, absent when the
// operation was planned, is ours if it looks as we make them.
func (t *Target) createGroup(ctx context.Context, op *dirsync.Op) dirsync.Result {
	name := groupName(op)
	t.book.list = nil
	t.book.note(name, "")
	m := makeOnce(ctx, t.client,
		func(ctx context.Context) (*api.Group, error) { return t.client.CreateGroup(ctx, name, groupDesc) },
		func(ctx context.Context) (*api.Group, error) {
			t.book.list = nil
			return t.groupNamed(ctx, name)
		})
	t.book.list = nil
	switch {
	case m.made != nil:
		return t.groupMade(op, m.made)
	case m.found != nil:
		return t.claimGroup(op, m.found)
	case m.fate == dirsync.Refused:
		_, err := notStepped(m.err, "the group "+dirsync.Quote(name), "Duo has a limit for groups")
		return outcome(op, dirsync.Refused, err)
	case errors.Is(m.err, api.ErrDuplicate) && m.fate == dirsync.Failed:
		err := fmt.Errorf("%w; but no group is found by that name", m.err)
		return outcome(op, dirsync.Refused, dirsync.WithHint(err, "perhaps a group of Duo's own directory sync has it: see sync.groups.rename"))
	}
	return outcome(op, m.fate, m.err)
}

func (t *Target) groupMade(op *dirsync.Op, g *api.Group) dirsync.Result {
	r := done(op, nil)
	r.Group = g.ID
	t.book.note(groupName(op), r.Group)
	return r
}

// claimGroup decides whether a group is the one that a create asked for.
func (t *Target) claimGroup(op *dirsync.Op, g *api.Group) dirsync.Result {
	if ours(g) {
		return t.groupMade(op, g)
	}
	return outcome(op, dirsync.Taken, fmt.Errorf("the name %s is that of the Duo group %s, which is not ours",
		dirsync.Quote(groupName(op)), g.ID))
}

func (t *Target) renameGroup(ctx context.Context, op *dirsync.Op) dirsync.Result {
	name := groupName(op)
	t.book.list = nil
	t.book.forget(groupID(op))
	g, err := t.client.RenameGroup(ctx, groupID(op), name)
	switch {
	case errors.Is(err, api.ErrNotFound):
		return outcome(op, dirsync.Vanished, err)
	case errors.Is(err, api.ErrDuplicate):
		return outcome(op, dirsync.Taken, fmt.Errorf("another Duo group is called %s: %w", dirsync.Quote(name), err))
	case err != nil:
		fate, err := notStepped(err, "the name "+dirsync.Quote(name), "Duo has a limit for groups")
		return outcome(op, fate, err)
	case dirsync.FoldName(g.Name) != dirsync.FoldName(name):
		return outcome(op, dirsync.Failed, fmt.Errorf("the name was accepted, but the group is still called %s", dirsync.Quote(g.Name)))
	}
	return done(op, nil)
}

// deleteGroup deletes a group. One that is gone already is what was wanted.
func (t *Target) deleteGroup(ctx context.Context, op *dirsync.Op) dirsync.Result {
	t.book.list = nil
	t.book.forget(groupID(op))
	if err := t.client.DeleteGroup(ctx, groupID(op)); err != nil && !errors.Is(err, api.ErrNotFound) {
		fate, err := notStepped(err, "the removal of the group "+dirsync.Quote(op.Username), "Duo has a limit for groups")
		return outcome(op, fate, err)
	}
	return done(op, nil)
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

func (s *steps) joinAll(ctx context.Context) {
	for i := range s.joins {
		s.try(ctx, dirsync.FieldGroups, func() (dirsync.Fate, error) { return s.join(ctx, &s.joins[i]) })
	}
}

func (s *steps) leaveAll(ctx context.Context) {
	for _, m := range s.op.Leaves {
		s.try(ctx, dirsync.FieldGroups, func() (dirsync.Fate, error) { return s.leave(ctx, m) })
	}
}

func notMade(name string) error { return fmt.Errorf("the group %s was not made", dirsync.Quote(name)) }

func (s *steps) leave(ctx context.Context, m dirsync.Membership) (dirsync.Fate, error) {
	err := s.client.LeaveGroup(ctx, s.user, m.ID)
	if err == nil || errors.Is(err, api.ErrNotFound) { // who is gone, or left already, is not in it; the look tells
		return dirsync.Done, nil
	}
	return notStepped(err, "the group "+dirsync.Quote(m.Name), groupLimits())
}

func groupLimits() string {
	return fmt.Sprintf("a Duo user is in %d groups at most", dirsync.MaxGroups)
}
