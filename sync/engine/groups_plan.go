package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// groupPlanning settles what becomes of the groups themselves.
type groupPlanning struct {
	*run
	*groupPlan
	switched func(dirsync.SourceID) bool // another server of the directory answered than last time
	takenOut func(dirsync.SourceID) bool // the directory is not configured any more
}

// planGroups settles what becomes of the groups themselves.
func (r *run) planGroups(ctx context.Context, st *state, c *census) (*groupPlan, error) {
	p := &groupPlanning{run: r, groupPlan: st.groups.plan(r.report.Read.Groups), switched: c.switchedOf, takenOut: r.takenOut}
	return p.groupPlan, p.settle(ctx)
}

func (p *groupPlanning) settle(ctx context.Context) error {
	for _, name := range p.rules.Groups.Names {
		if len(p.groupsOf(&p.report.Read, &mapping.NamedGroup{Name: name})) == 0 {
			p.warn("the group %s of sync.groups.mirror does not exist in the directory", dirsync.Quote(name))
		}
	}
	if p.rules.Groups.Mirror != nil && len(p.wanted) == 0 {
		p.warn("sync.groups.mirror matches no group of the directory; groups and memberships in Duo stay as they are")
		return nil
	}
	p.seenAgain()
	if !p.groupsDiffer() {
		return nil
	}
	p.phase("confirm")
	if err := p.readLive(ctx, p.Target); err != nil {
		return err
	}
	p.from = p.renamed()
	for _, key := range slices.Sorted(maps.Keys(p.wanted)) {
		if p.twins[key] {
			p.barTwins(key)
			continue
		}
		link := p.links[key]
		if link == nil && p.from[key] != "" {
			link = p.links[p.from[key]]
		}
		p.planGroup(key, link)
	}
	var last []*dirsync.GroupLink
	taken := slices.Collect(maps.Values(p.from))
	for _, key := range slices.Sorted(maps.Keys(p.links)) {
		if p.wanted[key] == nil && !slices.Contains(taken, key) {
			last = append(last, p.links[key])
		}
	}
	return p.dropGroups(ctx, last)
}

// groupsDiffer reports whether Duo has to be asked about groups: some are to
// become ours, or to go, or all of Duo is looked at anyway. What was told of a
// group that can't be ours stands until the next refresh.
func (p *groupPlanning) groupsDiffer() bool {
	differ := p.report.Refreshed && len(p.links)+len(p.wanted) > 0
	for key := range p.wanted {
		if told, ok := p.told[groupPrefix+key]; ok && !p.report.Refreshed && told.Hash == p.hash(key) {
			p.barred[key] = true
			p.conflict(dirsync.Conflict{Key: groupPrefix + key, Hash: told.Hash, Username: told.Username, Sources: told.Sources, Reason: told.Reason})
			continue
		}
		differ = differ || p.links[key] == nil || p.twins[key]
	}
	for key, link := range p.links {
		differ = differ || p.wanted[key] == nil && p.rules.Groups.DeleteUnmirrored && link.Origin == dirsync.Created
	}
	return differ
}

// planGroup settles what becomes of one group that the directory wants; link is
// ours for it, perhaps under another name, nil where there is none.
func (p *groupPlanning) planGroup(key string, link *dirsync.GroupLink) {
	want := *p.wanted[key]
	var live *dirsync.Group
	if link != nil {
		want.ID, want.Origin, want.Fresh = link.ID, link.Origin, link.Fresh
		live = p.live[link.ID]
	}
	holder := p.named(key, want.ID)
	switch {
	case live != nil && (live.Synced || live.Status == dirsync.StatusBypass):
		p.barGroup(key, live)
	case live != nil && dirsync.FoldName(live.Name) == key:
		if !slices.Equal(want.Sources, link.Sources) || want.Name != link.Name {
			p.relink(&want)
		}
	case live != nil && link.Key() == key && p.Rules.ReportDrift(dirsync.FieldGroups):
		p.warn("the group %s was renamed in Duo to %s; the configuration asks to report it only", dirsync.Quote(want.Name), dirsync.Quote(live.Name))
	case holder != nil && (live != nil || holder.Synced || holder.Status == dirsync.StatusBypass || !p.rules.Groups.Adopt):
		p.barGroup(key, holder)
	case live != nil && link.Key() != key && slices.ContainsFunc(want.Sources, p.switched) && link.Offered != want.Name:
		offered := *link
		offered.Offered = want.Name
		p.relink(&offered)
	case live != nil:
		reason := "renamed in the directory"
		if link.Key() == key {
			reason = "renamed " + dirsync.InDuoByHand
		}
		p.add(dirsync.Op{Action: dirsync.GroupUpdate, Username: live.Name, User: live.ID, Reason: reason, Group: &want,
			Changes: []dirsync.Change{{Field: dirsync.FieldName, Before: live.Name, After: want.Name}}})
	case holder != nil:
		want.ID, want.Origin, want.Fresh = holder.ID, dirsync.Adopted, true
		p.add(dirsync.Op{Action: dirsync.GroupUpdate, Username: holder.Name, User: holder.ID, Reason: "adopted: a Duo group of this name exists", Group: &want})
	default:
		reason := "mirrors a group of the directory"
		if link != nil {
			reason = "deleted " + dirsync.InDuoByHand
			if p.Rules.ReportDrift(dirsync.FieldGroups) {
				p.barAs(key, "this group was deleted in Duo by others; the configuration asks to report it only (sync.drift), and nobody is put into it")
				return
			}
		}
		want.ID, want.Origin, want.Fresh = "", dirsync.Created, true
		p.add(dirsync.Op{Action: dirsync.GroupCreate, Username: want.Name, Reason: reason, Group: &want, Changes: []dirsync.Change{{Field: dirsync.FieldName, After: want.Name}}})
	}
}

