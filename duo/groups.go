package duo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"duosync/duo/api"
	"duosync/duo/once"
	"duosync/duo/operation"
	"duosync/duo/values"
	dirsync "duosync/sync"
)

// groupDesc is the description of the groups that we make, by which they are
// known again after a reply that was lost.
const groupDesc = "Kept in step with the directory by duosync."

// knownGroups are those that are known within one run.
type knownGroups struct {
	mu   sync.Mutex        // held while they are read
	made map[string]string // ids by folded name of those made in this run; "" where that failed
	all  []api.Group       // all groups of the account; nil: to be read
}

// remember keeps what became of making a group: its id, or "".
func (k *knownGroups) remember(name, id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made[dirsync.FoldName(name)] = id
}

// readAnew has all groups be read once more when they are asked for.
func (k *knownGroups) readAnew() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = nil
}

// forget drops a group that is renamed or deleted.
func (k *knownGroups) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = nil
	for name, made := range k.made {
		if made == id {
			delete(k.made, name)
		}
	}
}

// allGroups gives all groups, read once until the next operation on one.
func (t *Target) allGroups(ctx context.Context) ([]api.Group, error) {
	t.known.mu.Lock()
	defer t.known.mu.Unlock()
	if t.known.all == nil {
		list, err := t.AllGroups(ctx)
		if err != nil {
			return nil, err
		}
		t.known.all = list
	}
	return t.known.all, nil
}

// groupNamed finds the group with exactly this name, folded, or nil. Of several
// the one that we made is preferred.
func (t *Target) groupNamed(ctx context.Context, name string) (*api.Group, error) {
	list, err := t.allGroups(ctx)
	if err != nil {
		return nil, err
	}
	var found *api.Group
	for i := range list {
		if dirsync.FoldName(list[i].Name) == dirsync.FoldName(name) && (found == nil || ours(&list[i])) {
			found = &list[i]
		}
	}
	return found, nil
}

// idsOf gives memberships with the ids of groups that were still to be made when the
// operation was planned; "" for one that was not made.
func (t *Target) idsOf(ctx context.Context, joins []dirsync.Membership) ([]dirsync.Membership, error) {
	joins = slices.Clone(joins)
	for i := range joins {
		if joins[i].ID != "" {
			continue
		}
		id, err := t.madeGroup(ctx, joins[i].Name)
		if err != nil {
			return nil, err
		}
		joins[i].ID = id
	}
	return joins, nil
}

// isUnmade reports whether the group of a membership was not made.
func isUnmade(m dirsync.Membership) bool { return m.ID == "" }

// madeGroup gives the id of a group that was to be made in this run, "" where it was not. A
// group of that name that does not look as we make them is somebody else's.
func (t *Target) madeGroup(ctx context.Context, name string) (string, error) {
	t.known.mu.Lock()
	id, known := t.known.made[dirsync.FoldName(name)]
	t.known.mu.Unlock()
	if known {
		return id, nil
	}
	g, err := t.groupNamed(ctx, name)
	if err != nil || g == nil || !ours(g) {
		return "", err
	}
	return g.ID, nil
}

// createGroup makes a group. One that is there under its name, absent when the
// operation was planned, is ours if it looks as we make them.
func (t *Target) createGroup(ctx context.Context, op *dirsync.Op) dirsync.Result {
	name := operation.GroupName(op)
	t.known.readAnew()
	t.known.remember(name, "")
	m := once.Make(ctx, t.client,
		func(ctx context.Context) (*api.Group, error) { return t.client.CreateGroup(ctx, name, groupDesc) },
		func(ctx context.Context, made *api.Group) error { return t.groupThere(ctx, made.ID, name) },
		func(ctx context.Context) (*api.Group, error) {
			t.known.readAnew()
			return t.groupNamed(ctx, name)
		})
	t.known.readAnew()
	switch {
	case m.Made != nil:
		return t.groupMade(op, m.Made)
	case m.Found != nil:
		return t.claimGroup(op, m.Found)
	case m.Fate == dirsync.Refused:
		_, err := values.NotStepped(m.Err, "the group "+dirsync.Quote(name), "Duo has a limit for groups")
		return outcome(op, dirsync.Refused, err)
	case errors.Is(m.Err, api.ErrDuplicate) && m.Fate == dirsync.Failed:
		err := fmt.Errorf("%w; but no group is found by that name", m.Err)
		return outcome(op, dirsync.Refused, dirsync.WithHint(err, "perhaps a group of Duo's own directory sync has it: see sync.groups.rename"))
	}
	return outcome(op, m.Fate, m.Err)
}

