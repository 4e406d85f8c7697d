// Package lookup reads a Duo account: all of its users and groups, and who or what has
// some names or numbers.
package lookup

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"duosync/duo/api"
	"duosync/duo/once"
	dirsync "duosync/sync"
)

// Reader reads one account. It may be used by several goroutines.
type Reader struct{ client *api.Client }

// New gives what reads the account that c calls.
func New(c *api.Client) Reader { return Reader{c} }

// Inventory streams every user of the account, each once. Where the users seen
// are not as many as Duo's total_objects, all is read a second time; complete is
// false if they still are not.
func (r Reader) Inventory(ctx context.Context, visit func(dirsync.Account) error) (complete bool, err error) {
	seed := maphash.MakeSeed()
	visited := make(map[uint64]bool)
	for range 2 {
		now := make(map[uint64]bool, len(visited))
		total, err := r.client.EachUser(ctx, func(a dirsync.Account) error {
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
func (r Reader) Find(ctx context.Context, names []string) ([]dirsync.Account, error) {
	f := finder{client: r.client, missing: make(map[string]bool), seen: make(map[string]bool)}
	for _, name := range names {
		if name = dirsync.FoldName(name); name != "" {
			f.missing[name] = true
		}
	}
	search := f.lookUp
	if len(f.missing) > manyNames {
		total, err := r.client.CountUsers(ctx)
		if err != nil {
			return nil, err
		}
		if pages := total/api.UsersPage + 1; total != api.NoTotal && pages <= len(f.missing)/2 {
			search = f.readAll
		}
	}
	if err := search(ctx); err != nil {
		return nil, err
	}
	return f.found, nil
}

// finder looks for the holders of names.
type finder struct {
	client  *api.Client
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
	for _, list := range api.Chunks(slices.Sorted(maps.Keys(f.missing))) {
		if len(list) > 1 {
			users, err := f.client.UsersByNames(ctx, list)
			if err != nil && !once.Answered(err) {
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
			if errors.Is(err, api.ErrInvalid) {
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

// Phones looks for phones by number and extension, and returns those that exist
// under exactly that text. One that a list leaves out is asked for by itself.
func (r Reader) Phones(ctx context.Context, numbers []string) (map[string]dirsync.Phone, error) {
	missing := make(map[string]bool, len(numbers))
	for _, number := range numbers {
		missing[number] = true
	}
	found := make(map[string]dirsync.Phone, len(numbers))
	if len(missing) > manyNames {
		total, err := r.client.CountPhones(ctx)
		if err != nil {
			return nil, err
		}
		if pages := total/api.PhonesPage + 1; total != api.NoTotal && pages <= len(missing)/2 {
			whole, err := r.readPhones(ctx, missing, found)
			if whole || err != nil {
				return found, err
			}
		}
	}
	for _, text := range slices.Sorted(maps.Keys(missing)) {
		number, extension, _ := strings.Cut(text, ";ext=")
		p, err := r.client.PhoneByNumber(ctx, number, extension)
		if err != nil {
			return nil, err
		}
		if p != nil {
			found[text] = *p
		}
	}
	return found, nil
}

// readPhones goes through all phones of the account and moves those that are
// missing into found. It is whole where as many were seen as there are.
func (r Reader) readPhones(ctx context.Context, missing map[string]bool, found map[string]dirsync.Phone) (whole bool, err error) {
	seen := make(map[string]bool)
	total, err := r.client.EachPhone(ctx, func(p dirsync.Phone) error {
		seen[p.ID] = true
		if text := p.Text(); missing[text] {
			delete(missing, text)
			found[text] = p
		}
		return nil
	})
	return total == len(seen), err
}

// Groups returns all groups of the account. Where those seen are not as many as
// Duo's total_objects, all is read a second time, and then it is an error.
func (r Reader) Groups(ctx context.Context) ([]dirsync.Group, error) {
	list, err := r.AllGroups(ctx)
	if err != nil {
		return nil, err
	}
	groups := make([]dirsync.Group, len(list))
	for i := range list {
		groups[i] = list[i].Group
	}
	return groups, nil
}

// AllGroups is Groups, each with its description.
func (r Reader) AllGroups(ctx context.Context) ([]api.Group, error) {
	var seen, total int
	for range 2 {
		list := []api.Group{}
		ids := make(map[string]bool)
		var err error
		total, err = r.client.EachGroup(ctx, func(g api.Group) error {
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
	if total == api.NoTotal {
		err = fmt.Errorf("the list of Duo's groups does not tell how many there are: %d were seen", seen)
	}
	return nil, dirsync.WithHint(err, "try again when nobody else changes groups")
}
