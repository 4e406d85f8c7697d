package dirsync

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
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
	r.bySource = map[SourceID]*subject{}
	for _, s := range r.subjects {
		r.bySource[s.id] = s
	}
	if err := r.groupStatuses(ctx); err != nil {
		return err
	}
	r.partly = map[*Op]bool{}
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
	r.maximum(guardMaxCreate, limits.MaxCreate, ours, all(func(o *Op) bool { return o.Action == Create }))
	r.maximum(guardMaxRecreate, limits.MaxRecreate, ours, all(func(o *Op) bool { return o.Action == Recreate }))
	r.maxRemove(limits.MaxRemove, ours)
	r.minimumSource(limits.MinSource)
	r.stateLost()
	return nil
}

func all(match func(*Op) bool) func(*Op) part {
	return func(o *Op) part { return part{whole: match(o)} }
}

// collect takes out of the plan what a guard is about. Operations that a partial guard
// holds, or lets through by its approval, are left aside unless partial is set.
func (r *runner) collect(match func(*Op) part, partial bool) (ops []*Op, persons int) {
	who := map[SourceID]bool{}
	for _, o := range r.plan.Ops() {
		if o.Marked || r.partly[o] && !partial {
			continue
		}
		p := match(o)
		if p.empty() {
			continue
		}
		ops = append(ops, o)
		who[o.Source] = true
	}
	return ops, len(who)
}

// takeOut splits off what a guard holds of each operation.
func (r *runner) takeOut(ops []*Op, match func(*Op) part) []*Op {
	out := make([]*Op, len(ops))
	split := halves{}
	for i, o := range ops {
		out[i] = split.takeOut(o, match(o))
	}
	r.insert(split)
	return out
}

// insert puts halves into the plan. What guards hold of the whole, they hold of both.
func (r *runner) insert(split halves) {
	if len(split) == 0 {
		return
	}
	r.plan.insert(split)
	for o, halves := range split {
		for _, half := range halves {
			if r.partly[o] {
				r.partly[half.op] = true
			}
		}
	}
	for i := range r.run.Guards {
		g := &r.run.Guards[i]
		var ops []*Op
		for _, o := range g.ops {
			ops = append(ops, o)
			for _, half := range split[o] {
				ops = append(ops, half.op)
			}
		}
		g.ops = ops
	}
}

