package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/guard"
	"duosync/sync/index"
	"duosync/sync/mapping"
)

func hashName(folded string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(folded) {
		h = (h ^ uint64(folded[i])) * 1099511628211
	}
	return h
}

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

// stand reports whether anybody is kept disabled.
func (b *marks) stand() bool { return b != nil && len(b.byUser) > 0 }

// of gives the mark for a Duo user, or for anybody who is to have that name.
func (b *marks) of(user, name string) *dirsync.Mark {
	if !b.stand() {
		return nil
	}
	if m := b.byUser[user]; m != nil {
		return m
	}
	return b.byName[name]
}

// force makes the wanted status disabled where there is a mark.
func (b *marks) force(want *mapping.Desired, user string) {
	if !b.stand() {
		return
	}
	if m := b.of(user, want.Name()); m != nil {
		want.Fields[dirsync.FieldStatus], want.Mark, want.Unsure = dirsync.StatusDisabled, m, nil
	}
}

// snapshot is the store's links as this run sees them: a brief of each in
// memory, and on top what the run has learnt since (settled intents), so that
// a dry run sees the same without writing.
type snapshot struct {
	store dirsync.Store
	known index.Index
	newer map[dirsync.SourceID]*dirsync.Link // newer than the store's; nil: dropped
	users map[string]dirsync.SourceID        // whose a user is, once it is asked for, see makeWay
}

