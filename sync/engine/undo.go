package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"duosync/sync/decide"
	"duosync/sync/guard"
	"duosync/sync/mapping"
	"duosync/sync/printed"
)

// Undo makes a run that gives back what an earlier one took: users whom it disabled
// are enabled, and those whom it put into the Trash restored, where they are still
// as it left them. removed are its removals in their order; of several for one
// person the last one counts. No limit holds it, since it is asked for by name.
//
// Whom a later run removed for a reason of its own stays removed, see Removed.Again. Who
// can't be given back is among the operations, as skipped. What the next run
// would do again is among the warnings. A dry run shows the plan and writes nothing.
func (e *Engine) Undo(ctx context.Context, opts Options, run string, removed []dirsync.Removed) *dirsync.Run {
	r := e.run(opts)
	ctx = dirsync.AsOf(ctx, r.now)
	c := &course{aside: true}
	return r.end(ctx, c, r.undo(ctx, c, run, removed))
}

func (r *run) undo(ctx context.Context, c *course, of string, removed []dirsync.Removed) (err error) {
	if c.state, err = r.open(ctx); err != nil {
		return err
	}
	if err = r.settle(ctx, c.state); err != nil {
		return err
	}
	c.groups, c.decided, c.verdicts = c.state.groups.plan(nil), &decided{}, &guard.Verdicts{}
	if c.plan, err = r.planUndo(ctx, c, of, removed); err != nil {
		return err
	}
	if c.done, err = r.apply(ctx, c); err != nil {
		return err
	}
	r.foretell(ctx, c)
	return nil
}

// planUndo plans the way back of those who are still as the run left them.
func (r *run) planUndo(ctx context.Context, c *course, of string, removed []dirsync.Removed) (*planned, error) {
	last := make(map[dirsync.SourceID]dirsync.Removed, len(removed)) // disabled first, and trashed after: one way back
	for _, x := range removed {
		last[x.Source] = x
	}
	ids := slices.Sorted(maps.Keys(last))
	links, err := c.state.snap.load(ctx, ids)
	if err != nil {
		return nil, err
	}
	accounts, err := r.accounts(ctx, links)
	if err != nil {
		return nil, err
	}
	back := map[string][]string{} // who needs nothing, by status
	plan := &planned{}
	var ops []*dirsync.Op
	for _, id := range ids {
		x := last[id]
		s := &decide.Subject{ID: id, Link: links[id]}
		if s.Link != nil && accounts[s.Link.User] != nil {
			s.Live = accounts[s.Link.User]
		}
		if why := cmp.Or(neverBack(&r.Rules, s, x), c.state.markedWhy(s)); why != "" {
			plan.moved = append(plan.moved, &dirsync.Operation{Result: dirsync.ResultSkipped, Error: why,
				Op: &dirsync.Op{Action: wayBack(x.Action), Username: x.Username, Source: id, User: x.User, Reason: undoes(of, x.Action)}})
			continue
		}
		if s.Live.Status != dirsync.StatusDisabled && s.Live.Status != dirsync.StatusPendingDeletion {
			back[s.Live.Status] = append(back[s.Live.Status], x.Username)
			continue
		}
		giveBack(s, undoes(of, x.Action))
		c.decided.subjects = append(c.decided.subjects, s)
		ops = append(ops, s.Ops...)
	}
	for _, status := range slices.Sorted(maps.Keys(back)) {
		r.warn("nothing to undo for %s, now %s: %s", dirsync.CountPeople(len(back[status])), status, someNames(back[status]))
	}
	plan.Plan = assembly.Plan(ops)
	r.report.PlanID = plan.ID()
	r.report.ExpectedCalls, r.report.ExpectedDuration = r.Target.Forecast(plan.Plan)
	return plan, nil
}