// groupThere makes sure that a group which was made is there under the id that Duo
// answered: people join it by that id alone.
func (t *Target) groupThere(ctx context.Context, id, name string) error {
	const call = "POST /admin/v1/groups"
	g, err := t.client.Group(ctx, id)
	switch {
	case errors.Is(err, api.ErrNotFound):
		return t.client.Stray(call, "the group "+id+", which is not there")
	case err != nil:
		return err
	case dirsync.FoldName(g.Name) != dirsync.FoldName(name):
		return t.client.Stray(call, "the group "+id+", which has another name")
	}
	return nil
}

func (t *Target) groupMade(op *dirsync.Op, g *api.Group) dirsync.Result {
	r := done(op, nil)
	r.Group = g.ID
	t.known.remember(operation.GroupName(op), r.Group)
	return r
}

// claimGroup decides whether a group is the one that a create asked for.
func (t *Target) claimGroup(op *dirsync.Op, g *api.Group) dirsync.Result {
	if ours(g) {
		return t.groupMade(op, g)
	}
	return outcome(op, dirsync.Taken, fmt.Errorf("the name %s is that of the Duo group %s, which is not ours",
		dirsync.Quote(operation.GroupName(op)), g.ID))
}

func (t *Target) renameGroup(ctx context.Context, op *dirsync.Op) dirsync.Result {
	name := operation.GroupName(op)
	t.known.forget(operation.GroupID(op))
	g, err := t.client.RenameGroup(ctx, operation.GroupID(op), name)
	switch {
	case errors.Is(err, api.ErrNotFound):
		return t.groupVanished(ctx, op, err)
	case errors.Is(err, api.ErrDuplicate):
		return outcome(op, dirsync.Taken, fmt.Errorf("another Duo group is called %s: %w", dirsync.Quote(name), err))
	case err != nil:
		fate, err := values.NotStepped(err, "the name "+dirsync.Quote(name), "Duo has a limit for groups")
		return outcome(op, fate, err)
	case dirsync.FoldName(g.Name) != dirsync.FoldName(name):
		return outcome(op, dirsync.Failed, fmt.Errorf("the name was accepted, but the group is still called %s", dirsync.Quote(g.Name)))
	}
	return done(op, nil)
}

// groupVanished gives the result of an operation on a group of which Duo said 404. It is
// Unknown where that is not certain.
func (t *Target) groupVanished(ctx context.Context, op *dirsync.Op, notFound error) dirsync.Result {
	if doubt := t.groupGone(ctx, operation.GroupID(op)); doubt != nil {
		return outcome(op, dirsync.Unknown, doubtful(notFound, doubt))
	}
	return outcome(op, dirsync.Vanished, notFound)
}

// deleteGroup deletes a group, and makes sure of it: Duo's answer names none. One that is
// gone already is what was wanted.
func (t *Target) deleteGroup(ctx context.Context, op *dirsync.Op) dirsync.Result {
	t.known.forget(operation.GroupID(op))
	if err := t.client.DeleteGroup(ctx, operation.GroupID(op)); err != nil && !errors.Is(err, api.ErrNotFound) {
		fate, err := values.NotStepped(err, "the removal of the group "+dirsync.Quote(op.Username), "Duo has a limit for groups")
		return outcome(op, fate, err)
	}
	if r := notDeleted(op, "the group "+dirsync.Quote(op.Username), t.groupGone(ctx, operation.GroupID(op))); r != nil {
		return *r
	}
	return done(op, nil)
}

// ours reports whether a group looks as we make them.
func ours(g *api.Group) bool {
	return g.Desc == groupDesc && g.Status == dirsync.StatusActive && !g.Synced
}
