package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/index"
	"duosync/sync/mapping"
)

// Drift reads all of Duo and tells where it differs from what we left there, in the
// order of usernames. It changes nothing, and settles in memory. What a person
// enrolled, and what others made, is no difference; nor are users who were let go.
func (e *Engine) Drift(ctx context.Context) (*dirsync.Drifted, error) {
	c := &comparison{run: e.run(Options{DryRun: true}), found: &dirsync.Drifted{}, lost: map[string]*dirsync.Link{}}
	var err error
	if c.state, err = c.open(ctx); err != nil {
		return nil, err
	}
	if err := c.settle(ctx, c.state); err != nil {
		return nil, err
	}
	if err := inOrder(ctx, c.users, c.namesakes, c.compareGroups); err != nil {
		return nil, err
	}
	c.found.Warnings = c.report.Warnings
	slices.SortFunc(c.found.Differences, func(a, b dirsync.Difference) int {
		return cmp.Or(cmp.Compare(dirsync.FoldName(a.Username), dirsync.FoldName(b.Username)), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Duo, b.Duo))
	})
	return c.found, nil
}

// comparison is one look for drift under way.
type comparison struct {
	*run
	*state
	found *dirsync.Drifted
	// lost are names that our users were left with, and have no more.
	lost map[string]*dirsync.Link
}

func (c *comparison) add(d dirsync.Difference) { c.found.Differences = append(c.found.Differences, d) }

// users compares all users of ours.
func (c *comparison) users(ctx context.Context) error {
	c.phase("refresh")
	users := c.snap.byUser()
	present := make(map[string]bool, len(users))
	suspects := map[string]*dirsync.Account{} // who are not as Duo answered them last
	n := 0
	if _, err := c.Target.Inventory(ctx, func(a dirsync.Account) error {
		n++
		c.progress(n, 0)
		id, ours := users[a.ID]
		if !ours || present[a.ID] {
			return nil
		}
		present[a.ID] = true
		if b, _ := c.snap.bits(id); c.mayDiffer(&b, &a) {
			suspects[a.ID] = &a
		}
		if len(suspects) < 500 {
			return nil
		}
		err := c.compare(ctx, users, slices.Collect(maps.Keys(suspects)), suspects)
		clear(suspects)
		return err
	}); err != nil {
		return fmt.Errorf("reading all users from Duo: %w", err)
	}
	absent := slices.DeleteFunc(slices.Sorted(maps.Keys(users)), func(user string) bool { return present[user] })
	absent, err := c.fetch(ctx, users, absent, suspects)
	if err != nil {
		return err
	}
	for i := range c.snap.known.Places() {
		if b, ok := c.snap.known.Bits(i); ok && !b.LetGo {
			c.found.Users++
		}
	}
	c.found.Groups = len(c.groups.links)
	return c.compare(ctx, users, slices.Concat(slices.Collect(maps.Keys(suspects)), absent), suspects)
}

// fetch asks for users of ours, by their ids, who were not in a list: it proves presence
// only. It puts those who are there into live, and gives some without those of whom it
// is not certain.
func (c *comparison) fetch(ctx context.Context, users map[string]dirsync.SourceID, some []string, live map[string]*dirsync.Account) ([]string, error) {
	if len(some) == 0 {
		return nil, nil
	}
	ids := make([]dirsync.SourceID, len(some))
	for i, user := range some {
		ids[i] = users[user]
	}
	links, err := c.snap.load(ctx, ids)
	if err != nil {
		return nil, err
	}
	known := make(map[string]dirsync.Remembered, len(some))
	for _, user := range some {
		known[user] = dirsync.Remembered{}
		if link := links[users[user]]; link != nil {
			known[user] = link.Remembered()
		}
	}
	fetched, doubtful, err := c.Target.Fetch(ctx, known)
	if err != nil {
		return nil, fmt.Errorf("reading %d users from Duo: %w", len(some), err)
	}
	for id, account := range fetched {
		live[id] = &account
	}
	for _, id := range slices.Sorted(maps.Keys(doubtful)) {
		c.warn("whether the Duo user %s (%s) is there is not certain: %v", dirsync.Quote(known[id].Name), id, doubtful[id])
	}
	return slices.DeleteFunc(some, func(user string) bool { return doubtful[user] != nil }), nil
}

// mayDiffer reports whether a user may differ from what we left there. Where drift
// is reported only, a run takes over what it was told, and the hash says little; so it is
// with a status that others have set.
func (c *comparison) mayDiffer(b *index.Bits, a *dirsync.Account) bool {
	return b.Answered != a.Hash() || a.Status == dirsync.StatusDisabled || a.Status == dirsync.StatusBypass || slices.ContainsFunc(slices.Concat(dirsync.FieldNames, dirsync.ListFields), c.Rules.ReportDrift)
}