// barTwins tells that nobody is put into a group while the directory has several
// of its name: whoever can make one could put people into it.
func (p *groupPlanning) barTwins(key string) {
	p.barAs(key, p.twinWords())
}

// barAs tells why nobody is put into a group. It stands until that changes.
func (p *groupPlanning) barAs(key, why string) {
	p.bar(key)
	p.conflict(dirsync.Conflict{Key: groupPrefix + key, Hash: p.hash(key), Username: p.wanted[key].Name, Sources: p.wanted[key].Sources, Reason: why})
}

func (p *groupPlanning) twinWords() string {
	if p.rules.Directories.Named() {
		return "several groups of the directories have this name; give each a name of its own, in its directory or, as directory/group, with sync.groups.rename"
	}
	return "the directory has several groups of this name; give each a name of its own"
}

// barGroup tells why nobody is put into a group.
func (p *groupPlanning) barGroup(key string, holder *dirsync.Group) {
	var why string
	switch {
	case holder.Synced:
		why = "this Duo group belongs to Duo's own directory sync; rename the directory's group with sync.groups.rename, or do not mirror it"
	case holder.Status == dirsync.StatusBypass:
		why = "this Duo group lets its members in without a second factor (status bypass); nobody is put into it"
	default:
		why = "a Duo group of this name exists and is not ours; set sync.groups.existing to adopt, or give the group another name with sync.groups.rename"
	}
	p.barAs(key, why)
}

// dropGroups settles what becomes of groups of ours that are mirrored no more. Before
// one is deleted, it is looked for once more: one that is still in the directory and
// only out of sight is kept.
func (p *groupPlanning) dropGroups(ctx context.Context, links []*dirsync.GroupLink) error {
	var doomed []*dirsync.GroupLink
	var sources []dirsync.GroupEntry
	for _, link := range links {
		live := p.live[link.ID]
		switch {
		case live == nil: // deleted by hand
			p.quiet = append(p.quiet, dirsync.Outcome{Source: groupSource(link.Key()), Same: true, DropGroup: link.Key()})
		case p.rules.Groups.DeleteUnmirrored && link.Origin == dirsync.Created && !live.Synced:
			if slices.ContainsFunc(link.Sources, p.takenOut) {
				p.warn("the group %s is mirrored from a directory that was taken out of the configuration, and can't be looked for; it is kept: delete it in the Duo Admin Panel", dirsync.Quote(link.Name))
				continue
			}
			doomed = append(doomed, link)
			for _, id := range link.Sources {
				sources = append(sources, dirsync.GroupEntry{Directory: p.rules.Directories.Of(id), ID: id, Name: link.Name})
			}
		}
	}
	found := map[string]dirsync.GroupEntry{}
	if len(sources) > 0 {
		var err error
		if found, err = p.Source.LookupGroups(ctx, sources); err != nil {
			return fmt.Errorf("looking again for %d groups that are mirrored no more: %w", len(doomed), err)
		}
	}
	for _, link := range doomed {
		if p.outOfSight(link, found) || p.dropLater(link) {
			continue
		}
		p.ops = append(p.ops, &dirsync.Op{Action: dirsync.GroupDelete, Source: groupSource(link.Key()), Username: p.live[link.ID].Name, User: link.ID, Reason: "mirrored no more", Group: link})
	}
	return nil
}

// outOfSight reports whether a group that would be mirrored is in the directory still,
// though it was not read.
func (p *groupPlanning) outOfSight(link *dirsync.GroupLink, found map[string]dirsync.GroupEntry) bool {
	for _, id := range link.Sources {
		g, there := found[(&dirsync.GroupEntry{ID: id}).Key()]
		if there && p.rules.Mirrors(p.rules.Directories.Of(id), g.Name) {
			p.warn("the group %s was not read, though it is in the directory (%s); its mirror in Duo is kept: check ldap.groups", dirsync.Quote(link.Name), g.DN)
			return true
		}
	}
	return false
}

// dropLater reports whether a group is deleted in a later run only, since another
// server answered than last time.
func (p *groupPlanning) dropLater(link *dirsync.GroupLink) bool {
	if !slices.ContainsFunc(link.Sources, p.switched) || link.Missed {
		return false
	}
	missed := *link
	missed.Missed = true
	p.relink(&missed)
	return true
}

// heads gives how many people the directory has in each group, by its name in Duo.
func (p *groupPlan) heads(counted *mapping.Headcount) map[string]int {
	heads := make(map[string]int, len(p.wanted))
	for key, g := range p.wanted {
		heads[g.Name] = counted.In(key)
	}
	return heads
}
