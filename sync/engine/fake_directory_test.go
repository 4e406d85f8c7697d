package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// A directory in memory. elsewhere holds people outside the scope.
type memDirectory struct {
	server    string
	people    []dirsync.Person
	elsewhere []dirsync.Person
	// moved are in scope, but the read did not see them.
	moved   []dirsync.Person
	readErr error // after everybody was visited
	// lookupErr is that of looking for people by id.
	lookupErr error
	groups    []string
	nested    []string // NAME:OUTER, a group inside of another one
	marker    dirsync.Marker
	// What the account does not see: entries (by id, id:ID or dn:cn=name), attributes
	// (attr:NAME, and that of one person attr:NAME@ID), members (members:NAME). Stamps
	// are those of the truth, moved further by bump.
	blind map[string]bool
	// expires is a kind that knows nothing but an attribute for the end of accounts.
	expires *schema.Kind
	bumps   map[string]int
}

func (d *memDirectory) bump(key string) {
	if d.bumps == nil {
		d.bumps = map[string]int{}
	}
	d.bumps[key]++
}

// stamp is that of an entry: another one whenever anything of it is another.
func (d *memDirectory) stamp(key string, content any) string {
	return fmt.Sprint("time ", d.bumps[key], " ", content)
}

func personContent(p *dirsync.Person) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.Attrs)) {
		fmt.Fprint(&b, name, p.Attrs[name])
	}
	return b.String()
}

// see gives a person as the account sees it.
func (d *memDirectory) see(ctx context.Context, p dirsync.Person) dirsync.Person {
	p.At, _ = dirsync.AsOfIn(ctx)
	attrs := map[string][]string{}
	for name, values := range p.Attrs {
		if d.blind["attr:"+name] || d.blind["attr:"+name+"@"+string(p.ID)] {
			if name == "accountlock" {
				p.Standing = dirsync.Enabled
			}
			continue
		}
		attrs[name] = values
	}
	if d.expires != nil && p.Standing == dirsync.Enabled {
		verdict := d.expires.Judge(attrs, p.At)
		p.Standing, p.Unsure, p.Term = verdict.Standing, verdict.Unsure, verdict.Term
	}
	groups := map[string]bool{}
	for _, group := range p.Groups {
		if d.hides(&p, group) {
			continue
		}
		groups[group] = true
		for _, text := range d.nested {
			if inner, outer, _ := strings.Cut(text, ":"); nameOf(inner) == group {
				groups[outer] = true
			}
		}
	}
	p.Attrs = attrs
	p.Groups = slices.DeleteFunc(slices.Sorted(maps.Keys(groups)), func(name string) bool {
		return slices.ContainsFunc(slices.Concat(d.groups, d.nested), func(text string) bool {
			text, _, inner := strings.Cut(text, ":")
			return nameOf(text) == name && (inner && !slices.Contains(d.groups, text) || d.blind[d.keyOf(text)])
		})
	})
	return p
}

// hides reports whether a person is not seen to be in a group: its members are not, or,
// where the person is in it by memberOf, that is not.
func (d *memDirectory) hides(p *dirsync.Person, group string) bool {
	if ownEntry(p, group) {
		return d.blind["attr:memberof"]
	}
	return d.blind["members:"+group]
}

// ownEntry reports whether a person is in a group by memberOf.
func ownEntry(p *dirsync.Person, group string) bool {
	return slices.Contains(p.Attrs["memberof"], "cn="+group)
}

func nameOf(group string) string {
	_, name, named := strings.Cut(group, "=")
	if !named {
		return group
	}
	return name
}

