package duo

import (
	"context"
	"errors"
	"maps"
	"slices"

	dirsync "duosync/sync"
)

// finder looks for the holders of names.
type finder struct {
	client  *Client
	missing map[string]bool // folded names whose holder is not found yet
	seen    map[string]bool // user ids in found
	found   []dirsync.Account
}

// take keeps a user who holds a name that is looked for.
func (f *finder) take(a *dirsync.Account) {
	wanted := false
	for _, name := range a.Names() {
		if f.missing[name] {
			wanted = true
			delete(f.missing, name)
		}
	}
	if wanted && !f.seen[a.ID] {
		f.seen[a.ID] = true
		f.found = append(f.found, *a)
	}
}

// readAll goes through the whole account.
func (f *finder) readAll(ctx context.Context) error {
	_, err := f.client.EachUser(ctx, func(a dirsync.Account) error {
		f.take(&a)
		return nil
	})
	return err
}

// lookUp asks for many names at once, and then one by one for those that nobody
// held: the list filter need not see aliases, the single one does.
func (f *finder) lookUp(ctx context.Context) error {
	for _, list := range chunks(slices.Sorted(maps.Keys(f.missing))) {
		if len(list) > 1 {
			users, err := f.client.UsersByNames(ctx, list)
			if err != nil && !answered(err) {
				return err
			}
			for i := range users {
				f.take(&users[i])
			}
		}
		for _, name := range list {
			if !f.missing[name] {
				continue
			}
			a, err := f.client.UserByName(ctx, name)
			if errors.Is(err, ErrInvalid) {
				continue // a name that Duo refuses is held by nobody
			}
			if err != nil {
				return err
			}
			if a != nil {
				f.take(a)
			}
		}
	}
	return nil
}
