package dirsync

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Removed is a person from whom an earlier run took something.
type Removed struct {
	Source   SourceID
	User     string
	Username string
	Action   Action // disable, trash, delete or release
}

// Undo makes a run that gives back what an earlier one took: users whom it disabled
// are enabled, and those whom it put into the Trash restored, where they are still
// as it left them. No limit holds it, since it is asked for by name. What can't be
// undone, and what the next run would do again, is among the warnings.
//
// A dry run shows the plan and writes nothing.
func (e *Engine) Undo(ctx context.Context, opts Options, removed []Removed) *Run {
	r := e.runner(opts)
	return r.finish(ctx, inOrder(ctx, r.open, r.settle,
		func(ctx context.Context) error { return r.planUndo(ctx, removed) },
		r.apply,
		func(ctx context.Context) error { r.foretell(ctx); return nil },
	))
}

func (r *runner) planUndo(ctx context.Context, removed []Removed) error {
	ids := make([]SourceID, len(removed))
	for i, x := range removed {
		ids[i] = x.Source
	}
	slices.Sort(ids)
	links, err := r.snap.load(ctx, slices.Compact(ids))
	if err != nil {
		return err
	}
	var users []string
	for _, id := range slices.Compact(ids) {
		if links[id] != nil {
			users = append(users, links[id].User)
		}
	}
	accounts, err := r.engine.Target.Fetch(ctx, users)
	if err != nil {
		return fmt.Errorf("reading %d users from Duo: %w", len(users), err)
	}
	var ops []*Op
	done := map[SourceID]bool{}
	for _, x := range removed {
		if done[x.Source] {
			continue // disabled first, and trashed after: one way back
		}
		done[x.Source] = true
		s := &subject{id: x.Source, link: links[x.Source]}
		if s.link != nil {
			if account, ok := accounts[s.link.User]; ok {
				s.live = &account
			}
		}
		if why := r.engine.Rules.decideUndo(s, x); why != "" {
			r.warn("%s: %s", x.Username, why)
			continue
		}
		r.subjects = append(r.subjects, s)
		ops = append(ops, s.ops...)
	}
	slices.SortFunc(r.subjects, func(a, b *subject) int { return strings.Compare(string(a.id), string(b.id)) })
	r.plan = assemble(ops)
	r.run.PlanID = r.plan.ID()
	r.run.ExpectedCalls, r.run.ExpectedDuration = r.engine.Target.Forecast(r.plan)
	return nil
}

// decideUndo plans the way back of one user, or tells why there is none.
func (r *Rules) decideUndo(s *subject, x Removed) string {
	link, live := s.link, s.live
	switch {
	case x.Action == Delete && live == nil, link != nil && live == nil:
		return "the user no longer exists in Duo; that can't be undone, and the enrolled devices are lost"
	case link == nil:
		return "the user is not ours any more"
	case link.User != x.User:
		return "the person has another Duo user since"
	case live.Synced:
		return "Duo's own directory sync manages this user now"
	case r.Protect[FoldName(live.Username)]:
		return "the user is protected (sync.scope.protect)"
	}
	next := *link
	next.Answered = *live
	s.next = &next
	op := Op{Action: Enable, Reason: "undoes " + string(x.Action), Asked: Fields{}, Changes: []Change{{Field: FieldStatus, Before: live.Status, After: StatusActive}}}
	if r.Status {
		op.Asked[FieldStatus] = StatusActive
	}
	switch {
	case live.Status == StatusPendingDeletion && (link.Missing == nil || link.Missing.Step != Trash):
		return "somebody else put the user into Duo's Trash since"
	case live.Status == StatusPendingDeletion:
		op.Action = Restore
		if link.ByHand { // by others, before we put it into the Trash
			op.Changes[0].After = StatusDisabled
			delete(op.Asked, FieldStatus)
		}
	case live.Status != StatusDisabled:
		return fmt.Sprintf("nothing to undo, the user is %s", live.Status)
	case link.ByHand || link.Asked[FieldStatus] != StatusDisabled:
		return "others have disabled the user, and that stays"
	}
	s.add(op)
	return ""
}

// foretell says of how many people the next run would take the same again.
func (r *runner) foretell(ctx context.Context) {
	if len(r.subjects) == 0 {
		return
	}
	for _, s := range r.subjects {
		r.look[s.id] = true
	}
	census := newCensus(&r.engine.Rules, r.snap, r.look, r.groups.unlinked)
	_, err := r.engine.Source.Read(ctx, func(p Person) error {
		census.take(&p)
		return nil
	})
	if err != nil {
		r.warn("the directory could not be read, so it is not known what the next run would do: %v", err)
		return
	}
	wanted := map[SourceID]*desired{}
	for _, want := range census.kept {
		wanted[want.id] = want
	}
	missing, disabled := 0, 0
	for _, s := range r.subjects {
		switch want := wanted[s.id]; {
		case want == nil && !census.excludes(s.id):
			missing++
		case want != nil && want.fields[FieldStatus] == StatusDisabled:
			disabled++
		}
	}
	if missing > 0 {
		r.warn("%d of them are still not in the directory's scope: the next run disables them again, unless they are back by then, or left alone by sync.scope.exclude_users, or sync.on_missing and sync.on_out_of_scope keep them (`duosync pause` gives you time)", missing)
	}
	if disabled > 0 {
		r.warn("%d of them are still disabled in the directory: the next run disables them again", disabled)
	}
}

// excludes reports whether a link's person came by, and is left alone.
func (c *census) excludes(id SourceID) bool {
	i, linked := c.snap.index[id]
	return linked && c.seen[i]
}
