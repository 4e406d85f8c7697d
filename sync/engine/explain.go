package engine

import (
	"context"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/mapping"
)

// Quest says about whom an explanation is. Whoever is meant is found on the way
// through the directory, which is read once.
type Quest struct {
	// IDs and Users are directory ids, and Duo user ids, of people who may be
	// meant.
	IDs   []dirsync.SourceID
	Users []string
	// Match reports whether a person of the directory is meant. It is asked once of
	// everybody.
	Match func(*dirsync.Person) bool
	// Else is asked for ids once the read is over and has met nobody who is meant,
	// and neither has the snapshot.
	Else func(context.Context) ([]dirsync.SourceID, error)
}

// Explanation is a dry run together with what it found about those who are meant.
type Explanation struct {
	Run *dirsync.Run
	// Matched are the people of the read for whom Quest.Match holds, in its order.
	Matched []dirsync.Person
	// Links are the links that the other parts of the Quest stand for, without
	// repetition.
	Links []*dirsync.Link

	run    *run
	course course
	links  map[dirsync.SourceID]*dirsync.Link
	seen   map[dirsync.SourceID]*dirsync.Person
}

// Explain makes the dry run that the next run would be, guards included, and tells
// of those who are meant. Only what concerns them differs from a run: where a
// refresh is due, Duo is asked about them alone.
func (e *Engine) Explain(ctx context.Context, opts Options, quest Quest) *Explanation {
	opts.DryRun = true
	watched := *e
	x := &Explanation{links: map[dirsync.SourceID]*dirsync.Link{}, seen: map[dirsync.SourceID]*dirsync.Person{}}
	watched.Source = watchedSource{e.Source, x.forget, func(p *dirsync.Person) { x.meet(p, &quest) }}
	x.run = watched.run(opts)
	ctx = dirsync.AsOf(ctx, x.run.now)
	err := x.through(ctx, &quest)
	x.run.report.Refreshed = false // it was not all of Duo
	x.Run = x.run.end(ctx, &x.course, err)
	return x
}

func (x *Explanation) through(ctx context.Context, quest *Quest) (err error) {
	r, c := x.run, &x.course
	if c.state, err = r.open(ctx); err != nil {
		return err
	}
	if err = r.settle(ctx, c.state); err != nil {
		return err
	}
	if err = x.begin(ctx, quest); err != nil {
		return err
	}
	if c.census, err = r.read(ctx, c.state, c.fresh); err != nil {
		return err
	}
	if err = x.end(ctx, quest); err != nil {
		return err
	}
	if err = r.prepare(ctx, c); err != nil {
		return err
	}
	c.done, err = r.apply(ctx, c)
	return err
}

// watchedSource shows each person of a read before it is taken in.
type watchedSource struct {
	dirsync.Source
	begin func()
	show  func(*dirsync.Person)
}

// In implements [dirsync.Several]; one directory alone is not watched.
func (s watchedSource) In(directory string) dirsync.Source { return dirsync.In(s.Source, directory) }

func (s watchedSource) Read(ctx context.Context, visit func(dirsync.Person) error) (dirsync.ReadInfo, error) {
	s.begin()
	return s.Source.Read(ctx, func(p dirsync.Person) error {
		s.show(&p)
		return visit(p)
	})
}

// begin finds the links that are meant, and takes a due refresh for theirs.
func (x *Explanation) begin(ctx context.Context, quest *Quest) error {
	r, c := x.run, &x.course
	c.fresh = newFreshness(c.state)
	r.report.RefreshReason = r.refreshReason(&c.state.meta)
	r.report.Refreshed = r.report.RefreshReason != ""
	ids := slices.Clone(quest.IDs)
	if len(quest.Users) > 0 {
		users := c.state.snap.byUser()
		for _, user := range quest.Users {
			if id, ours := users[user]; ours {
				ids = append(ids, id)
			}
		}
	}
	return x.look(ctx, ids)
}

// end asks for others who may be meant, where nobody was met so far.
func (x *Explanation) end(ctx context.Context, quest *Quest) error {
	if len(x.Matched)+len(x.Links) > 0 || quest.Else == nil {
		return nil
	}
	ids, err := quest.Else(ctx)
	if err != nil {
		return err
	}
	return x.look(ctx, ids)
}

// look takes links in, those ids that are some.
func (x *Explanation) look(ctx context.Context, ids []dirsync.SourceID) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	links, err := x.course.state.snap.load(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if link := links[id]; link != nil && x.links[id] == nil {
			x.links[id] = link
			x.Links = append(x.Links, link)
			x.note(id)
		}
	}
	return nil
}

