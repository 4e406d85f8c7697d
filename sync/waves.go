package dirsync

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode/utf8"
)

// assemble orders operations into waves: disables first, for a leaver must not
// wait behind 10,000 creations; then the groups that people are put into, and who
// comes out of the Trash to give a name up; then updates, in which a name is freed
// before another one claims it; then what adds users, what needed all that, and
// mails; removals for good last.
func assemble(ops []*Op) *Plan {
	var first, groups, updates, additions, late, mails, last, orphans []*Op
	for _, op := range ops {
		switch {
		case op.Action == Disable, op.Action == Adopt && op.After()[FieldStatus] == StatusDisabled:
			first = append(first, op)
		case op.Action == GroupCreate, op.Action == GroupUpdate:
			groups = append(groups, op)
		case op.Late:
			late = append(late, op)
		case op.Action == Update, op.Action == Enable:
			updates = append(updates, op)
		case op.Action == Create, op.Action == Recreate, op.Action == Restore, op.Action == Adopt:
			additions = append(additions, op)
		case op.Action == EnrollMail:
			mails = append(mails, op)
		case op.Action == GroupDelete, op.Action == PhoneDelete:
			orphans = append(orphans, op)
		default:
			last = append(last, op)
		}
	}
	back, updates, additions, split := backFirst(updates, additions)
	late = append(late, split...)
	freed, updates, split := splitAliases(updates, additions)
	late = append(late, split...)
	plan := &Plan{}
	waves := append([][]*Op{first, groups, back, freed}, renames(updates)...)
	for _, wave := range append(waves, additions, late, mails, last, orphans) {
		if len(wave) == 0 {
			continue
		}
		slices.SortFunc(wave, func(a, b *Op) int {
			return cmp.Or(cmp.Compare(FoldName(a.Username), FoldName(b.Username)), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Action, b.Action))
		})
		plan.Waves = append(plan.Waves, wave)
	}
	return plan
}

// backFirst takes from additions the restores that give up a name which somebody
// takes in this plan: they come before all updates, and what they change of names
// and phones is an operation of its own, in its place among the others.
func backFirst(updates, additions []*Op) (back, all, rest, late []*Op) {
	claimed := map[string]bool{}
	for _, op := range slices.Concat(updates, additions) {
		for _, name := range op.claims() {
			claimed[name] = true
		}
	}
	all = updates
	for _, op := range additions {
		if op.Action != Restore || !anyFolded(op.gives(), claimed) {
			rest = append(rest, op)
			continue
		}
		back = append(back, op)
		all = append(all, op.split(FieldUsername, FieldAliases))
		if len(op.Phones) > 0 {
			half := op.split(FieldPhones)
			half.Late, half.Phones, op.Phones = true, op.Phones, nil
			half.joinSharers(additions)
			late = append(late, half)
		}
	}
	return back, all, rest, late
}

// joinSharers has an operation, which comes later than was thought, attach the phones
// that it would have made first and others share.
func (o *Op) joinSharers(others []*Op) {
	shared := map[string]bool{}
	for _, other := range others {
		for _, s := range other.Phones {
			shared[s.Text()] = shared[s.Text()] || s.Share
		}
	}
	for i := range o.Phones {
		if s := &o.Phones[i]; s.Do == PhoneMake && shared[s.Text()] {
			s.Share, s.Ours = true, true
		}
	}
}

// splitAliases takes from updates what must come before or after them: an alias
// that somebody takes in this plan is given up first, and one that was somebody's
// username is added last.
func splitAliases(updates, additions []*Op) (freed, rest, late []*Op) {
	claimed, formerNames := map[string]bool{}, map[string]bool{}
	for _, op := range slices.Concat(updates, additions) {
		for _, name := range op.claims() {
			claimed[name] = true
		}
		if op.renames() {
			formerNames[FoldName(op.Username)] = true
		}
	}
	for _, op := range updates {
		c := op.Change(FieldAliases)
		if c == nil {
			rest = append(rest, op)
			continue
		}
		before, after := Items(c.Before), Items(c.After)
		dropped, added := without(before, after), without(after, before)
		if anyFolded(dropped, claimed) {
			half := op.part(Change{Field: FieldAliases, Before: c.Before, After: ListOf(without(before, dropped))},
				"gives up an alias that somebody takes in this run")
			freed = append(freed, half)
			c.Before = half.Changes[0].After
			asked, ours := op.Asked[FieldAliases]
			switch {
			case len(added) == 0:
				op.drop(FieldAliases)
			case ours:
				asked = ListOf(intersect(Items(asked), Items(c.Before)))
			}
			if ours {
				half.Asked[FieldAliases] = asked
			}
		}
		if anyFolded(added, formerNames) {
			half := op.part(*c, op.Reason)
			half.Late, half.Username = true, op.Name()
			if asked, ok := op.Asked[FieldAliases]; ok {
				half.Asked[FieldAliases] = asked
			}
			late = append(late, half)
			op.drop(FieldAliases)
		}
		if len(op.Changes) > 0 {
			rest = append(rest, op)
		}
	}
	return freed, rest, late
}

