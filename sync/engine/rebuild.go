package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/guard"
	"duosync/sync/mapping"
	"duosync/sync/printed"
)

// Rebuild pairs the directory's people with the account's users anew, by username,
// after the state was lost. Links that the state has still are kept. It writes the
// state only, and nothing to Duo. As it is not known any more who was created by
// us, everybody counts as adopted: nobody is ever deleted, and phones and
// memberships that are there are nobody's of ours.
//
// A dry run writes nothing.
func (e *Engine) Rebuild(ctx context.Context, opts Options) *dirsync.Rebuilt {
	r := e.run(opts)
	ctx = dirsync.AsOf(ctx, r.now)
	c := &course{evidence: &evidence{Doubts: &guard.Doubts{}}, decided: &decided{}, aside: true}
	p := &pairing{run: r, found: &dirsync.Rebuilt{Run: r.report}, wanting: map[string]*mapping.Desired{}, holders: map[string]*dirsync.Account{}}
	r.end(ctx, c, p.through(ctx, c))
	p.listUnpaired()
	return p.found
}

// pairing is one rebuilding under way.
type pairing struct {
	*run
	*state
	census  *census
	groups  *groupPlan
	found   *dirsync.Rebuilt
	wanting map[string]*mapping.Desired // people who are not linked, by username
	// holders are the users who hold these usernames, as their own or as an alias.
	holders  map[string]*dirsync.Account
	unowned  []string          // users who are nobody's, and can log in
	mails    []string          // paired users who have another e-mail address
	outcomes []dirsync.Outcome // of people under a new id
	pairs    []pair
}

// pair is a person and the user of that name.
type pair struct {
	want *mapping.Desired
	user *dirsync.Account
}

func (p *pairing) through(ctx context.Context, c *course) (err error) {
	if c.state, err = p.open(ctx); err != nil {
		return err
	}
	p.state = c.state
	p.keepGuards()
	if err = p.settle(ctx, p.state); err != nil {
		return err
	}
	if c.census, err = p.read(ctx, p.state, newFreshness(p.state)); err != nil {
		return err
	}
	contest, err := p.contest(ctx, p.state, c.census)
	if err != nil {
		return err
	}
	c.groups = c.state.groups.plan(p.report.Read.Groups)
	p.census, p.groups = c.census, c.groups
	c.verdicts = guard.None(&guard.Facts{Plan: &dirsync.Plan{}, Reads: p.reads(c.census), Doubts: c.evidence.Doubts,
		Before: c.state.meta.Baseline, Rules: &p.Rules.Rules, Policy: *p.policy(), Asked: guard.Asked{Started: p.report.Started}})
	if err = p.want(contest); err != nil {
		return err
	}
	return inOrder(ctx, p.heirs, p.pairGroups, p.look, p.pair, p.write)
}

// keepGuards keeps what later runs compare with: a state that has a baseline keeps
// it, for else a rebuilding would let through what a guard is there to hold. A state
// that knows somebody is read against all of Duo by the next run, as it was to be.
func (p *pairing) keepGuards() {
	if p.journal != nil {
		p.told = maps.Clone(p.told)
		p.journal = &guarded{Journal: p.journal, told: p.told, baseline: p.meta.Baseline != nil, refreshed: p.snap.known.Len() > 0}
	}
}

// want finds the people who want a user: in scope, and not linked. The census keeps
// each of them.
func (p *pairing) want(contest *decide.Contest) error {
	for _, want := range p.census.kept {
		_, linked := p.snap.known.Find(want.ID)
		switch {
		case contest.Shadowed[want.ID] != "":
			p.alone(want, fmt.Sprintf("%s has the name in an earlier directory", contest.Shadowed[want.ID]))
		case linked, contest.Contested[want.ID]: // a conflict under its name
		case want.Problem != "":
			p.unpaired(want, want.Problem)
		case p.Rules.Protect[want.Name()]:
			p.report.Skipped = append(p.report.Skipped, dirsync.Skipped{Username: want.Name(), Source: want.ID, Reason: dirsync.SkippedProtected})
			p.alone(want, "protected (sync.scope.protect), and never touched")
		case p.opts.Only != "" && dirsync.FoldName(p.opts.Only) != want.Name():
		default:
			p.wanting[want.Name()] = want
		}
	}
	p.report.InScope, p.report.Unchanged = p.census.inScope(), p.census.unchanged
	if only := p.opts.Only; only != "" && p.wanting[dirsync.FoldName(only)] == nil {
		return dirsync.WithHint(fmt.Errorf("--only %s: nobody in scope who is to be paired has this username", dirsync.Quote(only)),
			"Give the username as it is after mapping. Nothing was changed.")
	}
	return nil
}

