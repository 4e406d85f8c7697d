// Package several reads several directories as one: a [dirsync.Source] made of others. Each is
// read whole, one after another in order of precedence, or the read fails. What comes of a
// directory bears its name: the ids of people and groups begin with it, and so do warnings.
package several

import (
	"context"
	"errors"
	"fmt"

	dirsync "duosync/sync"
)

// Directory is one of the directories. Its source knows nothing of the name.
type Directory struct {
	Name   string
	Source dirsync.Source
}

// Source is all of them.
type Source []Directory

var _ dirsync.Several = Source(nil)

// In implements [dirsync.Several].
func (s Source) In(directory string) dirsync.Source {
	for i := range s {
		if s[i].Name == directory {
			return s[i : i+1]
		}
	}
	return nil
}

// Read implements [dirsync.Source]. ReadInfo.Parts tells of each directory. A person of a
// later directory comes after all of an earlier one.
func (s Source) Read(ctx context.Context, visit func(dirsync.Person) error) (all dirsync.ReadInfo, err error) {
	for i := range s {
		info, err := s[i].read(ctx, visit)
		all.Parts = append(all.Parts, info)
		all.Read += info.Read
		all.Groups = append(all.Groups, info.Groups...)
		all.Nested = append(all.Nested, info.Nested...)
		all.Warnings = append(all.Warnings, info.Warnings...)
		if all.Server != "" {
			all.Server += ", "
		}
		all.Server += info.Server
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// visitError is an error of whoever is visited; it is given on as it is.
type visitError struct{ error }

func (d *Directory) read(ctx context.Context, visit func(dirsync.Person) error) (dirsync.ReadInfo, error) {
	info, err := d.Source.Read(ctx, func(p dirsync.Person) error {
		d.person(&p)
		if err := visit(p); err != nil {
			return visitError{err}
		}
		return nil
	})
	if theirs, ok := errors.AsType[visitError](err); ok {
		err = theirs.error
	} else {
		err = d.fail(err)
	}
	info.Directory = d.Name
	for _, groups := range [][]dirsync.GroupEntry{info.Groups, info.Nested} {
		for i := range groups {
			d.group(&groups[i])
		}
	}
	for i, text := range info.Warnings {
		info.Warnings[i] = d.Name + ": " + text
	}
	return info, err
}

// fail says of which directory an error is.
func (d *Directory) fail(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the directory %s: %w", d.Name, err)
}

func (d *Directory) person(p *dirsync.Person) {
	p.Directory, p.ID = d.Name, dirsync.IDIn(d.Name, p.ID)
}

// own gives a copy of a person, who may stand under several ids, as one of this directory.
func (d *Directory) own(p *dirsync.Person) *dirsync.Person {
	if p == nil {
		return nil
	}
	own := *p
	d.person(&own)
	return &own
}

func (d *Directory) group(g *dirsync.GroupEntry) {
	g.Directory, g.ID = d.Name, dirsync.IDIn(d.Name, g.ID)
	for i, id := range g.People {
		g.People[i] = dirsync.IDIn(d.Name, id)
	}
}

// within gives a group as its own directory knows it.
func within(g dirsync.GroupEntry) dirsync.GroupEntry {
	g.Directory = ""
	_, g.ID = g.ID.Split()
	people := g.People
	g.People = nil
	for _, id := range people {
		_, id = id.Split()
		g.People = append(g.People, id)
	}
	return g
}

// parted gives ids by their directory, as that has them. One of no directory that there is
// makes an error: nobody can say anything of it.
func (s Source) parted(ids []dirsync.SourceID) (map[string][]dirsync.SourceID, error) {
	parts := map[string][]dirsync.SourceID{}
	for _, id := range ids {
		name, inner := id.Split()
		if s.In(name) == nil {
			return nil, fmt.Errorf("the id %s is of no directory of the configuration", dirsync.Quote(string(id)))
		}
		parts[name] = append(parts[name], inner)
	}
	return parts, nil
}

// Lookup implements [dirsync.Source].
func (s Source) Lookup(ctx context.Context, ids []dirsync.SourceID) (map[dirsync.SourceID]dirsync.Whereabouts, error) {
	parts, err := s.parted(ids)
	if err != nil {
		return nil, err
	}
	all := make(map[dirsync.SourceID]dirsync.Whereabouts, len(ids))
	for i := range s {
		d := &s[i]
		if len(parts[d.Name]) == 0 {
			continue
		}
		found, err := d.Source.Lookup(ctx, parts[d.Name])
		if err != nil {
			return nil, d.fail(err)
		}
		for id, where := range found {
			where.Person, where.Outside = d.own(where.Person), d.own(where.Outside)
			all[dirsync.IDIn(d.Name, id)] = where
		}
	}
	return all, nil
}

// LookupGroups implements [dirsync.Source].
func (s Source) LookupGroups(ctx context.Context, groups []dirsync.GroupEntry) (map[string]dirsync.GroupEntry, error) {
	parts := map[string][]dirsync.GroupEntry{}
	for _, g := range groups {
		if s.In(g.Directory) == nil {
			return nil, fmt.Errorf("the group %s is of no directory of the configuration", dirsync.Quote(g.Name))
		}
		parts[g.Directory] = append(parts[g.Directory], within(g))
	}
	all := make(map[string]dirsync.GroupEntry, len(groups))
	for i := range s {
		d := &s[i]
		if len(parts[d.Name]) == 0 {
			continue
		}
		found, err := d.Source.LookupGroups(ctx, parts[d.Name])
		if err != nil {
			return nil, d.fail(err)
		}
		for _, asked := range parts[d.Name] { // by the key that was asked for: a DN may be another by now
			if g, there := found[asked.Key()]; there {
				d.group(&g)
				d.group(&asked)
				all[asked.Key()] = g
			}
		}
	}
	return all, nil
}

// StillMembers implements [dirsync.Source].
func (s Source) StillMembers(ctx context.Context, group dirsync.GroupEntry, ids []dirsync.SourceID) (bool, error) {
	for i := range s {
		d := &s[i]
		if d.Name != group.Directory {
			continue
		}
		var own []dirsync.SourceID
		for _, id := range ids {
			if name, inner := id.Split(); name == d.Name {
				own = append(own, inner)
			}
		}
		still, err := d.Source.StillMembers(ctx, within(group), own)
		return still, d.fail(err)
	}
	return false, fmt.Errorf("the group %s is of no directory of the configuration", dirsync.Quote(group.Name))
}

// Stamps implements [dirsync.Source]. A DN says not which directory is meant: DNs are asked of
// one directory alone, see In.
func (s Source) Stamps(ctx context.Context, ids []dirsync.SourceID, dns []string) (map[dirsync.SourceID]string, map[string]string, error) {
	if len(dns) > 0 && len(s) > 1 {
		return nil, nil, errors.New("entries of several directories can't be told apart by their DNs alone")
	}
	parts, err := s.parted(ids)
	if err != nil {
		return nil, nil, err
	}
	byID, byDN := map[dirsync.SourceID]string{}, map[string]string{}
	for i := range s {
		d := &s[i]
		if len(parts[d.Name])+len(dns) == 0 {
			continue
		}
		stamps, entries, err := d.Source.Stamps(ctx, parts[d.Name], dns)
		if err != nil {
			return nil, nil, d.fail(err)
		}
		for id, stamp := range stamps {
			byID[dirsync.IDIn(d.Name, id)] = stamp
		}
		if byDN = entries; byDN == nil {
			byDN = map[string]string{}
		}
	}
	return byID, byDN, nil
}
