package guard

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// Sight can be lost in part: an ACL, a rename, a replica that lags hide one base, one
// group, one attribute, and what is left looks like a complete directory.
//
// Premise. Whoever takes a value away changes an entry, and the server stamps it. A
// right that is taken away changes no entry that we read.
//
// How. A doubt is lifted where it concerns no more people than the floor, and every
// entry concerned bears another stamp than at the reference, from the same server. One
// that bears the same proves blindness for all, and from then on no stamp lifts the
// doubt: what is changed where we do not see shows nothing. It ends when something is
// seen there again, or is approved. A person who left is no loss.

// Doubt is a part of the sight that is not believed.
type Doubt struct {
	Guard string
	About dirsync.About
	// Key in the reference: of the group, the attribute, the base.
	Key       string
	Had, Have int      // persons, at the reference and now
	Groups    []string // folded names of the directory's groups that are concerned
	Former    []string // and those that they had at the reference
	// Whom it concerns, by id, where Names does not say it; the engine names them.
	Whom   []dirsync.SourceID
	Names  []string // ten at most
	Detail string   // what was seen, where the figures do not say it
	Remedy string   // where no approval lifts it
	blind  blindness
	// dropped is what was seen of an attribute of which the status is not made any more; nil:
	// it is another doubt.
	dropped *dirsync.AttributeSeen
}

// blindness is what is known of something that is there and not seen.
type blindness struct {
	known  bool               // that there is
	bare   bool               // and that no member at all is shown, or no value
	unseen []dirsync.SourceID // the bearers of which that is known
}

// words says what is doubted.
func (d *Doubt) words() string {
	if d.About.Directory != "" {
		return d.About.Directory + ": " + d.part()
	}
	return d.part()
}

func (d *Doubt) part() string {
	switch {
	case d.Detail != "" && d.About.Attribute == "":
		return d.Detail
	case d.About.Attribute != "":
		return fmt.Sprintf("of %s with a value of %s, %d have one now", dirsync.CountPeople(d.Had), d.About.Attribute, d.Have)
	}
	return fmt.Sprintf("the base %s had %s, and has none now", d.About.Base, dirsync.CountPeople(d.Had))
}

// Doubts are what of a read is not believed.
type Doubts struct {
	All []*Doubt
	// BlindStatus are the directories of which it can't be told who is locked, of more
	// people than the floor.
	BlindStatus map[string]bool
	// Unsure are attributes from which that can't be told of a few.
	Unsure   []Unsure
	Warnings []string

	deferred map[string]bool // keys of groups that lost their people since these are missing
}

// Add takes in what is not believed of another directory.
func (d *Doubts) Add(other *Doubts) {
	d.All = append(d.All, other.All...)
	d.Unsure = append(d.Unsure, other.Unsure...)
	d.Warnings = append(d.Warnings, other.Warnings...)
	if d.BlindStatus == nil {
		d.BlindStatus, d.deferred = map[string]bool{}, map[string]bool{}
	}
	maps.Copy(d.BlindStatus, other.BlindStatus)
	maps.Copy(d.deferred, other.deferred)
}

// Unsure is an attribute from which it can't be told of a few people who are ours
// whether they are locked.
type Unsure struct {
	Attribute string // folded
	Name      string // as directories write it
	// Ours has the value of each that can't be read; "" where it did not come back.
	Ours map[dirsync.SourceID]string
	// Groups: it is the groups of these people that can't be told, see [dirsync.Unsure].
	Groups bool
}

// Groups gives the folded names of a directory's groups that are doubted.
func (d *Doubts) Groups(directory string) []string {
	var names []string
	for _, doubt := range d.All {
		if doubt.About.Directory == directory {
			names = append(names, doubt.Groups...)
			names = append(names, doubt.Former...)
		}
	}
	return names
}

// Any reports whether anything of a directory is doubted.
func (d *Doubts) Any(directory string) bool {
	return slices.ContainsFunc(d.All, func(doubt *Doubt) bool { return doubt.About.Directory == directory })
}

// Evidence is what [Examine] compares, of one directory. Rules and People are those of the
// directory.
type Evidence struct {
	Read   *Read
	Ref    dirsync.Reference
	Rules  *mapping.Rules
	Policy *Policy
	People []*Person
	Answers
}

// Questions are what is to be asked of the directory before the evidence can be
// examined: when entries were changed last, by id and by DN; groups that were nested in
// others and did not come back; and whether people say to be in a group that shows
// nobody, one group after another until one says yes.
type Questions struct {
	IDs     []dirsync.SourceID
	Entries []string // by DN
	Groups  []dirsync.GroupEntry
	Members []Membership
}

