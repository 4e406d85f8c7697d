package guard

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

// A guard looks at the plan, and adds an entry for what it found.
type guard func(*weighing)

// guards are all guards, in the order in which they weigh. What follows from a part of
// the sight that is doubted, or from another scope, is held by itself and counts for no
// limit, and neither does what the audit can't tell; the limits weigh the rest.
var guards = []guard{
	unaudited, doubts, scopeChanged, idsChanged,
	groupLoss, groupDeletes, maxUpdate,
	func(w *weighing) { w.maximum(dirsync.GuardMaxEnable, w.Policy.Limits.MaxEnable, w.enables) },
	func(w *weighing) {
		w.maximum(dirsync.GuardMaxCreate, w.Policy.Limits.MaxCreate, isAction(dirsync.Create))
	},
	func(w *weighing) {
		w.maximum(dirsync.GuardMaxRecreate, w.Policy.Limits.MaxRecreate, isAction(dirsync.Recreate))
	},
	maxRemove, minSource, minSourceEach, stateLost,
}

// Verdicts are what guards say of a plan.
type Verdicts struct {
	Guards []dirsync.Guard
	// ApprovalID is that of all that is held; "" where nothing is, or no approval lifts
	// it.
	ApprovalID string
	// Held are the operations that are not carried out.
	Held map[*dirsync.Op]bool
	// Used are the approvals that let something through.
	Used []string
	// Forgiven are people who are missing as under any scope, by an approval.
	Forgiven map[dirsync.SourceID]bool
	Warnings []string

	facts    *Facts
	byID     map[dirsync.SourceID]*Person // of facts.People; nil until somebody asks, see person
	judged   map[*Doubt]*judged
	scopeWho map[dirsync.SourceID]bool // people who are missing for a scope that is not accepted
}

// judged is what follows from a doubt in this plan.
type judged struct {
	// concerned are people who are missing, and of whom it holds something, or would.
	concerned map[dirsync.SourceID]bool
	// accepted: an approval was used, and nothing further is held.
	accepted bool
}

// weighing is one weighing of a plan under way.
type weighing struct {
	*Facts
	*Verdicts
	// aside are operations that a partial guard holds, or let through by its approval:
	// no limit weighs them.
	aside map[*dirsync.Op]bool
}

// Weigh weighs the whole plan before the first write, and lets through what approvals
// cover. It splits operations of the plan where a part of one is held.
func Weigh(f *Facts) *Verdicts {
	w := hold(f)
	w.approve()
	w.Held = w.heldOps()
	w.forgetNew()
	return w.Verdicts
}

// forgetNew lets go of what was known of newcomers, in a first run of everybody: what is asked
// of the verdicts from now on is about others.
func (v *Verdicts) forgetNew() {
	facts := *v.facts
	facts.People = nil
	for _, p := range v.facts.People {
		if p.Wanted == nil || p.Link != nil || p.Heir != "" {
			facts.People = append(facts.People, p)
		}
	}
	v.facts, v.byID = &facts, nil
}

// person gives what is known of somebody whom the run looks at; nil: it does not. Few runs
// have anything to ask.
func (v *Verdicts) person(id dirsync.SourceID) *Person {
	if v.byID == nil {
		v.byID = make(map[dirsync.SourceID]*Person, len(v.facts.People))
		for _, p := range v.facts.People {
			v.byID[p.ID] = p
		}
	}
	return v.byID[id]
}

// Hold lets each guard hold what it is about, whatever is approved: the plan is split as
// it is for [Weigh].
func Hold(f *Facts) { hold(f) }

// None are the verdicts of a run that weighs nothing.
func None(f *Facts) *Verdicts {
	return &Verdicts{facts: f, judged: map[*Doubt]*judged{}}
}

func hold(f *Facts) *weighing {
	v := &Verdicts{facts: f, Forgiven: map[dirsync.SourceID]bool{}, judged: map[*Doubt]*judged{}}
	w := &weighing{Facts: f, Verdicts: v, aside: map[*dirsync.Op]bool{}}
	for _, weigh := range guards {
		weigh(w)
	}
	return w
}

