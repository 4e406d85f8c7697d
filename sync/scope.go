package dirsync

// otherScope reports whether it was decided in another way, at the last good run,
// who is in: by other bases, another filter, other groups or another mapping of
// the username.
func (r *runner) otherScope() bool {
	before := r.meta.Baseline
	return before != nil && before.Scope != "" && before.Scope != r.engine.Rules.Scope
}

// scopeChanged holds, under another scope, what follows from it: removals of
// people who are missing now, renames, and what needs a name that these would have
// given up. All else goes on. A narrowed filter looks just like people who left.
func (r *runner) scopeChanged(ours int) {
	r.scopeHeld = map[*Op]bool{}
	if !r.otherScope() {
		return
	}
	who := map[SourceID]bool{}
	given := map[string]bool{}
	for again := true; again; {
		again = false
		for _, op := range r.plan.Ops() {
			if r.scopeHeld[op] || op.Missing == nil && !op.renames() && !anyFolded(op.claims(), given) {
				continue
			}
			r.scopeHeld[op], who[op.Source], again = true, true, true
			for _, name := range op.gives() {
				given[name] = true
			}
		}
	}
	for _, s := range r.subjects { // missing since this very run, and waiting
		if s.wait != nil && s.link != nil && s.link.Missing == nil {
			who[s.id] = true
		}
	}
	if len(who) == 0 {
		return
	}
	var ops []*Op
	for _, op := range r.plan.Ops() {
		if r.scopeHeld[op] {
			ops = append(ops, op)
		}
	}
	r.run.Guards = append(r.run.Guards, Guard{Name: "scope_changed", Affected: len(who), Total: ours, Held: true, Approvable: true, Partial: true,
		ops: ops, token: "scope_changed:" + r.engine.Rules.Scope})
}