// Membership is a group, and people who may be in it.
type Membership struct {
	Group  dirsync.GroupEntry
	People []dirsync.SourceID
}

// Answers are those of the directory to Questions.
type Answers struct {
	ByID  map[dirsync.SourceID]string
	ByDN  map[string]string
	Found map[string]dirsync.GroupEntry // by GroupEntry.Key
	Still bool                          // somebody says to be in a group that shows nobody
}

// Questions gives what is to be asked before the evidence can be examined.
func (e *Evidence) Questions() Questions {
	q := e.stampQuestions()
	lost, absent, _ := e.lostGroups()
	q.Groups = absent
	if blind, proven := e.blindTo(lost); blind || proven {
		return q
	}
	for _, l := range lost {
		if len(l.whom) > 0 && l.count <= e.Policy.Limits.Floor {
			q.Members = append(q.Members, Membership{*l.now, l.whom})
		}
	}
	return q
}

// stampQuestions asks for the stamps of everybody whose change may be evidence, and of
// those who bear a rare value now.
func (e *Evidence) stampQuestions() (q Questions) {
	sight := e.Read.Sight
	ids, dns := map[dirsync.SourceID]bool{}, map[string]bool{}
	for _, t := range sight.tallies {
		if sight.stamped(t.attribute, len(t.bearers), e.Policy.Limits.Floor) && t.bearers != nil {
			for id, via := range t.bearers {
				ids[id] = true
				for _, dn := range via {
					dns[dn] = true
				}
			}
		}
		for id, bearer := range e.Ref.Attributes[t.attribute].Bearers {
			if sight.lostBy(t, id) {
				ids[id] = true
				for dn := range bearer.Via {
					dns[dn] = true
				}
			}
		}
	}
	for _, id := range e.ownIDs() {
		ids[id] = true
	}
	return Questions{IDs: slices.Sorted(maps.Keys(ids)), Entries: slices.Sorted(maps.Keys(dns))}
}

// Examine compares what was read with the references, and gives what is doubted.
func Examine(e Evidence) *Doubts {
	d := &Doubts{BlindStatus: map[string]bool{}, deferred: map[string]bool{}}
	e.attributes(d)
	e.dropped(d)
	e.groups(d)
	e.bases(d)
	e.unreadable(d)
	if directory := e.Read.Info.Directory; directory != "" {
		for _, doubt := range d.All {
			doubt.About.Directory = directory
		}
		for i, text := range d.Warnings {
			d.Warnings[i] = directory + ": " + text
		}
	}
	return d
}

// sameServer reports whether stamps of then and now are from one server; those of two
// are not compared.
func (e *Evidence) sameServer(identity string) bool {
	return identity == e.Read.Info.Identity && !e.Read.Info.Marker.Behind(e.Ref.Marker)
}

// changed reports whether an entry is known to have been changed since its stamp was
// kept, and unchanged whether it is known not to have been. A stamp that is absent
// proves neither.
func (e *Evidence) changed(was, now, identity string) (changed, unchanged bool) {
	kind, _, _ := strings.Cut(was, " ")
	if was == "" || now == "" || !strings.HasPrefix(now, kind+" ") || !e.sameServer(identity) {
		return false, false
	}
	return was != now, was == now
}

// bearerChanged is changed for a person with a value, or for an entry from which the
// value may come.
func (e *Evidence) bearerChanged(id dirsync.SourceID, b dirsync.Bearer) (changed, unchanged bool) {
	changed, unchanged = e.changed(b.Stamp, e.ByID[id], b.Identity)
	for dn, was := range b.Via {
		c, u := e.changed(was, e.ByDN[dn], b.Identity)
		changed, unchanged = changed || c, unchanged && u
	}
	return changed, unchanged
}

// attributes doubts attributes that nobody has any more, or too few.
func (e *Evidence) attributes(found *Doubts) {
	limit, sight := e.Policy.Limits.MinAttribute, e.Read.Sight
	if limit.Off {
		return
	}
	for _, t := range sight.tallies {
		attribute := t.attribute
		if u := sight.unsure[attribute]; u != nil && u.absent > 0 {
			continue // told by what follows for each of them
		}
		seen := e.Ref.Attributes[attribute]
		d := &Doubt{Guard: dirsync.GuardMinAttribute, About: dirsync.About{Attribute: e.Rules.AttributeName(attribute)}, Key: attribute, Had: max(seen.Persons, len(seen.Bearers)), Have: t.persons}
		lost, lifted, blind := e.lostAttribute(t, &seen)
		// Who left has not lost it: as many more people without it as there were before.
		less := min(seen.Persons-t.persons, sight.InScope-t.persons-(seen.Of-seen.Persons))
		fallen := limit.Below(seen.Persons-less, seen.Persons) && less > e.Policy.Limits.Floor
		vanished := t.persons == 0 && (seen.Persons > 0 && seen.Bearers == nil || len(lost) > 0 && !lifted)
		switch {
		case fallen:
		case blind:
			d.Detail = "entries from which the value is gone are unchanged since: the right to read it was lost"
		case !vanished:
			continue
		}
		if strings.EqualFold(attribute, e.Rules.MemberOf) {
			d.Groups = e.groupNames()
		}
		d.Whom = lost
		if blind {
			d.blind = blindness{unseen: lost, bare: t.nobody()}
		}
		found.All = append(found.All, d)
	}
}

