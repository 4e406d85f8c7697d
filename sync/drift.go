package dirsync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is something that Duo holds in another way than we left it.
type Difference struct {
	Username string // a group's name where Field is one of a group's
	Source   SourceID
	User     string // Duo user_id, or group_id
	Field    string // one of FieldNames or ListFields, "user", "synced", "group" or "group status"
	Ours     string // what we left there
	Duo      string // what is there now
}

// Drift reads all of Duo and tells where it differs from what we left there, in the
// order of usernames. It changes nothing. What a person enrolled, and what others
// made, is no difference.
func (e *Engine) Drift(ctx context.Context) ([]Difference, error) {
	r := e.runner(Options{DryRun: true})
	if err := inOrder(ctx, r.open, r.settle); err != nil {
		return nil, err
	}
	r.phase("refresh")
	users := r.snap.byUser()
	present := make(map[string]bool, len(users))
	suspects := map[string]Account{}
	_, err := e.Target.Inventory(ctx, func(a Account) error {
		if id, ours := users[a.ID]; ours {
			present[a.ID] = true
			if r.snap.briefs[r.snap.index[id]].Answered != a.Hash() {
				suspects[a.ID] = a
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading all users from Duo: %w", err)
	}
	var absent []string // a list proves presence only
	for user := range users {
		if !present[user] {
			absent = append(absent, user)
		}
	}
	found, err := e.Target.Fetch(ctx, absent)
	if err != nil {
		return nil, fmt.Errorf("reading %d users from Duo: %w", len(absent), err)
	}
	maps.Copy(suspects, found)
	var ids []SourceID
	for _, user := range slices.Concat(absent, slices.Collect(maps.Keys(suspects))) {
		ids = append(ids, users[user])
	}
	slices.Sort(ids)
	links, err := r.snap.load(ctx, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	var all []Difference
	for _, link := range links {
		if link.LetGo != "" || e.Rules.Protect[FoldName(link.Answered.Username)] {
			continue
		}
		if live, there := suspects[link.User]; there {
			all = append(all, link.differences(&live)...)
		} else {
			all = append(all, link.difference("user", link.Answered.Username, "deleted"))
		}
	}
	groups, err := r.groupDrift(ctx)
	if err != nil {
		return nil, err
	}
	all = append(all, groups...)
	slices.SortFunc(all, func(a, b Difference) int {
		return strings.Compare(FoldName(a.Username)+"|"+string(a.Source)+"|"+a.Field, FoldName(b.Username)+"|"+string(b.Source)+"|"+b.Field)
	})
	return all, nil
}

func (l *Link) difference(field, ours, duo string) Difference {
	return Difference{Username: l.Answered.Username, Source: l.ID, User: l.User, Field: field, Ours: ours, Duo: duo}
}

// differences compares what Duo holds of a user with what it answered to us last.
func (l *Link) differences(live *Account) []Difference {
	var all []Difference
	if live.Synced != l.Answered.Synced {
		all = append(all, l.difference("synced", fmt.Sprint(l.Answered.Synced), fmt.Sprint(live.Synced)))
	}
	for _, field := range FieldNames {
		_, asked := l.Asked[field]
		if ours, duo := l.Answered.Field(field), live.Field(field); ours != duo && (asked || field == FieldStatus || field == FieldUsername) {
			all = append(all, l.difference(field, ours, duo))
		}
	}
	kept := func(field string, ours []string, there func(string) bool) {
		left := slices.DeleteFunc(slices.Clone(ours), func(item string) bool { return !there(item) })
		if len(left) < len(ours) {
			all = append(all, l.difference(field, ListOf(ours), ListOf(left)))
		}
	}
	names := live.Names()
	kept(FieldAliases, Items(l.Asked[FieldAliases]), func(alias string) bool { return slices.Contains(names, FoldName(alias)) })
	var phones, groups []string
	for _, p := range l.Answered.Phones {
		if slices.ContainsFunc(l.Phones, func(o OwnPhone) bool { return o.ID == p.ID }) {
			phones = append(phones, p.Text())
		}
	}
	kept(FieldPhones, phones, func(text string) bool {
		return slices.ContainsFunc(live.Phones, func(p Phone) bool { return p.Text() == text })
	})
	ids := map[string]string{}
	for _, g := range l.Answered.Groups {
		if slices.Contains(l.Joined, g.ID) {
			groups, ids[g.Name] = append(groups, g.Name), g.ID
		}
	}
	kept(FieldGroups, groups, func(name string) bool {
		return slices.ContainsFunc(live.Groups, func(g Membership) bool { return g.ID == ids[name] })
	})
	return all
}

// groupDrift compares the groups that are ours with Duo's.
func (r *runner) groupDrift(ctx context.Context) ([]Difference, error) {
	if len(r.groups.links) == 0 {
		return nil, nil
	}
	live, err := r.engine.Target.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the groups from Duo: %w", err)
	}
	var all []Difference
	for _, link := range r.groups.links {
		differs := func(field, ours, duo string) {
			all = append(all, Difference{Username: link.Name, Source: groupSource(link.Key()), User: link.ID, Field: field, Ours: ours, Duo: duo})
		}
		i := slices.IndexFunc(live, func(g Group) bool { return g.ID == link.ID })
		if i < 0 {
			differs("group", link.Name, "deleted")
			continue
		}
		if g := live[i]; FoldName(g.Name) != link.Key() {
			differs("group", link.Name, g.Name)
		} else if g.Status == StatusBypass {
			differs("group status", StatusActive, g.Status)
		}
	}
	return all, nil
}
