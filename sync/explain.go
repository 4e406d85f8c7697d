package dirsync

import (
	"context"
	"slices"
	"strings"
)

// Quest says about whom an explanation is. Whoever is meant is found on the way
// through the directory, which is read once.
type Quest struct {
	// IDs and Users are directory ids, and Duo user ids, of people who may be
	// meant.
	IDs   []SourceID
	Users []string
	// Match reports whether a person of the directory is meant. It is asked once of
	// everybody.
	Match func(*Person) bool
	// Else is asked for ids once the read is over and has met nobody who is meant,
	// and neither has the snapshot.
	Else func(context.Context) ([]SourceID, error)
}

// Explanation is a dry run together with what it found about those who are meant.
type Explanation struct {
	Run *Run
	// Matched are the people of the read for whom Quest.Match holds, in its order.
	Matched []Person
	// Links are the links that the other parts of the Quest stand for, without
	// repetition.
	Links []*Link

	runner *runner
	links  map[SourceID]*Link
	seen   map[SourceID]*Person
}

// Decision is what a dry run decided about one person or link.
type Decision struct {
	ID SourceID
	// Person is as the read, or else the second look, gave it; nil: in neither.
	Person *Person
	// Seen is the second look; nil: none was taken.
	Seen *Whereabouts
	// Link is as the run sees it; nil: not ours.
	Link *Link
	// Operations are those on the person, in their order.
	Operations []*Operation
	// Conflicts are those of the person, and those of groups that the person is to
	// be in.
	Conflicts []Conflict
	Waiting   *Waiting
	// Delayed: another server of the directory answered than last time, so removals
	// wait one more complete read.
	Delayed bool
	// Guards are those that hold one of the operations, or the whole run.
	Guards []Guard
	// Skipped tells why nothing is done by rule: "" or one of the Skipped… reasons.
	Skipped string
	// Ends: the link ends without an operation, for its user is gone from Duo.
	Ends bool
	// Warnings are about the person.
	Warnings []string
}

// Why nothing is done by rule.
const (
	SkippedProtected = "protected" // sync.scope.protect
	SkippedLocked    = "locked"    // disabled in the directory and not in Duo: a licence saved
)

// Explain makes the dry run that the next run would be, guards included, and tells
// of those who are meant. Only what concerns them differs from a run: where a
// refresh is due, Duo is asked about them alone.
func (e *Engine) Explain(ctx context.Context, opts Options, quest Quest) *Explanation {
	opts.DryRun = true
	watched := *e
	x := &Explanation{links: map[SourceID]*Link{}, seen: map[SourceID]*Person{}}
	watched.Source = watchedSource{e.Source, func(p *Person) { x.meet(p, &quest) }}
	r := watched.runner(opts)
	x.runner = r
	err := inOrder(ctx,
		r.open,
		r.settle,
		func(ctx context.Context) error { return x.begin(ctx, &quest) },
		r.read,
		func(ctx context.Context) error { return x.end(ctx, &quest) },
		r.planGroups, r.diff, r.examine, r.decide, r.weigh, r.apply,
	)
	r.run.Refreshed = false // it was not all of Duo
	x.Run = r.finish(ctx, err)
	return x
}

// watchedSource shows each person of a read before it is taken in.
type watchedSource struct {
	Source
	show func(*Person)
}

func (s watchedSource) Read(ctx context.Context, visit func(Person) error) (ReadInfo, error) {
	return s.Source.Read(ctx, func(p Person) error {
		s.show(&p)
		return visit(p)
	})
}