// part makes an update of one change of an operation.
func (o *Op) part(c Change, reason string) *Op {
	return &Op{Action: Update, Username: o.Username, Source: o.Source, User: o.User, Reason: reason, Changes: []Change{c}, Asked: Fields{}}
}

// split makes an update of an operation's changes of some fields, and takes them
// out of the operation.
func (o *Op) split(fields ...string) *Op {
	half := o.part(Change{}, "changed in the directory")
	half.Changes = nil
	for _, field := range fields {
		if c := o.Change(field); c != nil {
			half.Changes = append(half.Changes, *c)
		}
		if asked, ok := o.Asked[field]; ok {
			half.Asked[field] = asked
		}
		o.drop(field)
	}
	return half
}

// drop takes a field out of an operation.
func (o *Op) drop(field string) {
	o.Changes = slices.DeleteFunc(o.Changes, func(c Change) bool { return c.Field == field })
	delete(o.Asked, field)
}

// renames reports whether the operation gives a user another name.
func (o *Op) renames() bool { return FoldName(o.Name()) != FoldName(o.Username) }

// claims lists the folded names that the operation takes.
func (o *Op) claims() []string {
	var names []string
	if o.Action == Create || o.Action == Recreate || o.renames() {
		names = append(names, FoldName(o.Name()))
	}
	if c := o.Change(FieldAliases); c != nil {
		for _, alias := range without(Items(c.After), Items(c.Before)) {
			names = append(names, FoldName(alias))
		}
	}
	return names
}

// gives lists the folded names that the operation gives up.
func (o *Op) gives() []string {
	if o.Action != Update && o.Action != Restore {
		return nil
	}
	var names []string
	if o.renames() {
		names = append(names, FoldName(o.Username))
	}
	if c := o.Change(FieldAliases); c != nil {
		for _, alias := range without(Items(c.Before), Items(c.After)) {
			names = append(names, FoldName(alias))
		}
	}
	return names
}

func anyFolded(names []string, set map[string]bool) bool {
	return slices.ContainsFunc(names, func(name string) bool { return set[FoldName(name)] })
}

func intersect(items, others []string) []string {
	set := foldedSet(others)
	return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return !set[FoldName(item)] })
}

// renames spreads updates over waves so that each name is free when it is
// claimed. A ring (two people swapping names) is opened by a temporary name.
func renames(updates []*Op) [][]*Op {
	byOldName := map[string]*Op{}
	for _, op := range updates {
		if FoldName(op.Name()) != FoldName(op.Username) {
			byOldName[FoldName(op.Username)] = op
		}
	}
	if len(byOldName) == 0 {
		return [][]*Op{updates}
	}
	// depth counts the renames that must come before one; -1 while it is being
	// found out, so that a ring is seen when it closes.
	depth := map[*Op]int{}
	var opened []*Op // first halves of renames that open a ring
	var visit func(op *Op) int
	visit = func(op *Op) int {
		if d, known := depth[op]; known {
			return d
		}
		depth[op] = -1
		d, name := 0, FoldName(op.Name())
		if holder := byOldName[name]; holder != nil && name != FoldName(op.Username) {
			if d = visit(holder) + 1; d == 0 {
				opened = append(opened, openRing(holder))
			}
		}
		depth[op] = d
		return d
	}
	deepest := 0
	for _, op := range updates {
		deepest = max(deepest, visit(op))
	}
	waves := make([][]*Op, 1+deepest+1)
	waves[0] = opened
	for _, op := range updates {
		waves[1+depth[op]] = append(waves[1+depth[op]], op)
	}
	return waves
}

// openRing splits a rename in two: the half that it returns takes a temporary
// name, op goes on from there.
func openRing(op *Op) *Op {
	temporary := cutRunes(op.Username, temporaryBase) + temporarySuffix(op.User)
	half := &Op{
		Action: Update, Username: op.Username, Source: op.Source, User: op.User,
		Reason:  "makes way in a ring of names",
		Changes: []Change{{Field: FieldUsername, Before: op.Username, After: temporary}},
		Asked:   Fields{FieldUsername: temporary},
	}
	op.Username = temporary
	for i := range op.Changes {
		if op.Changes[i].Field == FieldUsername {
			op.Changes[i].Before = temporary
		}
	}
	return half
}

const temporaryBase = 80 // characters of a name that its temporary one keeps

func temporarySuffix(user string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(user))
	return fmt.Sprintf("~%08x", h.Sum32())
}

// formerName gives the name that a user had before a ring of renames gave it the
// temporary one.
func formerName(temporary, user string) (string, bool) {
	base, ok := strings.CutSuffix(temporary, temporarySuffix(user))
	return base, ok && utf8.RuneCountInString(base) < temporaryBase
}

func cutRunes(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most])
	}
	return s
}
