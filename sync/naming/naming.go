// Package naming gives the one directory of a state a name: what the state knows of people and
// groups by their ids becomes what it knows of those of a directory of that name.
package naming

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// Name is the name that the one directory of a state gets. It turns what the state knows of
// the directory's people and groups into what it knows of those of a directory of that name.
type Name string

func (n Name) id(id dirsync.SourceID) dirsync.SourceID {
	if id == "" || strings.HasPrefix(string(id), dirsync.GroupKey) {
		return id
	}
	return dirsync.IDIn(string(n), id)
}

func (n Name) ids(ids []dirsync.SourceID) []dirsync.SourceID {
	if ids == nil {
		return nil
	}
	named := make([]dirsync.SourceID, len(ids))
	for i, id := range ids {
		named[i] = n.id(id)
	}
	return named
}

// Link gives a link with the named id.
func (n Name) Link(l dirsync.Link) dirsync.Link {
	l.ID = n.id(l.ID)
	return l
}

// Group gives the link of a group with named sources.
func (n Name) Group(g dirsync.GroupLink) dirsync.GroupLink {
	g.Sources = n.ids(g.Sources)
	return g
}

// Op gives an operation with named ids.
func (n Name) Op(o dirsync.Op) dirsync.Op {
	o.Source, o.From = n.id(o.Source), n.id(o.From)
	if o.Group != nil {
		group := n.Group(*o.Group)
		o.Group = &group
	}
	return o
}

// Mark gives a mark with the named id of its person.
func (n Name) Mark(m dirsync.Mark) dirsync.Mark {
	m.Source = n.id(m.Source)
	return m
}

// Told gives what was told, by its key, with named ids. It counts as told before, as it did.
func (n Name) Told(told map[string]dirsync.Told) map[string]dirsync.Told {
	named := make(map[string]dirsync.Told, len(told))
	for key, t := range told {
		t.Sources = n.ids(t.Sources)
		for _, prefix := range []string{dirsync.PersonKey, dirsync.UnsureKey} {
			if id, ok := strings.CutPrefix(key, prefix); ok {
				key = prefix + string(n.id(dirsync.SourceID(id)))
				break
			}
		}
		if strings.HasPrefix(key, dirsync.NameKey) {
			t.Hash = dirsync.HashIDs(t.Sources)
		}
		named[key] = t
	}
	return named
}

// Baseline gives a baseline of the named directory; nil stays nil.
func (n Name) Baseline(b *dirsync.Baseline) *dirsync.Baseline {
	if b == nil {
		return nil
	}
	named := *b
	ref, _ := b.Of("")
	if b.Directories == nil { // a state of the first version
		ref.Attributes = map[string]dirsync.AttributeSeen{}
		for attribute, persons := range b.Attributes {
			ref.Attributes[attribute] = dirsync.AttributeSeen{Persons: persons, Of: b.InScope}
		}
	}
	named.Scope, named.Place, named.Mapping = "", "", ""
	named.Attributes, named.Groups, named.Excluded = nil, nil, 0
	named.Directories = map[string]dirsync.Reference{string(n): n.reference(ref)}
	if b.Attention != nil {
		named.Attention = make(map[string]dirsync.Attention, len(b.Attention))
		for key, a := range b.Attention {
			a.Source = n.id(a.Source)
			named.Attention[string(n.id(dirsync.SourceID(key)))] = a
		}
	}
	return &named
}

// named gives what is kept of people, by their named ids; nil stays nil.
func named[T any](n Name, all map[dirsync.SourceID]T) map[dirsync.SourceID]T {
	if all == nil {
		return nil
	}
	byName := make(map[dirsync.SourceID]T, len(all))
	for id, one := range all {
		byName[n.id(id)] = one
	}
	return byName
}

func (n Name) reference(ref dirsync.Reference) dirsync.Reference {
	groups := make(map[string]dirsync.GroupSeen, len(ref.Groups))
	for _, g := range ref.Groups {
		g.ID, g.People, g.OwnStamps = n.id(g.ID), n.ids(g.People), named(n, g.OwnStamps)
		entry := g.Entry(string(n))
		groups[entry.Key()] = g
	}
	attributes := maps.Clone(ref.Attributes)
	for name, a := range attributes {
		a.Bearers = named(n, a.Bearers)
		attributes[name] = a
	}
	ref.Groups, ref.Attributes = groups, attributes
	return ref
}

// namedStore is a store as it will be once its one directory has got a name. It is for reading
// only.
type namedStore struct {
	dirsync.Store
	naming  Name
	binding dirsync.Binding
}

// Named gives a store as it is once its one directory has got a name, by which it belongs to
// binding. What was approved before has ended then. It is for dry runs: Begin is that of the
// store itself, and must not be called.
func Named(store dirsync.Store, naming Name, binding dirsync.Binding) dirsync.Store {
	return &namedStore{store, naming, binding}
}

// Meta implements [dirsync.Store].
func (s *namedStore) Meta(ctx context.Context) (dirsync.Meta, error) {
	meta, err := s.Store.Meta(ctx)
	if meta.Binding != nil {
		meta.Binding = &s.binding
	}
	meta.Baseline = s.naming.Baseline(meta.Baseline)
	return meta, err
}

// Scan implements [dirsync.Store].
func (s *namedStore) Scan(ctx context.Context, visit func(dirsync.Brief) error) error {
	return s.Store.Scan(ctx, func(b dirsync.Brief) error {
		b.ID = s.naming.id(b.ID)
		return visit(b)
	})
}

// Load implements [dirsync.Store].
func (s *namedStore) Load(ctx context.Context, ids []dirsync.SourceID) ([]dirsync.Link, error) {
	var own []dirsync.SourceID
	for _, id := range ids {
		if name, within := id.Split(); name == string(s.naming) {
			own = append(own, within)
		}
	}
	links, err := s.Store.Load(ctx, own)
	for i := range links {
		links[i] = s.naming.Link(links[i])
	}
	return links, err
}

// Told implements [dirsync.Store].
func (s *namedStore) Told(ctx context.Context) (map[string]dirsync.Told, error) {
	told, err := s.Store.Told(ctx)
	return s.naming.Told(told), err
}

// Approvals implements [dirsync.Store].
func (s *namedStore) Approvals(context.Context, time.Time) ([]dirsync.Approval, error) {
	return nil, nil
}

// Groups implements [dirsync.Store].
func (s *namedStore) Groups(ctx context.Context) ([]dirsync.GroupLink, error) {
	links, err := s.Store.Groups(ctx)
	links = slices.Clone(links)
	for i := range links {
		links[i] = s.naming.Group(links[i])
	}
	return links, err
}

// Marks implements [dirsync.Store].
func (s *namedStore) Marks(ctx context.Context) ([]dirsync.Mark, error) {
	marks, err := s.Store.Marks(ctx)
	marks = slices.Clone(marks)
	for i := range marks {
		marks[i] = s.naming.Mark(marks[i])
	}
	return marks, err
}

// Open implements [dirsync.Store].
func (s *namedStore) Open(ctx context.Context) ([]dirsync.Intent, error) {
	open, err := s.Store.Open(ctx)
	open = slices.Clone(open)
	for i := range open {
		op := s.naming.Op(*open[i].Op)
		open[i].Op = &op
	}
	return open, err
}