// begin finds the links that are meant, and takes a due refresh for theirs.
func (x *Explanation) begin(ctx context.Context, quest *Quest) error {
	r := x.runner
	r.run.RefreshReason = r.refreshReason()
	r.run.Refreshed = r.run.RefreshReason != ""
	ids := slices.Clone(quest.IDs)
	if len(quest.Users) > 0 {
		users := r.snap.byUser()
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
func (x *Explanation) look(ctx context.Context, ids []SourceID) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	links, err := x.runner.snap.load(ctx, ids)
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
func (x *Explanation) note(id SourceID) {
	if x.runner.run.Refreshed {
		x.runner.look[id] = true
	}
}

// meet keeps a person of the read who is meant.
func (x *Explanation) meet(p *Person, quest *Quest) {
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
func (x *Explanation) Of(ctx context.Context, id SourceID) (*Decision, error) {
	r := x.runner
	d := &Decision{ID: id, Person: x.seen[id]}
	if r.snap == nil {
		return d, nil
	}
	links, err := r.snap.load(ctx, []SourceID{id})
	if err != nil {
		return nil, err
	}
	d.Link = links[id]
	d.Delayed = r.switched
	for _, s := range slices.Concat(r.subjects, r.idle) {
		if s.id == id {
			d.take(s)
		}
	}
	ops := map[*Op]bool{}
	for _, o := range x.Run.Operations {
		if o.Source == id {
			d.Operations = append(d.Operations, o)
			ops[o.Op] = true
		}
	}
	for _, g := range x.Run.Guards {
		if g.Held && (!g.Partial || slices.Contains(g.hold.People, id) || slices.ContainsFunc(g.ops, func(op *Op) bool { return ops[op] })) {
			d.Guards = append(d.Guards, g)
		}
	}
	var want desired
	if d.Person != nil {
		want = r.engine.Rules.desire(d.Person)
	}
	groups := want.groups()
	for _, c := range x.Run.Conflicts {
		group, about := strings.CutPrefix(c.key, groupPrefix)
		if !about && slices.Contains(c.Sources, id) || about && slices.Contains(groups, group) {
			d.Conflicts = append(d.Conflicts, c)
		}
	}
	d.Skipped = r.skipped(d, &want)
	return d, nil
}

// Owner gives the person to whom a Duo user belongs, as far as it is ours.
func (x *Explanation) Owner(user string) (SourceID, bool) {
	if x.runner.snap == nil {
		return "", false
	}
	id, ours := x.runner.snap.byUser()[user]
	return id, ours
}

// take takes over what stands in a subject alone.
func (d *Decision) take(s *subject) {
	d.Waiting = s.wait
	d.Warnings = slices.Clone(s.warnings)
	d.Ends = s.link != nil && s.next == nil && !s.quiet && s.asked && len(s.ops) == 0
	d.Seen = s.seen
	if d.Person == nil && s.seen != nil {
		d.Person = s.seen.Person
	}
}

// skipped tells why nothing is done about a person by rule.
func (r *runner) skipped(d *Decision, want *desired) string {
	protect := r.engine.Rules.Protect
	verdict := Verdict{}
	if d.Person != nil {
		verdict = r.engine.Rules.Judge(d.Person)
	}
	switch {
	case len(d.Operations) > 0 || verdict.Excluded || d.Person == nil && d.Link == nil:
		return ""
	case d.Link != nil && protect[FoldName(d.Link.Answered.Username)], verdict.In && protect[want.name()]:
		return SkippedProtected
	case verdict.In && d.Link == nil && len(d.Conflicts) == 0 && want.fields[FieldStatus] == StatusDisabled:
		return SkippedLocked
	}
	return ""
}

// Verdict says whether the rules select a person whom the directory's filter
// returned, and by which.
type Verdict struct {
	In bool // in scope
	// Excluded: left alone, the link kept; by ExcludeGroups where Groups names some,
	// else by Exclude.
	Excluded bool
	// Groups are the person's groups that decided it: of ExcludeGroups, or else of
	// IncludeGroups.
	Groups []string
}

// Judge applies the rules of the scope to a person.
func (r *Rules) Judge(p *Person) Verdict {
	name := r.desire(p)
	if r.excluded(p, name.name()) {
		v := Verdict{Excluded: true}
		if !r.Exclude(name.name(), p.DN) {
			v.Groups = among(p.Groups, r.ExcludeGroups)
		}
		return v
	}
	return Verdict{In: r.selected(p), Groups: among(p.Groups, r.IncludeGroups)}
}

// among gives those groups that others names.
func among(groups, others []string) []string {
	return slices.DeleteFunc(slices.Clone(groups), func(name string) bool { return !inAny([]string{name}, others) })
}