// add adds a guard. Where it holds, what depends on its operations is held with them.
func (r *runner) add(g Guard) {
	if g.Held {
		held := setOf(g.ops)
		if g.Partial {
			r.withDependents(held)
			g.ops = slices.DeleteFunc(r.plan.Ops(), func(o *Op) bool { return !held[o] })
		}
		if len(g.Names) == 0 {
			g.Names = namesOf(g.ops)
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
func (g *Guard) keep(binding Binding) {
	h := &g.hold
	h.Guard, h.About, h.Limit, h.Affected, h.Total, h.Whole = g.Name, g.About, g.Limit, g.Affected, g.Total, !g.Partial
	h.Keys = nil
	for _, o := range g.ops {
		h.Keys = append(h.Keys, o.Key())
	}
	if g.Remedy == "" {
		g.ApprovalID = approvalID([]Hold{*h}, binding)
	}
}

// namesOf names the people of operations, ten at most.
func namesOf(ops []*Op) []string {
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
	match := func(o *Op) part { return r.follows(o, r.bySource[o.Source], d) }
	ops, _ := r.collect(match, true)
	ops = r.takeOut(ops, match)
	for _, o := range ops {
		r.partly[o] = true
	}
	d.subjects = r.concerned(d, ops)
	g := Guard{Name: d.guard, About: d.about, Limit: d.limit, Affected: max(d.had-d.have, 0), Total: d.had, Partial: true,
		Held: len(ops) > 0 || r.opts.Only == "" && (d.remedy != "" || len(d.subjects) > 0 || r.namesLost(d)), Names: d.names, Detail: d.detail, Remedy: d.remedy, ops: ops}
	if g.Total == 0 { // what it had was never seen
		g.Affected = persons(ops)
	}
	if !g.Held {
		r.warn("%s; nothing follows from it in this run, and what would is held", d.words())
	}
	g.hold = Hold{Count: d.have}
	if len(ops) == 0 { // yet their removal counts no step
		g.hold.People = slices.Sorted(maps.Keys(d.subjects))
	}
	r.add(g)
	for _, o := range r.run.Guards[len(r.run.Guards)-1].ops {
		r.partly[o] = true
	}
}

// namesLost reports whether it is the usernames that nobody has any more: then nothing
// can be planned, and yet much follows.
func (r *runner) namesLost(d *doubt) bool {
	return d.about.Attribute != "" && d.have == 0 && slices.ContainsFunc(r.census.weighed[d.key], func(x dependent) bool { return x.field == FieldUsername })
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
func (r *runner) concerned(d *doubt, ops []*Op) map[SourceID]bool {
	who := map[SourceID]bool{}
	for _, o := range ops {
		if o.Missing != nil {
			who[o.Source] = true
		}
	}
	for _, s := range r.subjects {
		if s.want == nil && s.link != nil && (d.about.Base != "" && s.link.Seen.Base == d.key ||
			d.about.Group != "" && s.seen != nil && s.seen.Present && (inAny(s.link.Seen.Groups, d.groups) || inAny(s.link.Seen.Groups, d.former))) {
			who[s.id] = true
		}
	}
	return who
}

// maximum holds operations where they are too many.
func (r *runner) maximum(name string, limit Limit, total int, match func(*Op) part) {
	if limit.Off {
		return
	}
	ops, n := r.collect(match, false)
	g := Guard{Name: name, Limit: limit.String(), Affected: n, Total: total, Held: limit.Above(n, total) && n > r.engine.Rules.Limits.Floor, Partial: true, ops: ops}
	if g.Held {
		g.ops = r.takeOut(ops, match)
	}
	r.add(g)
}

// enables gives what of an operation lets people in who were not let in: also that
// somebody leaves a group whose members Duo does not let in.
func (r *runner) enables(o *Op) (p part) {
	p.whole = raises(o) && o.Action != Update
	if raises(o) {
		p.fields = []string{FieldStatus}
	}
	for _, m := range o.Leaves {
		if g := r.groups.live[m.ID]; g != nil && g.Status == StatusDisabled {
			p.leaves = append(p.leaves, m)
		}
	}
	return p
}

// groupStatuses reads Duo's groups where it matters which of them lets nobody in.
func (r *runner) groupStatuses(ctx context.Context) error {
	if r.groups.live != nil || !slices.ContainsFunc(r.plan.Ops(), func(o *Op) bool { return len(o.Leaves) > 0 }) {
		return nil
	}
	return r.groups.readLive(ctx, r.engine.Target)
}

// maxUpdate weighs what updates take, and all else that they change, apart: neither
// holds the other.
func (r *runner) maxUpdate(limit Limit, total int) {
	r.maximumOf(limit, total, "what is taken: groups, phones and aliases", r.taken)
	r.maximumOf(limit, total, "", r.changedOtherwise)
}

func (r *runner) maximumOf(limit Limit, total int, detail string, match func(*Op) part) {
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
func (r *runner) taken(o *Op) (p part) {
	if o.Action != Update {
		return p
	}
	gives := r.enables(o).leaves
	p.leaves = slices.DeleteFunc(slices.Clone(o.Leaves), func(m Membership) bool { return slices.Contains(gives, m) })
	p.takes = slices.ContainsFunc(o.Phones, func(s PhoneStep) bool { return s.Do == PhoneRemove })
	if c := o.Change(FieldAliases); c != nil && len(without(Items(c.Before), Items(c.After))) > 0 {
		p.takes = true
	}
	return p
}

// changedOtherwise gives what an update changes and does not take. An adoption counts
// with it, unless it disables, which is a removal.
func (r *runner) changedOtherwise(o *Op) (p part) {
	if o.Action == Adopt { // one's own user under a new id is no change, but for its fields
		return part{whole: !disables(o) && (o.From == "" || len(o.Changes) > 0)}
	}
	if o.Action != Update {
		return p
	}
	for _, c := range o.Changes {
		if !IsList(c.Field) && !(c.Field == FieldStatus && raises(o)) {
			p.fields = append(p.fields, c.Field)
		}
	}
	p.joins = o.Joins
	p.gives = slices.ContainsFunc(o.Phones, func(s PhoneStep) bool { return s.Do != PhoneRemove })
	if c := o.Change(FieldAliases); c != nil && len(without(Items(c.After), Items(c.Before))) > 0 {
		p.gives = true
	}
	return p
}

// disables reports whether an adoption disables the user.
func disables(o *Op) bool { return o.Action == Adopt && o.After()[FieldStatus] == StatusDisabled }

// maxRemove holds the whole run where too much is taken from too many persons.
func (r *runner) maxRemove(limit Limit, total int) {
	if limit.Off || r.opts.Only != "" {
		return
	}
	ops, n := r.collect(all(func(o *Op) bool {
		return (o.Removes() || disables(o)) && (o.Missing == nil || !o.Missing.Approved)
	}), false)
	r.add(Guard{Name: guardMaxRemove, Limit: limit.String(), Affected: n, Total: total, Held: limit.Above(n, total) && n > r.engine.Rules.Limits.Floor, ops: ops})
}

// minimumSource holds the whole run when the directory has lost too many people
// since the last good run. Whom an exclusion leaves alone is not lost, and neither is
// anybody whom another guard holds by name.
func (r *runner) minimumSource(limit Limit) {
	before := r.meta.Baseline
	if limit.Off || before == nil || r.opts.Only != "" {
		return
	}
	had, now := before.Sighted, r.sighted(true)
	if had == 0 {
		had = before.InScope
	}
	lost := max(had-now, 0)
	ops, _ := r.collect(all((*Op).Removes), false)
	g := Guard{Name: guardMinSource, Limit: limit.String(), Affected: lost, Total: had, Held: limit.Below(now, had) && lost > r.engine.Rules.Limits.Floor, ops: ops}
	g.hold.Count = now
	if r.otherScope() && len(r.scopeWho) == 0 && !g.Held {
		return
	}
	r.add(g)
}

// sighted counts the people who would be in scope, whom an exclusion leaves alone, and
// those whom another guard holds by name: with passed, also whom it let through.
func (r *runner) sighted(passed bool) int {
	accounted := map[SourceID]bool{}
	for _, d := range r.doubts {
		if passed || !d.accepted {
			maps.Copy(accounted, d.subjects)
		}
	}
	if passed || r.holds(guardScopeChanged) {
		maps.Copy(accounted, r.scopeWho)
	}
	var held map[*Op]bool
	if !passed {
		held = r.heldOps()
	}
	maps.DeleteFunc(accounted, func(id SourceID, _ bool) bool {
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
func (s *subject) goes(held map[*Op]bool) bool {
	if s.next != nil && s.next.Missing != nil && s.next.Missing.Approved {
		return true
	}
	return slices.ContainsFunc(s.ops, func(o *Op) bool { return o.Missing != nil && !held[o] })
}

// groupFloor is from how many members on a group's loss is weighed.
const groupFloor = 10

// groupLoss holds what takes too many of its members from a mirrored group.
func (r *runner) groupLoss(limit Limit) {
	if limit.Off {
		return
	}
	names, keys := map[string]string{}, map[Membership]string{}
	for _, o := range r.plan.Ops() {
		for _, m := range o.Leaves {
			if keys[m] == "" {
				keys[m] = r.groups.keyOf(m)
				names[keys[m]] = m.Name
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		match := func(o *Op) (p part) {
			for _, m := range o.Leaves {
				if keys[m] == key {
					p.leaves = append(p.leaves, m)
				}
			}
			return p
		}
		ops, n := r.collect(match, false)
		total := r.census.members[key] + n
		if n == 0 || total < groupFloor {
			continue
		}
		g := Guard{Name: guardMaxGroupLoss, About: About{Group: names[key]}, Limit: limit.String(), Affected: n, Total: total, Partial: true,
			Held: limit.Above(n, total) && n > r.engine.Rules.Limits.Floor, ops: ops}
		if g.Held {
			g.ops = r.takeOut(ops, match)
		}
		r.add(g)
	}
}

// keyOf gives the key under which the directory wants the group of a membership, which
// may have another name there by now.
func (b *groupBook) keyOf(m Membership) string {
	if key, ok := b.mirrored(m.ID); ok {
		return key
	}
	return FoldName(m.Name)
}

// groupDeletes holds deletions of groups, with which Duo's policies for them go. One
// may always go.
func (r *runner) groupDeletes(limit Limit) {
	ops, n := r.collect(all(func(o *Op) bool { return o.Action == GroupDelete }), false)
	if limit.Off || n == 0 {
		return
	}
	total := len(r.groups.links)
	r.add(Guard{Name: guardMaxGroupDelete, Limit: limit.String(), Affected: n, Total: total, Held: limit.Above(n, total) && n > 1, Partial: true, ops: ops})
}

// stateLost holds every creation when the snapshot is empty while Duo already
// holds most of the names: the state was lost, or belongs elsewhere.
func (r *runner) stateLost() {
	if r.snap.links > 0 || r.held == 0 {
		return
	}
	wanted := r.census.inScope
	r.add(Guard{Name: guardStateLost, Limit: "50%", Affected: r.held, Total: wanted, Remedy: "duosync rebuild" + r.run.Flags,
		Held: 2*r.held > wanted && r.held > r.engine.Rules.Limits.Floor && r.engine.Rules.Existing == ExistingReport && (r.opts.Adopt == "" || r.opts.Only == ""),
		ops:  r.plan.Ops()})
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
