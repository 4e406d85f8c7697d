package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"duosync/sync/mapping"
)

// Names of the guards.
const (
	guardMaxRemove      = "max_remove"
	guardMaxUpdate      = "max_update"
	guardMaxEnable      = "max_enable"
	guardMaxCreate      = "max_create"
	guardMaxRecreate    = "max_recreate"
	guardMaxGroupLoss   = "max_group_loss"
	guardMaxGroupDelete = "max_group_delete"
	guardMinSource      = "min_source"
	guardScopeChanged   = "scope_changed"
	guardStateLost      = "state_lost"
	guardIDsChanged     = "ids_changed"
)

// guard weighs the whole plan before the first write. What follows from a part of the
// sight that is doubted, or from a changed scope, is held by itself and counts for no
// limit; the limits weigh the rest.
func (r *runner) guard(ctx context.Context) error {
	if err := r.hold(ctx); err != nil {
		return err
	}
	r.approve(ctx)
	return nil
}

// hold lets each guard hold what it is about, whatever is approved.
func (r *runner) hold(ctx context.Context) error {
	r.bySource = map[dirsync.SourceID]*subject{}
	for _, s := range r.subjects {
		r.bySource[s.id] = s
	}
	if err := r.groupStatuses(ctx); err != nil {
		return err
	}
	r.partly = map[*dirsync.Op]bool{}
	for _, d := range r.doubts {
		r.guardDoubt(d)
	}
	r.scopeChanged(ctx)
	r.idsChanged()
	limits := r.engine.Rules.Limits
	ours := r.snap.active()
	r.groupLoss(limits.MaxGroupLoss)
	r.groupDeletes(limits.MaxGroupDelete)
	r.maxUpdate(limits.MaxUpdate, ours)
	r.maximum(guardMaxEnable, limits.MaxEnable, ours, r.enables)
	r.maximum(guardMaxCreate, limits.MaxCreate, ours, all(func(o *dirsync.Op) bool { return o.Action == dirsync.Create }))
	r.maximum(guardMaxRecreate, limits.MaxRecreate, ours, all(func(o *dirsync.Op) bool { return o.Action == dirsync.Recreate }))
	r.maxRemove(limits.MaxRemove, ours)
	r.minimumSource(limits.MinSource)
	r.stateLost()
	return nil
}

func all(match func(*dirsync.Op) bool) func(*dirsync.Op) assembly.Part {
	return func(o *dirsync.Op) assembly.Part { return assembly.Part{Whole: match(o)} }
}

// collect takes out of the plan what a guard is about. Operations that a partial guard
// holds, or lets through by its approval, are left aside unless partial is set.
func (r *runner) collect(match func(*dirsync.Op) assembly.Part, partial bool) (ops []*dirsync.Op, persons int) {
	who := map[dirsync.SourceID]bool{}
	for _, o := range r.plan.Ops() {
		if o.Marked || r.partly[o] && !partial {
			continue
		}
		p := match(o)
		if p.Empty() {
			continue
		}
		ops = append(ops, o)
		who[o.Source] = true
	}
	return ops, len(who)
}

// takeOut splits off what a guard holds of each operation.
func (r *runner) takeOut(ops []*dirsync.Op, match func(*dirsync.Op) assembly.Part) []*dirsync.Op {
	out := make([]*dirsync.Op, len(ops))
	split := assembly.Halves{}
	for i, o := range ops {
		out[i] = split.TakeOut(o, match(o))
	}
	r.insert(split)
	return out
}

// insert puts halves into the plan. What guards hold of the whole, they hold of both.
func (r *runner) insert(split assembly.Halves) {
	if len(split) == 0 {
		return
	}
	assembly.Insert(r.plan, split)
	for o, halves := range split {
		for _, half := range halves {
			if r.partly[o] {
				r.partly[half.Op] = true
			}
		}
	}
	for i := range r.run.Guards {
		g := &r.run.Guards[i]
		var ops []*dirsync.Op
		for _, o := range g.Ops {
			ops = append(ops, o)
			for _, half := range split[o] {
				ops = append(ops, half.Op)
			}
		}
		g.Ops = ops
	}
}

// add adds a guard. Where it holds, what depends on its operations is held with them.
func (r *runner) add(g dirsync.Guard) {
	if g.Held {
		held := setOf(g.Ops)
		if g.Partial {
			r.withDependents(held)
			g.Ops = slices.DeleteFunc(r.plan.Ops(), func(o *dirsync.Op) bool { return !held[o] })
		}
		if len(g.Names) == 0 {
			g.Names = namesOf(g.Ops)
		}
	}
	r.run.Guards = append(r.run.Guards, g)
}

func setOf[T comparable](items []T) map[T]bool {
	set := make(map[T]bool, len(items))
	for _, item := range items {
		set[item] = true
	}
	return set
}

