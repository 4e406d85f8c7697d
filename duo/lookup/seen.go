package lookup

import (
	"context"

	"duosync/duo/api"
	"duosync/duo/once"
	dirsync "duosync/sync"
)

// Seen are users whom looks at many at once have shown. Who is missing may be there all the
// same: a list need not see aliases, nor hold all that was asked for.
type Seen struct {
	byID, byName map[string]*dirsync.Account
}

// ByID gives the user of an id, nil where it was not seen.
func (s Seen) ByID(id string) *dirsync.Account { return s.byID[id] }

// ByName gives the user of that username, nil where it was not seen.
func (s Seen) ByName(name string) *dirsync.Account { return s.byName[dirsync.FoldName(name)] }

// See looks at users by username and by id, up to [api.MostInLook] in a call, each on a
// connection of its own. It ends at the first call without an answer of Duo's, with what was
// seen until then; one that Duo refuses shows nobody.
func (r Reader) See(ctx context.Context, names, ids []string) (Seen, error) {
	client := r.client.Apart()
	byName, err := see(ctx, names, client.UsersByNames, func(a *dirsync.Account) string { return dirsync.FoldName(a.Username) })
	if err != nil {
		return Seen{byName: byName}, err
	}
	byID, err := see(ctx, ids, client.UsersByIDs, func(a *dirsync.Account) string { return a.ID })
	return Seen{byID: byID, byName: byName}, err
}

// see keeps users by their key. Of two with the same key in an answer neither counts.
func see(ctx context.Context, keys []string, ask func(context.Context, []string) ([]dirsync.Account, error), key func(*dirsync.Account) string) (map[string]*dirsync.Account, error) {
	seen := make(map[string]*dirsync.Account, len(keys))
	for _, list := range api.Chunks(keys) {
		users, err := ask(ctx, list)
		switch {
		case once.Answered(err): // Duo will not be asked for one of them: each by itself then
			continue
		case err != nil:
			return seen, err
		}
		times := make(map[string]int, len(users))
		for i := range users {
			k := key(&users[i])
			times[k]++
			if seen[k] = &users[i]; times[k] > 1 {
				seen[k] = nil
			}
		}
	}
	return seen, nil
}
