package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"duosync/sync/decide"
	"duosync/sync/guard"
	"duosync/sync/mapping"
	"duosync/sync/printed"
)

// assemble makes the plan of what was decided, and puts the rest of it into the report.
func (r *run) assemble(ctx context.Context, c *course) (*planned, error) {
	r.report.InScope = c.census.inScope()
	r.report.Unchanged = c.census.unchanged
	ops := slices.Clone(c.groups.ops)
	for _, s := range c.decided.subjects {
		r.gather(s)
		for _, op := range s.Ops {
			if op.Blocked == "" {
				ops = append(ops, op)
			}
		}
	}
	r.tellLeftOut(c)
	if err := r.readGroupStatus(ctx, c.groups, ops); err != nil {
		return nil, err
	}
	ops = assembly.Separate(ops, func(m dirsync.Membership) bool {
		g := c.groups.live[m.ID]
		return g != nil && g.Status == dirsync.StatusDisabled
	})
	p := &planned{Plan: assembly.Plan(ops)}
	remapped(p.Plan, func(op *dirsync.Op) bool { return r.remaps(c.state.meta.Baseline, r.Rules.Directories.Of(op.Source)) })
	if r.opts.Exactly == nil {
		return p, nil
	}
	return p, r.keepExactly(ctx, c, p)
}

// A leftOut keeps what was wrong with values of people for whom nothing is done: of a few
// people by their order, and how many more there are.
type leftOut struct {
	only     string // the folded name of the one person that the run is about; "" for all
	warnings []string
	more     int
}

// fewLeftOut is how many such values are told one by one.
const fewLeftOut = 20

// note takes in what was wrong with a person's values.
func (l *leftOut) note(want *mapping.Desired) {
	if l.only != "" && want.Name() != l.only {
		return
	}
	for _, text := range want.Warnings {
		i, _ := slices.BinarySearch(l.warnings, text)
		if l.warnings = slices.Insert(l.warnings, i, text); len(l.warnings) > fewLeftOut {
			l.warnings = l.warnings[:fewLeftOut]
			l.more++
		}
	}
}

// tellLeftOut tells which values of people of ours for whom nothing is done were left out or
// changed: they are so in every run until somebody corrects them.
func (r *run) tellLeftOut(c *course) {
	if r.opts.Exactly != nil {
		return
	}
	done := map[dirsync.SourceID]bool{}
	for _, s := range c.decided.subjects {
		done[s.ID] = s.Want != nil && s.Sends()
	}
	all := &c.census.leftOut
	for _, want := range c.census.kept {
		if _, ours := c.state.snap.known.Find(want.ID); ours && !done[want.ID] {
			all.note(want)
		}
	}
	for _, text := range all.warnings {
		r.warn("%s", text)
	}
	if all.more > 0 {
		r.warn("%d more values of people for whom there is nothing to do were left out or changed; `%s` shows those of one", all.more, printed.Command(r.Flags, "explain", "USER"))
	}
}

// remaps reports whether a directory is mapped in another way than in the last run.
func (r *run) remaps(before *dirsync.Baseline, directory string) bool {
	ref, _ := before.Of(directory)
	now, _ := r.Rules.Directories.Get(directory)
	return ref.Mapping != "" && ref.Mapping != now.Digest
}

// remapped says of operations that the configuration may be what changed, which maps people
// and groups in another way than in the last run.
func remapped(plan *dirsync.Plan, is func(*dirsync.Op) bool) {
	for _, op := range plan.Ops() {
		if !is(op) {
			continue
		}
		switch verb, where, _ := strings.Cut(op.Reason, " "); {
		case where != "in the directory":
		case slices.Contains([]string{"changed", "renamed", "disabled", "enabled"}, verb):
			op.Reason += " or by the configuration"
		}
	}
}

