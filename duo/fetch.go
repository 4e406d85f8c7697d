package duo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"duosync/duo/api"
	"duosync/duo/once"
	dirsync "duosync/sync"
)

// Fetch implements dirsync.Target. One that a list leaves out, or shows under another name,
// is asked for by itself.
func (t *Target) Fetch(ctx context.Context, known map[string]dirsync.Remembered) (found map[string]dirsync.Account, doubtful map[string]error, err error) {
	found, doubtful = make(map[string]dirsync.Account, len(known)), make(map[string]error)
	for _, list := range api.Chunks(slices.Sorted(maps.Keys(known))) {
		if len(list) > 1 {
			users, err := t.client.UsersByIDs(ctx, list)
			if err != nil && !once.Answered(err) {
				return nil, nil, err
			}
			for _, a := range users {
				if !known[a.ID].IsRenamed(&a) {
					found[a.ID] = a
				}
			}
		}
		for _, id := range list {
			if _, ok := found[id]; ok {
				continue
			}
			a, doubt, err := t.fetch(ctx, id, known[id])
			t.reads.Count(errors.Join(doubt, err))
			if err := t.reads.TooMany(); err != nil {
				return nil, nil, err
			}
			if err != nil {
				return nil, nil, err
			}
			if a != nil {
				found[id] = *a
			}
			if doubt != nil {
				doubtful[id] = doubt
			}
		}
	}
	return found, doubtful, nil
}

// fetch gives one user, nil where it does not exist, and why that is not certain.
func (t *Target) fetch(ctx context.Context, id string, known dirsync.Remembered) (a *dirsync.Account, doubt, err error) {
	const call = "GET /admin/v1/users"
	a, err = t.see(ctx, id, func(a *dirsync.Account) bool { return !known.IsOther(a) })
	var gone twice
	switch {
	case errors.Is(err, api.ErrStray):
		return nil, err, nil
	case err != nil && !errors.Is(err, api.ErrNotFound):
		return nil, nil, err
	case err == nil && !known.IsRenamed(a):
		return a, nil, nil
	}
	holder, lookErr := t.holder(ctx, known.Name)
	switch {
	case errors.Is(lookErr, api.ErrStray):
		return nil, lookErr, nil
	case lookErr != nil:
		return nil, nil, lookErr
	case holder != nil && holder.ID != id && t.isKnown(id, known, holder) && !known.Prefers(a, holder) && t.take(id, holder):
		return holder, nil, nil
	case a != nil && known.IsOther(a):
		return nil, notThatUser(a, known), nil
	case a != nil: // renamed by hand
		return a, nil, nil
	case !errors.As(err, &gone):
		return nil, t.client.Stray(call, "the user "+id+", who was there before Duo called it unknown"), nil
	case holder != nil && holder.ID == id:
		doubt = t.client.Stray(call, "the user "+id+", found by name, whom Duo called unknown by id")
		if known.IsOther(holder) {
			holder = nil
		}
		return holder, doubt, nil
	}
	return nil, nil, nil
}

// see asks for a user by its id. Where Duo says 404, or the user is not as expected, it is
// asked once more on another connection, and that counts: presence is proved by one
// answer, and a 404 was given twice then.
func (t *Target) see(ctx context.Context, id string, expected func(*dirsync.Account) bool) (*dirsync.Account, error) {
	a, err := t.client.User(ctx, id)
	absent := errors.Is(err, api.ErrNotFound)
	if absent || err == nil && !expected(a) {
		if a, err = t.client.Apart().User(ctx, id); errors.Is(err, api.ErrNotFound) && absent {
			err = twice{err}
		}
	}
	return a, err
}

// anyhow expects nothing of a user.
func anyhow(*dirsync.Account) bool { return true }

// holder gives the user who holds a name, nil where nobody does, as another connection
// shows it.
func (t *Target) holder(ctx context.Context, name string) (*dirsync.Account, error) {
	if name = dirsync.FoldName(name); name == "" {
		return nil, nil
	}
	a, err := t.client.Apart().UserByName(ctx, name)
	if errors.Is(err, api.ErrInvalid) { // a name that Duo refuses is held by nobody
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("whether the user is gone could not be seen by name: %w", err)
	}
	return a, nil
}

// isKnown reports whether the holder of a name is the user who was remembered under
// another id, and nobody else's of ours.
func (t *Target) isKnown(id string, known dirsync.Remembered, holder *dirsync.Account) bool {
	return known.Is(holder) && !holder.Synced && !t.isOthers(holder, t.whose(id))
}

// take remembers that a user belongs to whom the wrong id was noted for; false: to another.
func (t *Target) take(wrong string, a *dirsync.Account) bool {
	owner := t.whose(wrong)
	return owner == "" || t.keep(owner, a, true)
}

// notThatUser tells that the id of a link is another user's.
func notThatUser(a *dirsync.Account, known dirsync.Remembered) error {
	day := func(at time.Time) string { return at.UTC().Format(time.RFC3339) }
	err := fmt.Errorf("the id %s is that of the Duo user %s, created at %s, and not that of %s, created at %s; nothing is written to the other",
		a.ID, dirsync.Quote(a.Username), day(a.Created), dirsync.Quote(known.Name), day(known.Created))
	return dirsync.WithHint(err, "Look for this person's user in the Duo Admin Panel. If it was renamed there, rename it back: the next run finds it by its name.")
}