func openSnapshot(ctx context.Context, store dirsync.Store) (*snapshot, error) {
	s := &snapshot{store: store, newer: map[dirsync.SourceID]*dirsync.Link{}}
	err := store.Scan(ctx, func(b dirsync.Brief) error {
		s.known.Append(b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the snapshot: %w", err)
	}
	return s, nil
}

// put makes link, or its absence when nil, what the run sees under id.
func (s *snapshot) put(id dirsync.SourceID, link *dirsync.Link) {
	s.newer[id] = link
	if link == nil {
		s.known.Drop(id)
		return
	}
	b := link.Brief()
	b.ID = id
	s.known.Put(b)
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
		if _, known := s.known.Find(id); known {
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

// bits gives what is known of a link without its texts.
func (s *snapshot) bits(id dirsync.SourceID) (b index.Bits, ok bool) {
	if i, known := s.known.Find(id); known {
		return s.known.Bits(i)
	}
	return b, false
}

// byUser indexes the links by Duo user_id.
func (s *snapshot) byUser() map[string]dirsync.SourceID {
	users := make(map[string]dirsync.SourceID, s.known.Len())
	for i := range s.known.Places() {
		if b, ok := s.known.At(i); ok {
			users[b.User] = b.ID
		}
	}
	return users
}

// owner tells whose user an id is, "" for nobody's. The index is made when it is asked for
// the first time: most runs create nobody.
func (s *snapshot) owner() func(user string) dirsync.SourceID {
	var users map[string]dirsync.SourceID
	return func(user string) dirsync.SourceID {
		if users == nil {
			users = s.byUser()
		}
		return users[user]
	}
}

// remembered tells what is known of somebody's user.
func (s *snapshot) remembered(ctx context.Context) func(dirsync.SourceID) dirsync.Remembered {
	return func(id dirsync.SourceID) dirsync.Remembered {
		links, err := s.load(ctx, []dirsync.SourceID{id})
		if err != nil || links[id] == nil {
			return dirsync.Remembered{}
		}
		return links[id].Remembered()
	}
}

// active counts the persons that are ours and active.
func (s *snapshot) active() int {
	n := 0
	for i := range s.known.Places() {
		if b, ok := s.known.Bits(i); ok && b.Active {
			n++
		}
	}
	return n
}

// carry adds, to what a run about some people only has found, what stands of the last run over
// all people.
func (r *run) carry(c *course, before map[string]dirsync.Attention, looked map[dirsync.SourceID]bool, found map[string]*dirsync.Attention) {
	if !r.narrowed(c) && !c.aside {
		return
	}
	r.report.StillHeld = c.state.stillHeld()
	for key, was := range before {
		if found[key] == nil && !c.looksSettled(r.report, was, looked) {
			found[key] = &was
		}
	}
}

// stillHeld gives the names of the guards that held something of the last run over all people.
func (s *state) stillHeld() []string {
	var names []string
	if b := s.meta.Baseline; b != nil {
		for key := range b.Held {
			name, _, _ := strings.Cut(key, "|")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// leftAlone are those of a complete read who are gone, and whom we had let go before: nothing
// that others made of their users needs anybody.
func (c *course) leftAlone() map[dirsync.SourceID]bool {
	left := map[dirsync.SourceID]bool{}
	if c.census != nil {
		_, letGo := c.census.absent()
		for _, id := range letGo {
			left[id] = true
		}
	}
	return left
}

// looksSettled reports whether a run about some people only has seen that somebody who needed
// attention before does not any more: a run narrowed to that person by looking, a journey
// beside the runs by what it has done.
func (c *course) looksSettled(report *dirsync.Run, was dirsync.Attention, looked map[dirsync.SourceID]bool) bool {
	if !c.aside {
		return looked[was.Source]
	}
	return slices.ContainsFunc(report.Operations, func(o *dirsync.Operation) bool { return o.Source == was.Source && o.Result == dirsync.ResultApplied })
}

// apartBefore looks at the links of those whom others had set apart, as far as this run
// did not; with scan, at all links.
func (s *state) apartBefore(ctx context.Context, before map[string]dirsync.Attention, scan bool, looked map[dirsync.SourceID]bool, apart func(*dirsync.Link)) error {
	var ids []dirsync.SourceID
	for i := range s.snap.known.Places() {
		if b, ok := s.snap.known.At(i); ok && !looked[b.ID] && (scan || before[string(b.ID)].Apart) {
			ids = append(ids, b.ID)
		}
	}
	for some := range slices.Chunk(ids, 500) {
		links, err := s.snap.load(ctx, some)
		if err != nil {
			return err
		}
		for _, id := range some {
			if link := links[id]; link != nil {
				apart(link)
			}
		}
	}
	return nil
}

// absorb gives what a settled intent means for the state, and takes it over.
func (s *state) absorb(ctx context.Context, intent dirsync.Intent, links map[dirsync.SourceID]*dirsync.Link, res dirsync.Result) ([]dirsync.Outcome, error) {
	id := intent.Op.Source
	if intent.Op.OnGroup() {
		outcome := s.groups.outcome(res)
		outcome.Seq = intent.Seq
		return []dirsync.Outcome{outcome}, nil
	}
	outcome := decide.OutcomeOf(intent.Op, links[id], res)
	outcome.Seq = intent.Seq
	var way []dirsync.Outcome
	if !outcome.Same {
		if outcome.Link != nil && intent.Op.From == "" { // else that link ends
			var err error
			if way, err = s.snap.makeWay(ctx, id, outcome.Link.User, unwritten); err != nil {
				return nil, err
			}
		}
		links[id] = outcome.Link
		s.snap.put(id, outcome.Link)
	}
	outcomes := append(way, handover(res)...)
	for _, o := range outcomes[len(way):] {
		s.snap.put(o.Source, nil)
	}
	return append(outcomes, outcome), nil
}

// handover ends the link of the person whose user was adopted.
func handover(res dirsync.Result) []dirsync.Outcome {
	if res.Fate != dirsync.Done || res.Op.From == "" {
		return nil
	}
	return []dirsync.Outcome{{Source: res.Op.From}}
}

// reference is what earlier reads saw of the directory that info is about.
func (r *run) reference(st *state, info *dirsync.ReadInfo) dirsync.Reference {
	policy := r.policy()
	return policy.Reference(st.meta.Baseline, r.Rules.In(info.Directory), info)
}

// reads gives what was read of each directory.
func (r *run) reads(c *census) []*guard.Read {
	var all []*guard.Read
	for _, info := range r.report.Read.Each() {
		all = append(all, &guard.Read{Info: info, Sight: c.sights[info.Directory]})
	}
	return all
}

// lookup is the second look for people. Whose directory was taken out of the configuration
// is found nowhere: it can't be asked, see run.takenOut.
func (r *run) lookup(ctx context.Context, ids []dirsync.SourceID) (map[dirsync.SourceID]dirsync.Whereabouts, error) {
	found := make(map[dirsync.SourceID]dirsync.Whereabouts, len(ids))
	var asked []dirsync.SourceID
	for _, id := range ids {
		if r.takenOut(id) {
			found[id] = dirsync.Whereabouts{}
		} else {
			asked = append(asked, id)
		}
	}
	if len(asked) == 0 {
		return found, nil
	}
	seen, err := r.Source.Lookup(ctx, asked)
	maps.Copy(found, seen)
	return found, err
}

// takenOut reports whether the directory of an id is not among those of the configuration
// any more.
func (r *run) takenOut(id dirsync.SourceID) bool {
	_, configured := r.Rules.Directories.Get(r.Rules.Directories.Of(id))
	return !configured
}

// policy is what the configuration asks of guards.
func (r *run) policy() *guard.Policy {
	return &guard.Policy{Limits: r.Rules.Limits, Directories: r.Rules.Directories, Adopts: r.Rules.Existing != decide.ExistingReport}
}