// list makes the report's operations of the plan.
func (r *run) list(c *course) {
	held := c.verdicts.Held
	assembly.Unask(c.plan.Plan, held)
	for _, op := range c.plan.Ops() {
		result := dirsync.ResultPlanned
		if held[op] {
			result = dirsync.ResultHeld
		}
		r.report.Operations = append(r.report.Operations, &dirsync.Operation{Op: op, Result: result})
	}
	for _, s := range c.subjects() {
		for _, op := range s.Ops {
			if op.Blocked != "" {
				r.report.Operations = append(r.report.Operations, &dirsync.Operation{Op: op, Result: dirsync.ResultFailed, Error: op.Blocked, Known: r.known(s, op.Blocked)})
			}
		}
	}
	r.report.Operations = append(r.report.Operations, c.plan.moved...)
}

// gather puts what was decided for one subject into the run, its operations
// apart.
func (r *run) gather(s *decide.Subject) {
	for _, text := range s.Warnings {
		r.warn("%s", text)
	}
	if s.Want != nil && s.Sends() {
		for _, text := range s.Want.Warnings {
			r.warn("%s", text)
		}
	}
	if s.Wait != nil {
		r.report.Waiting = append(r.report.Waiting, *s.Wait)
	}
	if s.Skipped != "" {
		r.skip(s, s.Skipped)
	}
	blocked := slices.ContainsFunc(s.Ops, func(o *dirsync.Op) bool { return o.Blocked != "" })
	if s.Problem != "" && !blocked {
		r.conflict(dirsync.Conflict{Key: personKey(s.ID), Hash: r.personHash(s), Username: s.Username(), Sources: []dirsync.SourceID{s.ID}, Reason: s.Problem, Remedy: s.Remedy})
	}
	if s.Want != nil && len(s.Ops) == 0 && s.Problem == "" && s.Skipped == "" && !s.Contested {
		r.report.Unchanged++
	}
}

// keepExactly narrows the plan to the operations of one that was made before.
// The run has looked at the directory, the snapshot and Duo as they are now; an
// operation that it would not make just so any more has moved: it is left out, and
// what is different is told. One that guards split off is taken out of the whole.
func (r *run) keepExactly(ctx context.Context, c *course, p *planned) error {
	now, of := map[string]*dirsync.Op{}, map[dirsync.SourceID][]*dirsync.Op{}
	for _, op := range p.Ops() {
		now[assembly.Exactly(op)] = op
		of[op.Source] = append(of[op.Source], op)
	}
	parts := r.parts(c, p)
	kept := map[*dirsync.Op]bool{}
	split := assembly.Halves{}
	find := func(op *dirsync.Op) *dirsync.Op {
		text := assembly.Exactly(op)
		if current := now[text]; current != nil && !kept[current] {
			return current
		}
		for _, current := range of[op.Source] {
			if part, ok := assembly.PartOf(op, current); ok && parts[text] && !kept[current] {
				return split.TakeOut(current, part)
			}
		}
		return nil
	}
	for _, op := range r.opts.Exactly {
		if current := find(op); current != nil {
			kept[current] = true
			continue
		}
		p.moved = append(p.moved, &dirsync.Operation{Op: op, Result: dirsync.ResultSkipped, Error: whatMoved(op, p, c.decided.subjects)})
	}
	assembly.Insert(p.Plan, split)
	left := map[*dirsync.Op]bool{}
	for _, op := range p.Ops() {
		if !kept[op] {
			left[op] = true
		}
	}
	if len(p.moved)+len(left) == 0 {
		r.opts.Exactly = nil // nothing else is to be done, so this is a run like any other
		return nil
	}
	assembly.Unask(p.Plan, left)
	p.Narrow(func(op *dirsync.Op) bool { return kept[op] })
	for _, s := range c.decided.subjects { // nothing else is reported, either
		s.Ops = slices.DeleteFunc(s.Ops, func(op *dirsync.Op) bool { return op.Blocked != "" })
	}
	r.report.Conflicts, r.report.Waiting = nil, nil
	return nil
}

// parts tells the operations of the plan as guards split them. The plan itself is let be.
func (r *run) parts(c *course, p *planned) map[string]bool {
	plan := assembly.Clone(p.Plan)
	guard.Hold(r.facts(c, plan))
	parts := map[string]bool{}
	for _, op := range plan.Ops() {
		parts[assembly.Exactly(op)] = true
	}
	return parts
}