// note has Duo asked about a link where a refresh is due.
func (x *Explanation) note(id dirsync.SourceID) {
	if x.run.report.Refreshed {
		x.course.fresh.recheck[id] = true
	}
}

// forget drops who was met: a read begins.
func (x *Explanation) forget() {
	x.Matched = nil
	clear(x.seen)
}

// meet keeps a person of the read who is meant.
func (x *Explanation) meet(p *dirsync.Person, quest *Quest) {
	matched := quest.Match != nil && quest.Match(p)
	if !matched && x.links[p.ID] == nil {
		return
	}
	kept := *p
	x.seen[p.ID] = &kept
	if matched {
		x.Matched = append(x.Matched, kept)
		x.note(p.ID)
	}
}

// Of gives what was decided about one person or link. Where the run failed, that
// is as far as it came.
func (x *Explanation) Of(ctx context.Context, id dirsync.SourceID) (*dirsync.Decision, error) {
	r, c := x.run, &x.course
	d := &dirsync.Decision{ID: id, Person: x.seen[id]}
	if c.state == nil {
		return d, nil
	}
	links, err := c.state.snap.load(ctx, []dirsync.SourceID{id})
	if err != nil {
		return nil, err
	}
	d.Link = links[id]
	d.Delayed = c.census != nil && c.census.switchedOf(id)
	for _, s := range slices.Concat(c.subjects(), c.idle()) {
		if s.ID == id {
			takeOver(d, s)
		}
	}
	ops := map[*dirsync.Op]bool{}
	for _, o := range x.Run.Operations {
		if o.Source == id {
			d.Operations = append(d.Operations, o)
			ops[o.Op] = true
		}
	}
	for _, g := range x.Run.Guards {
		if g.Held && (!g.Partial || slices.Contains(g.Hold.People, id) || slices.ContainsFunc(g.Ops, func(op *dirsync.Op) bool { return ops[op] })) {
			d.Guards = append(d.Guards, g)
		}
	}
	var want mapping.Desired
	if d.Person != nil {
		want = r.Rules.Desire(d.Person)
	}
	groups := want.Groups()
	for _, conflict := range x.Run.Conflicts {
		group, about := strings.CutPrefix(conflict.Key, groupPrefix)
		if !about && slices.Contains(conflict.Sources, id) || about && slices.Contains(groups, group) {
			d.Conflicts = append(d.Conflicts, conflict)
		}
	}
	for _, s := range x.Run.Shadowed {
		if s.Source == id {
			d.Shadowed = s.By
		}
	}
	d.Skipped = r.skipped(d, &want)
	return d, nil
}

// Owner gives the person to whom a Duo user belongs, as far as it is ours.
func (x *Explanation) Owner(user string) (dirsync.SourceID, bool) {
	if x.course.state == nil {
		return "", false
	}
	id, ours := x.course.state.snap.byUser()[user]
	return id, ours
}

// takeOver takes over what stands in a subject alone.
func takeOver(d *dirsync.Decision, s *decide.Subject) {
	d.Waiting = s.Wait
	if s.Heir != nil {
		d.Heir = s.Heir.ID
	}
	if s.Ancestor != nil {
		d.Ancestor = s.Ancestor.ID
	}
	d.Warnings = slices.Clone(s.Warnings)
	d.Ends = s.Link != nil && s.Next == nil && !s.Quiet && s.Asked && len(s.Ops) == 0
	d.Seen = s.Second
	if d.Person == nil && s.Second != nil {
		d.Person = s.Second.Person
	}
}

// skipped tells why nothing is done about a person by rule.
func (r *run) skipped(d *dirsync.Decision, want *mapping.Desired) dirsync.SkipReason {
	protect := r.Rules.Protect
	verdict := mapping.Verdict{}
	if d.Person != nil {
		verdict = r.Rules.Judge(d.Person)
	}
	switch {
	case len(d.Operations) > 0 || verdict.Excluded || d.Person == nil && d.Link == nil:
		return ""
	case d.Link != nil && protect[dirsync.FoldName(d.Link.Answered.Username)], verdict.In && protect[want.Name()]:
		return dirsync.SkippedProtected
	case verdict.In && d.Link == nil && len(d.Conflicts) == 0 && want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled:
		return dirsync.SkippedLocked
	}
	return ""
}

// skip takes over that nothing is done about a person by rule.
func (r *run) skip(s *decide.Subject, why dirsync.SkipReason) {
	r.report.Skipped = append(r.report.Skipped, dirsync.Skipped{Username: s.Username(), Source: s.ID, Reason: why})
}