// heirs pairs people who are ours under an id that is missing now, and who are there
// under a new one. All that is known of them stays. Whoever has the name of a missing
// person and is not known to be the same human is listed.
func (p *pairing) heirs(ctx context.Context) error {
	absent, letGo := p.census.absent()
	absent = append(absent, letGo...)
	links, err := p.snap.load(ctx, absent)
	if err != nil || len(absent) == 0 {
		return err
	}
	found, err := p.lookup(ctx, absent)
	if err != nil {
		return fmt.Errorf("looking again for %s who were not in the read: %w", dirsync.CountPeople(len(absent)), err)
	}
	for _, id := range absent {
		link := links[id]
		if link == nil || link.LetGo == dirsync.LetGoDeleted || found[id].Person != nil {
			continue
		}
		name := decide.NameOf(link)
		want := p.wanting[name]
		if want == nil {
			continue
		}
		delete(p.wanting, name)
		if !decide.IsHeir(link, want) {
			p.unpaired(want, fmt.Sprintf("the user of this name is that of a person who is missing (id %s), and who has another e-mail address or full name; if it is the same human: `%s`", id, printed.Command(p.Flags, "sync", "--adopt", name)))
			continue
		}
		moved := *link
		moved.ID, moved.Seen = want.ID, want.Seen
		if moved.LetGo == "" && decide.TrashedByOthers(link) {
			moved.LetGo = dirsync.LetGoTrashed // as for anybody; restored, it is kept in step again
		}
		op := &dirsync.Op{Action: dirsync.Adopt, Username: link.Answered.Username, Source: want.ID, User: link.User, From: id, Reason: "the same person under a new id"}
		p.report.Operations = append(p.report.Operations, &dirsync.Operation{Op: op, Result: dirsync.ResultPlanned})
		p.outcomes = append(p.outcomes, dirsync.Outcome{Source: id}, dirsync.Outcome{Source: want.ID, Link: &moved})
		p.found.Moved++
	}
	return nil
}

