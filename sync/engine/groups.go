package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// groupPrefix begins the Source of operations on groups.
const groupPrefix = "group|"

func groupSource(key string) dirsync.SourceID { return dirsync.SourceID(groupPrefix + key) }

// A groupBook knows the Duo groups that mirror the directory's: which are ours,
// which the directory wants, and what is to be done about the difference. Groups
// go by their folded name in Duo.
type groupBook struct {
	rules  *Rules
	links  map[string]*dirsync.GroupLink
	wanted map[string]*dirsync.GroupLink // name and sources only

	from    map[string]string         // the key of a group's former name, by that of its name in the directory
	live    map[string]*dirsync.Group // Duo's groups by id; nil: not read in this run
	ops     []*dirsync.Op
	quiet   []dirsync.Outcome // links that change without a call
	planned map[string]bool   // groups that an operation makes ours
	barred  map[string]bool   // groups that nobody is put into
	twins   map[string]bool   // groups of which the directory has several of one name
}

func openGroups(ctx context.Context, rules *Rules, store dirsync.Store) (*groupBook, error) {
	links, err := store.Groups(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the groups of the snapshot: %w", err)
	}
	b := &groupBook{rules: rules, links: map[string]*dirsync.GroupLink{}, wanted: map[string]*dirsync.GroupLink{}, planned: map[string]bool{}, barred: map[string]bool{}, twins: map[string]bool{}}
	for i := range links {
		b.links[links[i].Key()] = &links[i]
	}
	return b, nil
}

// unsettled reports whether people of a group may need something for its sake
// alone: it is not ours yet, or fresh.
func (b *groupBook) unsettled(key string) bool { return b.links[key] == nil || b.links[key].Fresh }

// takesIn reports whether people are put into an unsettled group in this run.
func (b *groupBook) takesIn(key string) bool {
	return b.unsettled(key) && !b.barred[key] && (b.planned[key] || b.links[key] != nil)
}