func (d *memDirectory) Read(ctx context.Context, visit func(dirsync.Person) error) (dirsync.ReadInfo, error) {
	info := dirsync.ReadInfo{Server: cmp.Or(d.server, "ldap://a"), Identity: cmp.Or(d.server, "a"), Marker: d.marker}
	for _, p := range d.people {
		if p.Base != "" && !slices.Contains(info.Bases, p.Base) {
			info.Bases = append(info.Bases, p.Base)
		}
		if d.blind[string(p.ID)] || d.blind["base:"+p.Base] {
			continue
		}
		info.Read++
		if err := visit(d.see(ctx, p)); err != nil {
			return info, err
		}
	}
	slices.Sort(info.Bases)
	for _, text := range d.groups {
		if g := d.group(text); !d.blind[g.Key()] {
			for _, nested := range d.nested {
				if inner, outer, _ := strings.Cut(nested, ":"); inner == text {
					g.Inside = append(g.Inside, outer)
				}
			}
			info.Groups = append(info.Groups, g)
		}
	}
	for _, text := range d.nested {
		inner, outer, _ := strings.Cut(text, ":")
		if g := d.group(inner); !d.blind[g.Key()] && !slices.Contains(d.groups, inner) {
			g.Inside = []string{outer}
			info.Nested = append(info.Nested, g)
		}
	}
	return info, d.readErr
}

// group makes the entry of a group such as 17=Staff, with its people.
func (d *memDirectory) group(text string) dirsync.GroupEntry {
	id, name, named := strings.Cut(text, "=")
	if !named {
		id, name = "", id
	}
	g := dirsync.GroupEntry{ID: dirsync.SourceID(id), Name: name, DN: "cn=" + name}
	var content []dirsync.SourceID
	for _, p := range d.people {
		if !slices.Contains(p.Groups, name) {
			continue
		}
		own := ownEntry(&p, name)
		if !own {
			content = append(content, p.ID)
		}
		if d.hides(&p, name) {
			continue
		}
		if !own {
			g.Members++
		}
		if !d.blind[string(p.ID)] && !d.blind["base:"+p.Base] {
			g.Persons++
			g.People = append(g.People, p.ID)
			if own {
				g.Own, g.OwnPeople = g.Own+1, append(g.OwnPeople, p.ID)
			}
		}
	}
	g.Stamp = d.stamp(g.Key(), content)
	slices.Sort(g.People)
	slices.Sort(g.OwnPeople)
	if g.Persons > dirsync.MaxPeople {
		g.People = nil
	}
	return g
}

func (d *memDirectory) LookupGroups(_ context.Context, groups []dirsync.GroupEntry) (map[string]dirsync.GroupEntry, error) {
	found := map[string]dirsync.GroupEntry{}
	for _, asked := range groups {
		for _, text := range slices.Concat(d.groups, d.nested) {
			text, _, _ = strings.Cut(text, ":")
			if g := d.group(text); g.Key() == asked.Key() && !d.blind[g.Key()] {
				found[g.Key()] = g
			}
		}
	}
	return found, nil
}

func (d *memDirectory) StillMembers(context.Context, dirsync.GroupEntry, []dirsync.SourceID) (bool, error) {
	return false, nil
}

func (d *memDirectory) Stamps(_ context.Context, ids []dirsync.SourceID, dns []string) (map[dirsync.SourceID]string, map[string]string, error) {
	byID, byDN := map[dirsync.SourceID]string{}, map[string]string{}
	for i := range d.people {
		if p := &d.people[i]; slices.Contains(ids, p.ID) {
			byID[p.ID] = d.stamp(string(p.ID), personContent(p))
		}
	}
	for _, dn := range dns {
		byDN[dn] = d.stamp(dn, "")
	}
	return byID, byDN, nil
}

func (d *memDirectory) Lookup(ctx context.Context, ids []dirsync.SourceID) (map[dirsync.SourceID]dirsync.Whereabouts, error) {
	if d.lookupErr != nil {
		return nil, d.lookupErr
	}
	found := map[dirsync.SourceID]dirsync.Whereabouts{}
	for _, id := range ids {
		found[id] = dirsync.Whereabouts{}
	}
	for _, p := range d.elsewhere {
		if _, asked := found[p.ID]; asked {
			p = d.see(ctx, p)
			p.Groups = nil
			found[p.ID] = dirsync.Whereabouts{Present: true, DN: p.DN, Outside: &p}
		}
	}
	for _, p := range slices.Concat(d.people, d.moved) {
		if _, asked := found[p.ID]; asked && !d.blind[string(p.ID)] && !d.blind["base:"+p.Base] {
			p = d.see(ctx, p)
			found[p.ID] = dirsync.Whereabouts{Present: true, DN: p.DN, Person: &p}
		}
	}
	return found, nil
}

func (d *memDirectory) keyOf(group string) string {
	g := d.group(group)
	return g.Key()
}
