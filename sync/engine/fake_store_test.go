package engine_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/naming"
)

// A state in memory.
type memStore struct {
	meta      dirsync.Meta
	links     map[dirsync.SourceID]dirsync.Link
	groups    map[string]dirsync.GroupLink
	told      map[string]dirsync.Told
	approvals []dirsync.Approval
	holds     map[string]dirsync.Approval
	marks     []dirsync.Mark
	open      []dirsync.Intent
	seq       int64
	begun     int64
	writes    int
}

func newMemStore() *memStore {
	return &memStore{links: map[dirsync.SourceID]dirsync.Link{}, groups: map[string]dirsync.GroupLink{}, holds: map[string]dirsync.Approval{}}
}

// name gives the only directory a name, as a state does that is taken over.
func (s *memStore) name(given naming.Name) {
	links := map[dirsync.SourceID]dirsync.Link{}
	for _, link := range s.links {
		link = given.Link(link)
		links[link.ID] = link
	}
	for key, group := range s.groups {
		s.groups[key] = given.Group(group)
	}
	for i := range s.open {
		op := given.Op(*s.open[i].Op)
		s.open[i].Op = &op
	}
	for i := range s.marks {
		s.marks[i] = given.Mark(s.marks[i])
	}
	s.links, s.told, s.meta.Baseline = links, given.Told(s.told), given.Baseline(s.meta.Baseline)
	s.holds, s.approvals = map[string]dirsync.Approval{}, nil
}

func (s *memStore) Meta(context.Context) (dirsync.Meta, error) { return s.meta, nil }

func (s *memStore) Scan(_ context.Context, visit func(dirsync.Brief) error) error {
	for _, id := range slices.Sorted(maps.Keys(s.links)) {
		link := s.links[id]
		if err := visit(link.Brief()); err != nil {
			return err
		}
	}
	return nil
}

func (s *memStore) Load(_ context.Context, ids []dirsync.SourceID) ([]dirsync.Link, error) {
	var links []dirsync.Link
	for _, id := range ids {
		if link, ok := s.links[id]; ok {
			links = append(links, link)
		}
	}
	return links, nil
}

func (s *memStore) Groups(context.Context) ([]dirsync.GroupLink, error) {
	var links []dirsync.GroupLink
	for _, key := range slices.Sorted(maps.Keys(s.groups)) {
		links = append(links, s.groups[key])
	}
	return links, nil
}

func (s *memStore) Told(context.Context) (map[string]dirsync.Told, error) { return s.told, nil }

func (s *memStore) Approvals(_ context.Context, now time.Time) ([]dirsync.Approval, error) {
	return slices.DeleteFunc(slices.Clone(s.approvals), func(a dirsync.Approval) bool { return a.Until.Before(now) }), nil
}

func (s *memStore) Marks(context.Context) ([]dirsync.Mark, error) { return s.marks, nil }

func (s *memStore) Open(context.Context) ([]dirsync.Intent, error) { return slices.Clone(s.open), nil }

func (s *memStore) Begin(context.Context, dirsync.RunStart) (dirsync.Journal, error) {
	s.begun = s.seq
	return s, nil
}

func (s *memStore) Intend(_ context.Context, ops []*dirsync.Op, at time.Time) ([]*dirsync.Op, error) {
	if s.meta.Paused != nil {
		return nil, s.meta.Paused
	}
	s.writes++
	var sent []*dirsync.Op
	for _, op := range ops {
		if slices.ContainsFunc(s.marks, func(m dirsync.Mark) bool { return m.Bars(op) }) {
			continue
		}
		s.seq++
		s.open = append(s.open, dirsync.Intent{Seq: s.seq, Op: op, At: at})
		sent = append(sent, op)
	}
	return sent, nil
}

func (s *memStore) Recheck(_ context.Context, ops []*dirsync.Op) ([]*dirsync.Op, error) {
	if s.meta.Paused != nil {
		return nil, s.meta.Paused
	}
	return slices.DeleteFunc(slices.Clone(ops), func(op *dirsync.Op) bool {
		return slices.ContainsFunc(s.marks, func(m dirsync.Mark) bool { return m.Bars(op) })
	}), nil
}

func (s *memStore) Record(_ context.Context, outcomes []dirsync.Outcome) error {
	s.writes++
	for _, o := range outcomes {
		if !o.Keep {
			for i := len(s.open) - 1; i >= 0; i-- {
				if in := s.open[i]; in.Op.Source == o.Source && (o.Seq == 0 && in.Seq > s.begun || in.Seq == o.Seq) {
					s.open = slices.Delete(slices.Clone(s.open), i, i+1)
					break
				}
			}
		}
		if o.DropGroup != "" {
			delete(s.groups, o.DropGroup)
		}
		if o.Group != nil {
			if ids := o.Group.Sources; len(slices.Compact(slices.Clone(ids))) < len(ids) {
				return fmt.Errorf("the group %s is of %q: each id stands once", o.Group.Name, ids)
			}
			s.groups[o.Group.Key()] = *o.Group
		}
		switch {
		case o.Same:
		case o.Link == nil:
			delete(s.links, o.Source)
		default:
			for id, link := range s.links { // as the schema of a state has it
				if link.User == o.Link.User && id != o.Source {
					return fmt.Errorf("the links of %s and %s to Duo user %s", id, o.Source, link.User)
				}
			}
			s.links[o.Source] = *o.Link
		}
	}
	return nil
}

func (s *memStore) Use(context.Context, []string) error { return nil }

func (s *memStore) Finish(_ context.Context, end dirsync.RunEnd) error {
	if end.Baseline != nil {
		s.meta.Baseline = end.Baseline
	}
	if !end.Refreshed.IsZero() {
		s.meta.Refreshed = end.Refreshed
	}
	if end.Told != nil {
		s.told = end.Told
	}
	s.marks = slices.DeleteFunc(s.marks, func(m dirsync.Mark) bool { return !m.Lifted.IsZero() && slices.Contains(end.Unmarked, m.User) })
	for _, a := range end.Holds {
		s.holds[a.ID] = a
	}
	s.approvals = slices.DeleteFunc(s.approvals, func(a dirsync.Approval) bool { return slices.Contains(end.Used, a.ID) })
	return nil
}
