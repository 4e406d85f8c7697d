package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// markBook knows the users whom `duosync disable` keeps disabled.
type markBook struct {
	byUser, byName map[string]*dirsync.Mark
	lifted         map[string]*dirsync.Mark // by user
}

func openMarks(ctx context.Context, store dirsync.Store) (*markBook, error) {
	marks, err := store.Marks(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading who is kept disabled: %w", err)
	}
	b := &markBook{byUser: map[string]*dirsync.Mark{}, byName: map[string]*dirsync.Mark{}, lifted: map[string]*dirsync.Mark{}}
	for i := range marks {
		if !marks[i].Stands() {
			b.lifted[marks[i].User] = &marks[i]
			continue
		}
		b.byUser[marks[i].User] = &marks[i]
		b.byName[dirsync.FoldName(marks[i].Username)] = &marks[i]
	}
	return b, nil
}

// of gives the mark for a Duo user, or for anybody who is to have that name.
func (b *markBook) of(user, name string) *dirsync.Mark {
	if b == nil || len(b.byUser) == 0 {
		return nil
	}
	if m := b.byUser[user]; m != nil {
		return m
	}
	return b.byName[name]
}

// force makes the wanted status disabled where there is a mark.
func (b *markBook) force(want *mapping.Desired, user string) {
	if m := b.of(user, want.Name()); m != nil {
		want.Fields[dirsync.FieldStatus], want.Mark, want.Unsure = dirsync.StatusDisabled, m, nil
	}
}

// lookAtLifted has the people looked at whose mark was taken back.
func (r *runner) lookAtLifted() {
	if len(r.marks.lifted) == 0 {
		return
	}
	for user, id := range r.snap.byUser() {
		if r.marks.lifted[user] != nil {
			r.look[id] = true
		}
	}
}

// unmarked gives the users whose lifted marks have done their work: nothing is left to
// do for them that was held, left out or failed.
func (r *runner) unmarked() []string {
	var users []string
	left := map[string]bool{}
	for _, o := range r.run.Operations {
		if o.Result != dirsync.ResultApplied {
			left[o.User] = true
		}
	}
	for _, user := range slices.Sorted(maps.Keys(r.marks.lifted)) {
		looked := slices.ContainsFunc(r.subjects, func(s *subject) bool { return s.link != nil && s.link.User == user })
		if !left[user] && (looked || !r.narrowed()) {
			users = append(users, user)
		}
	}
	return users
}
