package engine

import (
	"context"
	dirsync "duosync/sync"
	"fmt"
)

// state is the store as the run found it, with what the run has learnt since.
type state struct {
	meta      dirsync.Meta
	snap      *snapshot
	groups    *groupLinks
	marks     *marks
	approvals []dirsync.Approval
}

// open reads the state, and begins the run in it.
func (r *run) open(ctx context.Context) (*state, error) {
	s := &state{}
	var err error
	if s.meta, err = r.Store.Meta(ctx); err != nil {
		return nil, err
	}
	if !r.opts.DryRun && s.meta.Paused != nil {
		return nil, dirsync.WithHint(s.meta.Paused, "Dry runs go on; `duosync resume` lets writing go on.")
	}
	if !r.opts.DryRun {
		r.journal, err = r.Store.Begin(ctx, dirsync.RunStart{ID: r.report.ID, Started: r.now, Binding: r.Binding})
		if err != nil {
			return nil, err
		}
	}
	if r.told, err = r.Store.Told(ctx); err != nil {
		return nil, err
	}
	if s.approvals, err = r.Store.Approvals(ctx, r.now); err != nil {
		return nil, err
	}
	if r.opts.Approve != nil {
		s.approvals = append(s.approvals, *r.opts.Approve)
	}
	if s.marks, err = openMarks(ctx, r.Store); err != nil {
		return nil, err
	}
	if s.groups, err = openGroups(ctx, &r.Rules.Rules, r.Store); err != nil {
		return nil, err
	}
	if s.snap, err = openSnapshot(ctx, r.Store); err != nil {
		return nil, err
	}
	return s, nil
}

// snapshot is the store's links as this run sees them: a brief of each in
// memory, and on top what the run has learnt since (settled intents), so that
// a dry run sees the same without writing.
type snapshot struct {
	store  dirsync.Store
	briefs []dirsync.Brief
	index  map[dirsync.SourceID]int32
	newer  map[dirsync.SourceID]*dirsync.Link // newer than the store's; nil: dropped
	links  int
}

func openSnapshot(ctx context.Context, store dirsync.Store) (*snapshot, error) {
	s := &snapshot{store: store, index: map[dirsync.SourceID]int32{}, newer: map[dirsync.SourceID]*dirsync.Link{}}
	err := store.Scan(ctx, func(b dirsync.Brief) error {
		s.index[b.ID] = int32(len(s.briefs))
		s.briefs = append(s.briefs, b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the snapshot: %w", err)
	}
	s.links = len(s.briefs)
	return s, nil
}

// put makes link, or its absence when nil, what the run sees under id.
func (s *snapshot) put(id dirsync.SourceID, link *dirsync.Link) {
	s.newer[id] = link
	i, known := s.index[id]
	switch {
	case link == nil && known:
		s.briefs[i] = dirsync.Brief{}
		delete(s.index, id)
		s.links--
	case link != nil && known:
		s.briefs[i] = link.Brief()
	case link != nil:
		s.index[id] = int32(len(s.briefs))
		s.briefs = append(s.briefs, link.Brief())
		s.links++
	}
}

// load gives the whole links of some ids.
func (s *snapshot) load(ctx context.Context, ids []dirsync.SourceID) (map[dirsync.SourceID]*dirsync.Link, error) {
	links := make(map[dirsync.SourceID]*dirsync.Link, len(ids))
	var stored []dirsync.SourceID
	for _, id := range ids {
		if link, ok := s.newer[id]; ok {
			if link != nil {
				links[id] = link
			}
			continue
		}
		if _, known := s.index[id]; known {
			stored = append(stored, id)
		}
	}
	if len(stored) == 0 {
		return links, nil
	}
	loaded, err := s.store.Load(ctx, stored)
	if err != nil {
		return nil, fmt.Errorf("reading the snapshot: %w", err)
	}
	for i := range loaded {
		links[loaded[i].ID] = &loaded[i]
	}
	return links, nil
}

// byUser indexes the links by Duo user_id.
func (s *snapshot) byUser() map[string]dirsync.SourceID {
	users := make(map[string]dirsync.SourceID, len(s.index))
	for i := range s.briefs {
		if s.briefs[i].ID != "" {
			users[s.briefs[i].User] = s.briefs[i].ID
		}
	}
	return users
}

// active counts the persons that are ours and active.
func (s *snapshot) active() int {
	n := 0
	for i := range s.briefs {
		if s.briefs[i].Active {
			n++
		}
	}
	return n
}
