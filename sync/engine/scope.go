package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

// otherScope reports whether it is decided in another way than was accepted last who
// is in: by other bases, another filter, other groups or another mapping of the
// username. A narrowed filter looks just like people who left.
func (r *runner) otherScope() bool {
	before := r.meta.Baseline
	return before != nil && before.Scope != "" && before.Scope != r.engine.Rules.Scope
}

// otherPlace reports whether under another scope people are also looked for elsewhere,
// or by another id: then nobody who is found nowhere is known to have left.
func (r *runner) otherPlace() bool {
	return r.otherScope() && r.meta.Baseline.Place != r.engine.Rules.Place
}

// notAccepted reports whether a missing person may be missing only because another
// scope was not accepted yet: it was in scope under the accepted one.
func (r *runner) notAccepted(s *subject) bool {
	if s.want != nil || s.link == nil || !r.otherScope() || s.link.Missing != nil && s.link.Missing.Scope == "" {
		return false
	}
	m := s.missing(r.now)
	return m.Why == dirsync.OutOfScope || r.otherPlace()
}

// scopeChanged holds, under a scope that is not accepted, what follows from it:
// removals of people who are missing for it, renames, and what needs a name that these
// would have given up. All else goes on, and who is found nowhere has left. It names
// also those of whom nothing is due yet, or who are disabled already: while there are
// any, the scope stays unaccepted.
func (r *runner) scopeChanged(ctx context.Context) {
	if !r.otherScope() {
		return
	}
	match := func(o *dirsync.Op) (p assembly.Part) {
		s := r.bySource[o.Source]
		switch {
		case s != nil && s.notAccepted && o.Missing != nil:
			p.Whole = true
		case o.Action == dirsync.Update && o.Renames():
			p.Fields = []string{dirsync.FieldUsername}
		}
		return p
	}
	ops, _ := r.collect(match, true)
	ops = r.takeOut(ops, match)
	who := map[dirsync.SourceID]bool{}
	for _, o := range ops {
		who[o.Source] = true
	}
	r.scopeWho = map[dirsync.SourceID]bool{}
	for _, s := range r.subjects {
		switch {
		case s.notAccepted:
			who[s.id], r.scopeWho[s.id] = true, true
		case s.want != nil && s.link != nil && s.link.LetGo == "" && s.want.Name() != dirsync.FoldName(cmp.Or(s.link.Asked[dirsync.FieldUsername], s.link.Answered.Username)):
			who[s.id] = true // put off, or blocked: with the scope accepted, it would come without a word
		}
	}
	if len(who) == 0 {
		return
	}
	ids := slices.Sorted(maps.Keys(who))
	g := dirsync.Guard{Name: guardScopeChanged, Affected: len(who), Total: r.snap.links, Held: true, Partial: true, Ops: ops, Names: r.labels(ctx, ids)}
	g.Hold = dirsync.Hold{People: ids, Scope: r.engine.Rules.Scope}
	r.add(g)
	for _, o := range r.run.Guards[len(r.run.Guards)-1].Ops {
		r.partly[o] = true
	}
}