// accounts gives what Duo holds now of the users of some links, by their ids.
func (r *run) accounts(ctx context.Context, links map[dirsync.SourceID]*dirsync.Link) (map[string]*dirsync.Account, error) {
	if len(links) == 0 {
		return nil, nil
	}
	users := make(map[string]dirsync.Remembered, len(links))
	for _, link := range links {
		users[link.User] = link.Remembered()
	}
	found, doubtful, err := r.Target.Fetch(ctx, users)
	for _, user := range slices.Sorted(maps.Keys(doubtful)) {
		err = cmp.Or(err, doubtful[user]) // nothing is undone on a guess
	}
	if err != nil {
		return nil, fmt.Errorf("reading %d users from Duo: %w", len(users), err)
	}
	accounts := make(map[string]*dirsync.Account, len(found))
	for id, account := range found {
		if account.ID != id {
			err := fmt.Errorf("the user %s has the id %s in Duo, and not %s", dirsync.Quote(account.Username), account.ID, id)
			return nil, dirsync.WithHint(err, "The next run takes the right id over: `duosync sync`, then try again.")
		}
		accounts[id] = &account
	}
	return accounts, nil
}

// neverBack tells why there is no way back for one user, "" where there is one, or
// none is needed.
func neverBack(r *decide.Rules, s *decide.Subject, x dirsync.Removed) string {
	link, live := s.Link, s.Live
	switch {
	case x.Action == dirsync.Delete:
		return "the run deleted this user, who is lost with its devices; if the person is back in scope, the next run creates a new one"
	case link == nil && x.Action == dirsync.Release:
		return "the user was released, as it was; sync --adopt makes it ours again"
	case link == nil:
		return "the user is not ours any more"
	case link.User != x.User:
		return "the person has another Duo user since"
	case live == nil:
		return "the user no longer exists in Duo, and is lost with its devices"
	case live.Synced:
		return "Duo's own directory sync manages this user now"
	case r.Protect[dirsync.FoldName(live.Username)]:
		return "the user is protected (sync.scope.protect)"
	case live.Status == dirsync.StatusPendingDeletion && (link.Missing == nil || link.Missing.Step != dirsync.Trash):
		return "somebody else put the user into Duo's Trash since, and that stays"
	case live.Status == dirsync.StatusDisabled && !disabledByUs(link):
		return "others have disabled the user, and that stays"
	case (strings.HasPrefix(x.Reason, dirsync.Gone) || strings.HasPrefix(x.Reason, dirsync.OutOfScope)) && link.Missing == nil && disabledByUs(link):
		return "the person is back since, and disabled in the directory, and that stays"
	case x.Again != "" && (live.Status == dirsync.StatusDisabled || live.Status == dirsync.StatusPendingDeletion):
		return fmt.Sprintf("run %s has %s again since, and that stays; `duosync undo %s` gives it back", x.Again, tookAgain[x.Then], x.Again)
	}
	return ""
}

// markedWhy tells of the mark that keeps a user disabled, "" where there is none.
func (st *state) markedWhy(s *decide.Subject) string {
	if s.Link == nil {
		return ""
	}
	if m := st.marks.of(s.Link.User, dirsync.FoldName(s.Link.Answered.Username)); m != nil {
		return fmt.Sprintf("kept disabled since %s: %s; `%s` ends that", m.Since.UTC().Format(time.RFC3339), m.Reason, printed.Command("", "enable", m.Username))
	}
	return ""
}

// disabledByUs reports whether a user who is disabled in Duo is so by us, as far as
// is known.
func disabledByUs(l *dirsync.Link) bool {
	left := l.Answered.Status == dirsync.StatusDisabled || l.Answered.Status == dirsync.StatusPendingDeletion
	return left && l.Asked[dirsync.FieldStatus] == dirsync.StatusDisabled && !l.ByHand
}

// giveBack plans the way back of a user whom we disabled or put into the Trash.
func giveBack(s *decide.Subject, reason string) {
	next := *s.Link // what drifted in Duo shows once it is done, see changed
	s.Next = &next
	op := dirsync.Op{Action: dirsync.Enable, Reason: reason, Asked: dirsync.Fields{dirsync.FieldStatus: dirsync.StatusActive},
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: s.Live.Status, After: dirsync.StatusActive}}}
	if s.Live.Status == dirsync.StatusPendingDeletion {
		op.Action = dirsync.Restore
		if s.Link.ByHand { // by others, before we put it into the Trash
			op.Changes[0].After, op.Asked = dirsync.StatusDisabled, dirsync.Fields{}
			op.Reason += "; others had disabled the user before, and that stays"
		}
	}
	s.Add(op)
}

