package duo

import (
	"context"
	"fmt"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// groupDesc is the description of the groups that we make, by which they are
// known again after a reply that was lost.
const groupDesc = "Kept in step with the directory by duosync."

// groupBook remembers groups within one run.
type groupBook struct {
	made map[string]string // ids by folded name of those made in this run; "" where that failed
	list []api.Group       // all groups of the account; nil: to be read
}

// note remembers what became of making a group.
func (b *groupBook) note(name, id string) {
	if b.made == nil {
		b.made = make(map[string]string)
	}
	b.made[dirsync.FoldName(name)] = id
}

// forget drops a group that is renamed or deleted.
func (b *groupBook) forget(id string) {
	for name, made := range b.made {
		if made == id {
			delete(b.made, name)
		}
	}
}

// Groups returns all groups of the account. Where those seen are not as many as
// Duo's total_objects, all is read a second time, and then it is an error.
func (t *Target) Groups(ctx context.Context) ([]dirsync.Group, error) {
	list, err := t.readGroups(ctx)
	if err != nil {
		return nil, err
	}
	groups := make([]dirsync.Group, len(list))
	for i := range list {
		groups[i] = list[i].Group
	}
	return groups, nil
}

func (t *Target) readGroups(ctx context.Context) ([]api.Group, error) {
	var seen, total int
	for range 2 {
		list := []api.Group{}
		ids := make(map[string]bool)
		var err error
		total, err = t.client.EachGroup(ctx, func(g api.Group) error {
			if !ids[g.ID] {
				ids[g.ID] = true
				list = append(list, g)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if seen = len(list); total == seen {
			return list, nil
		}
	}
	err := fmt.Errorf("the list of Duo's groups does not add up: %d of %d were seen", seen, total)
	if total == api.NotTold {
		err = fmt.Errorf("the list of Duo's groups does not tell how many there are: %d were seen", seen)
	}
	return nil, dirsync.WithHint(err, "try again when nobody else changes groups")
}

// groups gives all groups, read once until the next operation on one.
func (t *Target) groups(ctx context.Context) ([]api.Group, error) {
	if t.book.list == nil {
		list, err := t.readGroups(ctx)
		if err != nil {
			return nil, err
		}
		t.book.list = list
	}
	return t.book.list, nil
}

// groupNamed finds the group with exactly this name, folded, or nil. Of several
// the one that we made is preferred.
func (t *Target) groupNamed(ctx context.Context, name string) (*api.Group, error) {
	list, err := t.groups(ctx)
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

// ours reports whether a group looks as we make them.
func ours(g *api.Group) bool {
	return g.Desc == groupDesc && g.Status == dirsync.StatusActive && !g.Synced
}

// madeGroup gives the id of a group that was to be made in this run. A group of
// that name that does not look as we make them is somebody else's.
func (t *Target) madeGroup(ctx context.Context, name string) (string, error) {
	if id, known := t.book.made[dirsync.FoldName(name)]; id != "" {
		return id, nil
	} else if known {
		return "", notMade(name)
	}
	g, err := t.groupNamed(ctx, name)
	switch {
	case err != nil:
		return "", err
	case g == nil || !ours(g):
		return "", notMade(name)
	}
	return g.ID, nil
}
