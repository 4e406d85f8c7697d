package dirsync

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Naming is the name that the one directory of a state gets. It turns what the state knows of
// the directory's people and groups into what it knows of those of a directory of that name.
type Naming string

// GroupKey begins what is told, and kept, of a group of Duo's: its folded name follows.
const GroupKey = "group|"

// Keys under which something is told of one person, by the id, and of a name that several
// people claim.
const (
	PersonKey = "person|"
	UnsureKey = "unsure|"
	NameKey   = "name|"
)

// HashIDs digests ids in their order.
func HashIDs(ids []SourceID) Hash {
	f := make(Fields, len(ids))
	for i, id := range ids {
		f[strconv.Itoa(i)] = string(id)
	}
	return f.Hash()
}

func (n Naming) id(id SourceID) SourceID {
	if id == "" || strings.HasPrefix(string(id), GroupKey) {
		return id
	}
	return IDIn(string(n), id)
}

func (n Naming) ids(ids []SourceID) []SourceID {
	if ids == nil {
		return nil
	}
	named := make([]SourceID, len(ids))
	for i, id := range ids {
		named[i] = n.id(id)
	}
	return named
}

// Link gives a link with the named id.
func (n Naming) Link(l Link) Link {
	l.ID = n.id(l.ID)
	return l
}

// Group gives the link of a group with named sources.
func (n Naming) Group(g GroupLink) GroupLink {
	g.Sources = n.ids(g.Sources)
	return g
}

// Op gives an operation with named ids.
func (n Naming) Op(o Op) Op {
	o.Source, o.From = n.id(o.Source), n.id(o.From)
	if o.Group != nil {
		group := n.Group(*o.Group)
		o.Group = &group
	}
	return o
}

// Mark gives a mark with the named id of its person.
func (n Naming) Mark(m Mark) Mark {
	m.Source = n.id(m.Source)
	return m
}

// Told gives what was told, by its key, with named ids. It counts as told before, as it did.
func (n Naming) Told(told map[string]Told) map[string]Told {
	named := make(map[string]Told, len(told))
	for key, t := range told {
		t.Sources = n.ids(t.Sources)
		for _, prefix := range []string{PersonKey, UnsureKey} {
			if id, ok := strings.CutPrefix(key, prefix); ok {
				key = prefix + string(n.id(SourceID(id)))
				break
			}
		}
		if strings.HasPrefix(key, NameKey) {
			t.Hash = HashIDs(t.Sources)
		}
		named[key] = t
	}
	return named
}

// Baseline gives a baseline of the named directory; nil stays nil.
func (n Naming) Baseline(b *Baseline) *Baseline {
	if b == nil {
		return nil
	}
	named := *b
	ref, _ := b.Of("")
	if b.Directories == nil { // a state of the first version
		ref.Attributes = map[string]AttributeSeen{}
		for attribute, persons := range b.Attributes {
			ref.Attributes[attribute] = AttributeSeen{Persons: persons, Of: b.InScope}
		}
	}
	named.Scope, named.Place, named.Mapping = "", "", ""
	named.Attributes, named.Groups, named.Excluded = nil, nil, 0
	named.Directories = map[string]Reference{string(n): n.reference(ref)}
	if b.Attention != nil {
		named.Attention = make(map[string]Attention, len(b.Attention))
		for key, a := range b.Attention {
			a.Source = n.id(a.Source)
			named.Attention[string(n.id(SourceID(key)))] = a
		}
	}
	return &named
}

// named gives what is kept of people, by their named ids; nil stays nil.
func named[T any](n Naming, all map[SourceID]T) map[SourceID]T {
	if all == nil {
		return nil
	}
	byName := make(map[SourceID]T, len(all))
	for id, one := range all {
		byName[n.id(id)] = one
	}
	return byName
}

func (n Naming) reference(ref Reference) Reference {
	groups := make(map[string]GroupSeen, len(ref.Groups))
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
	Store
	naming  Naming
	binding Binding
}

// Named gives a store as it is once its one directory has got a name, by which it belongs to
// binding. What was approved before has ended then. It is for dry runs: Begin is that of the
// store itself, and must not be called.
func Named(store Store, naming Naming, binding Binding) Store {
	return &namedStore{store, naming, binding}
}

// Meta implements [Store].
func (s *namedStore) Meta(ctx context.Context) (Meta, error) {
	meta, err := s.Store.Meta(ctx)
	if meta.Binding != nil {
		meta.Binding = &s.binding
	}
	meta.Baseline = s.naming.Baseline(meta.Baseline)
	return meta, err
}

// Scan implements [Store].
func (s *namedStore) Scan(ctx context.Context, visit func(Brief) error) error {
	return s.Store.Scan(ctx, func(b Brief) error {
		b.ID = s.naming.id(b.ID)
		return visit(b)
	})
}

// Load implements [Store].
func (s *namedStore) Load(ctx context.Context, ids []SourceID) ([]Link, error) {
	var own []SourceID
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

// Told implements [Store].
func (s *namedStore) Told(ctx context.Context) (map[string]Told, error) {
	told, err := s.Store.Told(ctx)
	return s.naming.Told(told), err
}

// Approvals implements [Store].
func (s *namedStore) Approvals(context.Context, time.Time) ([]Approval, error) { return nil, nil }

// Groups implements [Store].
func (s *namedStore) Groups(ctx context.Context) ([]GroupLink, error) {
	links, err := s.Store.Groups(ctx)
	links = slices.Clone(links)
	for i := range links {
		links[i] = s.naming.Group(links[i])
	}
	return links, err
}

// Marks implements [Store].
func (s *namedStore) Marks(ctx context.Context) ([]Mark, error) {
	marks, err := s.Store.Marks(ctx)
	marks = slices.Clone(marks)
	for i := range marks {
		marks[i] = s.naming.Mark(marks[i])
	}
	return marks, err
}

// Open implements [Store].
func (s *namedStore) Open(ctx context.Context) ([]Intent, error) {
	open, err := s.Store.Open(ctx)
	open = slices.Clone(open)
	for i := range open {
		op := s.naming.Op(*open[i].Op)
		open[i].Op = &op
	}
	return open, err
}