// groupNames gives the folded names of all groups that decide something: any of them may
// have lost whom people say to be in it.
func (e *Evidence) groupNames() []string {
	names := map[string]bool{}
	for _, g := range e.Read.Info.Groups {
		names[dirsync.FoldGroup(g.Name)] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// lostAttribute gives the bearers of before who are still in scope and have no value
// now; nil where it is not known who they were. lifted: they are few, and each entry
// was changed. blind: one of them is known to be unchanged, or was in an earlier read
// and nothing has come back since: of those who were, or where all were, of anybody.
func (e *Evidence) lostAttribute(t *tally, seen *dirsync.AttributeSeen) (lost []dirsync.SourceID, lifted, blind bool) {
	lifted = true
	back := seen.Bare && !t.nobody()
	for _, id := range slices.Sorted(maps.Keys(seen.Bearers)) {
		bearer := seen.Bearers[id]
		if !e.Read.Sight.lostBy(t, id) {
			_, has := t.bearers[id]
			back = back || bearer.Blind && has
			continue
		}
		lost = append(lost, id)
		changed, unchanged := e.bearerChanged(id, bearer)
		lifted, blind = lifted && changed, blind || unchanged
	}
	blind = blind || len(lost) > 0 && isBlind(seen) && !back
	return lost, lifted && len(lost) <= e.Policy.Limits.Floor, blind
}

// isBlind reports whether a value was known not to be seen.
func isBlind(a *dirsync.AttributeSeen) bool {
	for _, bearer := range a.Bearers {
		if bearer.Blind {
			return true
		}
	}
	return false
}

// bases doubts a base that had more people than the floor and has none. Where nobody
// of them is missing, they have moved.
func (e *Evidence) bases(found *Doubts) {
	for _, base := range e.Read.Info.Bases { // one that was taken out is another scope
		had := e.Ref.Bases[base]
		if had <= e.Policy.Limits.Floor || e.Read.Sight.Bases[base] > 0 {
			continue
		}
		d := &Doubt{Guard: dirsync.GuardMinSource, About: dirsync.About{Base: base}, Key: base, Had: had}
		gone := 0
		for _, p := range e.People {
			if p.Wanted == nil && p.Link != nil && p.Link.Seen.Base == base {
				if gone++; gone <= mostNames {
					d.Names = append(d.Names, p.Username)
				}
			}
		}
		if gone > 0 {
			found.All = append(found.All, d)
		}
	}
}

// unreadable doubts the status of a directory in which that of more people than the
// floor can't be told.
func (e *Evidence) unreadable(found *Doubts) {
	sight := e.Read.Sight
	for _, attribute := range slices.Sorted(maps.Keys(sight.unsure)) {
		u, name := sight.unsure[attribute], e.Rules.AttributeName(attribute)
		what := "did not come back, though every such entry has it"
		switch {
		case u.groups:
			what += ", so which groups they are in can't be told"
		case u.absent == 0:
			what = "has a value that can't be read, such as " + dirsync.Quote(u.value)
		}
		if u.total() <= e.Policy.Limits.Floor {
			found.Warnings = append(found.Warnings, fmt.Sprintf("the attribute %s of %s %s: nobody of them is created, enabled or put into a group, and a status stays as it is: %s",
				name, dirsync.CountPeople(u.total()), what, strings.Join(u.names, ", ")))
			found.Unsure = append(found.Unsure, Unsure{attribute, name, u.ours, u.groups})
			continue
		}
		found.BlindStatus[e.Read.Info.Directory] = true
		found.All = append(found.All, &Doubt{Guard: dirsync.GuardMinAttribute, About: dirsync.About{Attribute: name}, Had: sight.InScope, Have: sight.InScope - u.total(),
			Names: u.names, Detail: fmt.Sprintf("%s of %s %s", name, dirsync.CountPeople(u.total()), what),
			Remedy: "let the account of ldap.bind_dn read " + name + " of everybody, and check its values"})
	}
}
