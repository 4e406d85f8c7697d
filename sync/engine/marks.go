package engine

import (
	"context"
	dirsync "duosync/sync"
	"duosync/sync/mapping"
	"fmt"
	"maps"
	"slices"
)

// marks knows the users whom `duosync disable` keeps disabled.
type marks struct {
	byUser, byName map[string]*dirsync.Mark
	lifted         map[string]*dirsync.Mark // by user
}

func openMarks(ctx context.Context, store dirsync.Store) (*marks, error) {
	kept, err := store.Marks(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading who is kept disabled: %w", err)
	}
	b := &marks{byUser: map[string]*dirsync.Mark{}, byName: map[string]*dirsync.Mark{}, lifted: map[string]*dirsync.Mark{}}
	for i := range kept {
		if !kept[i].Stands() {
			b.lifted[kept[i].User] = &kept[i]
			continue
		}
		b.byUser[kept[i].User] = &kept[i]
		b.byName[dirsync.FoldName(kept[i].Username)] = &kept[i]
	}
	return b, nil
}

// of gives the mark for a Duo user, or for anybody who is to have that name.
func (b *marks) of(user, name string) *dirsync.Mark {
	if b == nil || len(b.byUser) == 0 {
		return nil
	}
	if m := b.byUser[user]; m != nil {
		return m
	}
	return b.byName[name]
}

// force makes the wanted status disabled where there is a mark.
func (b *marks) force(want *mapping.Desired, user string) {
	if m := b.of(user, want.Name()); m != nil {
		want.Fields[dirsync.FieldStatus], want.Mark, want.Unsure = dirsync.StatusDisabled, m, nil
	}
}

// liftedPeople adds the people whose mark was taken back to those who are looked at.
func (s *state) liftedPeople(recheck map[dirsync.SourceID]bool) {
	if len(s.marks.lifted) == 0 {
		return
	}
	for user, id := range s.snap.byUser() {
		if s.marks.lifted[user] != nil {
			recheck[id] = true
		}
	}
}

// unmarked gives the users whose lifted marks have done their work: nothing is left to
// do for them that was held, left out or failed.
func (r *run) unmarked(c *course) []string {
	var users []string
	left := map[string]bool{}
	for _, o := range r.report.Operations {
		if o.Result != dirsync.ResultApplied {
			left[o.User] = true
		}
	}
	for _, user := range slices.Sorted(maps.Keys(c.state.marks.lifted)) {
		looked := slices.ContainsFunc(c.subjects(), func(s *subject) bool { return s.link != nil && s.link.User == user })
		if !left[user] && (looked || !r.narrowed(c)) {
			users = append(users, user)
		}
	}
	return users
}
