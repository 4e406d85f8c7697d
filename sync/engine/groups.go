package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/mapping"
)

// groupPrefix begins the Source of operations on groups.
const groupPrefix = dirsync.GroupKey

func groupSource(key string) dirsync.SourceID { return dirsync.SourceID(groupPrefix + key) }

// groupLinks are the Duo groups that are ours, by their folded name in Duo.
type groupLinks struct {
	rules *mapping.Rules
	links map[string]*dirsync.GroupLink
}

func openGroups(ctx context.Context, rules *mapping.Rules, store dirsync.Store) (*groupLinks, error) {
	links, err := store.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the groups of the snapshot: %w", err)
	}
	g := &groupLinks{rules: rules, links: map[string]*dirsync.GroupLink{}}
	for i := range links {
		g.links[links[i].Key()] = &links[i]
	}
	return g, nil
}

// unsettled reports whether people of a group may need something for its sake
// alone: it is not ours yet, or fresh.
func (g *groupLinks) unsettled(key string) bool { return g.links[key] == nil || g.links[key].Fresh }

// mirrors reports whether a group of the directory has a mirror in Duo.
func (g *groupLinks) mirrors(id dirsync.SourceID) bool {
	for _, link := range g.links {
		if slices.Contains(link.Sources, id) {
			return true
		}
	}
	return false
}

// groupPlan is what becomes of the Duo groups that mirror the directory's: which ones
// the directory wants, and what is to be done about the difference. Groups go by their
// folded name in Duo.
type groupPlan struct {
	*groupLinks
	wanted map[string]*dirsync.GroupLink // name and sources only

	from    map[string]string         // the key of a group's former name, by that of its name in the directory
	live    map[string]*dirsync.Group // Duo's groups by id; nil: not read in this run
	ops     []*dirsync.Op
	quiet   []dirsync.Outcome // links that change without a call
	planned map[string]bool   // groups that an operation makes ours
	barred  map[string]bool   // groups that nobody is put into
	twins   map[string]bool   // groups of which the directory has several of one name
}

// plan begins the plan with the groups that the directory has.
func (g *groupLinks) plan(found []dirsync.GroupEntry) *groupPlan {
	p := &groupPlan{groupLinks: g, wanted: map[string]*dirsync.GroupLink{}, planned: map[string]bool{}, barred: map[string]bool{}, twins: map[string]bool{}}
	p.want(found)
	return p
}

// want takes in the groups that the directory has.
func (p *groupPlan) want(found []dirsync.GroupEntry) {
	if p.rules.Groups.Mirror == nil {
		return
	}
	seen := map[string]bool{} // names in each directory
	type origin struct {
		directory string
		ownName   bool
	}
	first := map[string]origin{} // of each Duo group
	for _, g := range found {
		if !p.rules.Mirrors(g.Directory, g.Name) {
			continue
		}
		name, ownName := p.rules.MirrorOf(g.Directory, g.Name)
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		key := dirsync.FoldName(name)
		if twin := g.Directory + "|" + dirsync.FoldName(g.Name); seen[twin] {
			p.twins[key] = true
		} else {
			seen[twin] = true
		}
		// Those of two directories share a Duo group only where both were given its name.
		if other, known := first[key]; !known {
			first[key] = origin{g.Directory, ownName}
		} else if other.directory != g.Directory && !(other.ownName && ownName) {
			p.twins[key] = true
		}
		w := p.wanted[dirsync.FoldName(name)]
		if w == nil {
			w = &dirsync.GroupLink{Name: name}
			p.wanted[dirsync.FoldName(name)] = w
		}
		if g.ID != "" {
			w.Sources = append(w.Sources, g.ID)
			slices.Sort(w.Sources)
		}
	}
}

// takesIn reports whether people are put into an unsettled group in this run.
func (p *groupPlan) takesIn(key string) bool {
	return p.unsettled(key) && !p.barred[key] && (p.planned[key] || p.links[key] != nil)
}

// open reports whether people may be put into a group, and gives its id, which
// is "" for one that is still to be made.
func (p *groupPlan) open(key string) (id string, ok bool) {
	switch link := p.links[key]; {
	case p.barred[key]:
		return "", false
	case p.planned[key]:
		for _, op := range p.ops {
			if op.Group.Key() == key {
				return op.Group.ID, true
			}
		}
		return "", true
	case link != nil:
		return link.ID, true
	}
	return "", false
}

// readAgain reports whether the directory's group of a Duo group of ours, by its id, was
// read in this run.
func (p *groupPlan) readAgain(id string) bool {
	_, read := p.mirrored(id)
	return read
}

// unread gives of the groups that a person was put into those of ours of which the
// directory's was not read: the person may have left it.
func (p *groupPlan) unread(joined []string) []string {
	if p.rules.Groups.Mirror == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(joined), func(id string) bool {
		key, read := p.mirrored(id)
		return key == "" || read
	})
}

// mirrored returns the key under which the directory wants a Duo group of ours, by
// its id: that of its new name, where it goes by another one now.
func (p *groupPlan) mirrored(id string) (key string, ok bool) {
	for key, link := range p.links {
		if link.ID != id {
			continue
		}
		for to, from := range p.from {
			if from == key {
				return to, true
			}
		}
		_, ok := p.wanted[key]
		return key, ok
	}
	return "", false
}

// readLive reads all groups of Duo.
func (p *groupPlan) readLive(ctx context.Context, from dirsync.Target) error {
	live, err := from.Groups(ctx)
	if err != nil {
		return fmt.Errorf("reading the groups from Duo: %w", err)
	}
	p.live = make(map[string]*dirsync.Group, len(live))
	for i := range live {
		p.live[live[i].ID] = &live[i]
	}
	return nil
}