// whatMoved says why a planned operation is not what the run would do now.
func whatMoved(op *dirsync.Op, p *planned, subjects []*decide.Subject) string {
	const since = "moved since the plan was made: "
	var current *dirsync.Op
	for _, o := range p.Ops() {
		if o.Source == op.Source && (current == nil || o.Action == op.Action) {
			current = o
		}
	}
	i := slices.IndexFunc(subjects, func(s *decide.Subject) bool { return s.ID == op.Source })
	switch {
	case current != nil && current.Action == op.Action && current.User == op.User:
		return since + assembly.Differences(op, current)
	case current != nil:
		return since + fmt.Sprintf("now it would be %s of %s", current.Action, dirsync.Quote(current.Username))
	case i >= 0 && subjects[i].Problem != "":
		return since + subjects[i].Problem
	case i >= 0 && subjects[i].Wait != nil:
		return since + "it is not due any more"
	}
	return since + "there is nothing to do any more"
}

// mostSought is how many people are looked for whom conflicts are to name.
const mostSought = 100

// nameConflicts says who the people of conflicts are. Whose DN did not come by is looked
// for; where that fails, the conflict is told without.
func (r *run) nameConflicts(ctx context.Context, c *course) {
	if len(r.report.Conflicts) == 0 || c.census == nil {
		return
	}
	who := map[dirsync.SourceID]*dirsync.Who{}
	for _, want := range c.census.kept {
		who[want.ID] = &dirsync.Who{Source: want.ID, DN: want.DN, Username: want.Fields[dirsync.FieldUsername]}
	}
	var sought []dirsync.SourceID
	for _, x := range r.report.Conflicts {
		for _, id := range x.Sources {
			if who[id] == nil && !strings.HasPrefix(x.Key, groupPrefix) {
				who[id] = &dirsync.Who{Source: id}
				sought = append(sought, id)
			}
		}
	}
	sought = sought[:min(len(sought), mostSought)]
	links, _ := c.state.snap.load(ctx, sought) // names are for reading only
	for id, link := range links {
		who[id].Username = link.Answered.Username
	}
	if len(sought) > 0 {
		found, _ := r.lookup(ctx, sought)
		for id, where := range found {
			who[id].DN = where.DN
		}
	}
	for i := range r.report.Conflicts {
		x := &r.report.Conflicts[i]
		for _, id := range x.Sources {
			if !strings.HasPrefix(x.Key, groupPrefix) {
				x.People = append(x.People, *who[id])
			}
		}
	}
}

// brokenRing reports whether a rename out of a temporary name leads to one that is not
// free, for whoever has it could not be renamed, while the former name is still free.
func (a *application) brokenRing(op *dirsync.Op) bool {
	former, temporary := assembly.FormerName(dirsync.FoldName(op.Username), op.User)
	if !temporary || op.Action != dirsync.Update || !op.Renames() {
		return false
	}
	kept, taken := false, false
	for _, other := range a.report.Operations {
		if other.Op == op || !other.Renames() && other.Action != dirsync.Create && other.Action != dirsync.Recreate {
			continue
		}
		kept = kept || other.Result != dirsync.ResultApplied && other.Renames() && dirsync.FoldName(other.Username) == dirsync.FoldName(op.Name())
		taken = taken || other.Result == dirsync.ResultApplied && dirsync.FoldName(other.Name()) == former
	}
	return kept && !taken
}

// severalOf gives the operations of people who have several.
func severalOf(ops []*dirsync.Op) map[dirsync.SourceID][]*dirsync.Op {
	first, several := make(map[dirsync.SourceID]*dirsync.Op, len(ops)), map[dirsync.SourceID][]*dirsync.Op{}
	for _, op := range ops {
		switch before := first[op.Source]; {
		case before == nil:
			first[op.Source] = op
		case several[op.Source] == nil:
			several[op.Source] = []*dirsync.Op{before, op}
		default:
			several[op.Source] = append(several[op.Source], op)
		}
	}
	return several
}

// inConflict gives the people whom conflicts name.
func (r *run) inConflict() map[dirsync.SourceID]bool {
	named := map[dirsync.SourceID]bool{}
	for _, x := range r.report.Conflicts {
		for _, id := range x.Sources {
			named[id] = true
		}
	}
	return named
}
