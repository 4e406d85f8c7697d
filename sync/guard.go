package dirsync

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// guard weighs the whole plan against the limits, before the first write.
func (r *runner) guard() {
	limits := r.engine.Rules.Limits
	ours := r.snap.active()
	r.scopeChanged(ours)
	r.maximum("max_remove", limits.MaxRemove, ours, func(o *Op) bool { return o.Removes() })
	r.maximum("max_update", limits.MaxUpdate, ours, func(o *Op) bool { return o.Action == Update || o.Action == Adopt })
	r.maximum("max_enable", limits.MaxEnable, ours, raises)
	r.maximum("max_create", limits.MaxCreate, ours, func(o *Op) bool { return o.Action == Create })
	r.maximum("max_recreate", limits.MaxRecreate, ours, func(o *Op) bool { return o.Action == Recreate })
	r.groupLoss(limits.MaxGroupLoss)
	r.membersLost(limits.MinAttribute)
	r.minimumSource(limits.MinSource)
	r.minimumAttributes(limits.MinAttribute)
	r.stateLost()
	r.hold()
}

// affected gives the operations that match, apart from those that a changed scope
// holds already, and how many persons they are about.
func (r *runner) affected(match func(*Op) bool) (ops []*Op, persons int) {
	who := map[SourceID]bool{}
	for _, op := range r.plan.Ops() {
		if match(op) && !r.scopeHeld[op] {
			ops = append(ops, op)
			who[op.Source] = true
		}
	}
	return ops, len(who)
}

func (r *runner) maximum(name string, limit Limit, total int, match func(*Op) bool) {
	if limit.Off {
		return
	}
	ops, n := r.affected(match)
	held := limit.Above(n, total) && n > r.engine.Rules.Limits.Floor
	r.run.Guards = append(r.run.Guards, Guard{Name: name, Limit: limit.String(), Affected: n, Total: total, Held: held, Approvable: true, ops: ops, token: name})
}

// minimumSource holds all removals when the directory has lost too many people
// since the last good run.
func (r *runner) minimumSource(limit Limit) {
	before := r.meta.Baseline
	if limit.Off || before == nil || r.otherScope() {
		return
	}
	now := r.run.InScope
	lost := max(before.InScope-now, 0)
	ops, _ := r.affected((*Op).Removes)
	r.run.Guards = append(r.run.Guards, Guard{Name: "min_source", Limit: limit.String(), Affected: lost, Total: before.InScope,
		Held: limit.Below(now, before.InScope) && lost > r.engine.Rules.Limits.Floor, Approvable: true, ops: ops,
		token: "min_source=" + strconv.Itoa(now)})
}

// minimumAttributes holds what follows from an attribute that too many people
// have lost since the last good run; missing read rights look like that. One
// that comes back for nobody any more holds whatever the floor.
func (r *runner) minimumAttributes(limit Limit) {
	before := r.meta.Baseline
	if limit.Off || before == nil {
		return
	}
	rules := &r.engine.Rules
	fields := rules.dependents()
	for _, attribute := range slices.Sorted(maps.Keys(fields)) {
		had, have := before.Attributes[attribute], r.census.attributes[attribute]
		if have >= had {
			continue
		}
		ops, persons := r.affected(func(o *Op) bool { return follows(o, fields[attribute]) })
		vanished := have == 0
		// Nothing can be planned for people without a username; yet they have lost it.
		affected := persons > 0 || slices.Contains(rules.Mapping[FieldUsername].Attributes(), attribute) && have < r.run.InScope
		fallen := limit.Below(have, had) && had-have > rules.Limits.Floor
		r.run.Guards = append(r.run.Guards, Guard{Name: "min_attribute", Attribute: attribute, Limit: limit.String(), Affected: had - have, Total: had,
			Held: affected && (vanished || fallen), Approvable: true, ops: ops,
			token: "min_attribute:" + attribute + "=" + strconv.Itoa(have)})
	}
}

// A dependent is a field that is made of an attribute, and perhaps of more than
// that.
type dependent struct {
	field string
	plain bool
}

// dependents gives the fields that are made of each attribute.
func (r *Rules) dependents() map[string][]dependent {
	fields := map[string][]dependent{}
	add := func(field string, from *Expression) {
		for _, attribute := range from.Attributes() {
			fields[attribute] = append(fields[attribute], dependent{field, from.Plain()})
		}
	}
	for field, from := range r.Mapping {
		add(field, from)
	}
	for _, from := range r.Aliases {
		add(FieldAliases, from)
	}
	for _, phone := range r.Phones.From {
		add(FieldPhones, phone.Number)
	}
	if !r.Status {
		return fields
	}
	if r.StatusFrom != nil {
		add(FieldStatus, r.StatusFrom)
		if !r.StatusFrom.Preset() {
			return fields
		}
	}
	for _, attribute := range r.StatusAttributes {
		attribute = strings.ToLower(attribute)
		fields[attribute] = append(fields[attribute], dependent{FieldStatus, true})
	}
	return fields
}

