package guard

import (
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// Sight is what one read shows of the parts of the directory, for the references to be
// compared with. It takes people in as they stream by, and keeps few bytes of each part.
type Sight struct {
	InScope  int
	Excluded int                            // of those who would be in scope else
	Bases    map[string]int                 // persons below each base, in scope or not
	Members  map[string]int                 // persons of each mirrored group, by the folded name in Duo
	met      map[dirsync.SourceID]bool      // people of the references who came by; true: in scope
	watch    map[dirsync.SourceID]bool      // people of the references
	tallies  []*tally                       // in the order of the attributes that a field is made of
	unsure   map[string]*unsure             // by attribute
	fields   map[string][]mapping.Dependent // that are made of each attribute
	rules    *mapping.Rules
}

// tally counts the persons in scope who have a value of an attribute (lower-cased name). via
// is the attribute with the entries from which the value may come, or "". bearers are who
// of all that came by, with the DNs of the entries from which the value may come; nil
// where they are more than dirsync.MaxPeople.
type tally struct {
	attribute, via string

	persons int
	bearers map[dirsync.SourceID][]string
}

// unsure counts people whose standing can't be told from an attribute.
type unsure struct {
	absent, unread int
	groups         bool                        // it is the groups that can't be told
	names          []string                    // mostNames at most
	ours           map[dirsync.SourceID]string // people with a link, dirsync.MaxPeople at most, each with the value; "" where it is absent
	value          string                      // the first of those that can't be read, in the order of texts
}

func (u *unsure) total() int { return u.absent + u.unread }

// mostNames is how many people a message names.
const mostNames = 10

// NewSight begins a read. ref is what it will be compared with.
func NewSight(rules *mapping.Rules, ref *dirsync.Reference) *Sight {
	s := &Sight{Bases: map[string]int{}, Members: map[string]int{}, met: map[dirsync.SourceID]bool{}, watch: map[dirsync.SourceID]bool{},
		unsure: map[string]*unsure{}, fields: rules.Dependents(), rules: rules}
	for _, attribute := range slices.Sorted(maps.Keys(s.fields)) {
		s.tallies = append(s.tallies, &tally{attribute: attribute, via: rules.Via[attribute], bearers: map[dirsync.SourceID][]string{}})
	}
	for _, g := range ref.Groups {
		for _, id := range g.People {
			s.watch[id] = true
		}
	}
	for _, a := range ref.Attributes {
		for id := range a.Bearers {
			s.watch[id] = true
		}
	}
	return s
}

// Meet notes that a person came by, in scope or not: that may hang on something else
// that is lost.
func (s *Sight) Meet(p *dirsync.Person) {
	if s.watch[p.ID] {
		s.met[p.ID] = false
	}
	if p.Base != "" {
		s.Bases[p.Base]++
	}
}

// Pass notes what a person has who is not in scope: whoever is locked now may come into
// scope when that can't be seen any more.
func (s *Sight) Pass(p *dirsync.Person) {
	for _, t := range s.tallies {
		if s.has(p, t.attribute) {
			t.note(p)
		}
	}
}

// PassOutside is Pass for a person whom the second look alone found, outside of the bases and
// the filter: of the status, of which nothing else shows that it was seen.
func (s *Sight) PassOutside(p *dirsync.Person) {
	for _, t := range s.tallies {
		if s.decides(t.attribute, dirsync.FieldStatus) && s.has(p, t.attribute) {
			t.note(p)
		}
	}
}

// Count counts a person in scope; ours: there is a link.
func (s *Sight) Count(p *dirsync.Person, want *mapping.Desired, ours bool) {
	s.InScope++
	if s.watch[p.ID] {
		s.met[p.ID] = true
	}
	for _, group := range want.Groups() {
		s.Members[group]++
	}
	for _, t := range s.tallies {
		if s.has(p, t.attribute) {
			t.persons++
			t.note(p)
		}
	}
	s.countUnsure(p, want, ours)
}

func (s *Sight) countUnsure(p *dirsync.Person, want *mapping.Desired, ours bool) {
	why := want.Unsure
	if why == nil || why.Why != "" { // an expression of its own is that person's alone
		return
	}
	u := s.unsure[why.Attribute]
	if u == nil {
		u = &unsure{ours: map[dirsync.SourceID]string{}}
		s.unsure[why.Attribute] = u
	}
	if why.Value == "" {
		u.absent++
	} else {
		if u.unread == 0 || why.Value < u.value {
			u.value = why.Value
		}
		u.unread++
	}
	u.groups = u.groups || why.Groups
	u.names = append(u.names, want.Label())[:min(len(u.names)+1, mostNames)]
	if ours && len(u.ours) < dirsync.MaxPeople {
		u.ours[p.ID] = why.Value
	}
}

// has reports whether a person has a value of an attribute that counts.
func (s *Sight) has(p *dirsync.Person, attribute string) bool {
	values := p.Attrs[attribute]
	if !slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
		return false
	}
	return s.rules.Lapses == nil || !s.rules.Lapses(attribute, values)
}

func (t *tally) note(p *dirsync.Person) {
	switch {
	case t.bearers == nil:
	case len(t.bearers) == dirsync.MaxPeople:
		t.bearers = nil
	case t.via != "":
		t.bearers[p.ID] = slices.Clone(p.Attrs[t.via])
	default:
		t.bearers[p.ID] = nil
	}
}

// nobody reports whether nobody who came by has a value.
func (t *tally) nobody() bool { return t.bearers != nil && len(t.bearers) == 0 }

// Unfilled lists, in order, the attributes that came back for nobody in scope though a field
// is plainly one of them, each with its fields; the status aside, for nobody may be locked.
func (s *Sight) Unfilled() []string {
	var found []string
	for _, t := range s.tallies {
		var fields []string
		for _, d := range s.fields[t.attribute] {
			if d.Plain && d.Field != dirsync.FieldStatus && t.persons == 0 {
				fields = append(fields, d.Field)
			}
		}
		if slices.Sort(fields); len(fields) > 0 {
			found = append(found, t.attribute+" (for "+strings.Join(slices.Compact(fields), ", ")+")")
		}
	}
	return found
}

// lostBy reports whether a person is known to have come by without a value.
func (s *Sight) lostBy(t *tally, id dirsync.SourceID) bool {
	_, has := t.bearers[id]
	_, met := s.met[id]
	return t.bearers != nil && !has && met
}

// stamped reports whether the stamps of an attribute's bearers are kept: of rare ones,
// and of those that decide who may log in as long as they are known by id.
func (s *Sight) stamped(attribute string, bearers, floor int) bool {
	if bearers <= floor {
		return true
	}
	return s.decides(attribute, dirsync.FieldStatus)
}

// decides reports whether a field is made of an attribute.
func (s *Sight) decides(attribute, field string) bool {
	return slices.ContainsFunc(s.fields[attribute], func(d mapping.Dependent) bool { return d.Field == field })
}