// wayBack is the action that undoes one.
func wayBack(a dirsync.Action) dirsync.Action {
	if a == dirsync.Disable {
		return dirsync.Enable
	}
	return dirsync.Restore
}

// took says what a removal did.
var took = map[dirsync.Action]string{dirsync.Disable: "disabled", dirsync.Trash: "put into the Trash", dirsync.Delete: "deleted", dirsync.Release: "released"}

// tookAgain says it of a user whom a later run took it from.
var tookAgain = map[dirsync.Action]string{dirsync.Disable: "disabled the user", dirsync.Trash: "put the user into the Trash", dirsync.Delete: "deleted the user", dirsync.Release: "released the user"}

func undoes(run string, a dirsync.Action) string {
	return fmt.Sprintf("%s by run %s", took[a], run)
}

// foretell says what the next run would take again from those who are given back.
func (r *run) foretell(ctx context.Context, c *course) {
	if len(c.subjects()) == 0 {
		return
	}
	fresh := newFreshness(c.state)
	for _, s := range c.subjects() {
		fresh.recheck[s.ID] = true
	}
	census, err := r.read(ctx, c.state, fresh)
	again := map[string]int{}
	if err == nil {
		r.report.InScope, r.report.Unchanged = census.inScope(), census.unchanged
		err = r.takenAgain(ctx, c.subjects(), census, again)
	}
	if err != nil {
		r.warn("it is not known what the next run would do again: %v", err)
		return
	}
	for _, what := range slices.Sorted(maps.Keys(again)) {
		are := "are"
		if again[what] == 1 {
			are = "is"
		}
		r.warn("%d of them %s still %s again; `duosync pause` gives you time to change that", again[what], are, what)
	}
}

// takenAgain counts the people from whom the next run would take something again,
// by what and why.
func (r *run) takenAgain(ctx context.Context, subjects []*decide.Subject, census *census, again map[string]int) error {
	wanted := map[dirsync.SourceID]*mapping.Desired{}
	for _, want := range census.kept {
		wanted[want.ID] = want
	}
	var absent []dirsync.SourceID
	for _, s := range subjects {
		switch want := wanted[s.ID]; {
		case want != nil && want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled:
			again["disabled in the directory: the next run disables them"]++
		case want == nil && !census.excludes(s.ID):
			absent = append(absent, s.ID)
		}
	}
	if len(absent) == 0 {
		return nil
	}
	found, err := r.lookup(ctx, absent)
	if err != nil {
		return fmt.Errorf("looking again for %d people: %w", len(absent), err)
	}
	rules := &r.Rules
	for _, s := range subjects {
		where, asked := found[s.ID]
		inScope := where.Person != nil && rules.Selected(where.Person)
		if !asked || inScope || rules.Exclude(dirsync.FoldName(s.Link.Asked[dirsync.FieldUsername]), where.DN) {
			continue
		}
		missing := dirsync.Missing{Why: dirsync.Gone, Since: r.now}
		words := "gone from the directory"
		if where.Present {
			missing.Why, words = dirsync.OutOfScope, "out of the directory's scope"
		}
		step, due, ok := rules.Removal(missing.Why).Next(&missing, s.Link.Origin)
		if !ok {
			continue
		}
		when := "the next run"
		if due.After(r.now) {
			when = "the first run from " + due.UTC().Format(time.RFC3339) + " on"
		}
		doing := map[dirsync.Action]string{dirsync.Disable: "disables them", dirsync.Trash: "puts them into the Trash", dirsync.Delete: "deletes them for good"}[step]
		again[words+": "+when+" "+doing]++
	}
	return nil
}

// someNames lists names, no more than can be read at a glance.
func someNames(names []string) string {
	const most = 20
	shown := make([]string, 0, most+1)
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, dirsync.Quote(name))
	}
	if rest := len(names) - most; rest > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(shown, ", ")
}
