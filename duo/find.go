package duo

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

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
func (t *Target) Phones(ctx context.Context, numbers []string) (map[string]dirsync.Phone, error) {
	missing := make(map[string]bool, len(numbers))
	for _, number := range numbers {
		missing[number] = true
	}
	found := make(map[string]dirsync.Phone, len(numbers))
	if len(missing) > manyNames {
		total, err := t.client.CountPhones(ctx)
		if err != nil {
			return nil, err
		}
		if pages := total/api.PhonesPage + 1; total != api.NotTold && pages <= len(missing)/2 {
			whole, err := t.readPhones(ctx, missing, found)
			if whole || err != nil {
				return found, err
			}
		}
	}
	for _, text := range slices.Sorted(maps.Keys(missing)) {
		number, extension, _ := strings.Cut(text, ";ext=")
		p, err := t.client.PhoneByNumber(ctx, number, extension)
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
func (t *Target) readPhones(ctx context.Context, missing map[string]bool, found map[string]dirsync.Phone) (whole bool, err error) {
	seen := make(map[string]bool)
	total, err := t.client.EachPhone(ctx, func(p dirsync.Phone) error {
		seen[p.ID] = true
		if text := p.Text(); missing[text] {
			delete(missing, text)
			found[text] = p
		}
		return nil
	})
	return total == len(seen), err
}