// follows reports whether an operation on a person in scope changes one of the
// fields to what an absent attribute gives: nothing, fewer items, or a status
// other than disabled. Of an expression any other value may come of it.
func follows(o *Op, fields []dependent) bool {
	if o.Missing != nil || o.Action == EnrollMail {
		return false
	}
	return slices.ContainsFunc(o.Changes, func(c Change) bool {
		return slices.ContainsFunc(fields, func(d dependent) bool {
			switch {
			case d.field != c.Field:
				return false
			case c.Field == FieldStatus:
				return c.After != StatusDisabled || !d.plain
			case o.Action == Create: // it loses nothing
				return false
			case IsList(c.Field):
				return len(without(Items(c.Before), Items(c.After))) > 0
			}
			return c.After == "" || !d.plain
		})
	})
}

// raises reports whether an operation lets people in who were not let in, or not
// without a second factor.
func raises(o *Op) bool {
	c := o.Change(FieldStatus)
	return o.Action == Enable || o.Action == Restore || c != nil && c.After == StatusBypass
}

// membersLost holds what follows where groups had more members than the floor at the
// last good run and none has any now: a lost right to read them looks like that. It
// is the groups' min_attribute.
func (r *runner) membersLost(limit Limit) {
	before := r.meta.Baseline
	if limit.Off || before == nil {
		return
	}
	had, have := 0, 0
	for key, n := range before.Groups {
		if r.groups.wanted[key] != nil {
			had += n
			have += r.census.members[key]
		}
	}
	floor := r.engine.Rules.Limits.Floor
	unmirrored := had > floor && have == 0
	included := before.Excluded > floor && r.census.excluded == 0 && len(r.engine.Rules.ExcludeGroups) > 0
	ops, n := r.affected(func(o *Op) bool {
		return unmirrored && len(o.Leaves) > 0 || included && (o.Action == Create || o.Action == Adopt)
	})
	if n == 0 {
		return
	}
	r.run.Guards = append(r.run.Guards, Guard{Name: "min_attribute", Attribute: "member", Limit: limit.String(), Affected: had + before.Excluded,
		Total: had + before.Excluded, Held: true, Approvable: true, ops: ops, token: "min_attribute:member=0"})
}

// groupFloor is from how many members on a group's loss is weighed.
const groupFloor = 10

// groupLoss holds what takes too many of its members from a mirrored group.
func (r *runner) groupLoss(limit Limit) {
	if limit.Off {
		return
	}
	losses := map[string][]*Op{}
	names := map[string]string{}
	before := map[string]int{}
	if r.meta.Baseline != nil {
		maps.Copy(before, r.meta.Baseline.Groups)
	}
	lost := map[string]int{}
	for _, op := range r.plan.Ops() {
		for _, m := range op.Leaves {
			key := FoldName(m.Name)
			losses[key], names[key] = append(losses[key], op), m.Name
			lost[key]++
		}
		if op.Action == GroupDelete {
			key := op.Group.Key()
			losses[key], names[key] = append(losses[key], op), op.Group.Name
			lost[key] = before[key]
		}
	}
	for _, key := range slices.Sorted(maps.Keys(losses)) {
		total := max(before[key], r.census.members[key]+lost[key])
		if total < groupFloor {
			continue
		}
		r.run.Guards = append(r.run.Guards, Guard{Name: "max_group_loss", Group: names[key], Limit: limit.String(), Affected: lost[key], Total: total,
			Held: limit.Above(lost[key], total) && lost[key] > r.engine.Rules.Limits.Floor, Approvable: true, ops: losses[key],
			token: "max_group_loss:" + key})
	}
}

// stateLost holds every creation when the snapshot is empty while Duo already
// holds most of the names: the state was lost, or belongs elsewhere.
func (r *runner) stateLost() {
	if r.snap.links > 0 || r.held == 0 {
		return
	}
	wanted := r.run.InScope
	r.run.Guards = append(r.run.Guards, Guard{Name: "state_lost", Limit: "50%", Affected: r.held, Total: wanted,
		Held: 2*r.held > wanted && r.held > r.engine.Rules.Limits.Floor && r.engine.Rules.Existing == ExistingReport && (r.opts.Adopt == "" || r.opts.Only == ""),
		ops:  r.plan.Ops()})
}
