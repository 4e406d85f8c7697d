package guard

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

// OtherScope reports whether it is decided in another way than was accepted last who is
// in: by other bases, another filter, other groups or another mapping of the username.
// A narrowed filter looks just like people who left.
func (p *Policy) OtherScope(before *dirsync.Baseline) bool {
	return before != nil && before.Scope != "" && before.Scope != p.Scope && before.Scope != p.Narrower
}

// OtherPlace reports whether under another scope people are also looked for elsewhere,
// or by another id: then nobody who is found nowhere is known to have left.
func (p *Policy) OtherPlace(before *dirsync.Baseline) bool {
	return p.OtherScope(before) && before.Place != p.Place
}

// scopeChanged holds, under a scope that is not accepted, what follows from it:
// removals of people who are missing for it, renames, and what needs a name that these
// would have given up. All else goes on, and who is found nowhere has left. It names
// also those of whom nothing is due yet, or who are disabled already: while there are
// any, the scope stays unaccepted. Where nobody changed anything but the version of
// duosync, it says so.
func scopeChanged(w *weighing) {
	if !w.Policy.OtherScope(w.Before) {
		return
	}
	match := func(o *dirsync.Op) (part assembly.Part) {
		p := w.people[o.Source]
		switch {
		case p != nil && p.NotAccepted && o.Missing != nil:
			part.Whole = true
		case o.Action == dirsync.Update && o.Renames():
			part.Fields = []string{dirsync.FieldUsername}
		}
		return part
	}
	ops, _ := w.collect(match, true)
	ops = w.takeOut(ops, match)
	who := sourcesOf(ops)
	w.scopeWho = map[dirsync.SourceID]bool{}
	for _, p := range w.People {
		switch {
		case p.NotAccepted:
			who[p.ID], w.scopeWho[p.ID] = true, true
		case p.Wanted != nil && p.Link != nil && p.Link.LetGo == "" && p.Wanted.Name() != dirsync.FoldName(cmp.Or(p.Link.Asked[dirsync.FieldUsername], p.Link.Answered.Username)):
			who[p.ID] = true // put off, or blocked: with the scope accepted, it would come without a word
		}
	}
	if len(who) == 0 {
		return
	}
	ids := slices.Sorted(maps.Keys(who))
	w.addAside(dirsync.Guard{Name: dirsync.GuardScopeChanged, Affected: len(who), Total: w.State.Links, Held: true, Partial: true, Ops: ops, Names: w.labels(ids),
		Detail: w.Policy.Former[w.Before.Scope],
		Hold:   dirsync.Hold{People: ids, Scope: w.Policy.Scope}})
}

// idsChanged tells of people who are there under a new id, in every run until somebody
// decides. It says of whose user what has to be done before the command can work.
func idsChanged(w *weighing) {
	var ids []dirsync.SourceID
	var names, hindered []string
	remedy := dirsync.Command(w.Asked.Flags, "rebuild", "--write")
	for _, p := range w.People {
		if p.Heir == "" {
			continue
		}
		ids = append(ids, p.ID, p.Heir)
		names = append(names, p.Username)
		if p.Hindered != "" {
			hindered = append(hindered, p.Username+": "+p.Hindered)
		}
	}
	switch len(names) {
	case 0:
		return
	case 1:
		remedy = w.people[ids[0]].Adopt
	}
	slices.Sort(names)
	slices.Sort(hindered)
	detail := strings.Join(hindered[:min(len(hindered), mostNames)], "; ")
	w.add(dirsync.Guard{Name: dirsync.GuardIDsChanged, Hold: dirsync.Hold{People: ids}, Affected: len(names), Total: w.State.Links, Held: true, Partial: true,
		Names: names[:min(len(names), mostNames)], Detail: detail, Remedy: remedy})
}
