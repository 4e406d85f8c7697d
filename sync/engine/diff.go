package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/mapping"
)

// differ holds what the directory shows against the snapshot.
type differ struct {
	*run
	*state
	*found
	fresh  *freshness
	census *census
	groups *groupPlan
}

// diff turns what the census kept, and the links it did not see, into
// subjects. It takes the second look for each person about to be removed. Whom it found as
// far as it came is given beside an error, too.
func (r *run) diff(ctx context.Context, st *state, fresh *freshness, c *census, groups *groupPlan) (*found, error) {
	d := &differ{run: r, state: st, fresh: fresh, census: c, groups: groups, found: &found{gone: map[dirsync.SourceID]bool{}}}
	var err error
	if d.Contest, err = r.contest(ctx, st, c); err != nil {
		return d.found, err
	}
	ids := make([]dirsync.SourceID, len(c.kept))
	for i, want := range c.kept {
		ids[i] = want.ID
	}
	links, err := st.snap.load(ctx, ids)
	if err != nil {
		return d.found, err
	}
	r.untellAway(c)
	for _, want := range c.kept {
		if d.Shadowed[want.ID] != "" || d.Moved[want.ID] != "" {
			continue
		}
		s := &decide.Subject{ID: want.ID, Want: want, Link: links[want.ID]}
		s.Contested = d.Contested[want.ID]
		s.KeepStatus()
		if d.isInStep(s) {
			r.untell(s)
			c.unchanged++
			continue
		}
		d.subjects = append(d.subjects, s)
	}
	if err := inOrder(ctx, d.movedOn, d.lookAgain); err != nil {
		return d.found, err
	}
	slices.SortFunc(d.subjects, func(a, b *decide.Subject) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return d.found, nil
}

// movedOn makes subjects of those who are in an earlier directory now, and in their former
// one still: as if they were missing there, for the user goes over, see deciding.findHeirs.
func (d *differ) movedOn(ctx context.Context) error {
	ids := slices.Sorted(maps.Keys(d.Moved))
	links, err := d.snap.load(ctx, ids)
	if err != nil {
		return err
	}
	out := d.census.out()
	for _, id := range ids {
		s := &decide.Subject{ID: id, Link: links[id]}
		s.Claimed, s.Out = true, out[id]
		if want := d.Former[id]; want != nil && want.Unsure == nil {
			s.Locked = want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled
		}
		d.gone[id] = true
		d.subjects = append(d.subjects, s)
	}
	return nil
}

// isInStep reports whether a person of ours was kept for nothing but what was told before,
// or a group that will not become ours in this run, or was not read in it, either.
func (d *differ) isInStep(s *decide.Subject) bool {
	want, link := s.Want, s.Link
	if link == nil || d.fresh.recheck[want.ID] || want.Troubled() || want.Mark != nil {
		return false
	}
	b := link.Brief()
	return !b.Missing && !link.Due() && !b.LetGo && want.Same(b.Asked) && !slices.ContainsFunc(want.Groups(), d.groups.takesIn) &&
		!slices.ContainsFunc(link.Unread, d.groups.readAgain)
}

// lookAgain makes a subject of each missing link. Those that may come up for a
// step now, or are missing for the first time, are searched for by id over the
// whole suffix: one that is still in scope was moved while the read went on.
func (d *differ) lookAgain(ctx context.Context) error {
	missing, doubtful, err := d.missing(ctx)
	if err != nil {
		return err
	}
	if len(doubtful) == 0 {
		d.subjects = append(d.subjects, missing...)
		return nil
	}
	d.phase("confirm")
	seen, err := d.lookup(ctx, doubtful)
	if err != nil {
		return fmt.Errorf("looking again for %d people who were not in the read: %w", len(doubtful), err)
	}
	var overlooked []string
	for _, s := range missing {
		where, asked := seen[s.ID]
		if !asked && d.doubtful(s) {
			return fmt.Errorf("looking again for people: the directory said nothing of %s", s.ID)
		}
		if asked {
			s.Second = &where
		}
		if d.confirm(s, &where) {
			d.subjects = append(d.subjects, s)
		}
		if s.Want != nil && s.Link.Missing == nil {
			overlooked = append(overlooked, s.Username())
		}
	}
	return d.notWhole(overlooked)
}

// notWhole tells of people who did not come with the read though they are in scope. A few
// were moved meanwhile; more prove that the read was not whole, and nothing follows from it.
func (d *differ) notWhole(names []string) error {
	if len(names) == 0 {
		return nil
	}
	some := strings.Join(names[:min(len(names), 10)], ", ")
	if len(names) > d.Rules.Limits.Floor {
		return dirsync.WithHint(fmt.Errorf("the read was not whole: %d people who did not come with it are in scope when they are asked for by id, such as %s; nothing was changed", len(names), some),
			"Run again. If it stays so, look for what cuts the directory's answers: a limit of the server for this account, a proxy, a replica that lags.")
	}
	d.warn("people who did not come with the read are in scope when they are asked for by id, as if they had been moved meanwhile: %s", some)
	return nil
}

// missing gives the links whose person did not come by, and of them those that need the
// second look.
func (d *differ) missing(ctx context.Context) (missing []*decide.Subject, doubtful []dirsync.SourceID, err error) {
	absent, letGo := d.census.absent()
	if letGo, err = d.letGo(ctx, letGo); err != nil {
		return nil, nil, err
	}
	absent = append(absent, letGo...)
	links, err := d.snap.load(ctx, absent)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range absent {
		link := links[id]
		if link == nil || d.Rules.Exclude(dirsync.FoldName(link.Asked[dirsync.FieldUsername]), "") {
			continue // excluded: left alone, whether in the directory or not
		}
		s := &decide.Subject{ID: id, Link: link}
		_, s.Claimed = d.census.names.first[hashName(dirsync.FoldName(link.Answered.Username))]
		missing = append(missing, s)
		d.gone[id] = true
		if d.doubtful(s) {
			doubtful = append(doubtful, id)
		}
	}
	return missing, doubtful, nil
}

// letGo gives those of the missing links that were let go whose human is there under a new
// id: others put the user into the Trash, and may take it out again at any time. All others
// are left alone.
func (d *differ) letGo(ctx context.Context, ids []dirsync.SourceID) (some []dirsync.SourceID, err error) {
	newcomers := d.census.newcomers()
	if len(newcomers) == 0 {
		return nil, nil
	}
	links, err := d.snap.load(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		link := links[id]
		if link == nil || link.LetGo != dirsync.LetGoTrashed {
			continue
		}
		if want := newcomers[decide.NameOf(link)]; want != nil && decide.IsHeir(link, want) {
			some = append(some, id)
		}
	}
	return some, nil
}

// confirm takes in what the second look found of a missing person, and reports whether
// something is to be decided.
func (d *differ) confirm(s *decide.Subject, where *dirsync.Whereabouts) bool {
	p := where.Person
	if p != nil && p.Unsure != nil && p.Unsure.Groups && !d.Rules.Selected(p) {
		d.census.sights[p.Directory].Excluded++
		delete(d.gone, s.ID)
		return false // nobody is taken for out of scope whose groups can't be told
	}
	if p != nil && d.Rules.Selected(p) {
		want := d.Rules.Desire(p)
		d.Rules.DesireGiven(p, &want)
		want.Prefer(s.Link.Asked)
		delete(d.gone, s.ID)
		if d.Rules.Excluded(p, want.Name()) {
			d.census.sights[p.Directory].Excluded++
			return false
		}
		d.marks.force(&want, s.Link.User)
		want.Seen = d.census.places.With(p, &want)
		d.census.sights[p.Directory].Count(p, &want, true)
		s.Contested = d.claimedByOther(&want)
		s.Want = &want
		s.KeepStatus()
	}
	if out := where.Outside; out != nil {
		d.census.sights[out.Directory].PassOutside(out)
	}
	s.Out = where.Present && s.Want == nil && (p == nil || d.keptOut(p, s.Link.User))
	return !(where.Present && d.Rules.Exclude("", where.DN)) && !(p != nil && d.Rules.LeftAlone(p))
}

// keptOut reports whether something would keep a person out who is not in scope.
func (d *differ) keptOut(p *dirsync.Person, user string) bool {
	want := d.Rules.Desire(p)
	d.marks.force(&want, user)
	seen := d.census.places.With(p, &want)
	return !seen.In
}

// claimedByOther reports whether somebody in the read claims the name of a
// person that only the second look found; then the person waits for the next
// run, which sees both.
func (d *differ) claimedByOther(want *mapping.Desired) bool {
	return slices.ContainsFunc(want.Names(), func(name string) bool {
		i, taken := d.census.names.first[hashName(name)]
		return taken && (i < 0 || d.snap.known.ID(i) != want.ID)
	})
}

// doubtful reports whether a missing link needs the second look in this run: also where there
// would be a further step were the person gone that was out of scope, or the other way
// round, for that is counted from when it is seen, and where a lock counts, see
// decide.Rules.Locked.
func (d *differ) doubtful(s *decide.Subject) bool {
	if s.Link.Missing == nil || d.report.Refreshed || d.stepDue(s) || !d.takenOut(s.ID) && d.notAccepted(d.state, s) {
		return true
	}
	m := s.Missing(d.now).Otherwise(d.now)
	_, _, ok := d.Rules.Step(s, &m)
	return ok
}

// stepDue reports whether a removal step of a missing link is due now, as far
// as is known.
func (r *run) stepDue(s *decide.Subject) bool {
	m := s.Missing(r.now)
	_, due, ok := r.Rules.Step(s, &m)
	return ok && !due.After(r.now)
}

// makeWay is called when somebody is to be linked to a user. A link of somebody else that has
// that id, and was never met under it, had it answered to a create: it gives way, to be found
// by its name. It comes with an id that Duo has given to nobody. written gives a link that this
// run has written.
func (s *snapshot) makeWay(ctx context.Context, id dirsync.SourceID, user string, written func(context.Context, dirsync.SourceID) (*dirsync.Link, error)) ([]dirsync.Outcome, error) {
	if s.users == nil {
		s.users = s.byUser()
	}
	owner := s.users[user]
	s.users[user] = id
	if owner == "" || owner == id {
		return nil, nil
	}
	links, err := s.load(ctx, []dirsync.SourceID{owner})
	if err != nil {
		return nil, err
	}
	other, err := written(ctx, owner)
	if err != nil {
		return nil, err
	}
	other = cmp.Or(other, links[owner])
	if other == nil || other.User != user || !other.Unmet {
		return nil, nil
	}
	way := *other
	way.User = fmt.Sprintf("DUNMET%014X", hashName(string(owner))>>8)
	way.Answered.ID = way.User
	s.put(owner, &way)
	s.users[way.User] = owner
	return []dirsync.Outcome{{Source: owner, Link: &way}}, nil
}

// written gives the link of somebody as it stands in this run. Who was released has it in the
// state alone.
func (a *application) written(ctx context.Context, id dirsync.SourceID) (*dirsync.Link, error) {
	switch s := a.people.Find(id); {
	case s == nil:
		return nil, nil
	case s.Next != nil:
		return s.Next, nil
	}
	links, err := a.Store.Load(ctx, []dirsync.SourceID{id})
	if err != nil || len(links) == 0 {
		return nil, err
	}
	return &links[0], nil
}

func unwritten(context.Context, dirsync.SourceID) (*dirsync.Link, error) { return nil, nil }

// gaveWay has those who gave way be known so by what still follows for them in this run.
func (a *application) gaveWay(way []dirsync.Outcome) []dirsync.Outcome {
	for i := range way {
		if other := a.people.Find(way[i].Source); other != nil && other.Next != nil {
			other.Next.User = way[i].Link.User
		}
	}
	return way
}

// release forgets what was wanted, and the links, of people who were made, where both are as
// they should be, the state has them, and nothing more is to be done or told of the person. Of
// a first run that is nearly everybody.
func (a *application) release(results []dirsync.Result) {
	for i := range results {
		res, op := &results[i], results[i].Op
		if s := a.people.Find(op.Source); op.Action == dirsync.Create && res.Fate == dirsync.Done && len(res.Undone) == 0 && len(s.Ops) == 1 && s.Ops[0] == op && a.isOver(s) {
			s.Next, s.Want, op.Asked = nil, nil, nil
		}
	}
}

// isOver reports whether nothing is told any more of somebody who is ours since this run.
func (a *application) isOver(s *decide.Subject) bool {
	return s.Link == nil && s.Next != nil && s.Problem == "" && !s.Idle && s.Skipped == "" && !s.Contested && s.Heir == nil && s.Ancestor == nil &&
		len(a.others[s.ID]) == 0 && !a.retry[s] && !a.named[s.ID] && decide.Apart(s.Next, s.Mark) == ""
}