// Stopped reports whether a guard holds the whole run.
func (v *Verdicts) Stopped() bool {
	return slices.ContainsFunc(v.Guards, func(g dirsync.Guard) bool { return g.Held && !g.Partial })
}

// holds reports whether a guard that is about all, or about one directory, holds something.
func (v *Verdicts) holds(name, directory string) bool {
	return slices.ContainsFunc(v.Guards, func(g dirsync.Guard) bool {
		return g.Name == name && g.About == dirsync.About{Directory: directory} && g.Held
	})
}

// Believes reports whether a person counts as missing: an operation that follows from it
// would not be held.
func (v *Verdicts) Believes(id dirsync.SourceID) bool {
	for _, j := range v.judged {
		if j.concerned[id] && !j.accepted {
			return false
		}
	}
	if directory := v.facts.Policy.Directories.Of(id); directory != "" && v.holds(dirsync.GuardMinSource, directory) {
		return false
	}
	return !v.Stopped()
}

// Doubted reports whether anything of a directory is still doubted.
func (v *Verdicts) Doubted(directory string) bool {
	return slices.ContainsFunc(v.facts.Doubts.All, func(d *Doubt) bool { return d.About.Directory == directory && !v.judged[d].accepted })
}

// DoubtedGroups gives the folded names of a directory's groups that are still doubted.
func (v *Verdicts) DoubtedGroups(directory string) []string {
	var names []string
	for _, d := range v.facts.Doubts.All {
		if d.About.Directory == directory && !v.judged[d].accepted {
			names = append(append(names, d.Groups...), d.Former...)
		}
	}
	return names
}

// heldOps are the operations that a guard still holds, and those that need what these
// would have freed or made. An operation that two guards hold needs both.
func (w *weighing) heldOps() map[*dirsync.Op]bool {
	held := map[*dirsync.Op]bool{}
	note := func(partial bool) {
		for _, g := range w.Guards {
			if g.Held && g.Partial == partial {
				for _, o := range g.Ops {
					held[o] = true
				}
			}
		}
	}
	note(true)
	assembly.Dependents(w.Plan, held, w.insert)
	if w.Stopped() {
		note(false)
	}
	return held
}

