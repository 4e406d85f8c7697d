package duo

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"time"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// Target is a Duo account as the core sees it. It makes one call at a time; its
// methods may be used by one goroutine.
type Target struct {
	client *api.Client
	bound  time.Duration // of an operation
	writes budget
	reads  budget
	book   groupBook
}

var _ dirsync.Target = (*Target)(nil)

// NewTarget returns the account that c calls. bound is how long after its intent an
// operation makes calls at most: one that begins in time ends within the client's
// Timeout. 0 means OperationTime.
func NewTarget(c *api.Client, bound time.Duration) *Target {
	if bound <= 0 {
		bound = OperationTime
	}
	return &Target{client: c, bound: bound, writes: budget{what: "write"}, reads: budget{what: "read"}}
}

// Inventory streams every user of the account, each once. Where the users seen
// are not as many as Duo's total_objects, all is read a second time; complete is
// false if they still are not.
func (t *Target) Inventory(ctx context.Context, visit func(dirsync.Account) error) (complete bool, err error) {
	seed := maphash.MakeSeed()
	visited := make(map[uint64]bool)
	for range 2 {
		now := make(map[uint64]bool, len(visited))
		total, err := t.client.EachUser(ctx, func(a dirsync.Account) error {
			id := maphash.String(seed, a.ID)
			now[id] = true
			if visited[id] {
				return nil
			}
			visited[id] = true
			return visit(a)
		})
		if err != nil {
			return false, err
		}
		if total == len(now) {
			return true, nil
		}
	}
	return false, nil
}

// manyNames is from how many names on it is asked whether reading the whole
// account is cheaper than looking them up.
const manyNames = 20

// Find returns the users who hold any of these names, as username or alias.
func (t *Target) Find(ctx context.Context, names []string) ([]dirsync.Account, error) {
	f := finder{client: t.client, missing: make(map[string]bool), seen: make(map[string]bool)}
	for _, name := range names {
		if name = dirsync.FoldName(name); name != "" {
			f.missing[name] = true
		}
	}
	search := f.lookUp
	if len(f.missing) > manyNames {
		total, err := t.client.CountUsers(ctx)
		if err != nil {
			return nil, err
		}
		if pages := total/api.UsersPage + 1; total != api.NotTold && pages <= len(f.missing)/2 {
			search = f.readAll
		}
	}
	if err := search(ctx); err != nil {
		return nil, err
	}
	return f.found, nil
}

// Fetch returns the users with these ids. One that a list leaves out is asked
// for by itself, and only Duo's 404 makes it missing.
func (t *Target) Fetch(ctx context.Context, ids []string) (map[string]dirsync.Account, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	found := make(map[string]dirsync.Account, len(ids))
	for _, list := range api.Chunks(ids) {
		if len(list) > 1 {
			users, err := t.client.UsersByIDs(ctx, list)
			if err != nil && !answered(err) {
				return nil, err
			}
			for _, a := range users {
				found[a.ID] = a
			}
		}
		for _, id := range list {
			if _, ok := found[id]; ok {
				continue
			}
			a, err := t.client.User(ctx, id)
			if errors.Is(err, api.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			found[id] = *a
		}
	}
	return found, nil
}

// Now is the time by Duo's clock, as far as replies told it: never later than
// it is there, and early by a second at most plus the time an answer takes.
func (t *Target) Now() time.Time { return t.client.Now() }

// Usage says what calls have been made so far.
func (t *Target) Usage() dirsync.Usage { return t.client.Usage() }

// answered reports whether err is a definite answer of Duo's own to this one
// request, so that asking in another way may be worth a call.
func answered(err error) bool {
	return errors.Is(err, api.ErrInvalid) || errors.Is(err, api.ErrRejected) || errors.Is(err, api.ErrNotFound)
}