// keep notes what the guard holds, for an approval to be bound to.
func keepHold(g *dirsync.Guard, binding dirsync.Binding) {
	h := &g.Hold
	h.Guard, h.About, h.Limit, h.Affected, h.Total, h.Whole = g.Name, g.About, g.Limit, g.Affected, g.Total, !g.Partial
	h.Keys = nil
	for _, o := range g.Ops {
		h.Keys = append(h.Keys, o.Key())
	}
	if g.Remedy == "" {
		g.ApprovalID = approvalID([]dirsync.Hold{*h}, binding)
	}
}

// namesOf names the people of operations, ten at most.
func namesOf(ops []*dirsync.Op) []string {
	var names []string
	for _, o := range ops {
		if len(names) == mostNames {
			break
		}
		if name := cmp.Or(o.Username, string(o.Source)); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// guardDoubt holds what follows from a doubted part of the sight.
func (r *runner) guardDoubt(d *doubt) {
	match := func(o *dirsync.Op) assembly.Part { return r.follows(o, r.bySource[o.Source], d) }
	ops, _ := r.collect(match, true)
	ops = r.takeOut(ops, match)
	for _, o := range ops {
		r.partly[o] = true
	}
	d.subjects = r.concerned(d, ops)
	g := dirsync.Guard{Name: d.guard, About: d.about, Limit: d.limit, Affected: max(d.had-d.have, 0), Total: d.had, Partial: true,
		Held: len(ops) > 0 || r.opts.Only == "" && (d.remedy != "" || len(d.subjects) > 0 || r.namesLost(d)), Names: d.names, Detail: d.detail, Remedy: d.remedy, Ops: ops}
	if g.Total == 0 { // what it had was never seen
		g.Affected = persons(ops)
	}
	if !g.Held {
		r.warn("%s; nothing follows from it in this run, and what would is held", d.words())
	}
	g.Hold = dirsync.Hold{Count: d.have}
	if len(ops) == 0 { // yet their removal counts no step
		g.Hold.People = slices.Sorted(maps.Keys(d.subjects))
	}
	r.add(g)
	for _, o := range r.run.Guards[len(r.run.Guards)-1].Ops {
		r.partly[o] = true
	}
}

// namesLost reports whether it is the usernames that nobody has any more: then nothing
// can be planned, and yet much follows.
func (r *runner) namesLost(d *doubt) bool {
	return d.about.Attribute != "" && d.have == 0 && slices.ContainsFunc(r.census.weighed[d.key], func(x mapping.Dependent) bool { return x.Field == dirsync.FieldUsername })
}

// words says what is doubted.
func (d *doubt) words() string {
	switch {
	case d.detail != "" && d.about.Attribute == "":
		return d.detail
	case d.about.Attribute != "":
		return fmt.Sprintf("of %s with a value of %s, %d have one now", people(d.had), d.about.Attribute, d.have)
	}
	return fmt.Sprintf("the base %s had %s, and has none now", d.about.Base, people(d.had))
}

// concerned are the missing people of whom a doubt holds something, or would.
func (r *runner) concerned(d *doubt, ops []*dirsync.Op) map[dirsync.SourceID]bool {
	who := map[dirsync.SourceID]bool{}
	for _, o := range ops {
		if o.Missing != nil {
			who[o.Source] = true
		}
	}
	for _, s := range r.subjects {
		if s.want == nil && s.link != nil && (d.about.Base != "" && s.link.Seen.Base == d.key ||
			d.about.Group != "" && s.seen != nil && s.seen.Present && (mapping.InAny(s.link.Seen.Groups, d.groups) || mapping.InAny(s.link.Seen.Groups, d.former))) {
			who[s.id] = true
		}
	}
	return who
}

// maximum holds operations where they are too many.
func (r *runner) maximum(name string, limit dirsync.Limit, total int, match func(*dirsync.Op) assembly.Part) {
	if limit.Off {
		return
	}
	ops, n := r.collect(match, false)
	g := dirsync.Guard{Name: name, Limit: limit.String(), Affected: n, Total: total, Held: limit.Above(n, total) && n > r.engine.Rules.Limits.Floor, Partial: true, Ops: ops}
	if g.Held {
		g.Ops = r.takeOut(ops, match)
	}
	r.add(g)
}

// enables gives what of an operation lets people in who were not let in: also that
// somebody leaves a group whose members Duo does not let in.
func (r *runner) enables(o *dirsync.Op) (p assembly.Part) {
	p.Whole = raises(o) && o.Action != dirsync.Update
	if raises(o) {
		p.Fields = []string{dirsync.FieldStatus}
	}
	for _, m := range o.Leaves {
		if g := r.groups.live[m.ID]; g != nil && g.Status == dirsync.StatusDisabled {
			p.Leaves = append(p.Leaves, m)
		}
	}
	return p
}

// groupStatuses reads Duo's groups where it matters which of them lets nobody in.
func (r *runner) groupStatuses(ctx context.Context) error {
	if r.groups.live != nil || !slices.ContainsFunc(r.plan.Ops(), func(o *dirsync.Op) bool { return len(o.Leaves) > 0 }) {
		return nil
	}
	return r.groups.readLive(ctx, r.engine.Target)
}

// maxUpdate weighs what updates take, and all else that they change, apart: neither
// holds the other.
func (r *runner) maxUpdate(limit dirsync.Limit, total int) {
	r.maximumOf(limit, total, "what is taken: groups, phones and aliases", r.taken)
	r.maximumOf(limit, total, "", r.changedOtherwise)
}

func (r *runner) maximumOf(limit dirsync.Limit, total int, detail string, match func(*dirsync.Op) assembly.Part) {
	before := len(r.run.Guards)
	r.maximum(guardMaxUpdate, limit, total, match)
	if len(r.run.Guards) == before {
		return
	}
	g := &r.run.Guards[before]
	if g.Detail = detail; detail != "" && g.Affected == 0 {
		r.run.Guards = r.run.Guards[:before] // the one entry that is always there is the other
	}
}

// taken gives what an update takes. What counts as enabling is none of it.
func (r *runner) taken(o *dirsync.Op) (p assembly.Part) {
	if o.Action != dirsync.Update {
		return p
	}
	gives := r.enables(o).Leaves
	p.Leaves = slices.DeleteFunc(slices.Clone(o.Leaves), func(m dirsync.Membership) bool { return slices.Contains(gives, m) })
	p.Takes = slices.ContainsFunc(o.Phones, func(s dirsync.PhoneStep) bool { return s.Do == dirsync.PhoneRemove })
	if c := o.Change(dirsync.FieldAliases); c != nil && len(dirsync.Without(dirsync.Items(c.Before), dirsync.Items(c.After))) > 0 {
		p.Takes = true
	}
	return p
}

// changedOtherwise gives what an update changes and does not take. An adoption counts
// with it, unless it disables, which is a removal.
func (r *runner) changedOtherwise(o *dirsync.Op) (p assembly.Part) {
	if o.Action == dirsync.Adopt { // one's own user under a new id is no change, but for its fields
		return assembly.Part{Whole: !disables(o) && (o.From == "" || len(o.Changes) > 0)}
	}
	if o.Action != dirsync.Update {
		return p
	}
	for _, c := range o.Changes {
		if !dirsync.IsList(c.Field) && !(c.Field == dirsync.FieldStatus && raises(o)) {
			p.Fields = append(p.Fields, c.Field)
		}
	}
	p.Joins = o.Joins
	p.Gives = slices.ContainsFunc(o.Phones, func(s dirsync.PhoneStep) bool { return s.Do != dirsync.PhoneRemove })
	if c := o.Change(dirsync.FieldAliases); c != nil && len(dirsync.Without(dirsync.Items(c.After), dirsync.Items(c.Before))) > 0 {
		p.Gives = true
	}
	return p
}

// disables reports whether an adoption disables the user.
func disables(o *dirsync.Op) bool {
	return o.Action == dirsync.Adopt && o.After()[dirsync.FieldStatus] == dirsync.StatusDisabled
}

// maxRemove holds the whole run where too much is taken from too many persons.
func (r *runner) maxRemove(limit dirsync.Limit, total int) {
	if limit.Off || r.opts.Only != "" {
		return
	}
	ops, n := r.collect(all(func(o *dirsync.Op) bool {
		return (o.Removes() || disables(o)) && (o.Missing == nil || !o.Missing.Approved)
	}), false)
	r.add(dirsync.Guard{Name: guardMaxRemove, Limit: limit.String(), Affected: n, Total: total, Held: limit.Above(n, total) && n > r.engine.Rules.Limits.Floor, Ops: ops})
}

// minimumSource holds the whole run when the directory has lost too many people
// since the last good run. Whom an exclusion leaves alone is not lost, and neither is
// anybody whom another guard holds by name.
func (r *runner) minimumSource(limit dirsync.Limit) {
	before := r.meta.Baseline
	if limit.Off || before == nil || r.opts.Only != "" {
		return
	}
	had, now := before.Sighted, r.sighted(true)
	if had == 0 {
		had = before.InScope
	}
	lost := max(had-now, 0)
	ops, _ := r.collect(all((*dirsync.Op).Removes), false)
	g := dirsync.Guard{Name: guardMinSource, Limit: limit.String(), Affected: lost, Total: had, Held: limit.Below(now, had) && lost > r.engine.Rules.Limits.Floor, Ops: ops}
	g.Hold.Count = now
	if r.otherScope() && len(r.scopeWho) == 0 && !g.Held {
		return
	}
	r.add(g)
}

// sighted counts the people who would be in scope, whom an exclusion leaves alone, and
// those whom another guard holds by name: with passed, also whom it let through.
func (r *runner) sighted(passed bool) int {
	accounted := map[dirsync.SourceID]bool{}
	for _, d := range r.doubts {
		if passed || !d.accepted {
			maps.Copy(accounted, d.subjects)
		}
	}
	if passed || r.holds(guardScopeChanged) {
		maps.Copy(accounted, r.scopeWho)
	}
	var held map[*dirsync.Op]bool
	if !passed {
		held = r.heldOps()
	}
	maps.DeleteFunc(accounted, func(id dirsync.SourceID, _ bool) bool {
		s := r.bySource[id]
		if s == nil || s.heir != nil { // who is there under a new id is in scope already
			return s != nil
		}
		if s.link != nil && s.link.Missing != nil && s.link.Missing.Scope == "" { // was not counted then, either
			return true
		}
		return !passed && s.goes(held)
	})
	return r.census.inScope + r.census.excluded + len(accounted)
}

// goes reports whether it counts for a person from this run on that they are missing.
func (s *subject) goes(held map[*dirsync.Op]bool) bool {
	if s.next != nil && s.next.Missing != nil && s.next.Missing.Approved {
		return true
	}
	return slices.ContainsFunc(s.ops, func(o *dirsync.Op) bool { return o.Missing != nil && !held[o] })
}

// groupFloor is from how many members on a group's loss is weighed.
const groupFloor = 10

// groupLoss holds what takes too many of its members from a mirrored group.
func (r *runner) groupLoss(limit dirsync.Limit) {
	if limit.Off {
		return
	}
	names, keys := map[string]string{}, map[dirsync.Membership]string{}
	for _, o := range r.plan.Ops() {
		for _, m := range o.Leaves {
			if keys[m] == "" {
				keys[m] = r.groups.keyOf(m)
				names[keys[m]] = m.Name
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		match := func(o *dirsync.Op) (p assembly.Part) {
			for _, m := range o.Leaves {
				if keys[m] == key {
					p.Leaves = append(p.Leaves, m)
				}
			}
			return p
		}
		ops, n := r.collect(match, false)
		total := r.census.members[key] + n
		if n == 0 || total < groupFloor {
			continue
		}
		g := dirsync.Guard{Name: guardMaxGroupLoss, About: dirsync.About{Group: names[key]}, Limit: limit.String(), Affected: n, Total: total, Partial: true,
			Held: limit.Above(n, total) && n > r.engine.Rules.Limits.Floor, Ops: ops}
		if g.Held {
			g.Ops = r.takeOut(ops, match)
		}
		r.add(g)
	}
}

// keyOf gives the key under which the directory wants the group of a membership, which
// may have another name there by now.
func (b *groupBook) keyOf(m dirsync.Membership) string {
	if key, ok := b.mirrored(m.ID); ok {
		return key
	}
	return dirsync.FoldName(m.Name)
}

// groupDeletes holds deletions of groups, with which Duo's policies for them go. One
// may always go.
func (r *runner) groupDeletes(limit dirsync.Limit) {
	ops, n := r.collect(all(func(o *dirsync.Op) bool { return o.Action == dirsync.GroupDelete }), false)
	if limit.Off || n == 0 {
		return
	}
	total := len(r.groups.links)
	r.add(dirsync.Guard{Name: guardMaxGroupDelete, Limit: limit.String(), Affected: n, Total: total, Held: limit.Above(n, total) && n > 1, Partial: true, Ops: ops})
}

// stateLost holds every creation when the snapshot is empty while Duo already
// holds most of the names: the state was lost, or belongs elsewhere.
func (r *runner) stateLost() {
	if r.snap.links > 0 || r.held == 0 {
		return
	}
	wanted := r.census.inScope
	r.add(dirsync.Guard{Name: guardStateLost, Limit: "50%", Affected: r.held, Total: wanted, Remedy: "duosync rebuild" + r.run.Flags,
		Held: 2*r.held > wanted && r.held > r.engine.Rules.Limits.Floor && r.engine.Rules.Existing == ExistingReport && (r.opts.Adopt == "" || r.opts.Only == ""),
		Ops:  r.plan.Ops()})
}

// sinceWhen notes since when each guard holds.
func (r *runner) sinceWhen() map[string]time.Time {
	since := map[string]time.Time{}
	for i := range r.run.Guards {
		g := &r.run.Guards[i]
		if !g.Held {
			continue
		}
		key := g.Name + "|" + g.About.Text()
		g.Since = r.run.Started
		if before := r.meta.Baseline; before != nil {
			if at, known := before.Held[key]; known && at.Before(g.Since) {
				g.Since = at
			}
		}
		since[key] = g.Since
	}
	return since
}