// collect gives the operations that a guard is about. Those that are aside it leaves out
// unless aside is set; those that somebody asked for by hand nothing weighs.
func (w *weighing) collect(match func(*dirsync.Op) assembly.Part, aside bool) (ops []*dirsync.Op, persons int) {
	who := map[dirsync.SourceID]bool{}
	for _, o := range w.Plan.Ops() {
		if o.Marked || w.aside[o] && !aside {
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
func (w *weighing) takeOut(ops []*dirsync.Op, match func(*dirsync.Op) assembly.Part) []*dirsync.Op {
	out := make([]*dirsync.Op, len(ops))
	split := assembly.Halves{}
	for i, o := range ops {
		out[i] = split.TakeOut(o, match(o))
	}
	w.insert(split)
	return out
}

// insert puts halves into the plan. What guards hold of the whole, they hold of both.
func (w *weighing) insert(split assembly.Halves) {
	if len(split) == 0 {
		return
	}
	assembly.Insert(w.Plan, split)
	for o, halves := range split {
		for _, half := range halves {
			if w.aside[o] {
				w.aside[half.Op] = true
			}
		}
	}
	for i := range w.Guards {
		g := &w.Guards[i]
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
func (w *weighing) add(g dirsync.Guard) {
	if g.Held {
		held := setOf(g.Ops)
		if g.Partial {
			assembly.Dependents(w.Plan, held, w.insert)
			g.Ops = slices.DeleteFunc(w.Plan.Ops(), func(o *dirsync.Op) bool { return !held[o] })
		}
		if len(g.Names) == 0 {
			g.Names = namesOf(g.Ops)
		}
	}
	w.Guards = append(w.Guards, g)
}

// addAside adds a guard whose operations no limit weighs.
func (w *weighing) addAside(g dirsync.Guard) {
	w.add(g)
	for _, o := range w.Guards[len(w.Guards)-1].Ops {
		w.aside[o] = true
	}
}

// whole makes of a condition a part: all of the operation, or nothing.
func whole(match func(*dirsync.Op) bool) func(*dirsync.Op) assembly.Part {
	return func(o *dirsync.Op) assembly.Part { return assembly.Part{Whole: match(o)} }
}

func isAction(action dirsync.Action) func(*dirsync.Op) assembly.Part {
	return whole(func(o *dirsync.Op) bool { return o.Action == action })
}

func setOf[T comparable](items []T) map[T]bool {
	set := make(map[T]bool, len(items))
	for _, item := range items {
		set[item] = true
	}
	return set
}

// sourcesOf gives those whom operations are about.
func sourcesOf(ops []*dirsync.Op) map[dirsync.SourceID]bool {
	who := map[dirsync.SourceID]bool{}
	for _, o := range ops {
		who[o.Source] = true
	}
	return who
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

// labels names people by their ids, ten at most.
func (w *weighing) labels(ids []dirsync.SourceID) []string {
	var names []string
	for _, id := range ids[:min(len(ids), mostNames)] {
		name := string(id)
		if p := cmp.Or(w.person(id), w.Movers[id]); p != nil {
			name = p.Username
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sighted counts the people who would be in scope, whom an exclusion leaves alone, and
// those whom another guard holds by name: with passed, also whom it let through.
func (v *Verdicts) sighted(passed bool) (n int) {
	for _, read := range v.facts.Reads {
		n += read.Sight.InScope + read.Sight.Excluded
	}
	return n + len(v.accounted(passed))
}

// sightedOf is sighted for one of several directories. Who moved to another one is not lost.
func (v *Verdicts) sightedOf(directory string, passed bool) int {
	of := v.facts.Policy.Directories.Of
	read := v.facts.Of(directory)
	n := read.Sight.InScope + read.Sight.Excluded
	for id := range v.accounted(passed) {
		if of(id) == directory {
			n++
		}
	}
	if !passed {
		return n
	}
	for _, p := range v.facts.People {
		if p.Heir != "" && of(p.ID) == directory && of(p.Heir) != directory && v.facts.Moved[p.ID] == "" {
			n++
		}
	}
	for _, o := range v.facts.Plan.Ops() {
		if o.From != "" && of(o.From) == directory && of(o.Source) != directory && v.facts.Moved[o.From] == "" {
			n++
		}
	}
	return n
}

// accounted are the missing people whom another guard holds by name: with passed, also whom
// it let through.
func (v *Verdicts) accounted(passed bool) map[dirsync.SourceID]bool {
	accounted := map[dirsync.SourceID]bool{}
	for _, j := range v.judged {
		if passed || !j.accepted {
			maps.Copy(accounted, j.concerned)
		}
	}
	for id := range v.scopeWho {
		if passed || v.holds(dirsync.GuardScopeChanged, v.facts.Policy.Directories.Of(id)) {
			accounted[id] = true
		}
	}
	maps.DeleteFunc(accounted, func(id dirsync.SourceID, _ bool) bool {
		p := v.person(id)
		if _, read := v.facts.Policy.Directories.Get(v.facts.Policy.Directories.Of(id)); !read || v.facts.Movers[id] != nil {
			return true // taken out, and not counted before, either; or in scope by the other entry
		}
		if p == nil || p.Heir != "" { // who is there under a new id is in scope already
			return p != nil
		}
		if p.Link != nil && p.Link.Missing != nil && p.Link.Missing.Scope == "" { // was not counted then, either
			return true
		}
		return !passed && p.goes(v.Held)
	})
	return accounted
}

func (w *weighing) warn(format string, args ...any) {
	w.Warnings = append(w.Warnings, fmt.Sprintf(format, args...))
}