// renamed finds the groups of the directory that go by another name now: the key
// of the old name, by the new one's. Of several links to one group of the directory,
// the one whose group Duo still has counts.
func (p *groupPlan) renamed() map[string]string {
	from := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(p.wanted)) {
		w := p.wanted[key]
		if p.links[key] != nil || len(w.Sources) == 0 {
			continue
		}
		for _, old := range slices.Sorted(maps.Keys(p.links)) {
			link := p.links[old]
			if p.wanted[old] != nil || !slices.Equal(link.Sources, w.Sources) {
				continue
			}
			if from[key] == "" || p.live[link.ID] != nil && p.live[p.links[from[key]].ID] == nil {
				from[key] = old
			}
		}
	}
	return from
}

// named gives the Duo group of a folded name, other than the one with that id.
func (p *groupPlan) named(key, except string) *dirsync.Group {
	for _, id := range slices.Sorted(maps.Keys(p.live)) {
		if g := p.live[id]; id != except && dirsync.FoldName(g.Name) == key {
			return g
		}
	}
	return nil
}

func (p *groupPlan) add(op dirsync.Op) {
	key := op.Group.Key()
	op.Source = groupSource(key)
	p.planned[key] = true
	p.ops = append(p.ops, &op)
}

// relink changes a link without a call.
func (p *groupPlan) relink(link *dirsync.GroupLink) {
	p.links[link.Key()] = link
	p.quiet = append(p.quiet, dirsync.Outcome{Source: groupSource(link.Key()), Same: true, Group: link})
}

// bar lets nobody into a group in this run. Whoever comes to it meanwhile is looked
// at when it is open again.
func (p *groupPlan) bar(key string) {
	p.barred[key] = true
	if link := p.links[key]; link != nil && !link.Fresh {
		fresh := *link
		fresh.Fresh = true
		p.links[key] = &fresh
		p.quiet = append(p.quiet, dirsync.Outcome{Source: groupSource(key), Same: true, Group: &fresh})
	}
}

// seenAgain forgets of groups that are there, under their name, that the last read did
// not have them.
func (p *groupPlan) seenAgain() {
	for _, key := range slices.Sorted(maps.Keys(p.links)) {
		if link := *p.links[key]; p.wanted[key] != nil && (link.Missed || link.Offered != "") {
			link.Missed, link.Offered = false, ""
			p.relink(&link)
		}
	}
}

// settleFresh gives the fresh groups whose people this run has looked through, and
// takes them over.
func (p *groupPlan) settleFresh() []dirsync.Outcome {
	var outcomes []dirsync.Outcome
	for _, key := range slices.Sorted(maps.Keys(p.links)) {
		if link := p.links[key]; link.Fresh && !p.barred[key] && p.wanted[key] != nil {
			settled := *link
			settled.Fresh = false
			p.links[key] = &settled
			outcomes = append(outcomes, dirsync.Outcome{Source: groupSource(key), Same: true, Group: &settled})
		}
	}
	return outcomes
}

// pair links Duo's groups that have the name of one that the directory wants, and gives
// their names. Nobody is put into the others.
func (p *groupPlan) pair(live []dirsync.Group) (names []string) {
	for _, g := range live {
		key := dirsync.FoldName(g.Name)
		want := p.wanted[key]
		if want == nil || p.links[key] != nil || g.Synced || g.Status == dirsync.StatusBypass || p.twins[key] {
			continue
		}
		p.relink(&dirsync.GroupLink{ID: g.ID, Name: want.Name, Origin: dirsync.Adopted, Sources: want.Sources})
		names = append(names, want.Name)
	}
	for key := range p.wanted {
		p.barred[key] = p.links[key] == nil
	}
	return names
}

// hash digests what a conflict about a group follows from.
func (p *groupPlan) hash(key string) dirsync.Hash {
	return dirsync.Fields{"name": key, "adopt": fmt.Sprint(p.rules.Groups.Adopt), "twins": fmt.Sprint(p.twins[key]),
		"ours": fmt.Sprint(p.links[key] != nil)}.Hash()
}

// outcome gives what a result means for the link of its group, and takes it over.
func (b *groupLinks) outcome(res dirsync.Result) dirsync.Outcome {
	op := res.Op
	link := *op.Group
	outcome := dirsync.Outcome{Source: op.Source, Same: true, Note: decide.NoteOf(&res), Keep: res.Fate == dirsync.Unknown}
	for key, old := range b.links {
		if link.ID != "" && old.ID == link.ID && key != link.Key() && (res.Fate == dirsync.Done || res.Fate == dirsync.Vanished) {
			outcome.DropGroup = key
		}
	}
	switch {
	case res.Fate == dirsync.Vanished, res.Fate == dirsync.Done && op.Action == dirsync.GroupDelete:
		if outcome.DropGroup == "" {
			outcome.DropGroup = link.Key()
		}
	case res.Fate == dirsync.Done:
		if op.Action == dirsync.GroupCreate {
			link.ID = res.Group
		}
		outcome.Group = &link
	}
	if outcome.DropGroup != "" {
		delete(b.links, outcome.DropGroup)
	}
	if outcome.Group != nil {
		b.links[link.Key()] = &link
	}
	return outcome
}

// pairGroups links the account's groups that mirror the directory's by name.
func (p *pairing) pairGroups(ctx context.Context) error {
	if len(p.groups.wanted) == 0 {
		return nil
	}
	live, err := p.Target.Groups(ctx)
	if err != nil {
		return fmt.Errorf("reading the groups from Duo: %w", err)
	}
	if names := p.groups.pair(live); len(names) > 0 {
		p.warn("groups paired by name: %s; the next run puts people into them, and whoever is in them already stays in", someNames(names))
	}
	return nil
}