// compare compares some users of ours, by their ids, with what Duo holds; one that
// is not in live does not exist any more.
func (c *comparison) compare(ctx context.Context, users map[string]dirsync.SourceID, some []string, live map[string]*dirsync.Account) error {
	ids := make([]dirsync.SourceID, len(some))
	for i, user := range some {
		ids[i] = users[user]
	}
	slices.Sort(ids)
	links, err := c.snap.load(ctx, slices.Compact(ids))
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(links)) {
		link := links[id]
		account := live[link.User]
		removed := link.Missing != nil && (link.Missing.Step == dirsync.Trash || link.Missing.Step == dirsync.Delete)
		if link.LetGo != "" || c.Rules.Protect[dirsync.FoldName(link.Answered.Username)] || removed && account == nil { // purged, as was to be
			continue
		}
		if account != nil && account.ID != link.User {
			c.add(dirsync.Difference{Username: link.Answered.Username, Source: link.ID, User: link.User, Field: dirsync.DriftHolder, Ours: link.User, Duo: account.ID})
		}
		marked := c.marks.of(link.User, dirsync.FoldName(link.Answered.Username)) != nil
		for _, d := range c.Rules.Drift(link, account) {
			if marked && d.Field == dirsync.FieldStatus && d.Duo == dirsync.StatusDisabled {
				continue // by duosync disable
			}
			c.add(d)
		}
		for _, name := range link.Answered.Names() {
			if account == nil || !slices.Contains(account.Names(), name) {
				c.lost[name] = link
			}
		}
	}
	return nil
}

// namesakes finds those who hold names now that our users were left with.
func (c *comparison) namesakes(ctx context.Context) error {
	if len(c.lost) == 0 {
		return nil
	}
	found, err := c.Target.Find(ctx, slices.Sorted(maps.Keys(c.lost)))
	if err != nil {
		return fmt.Errorf("looking names up in Duo (%d): %w", len(c.lost), err)
	}
	for i := range found {
		holder := &found[i]
		for _, name := range holder.Names() {
			if link := c.lost[name]; link != nil && link.User != holder.ID {
				c.add(dirsync.Difference{Username: name, Source: link.ID, User: link.User, Field: dirsync.DriftHolder, Ours: link.User, Duo: holder.ID})
			}
		}
	}
	return nil
}

// compareGroups compares the groups that are ours with Duo's.
func (c *comparison) compareGroups(ctx context.Context) error {
	if len(c.groups.links) == 0 {
		return nil
	}
	live, err := c.Target.Groups(ctx)
	if err != nil {
		return fmt.Errorf("reading the groups from Duo: %w", err)
	}
	byID := make(map[string]*dirsync.Group, len(live))
	for i := range live {
		byID[live[i].ID] = &live[i]
	}
	for _, link := range c.groups.links {
		differs := func(field, ours, duo string) {
			c.add(dirsync.Difference{Username: link.Name, Source: groupSource(link.Key()), User: link.ID, Field: field, Ours: ours, Duo: duo})
		}
		g := byID[link.ID]
		switch {
		case g == nil:
			differs(dirsync.DriftGroup, link.Name, dirsync.DriftDeleted)
			continue
		case g.Synced:
			differs(dirsync.DriftSynced, "false", "true")
		case dirsync.FoldName(g.Name) != link.Key():
			differs(dirsync.DriftGroup, link.Name, g.Name)
		}
		if g.Status == dirsync.StatusBypass {
			differs(dirsync.DriftGroupStatus, dirsync.StatusActive, g.Status)
		}
	}
	return nil
}

// unlike lists the fields in which a link is not as the directory wants it.
func unlike(d *mapping.Desired, link *dirsync.Link) []string {
	return slices.DeleteFunc(slices.Concat(dirsync.FieldNames, dirsync.ListFields), func(field string) bool {
		_, wanted := d.Fields[field]
		_, asked := link.Asked[field]
		return !wanted || asked
	})
}

// holdsAll reports whether an account has all that the directory wants of a list.
func (p *pairing) holdsAll(field, want string, a *dirsync.Account) bool {
	held := dirsync.FoldedSet(dirsync.Items(a.Field(field)))
	if field == dirsync.FieldAliases {
		held = dirsync.FoldedSet(a.Names())
	}
	return !slices.ContainsFunc(dirsync.Items(want), func(item string) bool {
		return !held[dirsync.FoldName(item)] && !(field == dirsync.FieldGroups && p.groups.barred[dirsync.FoldName(item)])
	})
}