// look reads all of Duo, and finds who holds the names that are wanted.
func (p *pairing) look(ctx context.Context) error {
	p.phase("refresh")
	users := p.snap.byUser()
	b := p.found
	b.Known = len(users)
	n := 0
	complete, err := p.Target.Inventory(ctx, func(a dirsync.Account) error {
		n++
		p.progress(n, 0)
		if users[a.ID] != "" {
			b.Found++
			return nil
		}
		name := dirsync.FoldName(a.Username)
		for _, alias := range a.Names() {
			if p.wanting[alias] != nil && (alias == name || p.holders[alias] == nil) {
				p.holders[alias] = &a
			}
		}
		if p.wanting[name] == nil {
			b.Strangers++
			if a.Status == dirsync.StatusActive || a.Status == dirsync.StatusBypass {
				p.unowned = append(p.unowned, a.Username)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("reading all users from Duo: %w", err)
	case !complete:
		return dirsync.WithHint(errors.New("the list of users in Duo changed while it was read"), "Try again in a quiet moment. Nothing was changed.")
	}
	p.report.Refreshed, p.report.RefreshReason = true, "flag"
	b.Open = len(p.unowned)
	slices.Sort(p.unowned)
	b.Nobodys = p.unowned
	return nil
}

// pair pairs each person with the user of that name, or says why not.
func (p *pairing) pair(context.Context) error {
	var ops []*dirsync.Op
	for _, o := range p.report.Operations { // those of heirs
		ops = append(ops, o.Op)
	}
	for _, name := range slices.Sorted(maps.Keys(p.wanting)) {
		want, a := p.wanting[name], p.holders[name]
		switch {
		case a == nil:
			p.found.Absent++
			p.alone(want, p.absence(want))
			continue
		case dirsync.FoldName(a.Username) != name:
			p.unpaired(want, fmt.Sprintf("the name is an alias of the Duo user %s; it is not paired", dirsync.Quote(a.Username)))
			continue
		case a.Synced:
			p.unpaired(want, "Duo's own directory sync manages this user; it is not paired")
			continue
		case a.Status == dirsync.StatusPendingDeletion:
			p.unpaired(want, "this user lies in Duo's Trash; restore it in the Duo Admin Panel to have it paired")
			continue
		}
		link := p.paired(want, a)
		op := &dirsync.Op{Action: dirsync.Adopt, Username: a.Username, Source: want.ID, User: a.ID, Reason: "paired by username"}
		if mail := want.Fields[dirsync.FieldEmail]; mail != "" && a.Email != "" && !strings.EqualFold(mail, a.Email) {
			p.mails = append(p.mails, a.Username)
			op.Reason += "; Duo has another e-mail address, " + dirsync.Quote(a.Email)
		}
		if differ := unlike(want, link); len(differ) > 0 {
			p.found.Differ++
			op.Reason += "; the next run updates " + strings.Join(differ, ", ")
		}
		ops = append(ops, op)
		p.report.Operations = append(p.report.Operations, &dirsync.Operation{Op: op, Result: dirsync.ResultPlanned})
		p.pairs = append(p.pairs, pair{want, a})
	}
	p.wanting, p.holders = nil, nil
	p.found.Paired = len(ops)
	p.report.PlanID = (&dirsync.Plan{Waves: [][]*dirsync.Op{ops}}).ID()
	p.warnings()
	return nil
}

func (p *pairing) warnings() {
	b := p.found
	if len(p.mails) > 0 {
		p.warn("%s paired with a user who has another e-mail address: make sure that they are no other people of the same names: %s", dirsync.CountPeople(len(p.mails)), someNames(p.mails))
	}
	if b.Open > 0 {
		p.warn("%d users who can log in are unmanaged, and stay as they are; whoever left the directory meanwhile is among them: %s", b.Open, someNames(p.unowned))
	}
	if lost := b.Known - b.Found; lost > 0 {
		p.warn("%d of the %d users whom the state knows are not in this account", lost, b.Known)
	}
	if b.Paired > 0 {
		p.warn("nobody who is paired is ever deleted, and phones and memberships that are there now stay when the directory drops them: it is not known any more who made them")
	}
}

// write writes the links, which are made in parts: of all people they have more than all else.
func (p *pairing) write(ctx context.Context) error {
	if p.journal == nil {
		return nil
	}
	const most = 1000
	for part := range slices.Chunk(append(p.outcomes, p.groups.quiet...), most) {
		if err := p.journal.Record(ctx, part); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(p.pairs, most) {
		outcomes := make([]dirsync.Outcome, len(part))
		for i, x := range part {
			outcomes[i] = dirsync.Outcome{Source: x.want.ID, Link: p.paired(x.want, x.user)}
		}
		if err := p.journal.Record(ctx, outcomes); err != nil {
			return err
		}
	}
	for _, o := range p.report.Operations {
		o.Result = dirsync.ResultApplied
		delete(p.told, personKey(o.Source))
	}
	return nil
}

func (p *pairing) unpaired(want *mapping.Desired, why string) {
	p.conflict(dirsync.Conflict{Key: personKey(want.ID), Hash: p.personHash(&decide.Subject{ID: want.ID, Want: want}), Username: want.Label(), Sources: []dirsync.SourceID{want.ID}, Reason: why})
}

// alone notes somebody who is not paired, and is in no conflict.
func (p *pairing) alone(want *mapping.Desired, why string) {
	p.found.Unpaired = append(p.found.Unpaired, dirsync.Unpaired{Source: want.ID, Username: want.Label(), Reason: why})
}

// absence says what becomes of somebody of whose name Duo has no user.
func (p *pairing) absence(want *mapping.Desired) string {
	if want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled {
		return "no user of this name is in Duo; not created while disabled in the directory"
	}
	return "no user of this name is in Duo; the next run creates one"
}

// listUnpaired adds those in conflict to those who are not paired.
func (p *pairing) listUnpaired() {
	b := p.found
	for _, c := range p.report.Conflicts {
		for _, id := range c.Sources {
			if !strings.HasPrefix(c.Key, groupPrefix) {
				b.Unpaired = append(b.Unpaired, dirsync.Unpaired{Source: id, Username: c.Username, Reason: c.Reason})
			}
		}
	}
	slices.SortStableFunc(b.Unpaired, func(x, y dirsync.Unpaired) int {
		return cmp.Or(cmp.Compare(x.Username, y.Username), cmp.Compare(x.Source, y.Source))
	})
}

// paired is the link of a user as it is found: what Duo holds as the directory
// wants it counts as asked for.
func (p *pairing) paired(want *mapping.Desired, a *dirsync.Account) *dirsync.Link {
	link := &dirsync.Link{ID: want.ID, User: a.ID, Origin: dirsync.Adopted, Asked: dirsync.Fields{}, Answered: *a}
	for field, value := range want.Fields {
		held := a.Field(field)
		same := decide.SameValue(field, held, value)
		if dirsync.IsList(field) {
			same = p.holdsAll(field, value, a)
		}
		if field == dirsync.FieldStatus && value != dirsync.StatusDisabled && a.Status != value && a.Status != dirsync.StatusActive {
			// Disabled, locked out or let in by others, as far as is known: that stays.
			same, link.ByHand = true, a.Status == dirsync.StatusDisabled
		}
		if same {
			link.Asked[field] = value
		}
	}
	return link
}
