package engine

import (
	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

// withDependents adds to held operations of the plan those that need what the held ones
// would have freed or made: a name, a group, a phone, a user; transitively, so that a
// ring of names is held whole. Of an update only what needs it is held.
func (r *runner) withDependents(held map[*dirsync.Op]bool) {
	f := &assembly.Freed{Names: map[string]bool{}, Groups: map[string]bool{}, Phones: map[string]bool{}, Users: map[dirsync.SourceID]*assembly.Foundation{}}
	for again := true; again; {
		again = false
		split := assembly.Halves{}
		for _, o := range r.plan.Ops() {
			if !held[o] {
				part := f.NeededBy(o)
				if part.Empty() {
					continue
				}
				o = split.TakeOut(o, part)
				held[o] = true
			}
			again = f.Add(o) || again
		}
		r.insert(split)
	}
}
