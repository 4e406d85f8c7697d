package guard

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"duosync/sync/printed"
)

// OtherScope reports whether it is decided in another way than was accepted last who of a
// directory is in: by other bases, another filter, other groups or another mapping of the
// username. A narrowed filter looks just like people who left.
func (p *Policy) OtherScope(before *dirsync.Baseline, directory string) bool {
	ref, known := before.Of(directory)
	now, configured := p.Directories.Get(directory)
	return known && configured && ref.Scope != "" && ref.Scope != now.Scope && ref.Scope != now.Narrower
}

// OtherPlace reports whether under another scope people are also looked for elsewhere,
// or by another id: then nobody who is found nowhere is known to have left.
func (p *Policy) OtherPlace(before *dirsync.Baseline, directory string) bool {
	ref, _ := before.Of(directory)
	now, _ := p.Directories.Get(directory)
	return p.OtherScope(before, directory) && ref.Place != now.Place
}

// acceptedScope is the fingerprint that was accepted last of a directory.
func (w *weighing) acceptedScope(directory string) string {
	ref, _ := w.Before.Of(directory)
	return ref.Scope
}

// otherScopes gives the directories with another scope than was accepted, in order of
// precedence, and then those that were taken out of the configuration and of whom somebody
// is still missing for it.
func (w *weighing) otherScopes() []string {
	var names []string
	for _, name := range w.Policy.Directories.Names() {
		if w.Policy.OtherScope(w.Before, name) {
			names = append(names, name)
		}
	}
	out := map[string]bool{}
	for _, p := range w.People {
		name := w.Policy.Directories.Of(p.ID)
		if _, configured := w.Policy.Directories.Get(name); p.NotAccepted && !configured {
			out[name] = true
		}
	}
	return append(names, slices.Sorted(maps.Keys(out))...)
}

// scopeChanged holds, under a scope that is not accepted, what follows from it:
// removals of people who are missing for it, renames, and what needs a name that these
// would have given up. All else goes on, and who is found nowhere has left. It names
// also those of whom nothing is due yet, or who are disabled already: while there are
// any, the scope stays unaccepted. Where nobody changed anything but the version of
// duosync, it says so.
//
// A directory that was taken out can't be asked: nobody of it is known to have left.
func scopeChanged(w *weighing) {
	w.scopeWho = map[dirsync.SourceID]bool{}
	for _, name := range w.otherScopes() {
		w.scopeOf(name)
	}
}

// scopeOf is scopeChanged for one directory.
func (w *weighing) scopeOf(directory string) {
	now, configured := w.Policy.Directories.Get(directory)
	scope := now.Scope
	match := func(o *dirsync.Op) (part assembly.Part) {
		p := w.person(o.Source)
		mover := w.mover(o, directory)
		switch {
		case mover != nil:
			part.Whole = mover.NotAccepted
		case w.Policy.Directories.Of(o.Source) != directory:
		case p != nil && p.NotAccepted && o.Missing != nil:
			part.Whole = true
		case o.Action == dirsync.Update && o.Renames():
			part.Fields = []string{dirsync.FieldUsername}
		}
		return part
	}
	ops, _ := w.collect(match, true)
	ops = w.takeOut(ops, match)
	who := map[dirsync.SourceID]bool{}
	for _, o := range ops {
		if p := w.mover(o, directory); p != nil {
			who[p.ID] = true
			continue
		}
		who[o.Source] = true
	}
	for _, p := range w.People {
		switch {
		case w.Policy.Directories.Of(p.ID) != directory:
		case p.NotAccepted:
			who[p.ID], w.scopeWho[p.ID] = true, true
			if !configured {
				scope = p.Scope
			}
		case p.Wanted != nil && p.Link != nil && p.Link.LetGo == "" && p.Wanted.Name() != dirsync.FoldName(cmp.Or(p.Link.Asked[dirsync.FieldUsername], p.Link.Answered.Username)):
			who[p.ID] = true // put off, or blocked: with the scope accepted, it would come without a word
		}
	}
	if len(who) == 0 {
		return
	}
	ids := slices.Sorted(maps.Keys(who))
	w.addAside(dirsync.Guard{Name: dirsync.GuardScopeChanged, About: dirsync.About{Directory: directory}, Affected: len(who), Total: w.State.Links, Held: true, Partial: true, Ops: ops, Names: w.labels(ids),
		Detail: now.Former[w.acceptedScope(directory)],
		Hold:   dirsync.Hold{People: ids, Scope: scope}})
}

// idsChanged tells of people who are there under a new id, in every run until somebody
// decides. It says of whose user what has to be done before the command can work.
func idsChanged(w *weighing) {
	var ids []dirsync.SourceID
	var names, hindered []string
	remedy := printed.Command(w.Asked.Flags, "rebuild", "--write")
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
		remedy = w.person(ids[0]).Adopt
	}
	slices.Sort(names)
	slices.Sort(hindered)
	detail := strings.Join(hindered[:min(len(hindered), mostNames)], "; ")
	w.add(dirsync.Guard{Name: dirsync.GuardIDsChanged, Hold: dirsync.Hold{People: ids}, Affected: len(names), Total: w.State.Links, Held: true, Partial: true,
		Names: names[:min(len(names), mostNames)], Detail: detail, Remedy: remedy})
}