// open reports whether people may be put into a group, and gives its id, which
// is "" for one that is still to be made.
func (b *groupBook) open(key string) (id string, ok bool) {
	switch link := b.links[key]; {
	case b.barred[key]:
		return "", false
	case b.planned[key]:
		for _, op := range b.ops {
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
func (b *groupBook) readAgain(id string) bool {
	_, read := b.mirrored(id)
	return read
}

// unread gives of the groups that a person was put into those of ours of which the
// directory's was not read: the person may have left it.
func (b *groupBook) unread(joined []string) []string {
	if b.rules.Groups.Mirror == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(joined), func(id string) bool {
		key, read := b.mirrored(id)
		return key == "" || read
	})
}

// keeps reports whether a group of the directory has a mirror in Duo.
func (b *groupBook) keeps(id dirsync.SourceID) bool {
	for _, link := range b.links {
		if slices.Contains(link.Sources, id) {
			return true
		}
	}
	return false
}

// mirrored returns the key under which the directory wants a Duo group of ours, by
// its id: that of its new name, where it goes by another one now.
func (b *groupBook) mirrored(id string) (key string, ok bool) {
	for key, link := range b.links {
		if link.ID != id {
			continue
		}
		for to, from := range b.from {
			if from == key {
				return to, true
			}
		}
		_, ok := b.wanted[key]
		return key, ok
	}
	return "", false
}

// want takes in the groups that the directory has.
func (b *groupBook) want(found []dirsync.GroupEntry) {
	if b.rules.Groups.Mirror == nil {
		return
	}
	seen := map[string]bool{} // names in the directory
	for _, g := range found {
		if !b.rules.Groups.Mirror(g.Name) {
			continue
		}
		name := strings.TrimSpace(b.rules.Groups.Name(g.Name))
		if name == "" {
			continue
		}
		if twin := dirsync.FoldName(g.Name); seen[twin] {
			b.twins[dirsync.FoldName(name)] = true
		} else {
			seen[twin] = true
		}
		w := b.wanted[dirsync.FoldName(name)]
		if w == nil {
			w = &dirsync.GroupLink{Name: name}
			b.wanted[dirsync.FoldName(name)] = w
		}
		if g.ID != "" {
			w.Sources = append(w.Sources, g.ID)
			slices.Sort(w.Sources)
		}
	}
}

// planGroups settles what becomes of the groups themselves.
func (r *runner) planGroups(ctx context.Context) error {
	b := r.groups
	b.want(r.run.Read.Groups)
	for _, name := range b.rules.Groups.Names {
		if r.run.Read.CountGroups(name) == 0 {
			r.warn("the group %s of sync.groups.mirror does not exist in the directory", dirsync.Quote(name))
		}
	}
	if b.rules.Groups.Mirror != nil && len(b.wanted) == 0 {
		r.warn("sync.groups.mirror matches no group of the directory; groups and memberships in Duo stay as they are")
		return nil
	}
	b.seenAgain()
	if !r.groupsDiffer() {
		return nil
	}
	r.phase("confirm")
	if err := b.readLive(ctx, r.engine.Target); err != nil {
		return err
	}
	b.from = b.renamed()
	for _, key := range slices.Sorted(maps.Keys(b.wanted)) {
		if b.twins[key] {
			r.barTwins(key)
			continue
		}
		link := b.links[key]
		if link == nil && b.from[key] != "" {
			link = b.links[b.from[key]]
		}
		r.planGroup(key, link)
	}
	var last []*dirsync.GroupLink
	taken := slices.Collect(maps.Values(b.from))
	for _, key := range slices.Sorted(maps.Keys(b.links)) {
		if b.wanted[key] == nil && !slices.Contains(taken, key) {
			last = append(last, b.links[key])
		}
	}
	return r.dropGroups(ctx, last)
}

// seenAgain forgets of groups that are there, under their name, that the last read did
// not have them.
func (b *groupBook) seenAgain() {
	for _, key := range slices.Sorted(maps.Keys(b.links)) {
		if link := *b.links[key]; b.wanted[key] != nil && (link.Missed || link.Offered != "") {
			link.Missed, link.Offered = false, ""
			b.keep(&link)
		}
	}
}

// readLive reads all groups of Duo.
func (b *groupBook) readLive(ctx context.Context, from dirsync.Target) error {
	live, err := from.Groups(ctx)
	if err != nil {
		return fmt.Errorf("reading the groups from Duo: %w", err)
	}
	b.live = make(map[string]*dirsync.Group, len(live))
	for i := range live {
		b.live[live[i].ID] = &live[i]
	}
	return nil
}

// mirrorsAs reports whether a Duo group, by its id, is wanted under that folded name.
func (b *groupBook) mirrorsAs(id, key string) bool {
	wanted, ok := b.mirrored(id)
	return ok && wanted == key
}

// groupsDiffer reports whether Duo has to be asked about groups: some are to
// become ours, or to go, or all of Duo is looked at anyway. What was told of a
// group that can't be ours stands until the next refresh.
func (r *runner) groupsDiffer() bool {
	b := r.groups
	differ := r.run.Refreshed && len(b.links)+len(b.wanted) > 0
	for key := range b.wanted {
		if told, ok := r.told[groupPrefix+key]; ok && !r.run.Refreshed && told.Hash == r.groupHash(key) {
			b.barred[key] = true
			r.conflict(dirsync.Conflict{Key: groupPrefix + key, Hash: told.Hash, Username: told.Username, Sources: told.Sources, Reason: told.Reason})
			continue
		}
		differ = differ || b.links[key] == nil || b.twins[key]
	}
	for key, link := range b.links {
		differ = differ || b.wanted[key] == nil && b.rules.Groups.DeleteUnmirrored && link.Origin == dirsync.Created
	}
	return differ
}

func (r *runner) groupHash(key string) dirsync.Hash {
	return dirsync.Fields{"name": key, "adopt": fmt.Sprint(r.engine.Rules.Groups.Adopt), "twins": fmt.Sprint(r.groups.twins[key]),
		"ours": fmt.Sprint(r.groups.links[key] != nil)}.Hash()
}

// renamed finds the groups of the directory that go by another name now: the key
// of the old name, by the new one's. Of several links to one group of the directory,
// the one whose group Duo still has counts.
func (b *groupBook) renamed() map[string]string {
	from := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(b.wanted)) {
		w := b.wanted[key]
		if b.links[key] != nil || len(w.Sources) == 0 {
			continue
		}
		for _, old := range slices.Sorted(maps.Keys(b.links)) {
			link := b.links[old]
			if b.wanted[old] != nil || !slices.Equal(link.Sources, w.Sources) {
				continue
			}
			if from[key] == "" || b.live[link.ID] != nil && b.live[b.links[from[key]].ID] == nil {
				from[key] = old
			}
		}
	}
	return from
}

// named gives the Duo group of a folded name, other than the one with that id.
func (b *groupBook) named(key, except string) *dirsync.Group {
	for _, id := range slices.Sorted(maps.Keys(b.live)) {
		if g := b.live[id]; id != except && dirsync.FoldName(g.Name) == key {
			return g
		}
	}
	return nil
}

// planGroup settles what becomes of one group that the directory wants; link is
// ours for it, perhaps under another name, nil where there is none.
func (r *runner) planGroup(key string, link *dirsync.GroupLink) {
	b := r.groups
	want := *b.wanted[key]
	var live *dirsync.Group
	if link != nil {
		want.ID, want.Origin, want.Fresh = link.ID, link.Origin, link.Fresh
		live = b.live[link.ID]
	}
	holder := b.named(key, want.ID)
	switch {
	case live != nil && (live.Synced || live.Status == dirsync.StatusBypass):
		r.barGroup(key, live)
	case live != nil && dirsync.FoldName(live.Name) == key:
		if !slices.Equal(want.Sources, link.Sources) || want.Name != link.Name {
			b.keep(&want)
		}
	case live != nil && link.Key() == key && b.rules.ReportDrift(dirsync.FieldGroups):
		r.warn("the group %s was renamed in Duo to %s; the configuration asks to report it only", dirsync.Quote(want.Name), dirsync.Quote(live.Name))
	case holder != nil && (live != nil || holder.Synced || holder.Status == dirsync.StatusBypass || !b.rules.Groups.Adopt):
		r.barGroup(key, holder)
	case live != nil && link.Key() != key && r.switched && link.Offered != want.Name:
		offered := *link
		offered.Offered = want.Name
		b.keep(&offered)
	case live != nil:
		reason := "renamed in the directory"
		if link.Key() == key {
			reason = "renamed in Duo by hand"
		}
		b.plan(dirsync.Op{Action: dirsync.GroupUpdate, Username: live.Name, User: live.ID, Reason: reason, Group: &want,
			Changes: []dirsync.Change{{Field: dirsync.FieldName, Before: live.Name, After: want.Name}}})
	case holder != nil:
		want.ID, want.Origin, want.Fresh = holder.ID, dirsync.Adopted, true
		b.plan(dirsync.Op{Action: dirsync.GroupUpdate, Username: holder.Name, User: holder.ID, Reason: "adopted: a Duo group of this name exists", Group: &want})
	default:
		reason := "mirrors a group of the directory"
		if link != nil {
			reason = "deleted in Duo by hand"
			if b.rules.ReportDrift(dirsync.FieldGroups) {
				r.warn("the group %s was deleted in Duo; the configuration asks to report it only", dirsync.Quote(want.Name))
				b.barred[key] = true
				return
			}
		}
		want.ID, want.Origin, want.Fresh = "", dirsync.Created, true
		b.plan(dirsync.Op{Action: dirsync.GroupCreate, Username: want.Name, Reason: reason, Group: &want, Changes: []dirsync.Change{{Field: dirsync.FieldName, After: want.Name}}})
	}
}

func (b *groupBook) plan(op dirsync.Op) {
	key := op.Group.Key()
	op.Source = groupSource(key)
	b.planned[key] = true
	b.ops = append(b.ops, &op)
}

// bar lets nobody into a group in this run. Whoever comes to it meanwhile is looked
// at when it is open again.
func (b *groupBook) bar(key string) {
	b.barred[key] = true
	if link := b.links[key]; link != nil && !link.Fresh {
		fresh := *link
		fresh.Fresh = true
		b.links[key] = &fresh
		b.quiet = append(b.quiet, dirsync.Outcome{Source: groupSource(key), Same: true, Group: &fresh})
	}
}

// settleFresh gives the fresh groups whose people this run has looked through, and
// takes them over.
func (b *groupBook) settleFresh() []dirsync.Outcome {
	var outcomes []dirsync.Outcome
	for _, key := range slices.Sorted(maps.Keys(b.links)) {
		if link := b.links[key]; link.Fresh && !b.barred[key] && b.wanted[key] != nil {
			settled := *link
			settled.Fresh = false
			b.links[key] = &settled
			outcomes = append(outcomes, dirsync.Outcome{Source: groupSource(key), Same: true, Group: &settled})
		}
	}
	return outcomes
}

// barTwins tells that nobody is put into a group while the directory has several
// of its name: whoever can make one could put people into it.
func (r *runner) barTwins(key string) {
	r.groups.bar(key)
	r.conflict(dirsync.Conflict{Key: groupPrefix + key, Hash: r.groupHash(key), Username: r.groups.wanted[key].Name, Sources: r.groups.wanted[key].Sources,
		Reason: "the directory has several groups of this name; give each a name of its own"})
}

// barGroup tells why nobody is put into a group.
func (r *runner) barGroup(key string, holder *dirsync.Group) {
	var why string
	switch {
	case holder.Synced:
		why = "this Duo group belongs to Duo's own directory sync; rename the directory's group with sync.groups.rename, or do not mirror it"
	case holder.Status == dirsync.StatusBypass:
		why = "this Duo group lets its members in without a second factor (status bypass); nobody is put into it"
	default:
		why = "a Duo group of this name exists and is not ours; set sync.groups.existing to adopt, or give the group another name with sync.groups.rename"
	}
	r.groups.bar(key)
	r.conflict(dirsync.Conflict{Key: groupPrefix + key, Hash: r.groupHash(key), Username: r.groups.wanted[key].Name, Sources: r.groups.wanted[key].Sources, Reason: why})
}

// dropGroups settles what becomes of groups of ours that are mirrored no more. Before
// one is deleted, it is looked for once more: one that is still in the directory and
// only out of sight is kept.
func (r *runner) dropGroups(ctx context.Context, links []*dirsync.GroupLink) error {
	b := r.groups
	var doomed []*dirsync.GroupLink
	var sources []dirsync.GroupEntry
	for _, link := range links {
		live := b.live[link.ID]
		switch {
		case live == nil: // deleted by hand
			b.quiet = append(b.quiet, dirsync.Outcome{Source: groupSource(link.Key()), Same: true, DropGroup: link.Key()})
		case b.rules.Groups.DeleteUnmirrored && link.Origin == dirsync.Created && !live.Synced:
			doomed = append(doomed, link)
			for _, id := range link.Sources {
				sources = append(sources, dirsync.GroupEntry{ID: id, Name: link.Name})
			}
		}
	}
	found := map[string]dirsync.GroupEntry{}
	if len(sources) > 0 {
		var err error
		if found, err = r.engine.Source.LookupGroups(ctx, sources); err != nil {
			return fmt.Errorf("looking again for %d groups that are mirrored no more: %w", len(doomed), err)
		}
	}
	for _, link := range doomed {
		if r.outOfSight(link, found) || r.dropLater(link) {
			continue
		}
		b.ops = append(b.ops, &dirsync.Op{Action: dirsync.GroupDelete, Source: groupSource(link.Key()), Username: b.live[link.ID].Name, User: link.ID, Reason: "mirrored no more", Group: link})
	}
	return nil
}

// outOfSight reports whether a group that would be mirrored is in the directory still,
// though it was not read.
func (r *runner) outOfSight(link *dirsync.GroupLink, found map[string]dirsync.GroupEntry) bool {
	for _, id := range link.Sources {
		g, there := found[(&dirsync.GroupEntry{ID: id}).Key()]
		if there && r.groups.rules.Groups.Mirror != nil && r.groups.rules.Groups.Mirror(g.Name) {
			r.warn("the group %s was not read, though it is in the directory (%s); its mirror in Duo is kept: check ldap.groups", dirsync.Quote(link.Name), g.DN)
			return true
		}
	}
	return false
}

// dropLater reports whether a group is deleted in a later run only, since another
// server answered than last time.
func (r *runner) dropLater(link *dirsync.GroupLink) bool {
	if !r.switched || link.Missed {
		return false
	}
	missed := *link
	missed.Missed = true
	r.groups.keep(&missed)
	return true
}

// keep changes a link without a call.
func (b *groupBook) keep(link *dirsync.GroupLink) {
	b.links[link.Key()] = link
	b.quiet = append(b.quiet, dirsync.Outcome{Source: groupSource(link.Key()), Same: true, Group: link})
}

// memberships plans which groups a person joins and leaves. held are those that
// the user is in now.
func (r *runner) memberships(s *subject, held []dirsync.Membership, joined []string) (joins, leaves []dirsync.Membership) {
	b := r.groups
	in := func(id string) bool {
		return slices.ContainsFunc(held, func(m dirsync.Membership) bool { return m.ID == id })
	}
	wanted := map[string]bool{}
	for _, name := range dirsync.Items(s.want.Fields[dirsync.FieldGroups]) {
		key := dirsync.FoldName(name)
		wanted[key] = true
		id, ok := b.open(key)
		switch {
		case !ok, id != "" && in(id):
		case id != "" && slices.Contains(joined, id) && r.engine.Rules.ReportDrift(dirsync.FieldGroups):
			s.warn("%s: was taken out of the group %s in Duo; the configuration asks to report it only", s.username(), dirsync.Quote(name))
		case s.want.Mark != nil: // kept disabled, and given nothing meanwhile
			s.later = true
		case s.want.Unsure != nil:
			s.tellProblem("%s; not joined: %s", s.want.Unsure.Problem(), dirsync.Quote(name))
		default:
			joins = append(joins, dirsync.Membership{ID: id, Name: name})
		}
	}
	if s.want.Unsure != nil && s.want.Unsure.Groups { // whom can't be told to have left, stays
		return joins, nil
	}
	for _, m := range held {
		if key, ok := b.mirrored(m.ID); ok && !wanted[key] && slices.Contains(joined, m.ID) {
			leaves = append(leaves, m)
		}
	}
	if room := max(dirsync.MaxGroups-(len(held)-len(leaves)), 0); len(joins) > room {
		names := make([]string, 0, len(joins)-room)
		for _, m := range joins[room:] {
			names = append(names, m.Name)
		}
		s.tellProblem("Duo holds %d groups a user at most; not joined: %s", dirsync.MaxGroups, strings.Join(names, ", "))
		joins = joins[:room]
	}
	return joins, leaves
}

// groupNames gives the change of a person's groups.
func groupChange(held, joins, leaves []dirsync.Membership) dirsync.Change {
	before, after := make([]string, 0, len(held)), make([]string, 0, len(held)+len(joins))
	for _, m := range held {
		before = append(before, m.Name)
		if !slices.Contains(leaves, m) {
			after = append(after, m.Name)
		}
	}
	for _, m := range joins {
		after = append(after, m.Name)
	}
	return dirsync.Change{Field: dirsync.FieldGroups, Before: dirsync.ListOf(before), After: dirsync.ListOf(after)}
}
