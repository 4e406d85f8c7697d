package guard

import (
	"maps"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

// An attribute from which the status was made may be none of those any more: it was renamed
// in the configuration, or mistyped there, or the preset is another one. Whom it kept out
// looks like somebody whom nothing keeps out. That is for a human to say: it holds who would
// be let in for it, and is accepted by an approval, or by the first run in which there is
// nobody.

// dropped doubts attributes that decided about statuses at the reference, and do not any more.
func (e *Evidence) dropped(found *Doubts) {
	if !e.Rules.Status {
		return
	}
	for _, attribute := range slices.Sorted(maps.Keys(e.Ref.Attributes)) {
		seen := e.Ref.Attributes[attribute]
		if !seen.Status || e.Read.Sight.decides(attribute, dirsync.FieldStatus) {
			continue
		}
		found.All = append(found.All, &Doubt{Guard: dirsync.GuardStatusChanged, About: dirsync.About{Attribute: attribute}, Key: attribute, Had: max(seen.Persons, len(seen.Bearers)), dropped: &seen})
	}
}

// bore reports whether a person may have had a value of an attribute that was dropped.
func (d *Doubt) bore(id dirsync.SourceID) bool {
	_, bore := d.dropped.Bearers[id]
	return bore || d.dropped.Bearers == nil
}

// followsDropped gives what of an operation lets somebody in whom a dropped attribute may
// have kept out.
func (d *Doubt) followsDropped(o *dirsync.Op) (part assembly.Part) {
	if o.OnGroup() || !letsIn(o) || !d.bore(o.Source) {
		return part
	}
	return assembly.Part{Whole: true}
}

// keptOut are the people whom we keep out, whom a dropped attribute does not any more, and
// whom something else puts off: they would be let in later.
func (w *weighing) keptOut(d *Doubt) map[dirsync.SourceID]bool {
	who := map[dirsync.SourceID]bool{}
	for _, p := range w.People {
		if w.Policy.Directories.Of(p.ID) != d.About.Directory || p.Wanted == nil || p.Link == nil || p.Link.LetGo != "" || !d.bore(p.ID) {
			continue
		}
		out := p.Link.Asked[dirsync.FieldStatus] == dirsync.StatusDisabled && p.Link.Missing == nil && !p.Link.Marked && !p.Link.ByHand
		if out && (p.Wanted.Fields[dirsync.FieldStatus] != dirsync.StatusDisabled || p.Wanted.Unsure != nil) {
			who[p.ID] = true
		}
	}
	return who
}

// weighDropped holds who would be let in for a dropped attribute.
func (w *weighing) weighDropped(d *Doubt) {
	ops, _ := w.collect(d.followsDropped, true)
	ops = w.takeOut(ops, d.followsDropped)
	for _, o := range ops {
		w.aside[o] = true
	}
	who := w.keptOut(d)
	for id := range sourcesOf(ops) {
		who[id] = true
	}
	w.judged[d] = &judged{accepted: len(who) == 0}
	if len(who) == 0 {
		return
	}
	ids := slices.Sorted(maps.Keys(who))
	w.addAside(dirsync.Guard{Name: d.Guard, About: d.About, Affected: len(who), Total: max(d.Had, len(who)), Partial: true, Held: true,
		Names: w.labels(ids), Ops: ops, Hold: dirsync.Hold{People: ids}})
}
