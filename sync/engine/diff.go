package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

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
	if d.contested, d.namesakes, err = r.contest(ctx, st, c); err != nil {
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
		s := &decide.Subject{ID: want.ID, Want: want, Link: links[want.ID]}
		s.Contested = d.contested[want.ID]
		s.KeepStatus()
		if d.isInStep(s) {
			r.untell(s)
			c.unchanged++
			continue
		}
		d.subjects = append(d.subjects, s)
	}
	if err := d.lookAgain(ctx); err != nil {
		return d.found, err
	}
	slices.SortFunc(d.subjects, func(a, b *decide.Subject) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return d.found, nil
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
	seen, err := d.Source.Lookup(ctx, doubtful)
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
		d.census.sight.Excluded++
		delete(d.gone, s.ID)
		return false // nobody is taken for out of scope whose groups can't be told
	}
	if p != nil && d.Rules.Selected(p) {
		want := d.Rules.Desire(p)
		d.Rules.DesireGiven(p, &want)
		want.Prefer(s.Link.Asked)
		delete(d.gone, s.ID)
		if d.Rules.Excluded(p, want.Name()) {
			d.census.sight.Excluded++
			return false
		}
		d.marks.force(&want, s.Link.User)
		want.Seen = d.census.places.of(p)
		d.census.sight.Count(p, &want, true)
		s.Contested = d.claimedByOther(&want)
		s.Want = &want
		s.KeepStatus()
	}
	return !(where.Present && d.Rules.Exclude("", where.DN)) && !(p != nil && mapping.InAny(p.Groups, d.Rules.ExcludeGroups))
}

// claimedByOther reports whether somebody in the read claims the name of a
// person that only the second look found; then the person waits for the next
// run, which sees both.
func (d *differ) claimedByOther(want *mapping.Desired) bool {
	return slices.ContainsFunc(want.Names(), func(name string) bool {
		i, taken := d.census.names.first[hashName(name)]
		return taken && (i < 0 || d.snap.briefs[i].ID != want.ID)
	})
}

// doubtful reports whether a missing link needs the second look in this run: also where there
// would be a further step were the person gone that was out of scope, or the other way
// round, for that is counted from when it is seen.
func (d *differ) doubtful(s *decide.Subject) bool {
	if s.Link.Missing == nil || d.report.Refreshed || d.stepDue(s) {
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

// A lastLook is taken before something that cannot be undone: at the person in the
// directory, and at the user in Duo. A run may be long, and what it found at its beginning
// may have changed.
type lastLook struct {
	*run
	wave  []*dirsync.Op
	first time.Time                 // when it was decided about all of them
	at    map[*dirsync.Op]time.Time // when an operation was looked at since
}

// A look counts for so long, and is taken for so many operations at once.
const (
	lookCounts = 45 * time.Second
	looksAhead = 20
)

// moved looks at those operations that destroy a user, or put one into the Trash, and
// tells of each that is not to be carried out any more why.
func (l *lastLook) moved(ctx context.Context, ops []*dirsync.Op) map[*dirsync.Op]string {
	var due []*dirsync.Op
	for _, op := range ops {
		at := l.at[op]
		if at.IsZero() {
			at = l.first
		}
		if final(op) && l.wallClock().Sub(at) >= lookCounts {
			due = append(due, op)
		}
	}
	if len(due) == 0 {
		return nil
	}
	for _, op := range l.wave[slices.Index(l.wave, due[0]):] {
		if len(due) < looksAhead && final(op) && l.at[op].IsZero() && !slices.Contains(due, op) {
			due = append(due, op)
		}
	}
	moved := l.look(ctx, due)
	for _, op := range due {
		if moved[op] == "" {
			l.at[op] = l.wallClock()
		}
	}
	return moved
}

func final(op *dirsync.Op) bool { return op.Action == dirsync.Trash || op.Action == dirsync.Delete }

func (l *lastLook) look(ctx context.Context, ops []*dirsync.Op) map[*dirsync.Op]string {
	moved := map[*dirsync.Op]string{}
	ids, users := make([]dirsync.SourceID, len(ops)), make(map[string]dirsync.Remembered, len(ops)) // who they are was seen before
	for i, op := range ops {
		ids[i], users[op.User] = op.Source, dirsync.Remembered{Name: op.Username}
	}
	found, err := l.Source.Lookup(ctx, ids)
	var accounts map[string]dirsync.Account
	var doubtful map[string]error
	if err == nil {
		accounts, doubtful, err = l.Target.Fetch(ctx, users)
	}
	for _, op := range ops {
		where, asked := found[op.Source]
		account, there := accounts[op.User]
		switch {
		case err != nil:
			moved[op] = fmt.Sprintf("it can't be undone, and could not be looked at again before: %v", err)
		case !asked:
			moved[op] = "it can't be undone, and the directory said nothing of the person when asked again"
		case doubtful[op.User] != nil:
			moved[op] = fmt.Sprintf("it can't be undone, and what Duo says of the user is contradictory: %v", doubtful[op.User])
		case op.Missing != nil:
			moved[op] = l.whereNow(op, &where)
		}
		if there && moved[op] == "" {
			moved[op] = userNow(op, &account)
		}
		if moved[op] == "" {
			delete(moved, op)
		}
	}
	return moved
}

// whereNow tells what is different now of a missing person; "" for nothing.
func (l *lastLook) whereNow(op *dirsync.Op, where *dirsync.Whereabouts) string {
	const meanwhile = "changed since the run began: "
	p := where.Person
	switch {
	case op.Missing.Why == dirsync.Gone && where.Present:
		return meanwhile + "the person is in the directory again"
	case op.Missing.Why == dirsync.OutOfScope && !where.Present:
		return meanwhile + "the person is not in the directory any more; the next run decides"
	case p != nil && l.Rules.Selected(p), p != nil && p.Unsure != nil && p.Unsure.Groups:
		return meanwhile + "the person may be in scope again"
	case where.Present && l.Rules.Exclude("", where.DN), p != nil && mapping.InAny(p.Groups, l.Rules.ExcludeGroups):
		return meanwhile + "the person is excluded now"
	}
	return ""
}

// userNow tells what is different now of a user who is to go; "" for nothing.
func userNow(op *dirsync.Op, a *dirsync.Account) string {
	const meanwhile = "changed since the run began: "
	switch {
	case a.Synced:
		return meanwhile + "Duo's own directory sync manages the user now"
	case a.Status != dirsync.StatusDisabled:
		return meanwhile + fmt.Sprintf("the user is %s in Duo", a.Status)
	case dirsync.FoldName(a.Username) != dirsync.FoldName(op.Username):
		return meanwhile + fmt.Sprintf("the user is called %s in Duo", dirsync.Quote(a.Username))
	}
	return ""
}
