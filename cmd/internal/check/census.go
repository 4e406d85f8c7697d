package check

import (
	"fmt"
	"slices"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// census is what was seen of people.
type census struct {
	rules  *decide.Rules
	total  int
	first  *dirsync.Person
	sample *dirsync.Person // the first who can be carried over, else first

	values    map[string]int    // people with a value, by attribute in lower case
	names     map[string]string // DN by username
	standings map[dirsync.Standing]int
	unsure    map[string]*unsure // people whose standing can't be told, by attribute

	shared     int    // people whose username another has
	sharers    string // two of them
	unnamed    int    // people who can't be carried over
	unnamedWhy string // what is wrong with one of them

	odd oddities
}

// newCensus begins one, by the rules and by what the server is, nil where that is not known.
func newCensus(rules *decide.Rules, kind *schema.Kind) *census {
	return &census{rules: rules, odd: newOddities(rules, kind), values: map[string]int{}, names: map[string]string{}, standings: map[dirsync.Standing]int{}, unsure: map[string]*unsure{}}
}

// unsure counts people from whose attribute it can't be told whether they are locked, or with
// groups, which groups they are in:
// it did not come back, or has a value that can't be read.
type unsure struct {
	absent, illegible int
	groups            bool
	examples          []string
	blind             tally // those of absent
}

// mostExamples is how many people or values are shown of what is told of several.
const mostExamples = 3

func (s *census) doubt(p *dirsync.Person) {
	u := p.Unsure
	known := s.unsure[u.Attribute]
	if known == nil {
		known = &unsure{}
		s.unsure[u.Attribute] = known
	}
	known.groups = known.groups || u.Groups
	if u.Value == "" {
		known.absent++
		known.blind.add(p.DN)
		return
	}
	known.illegible++
	if shown := shown(u.Value, u.Attribute); len(known.examples) < mostExamples && !slices.Contains(known.examples, shown) {
		known.examples = append(known.examples, shown)
	}
}

// count takes a person in.
func (s *census) count(p *dirsync.Person) {
	s.total++
	for attribute := range p.Attrs {
		s.values[attribute]++
	}
	s.standings[p.Standing]++
	if p.Unsure != nil {
		s.doubt(p)
	}
	fields, problem, _ := s.rules.Map(p)
	if s.first == nil {
		s.first, s.sample = p, p
	}
	name := dirsync.FoldName(fields[dirsync.FieldUsername])
	if s.rules.Exclude != nil && s.rules.Exclude(name, p.DN) {
		return
	}
	s.odd.note(p, fields, name)
	if problem != "" {
		if s.unnamed++; s.unnamedWhy == "" {
			s.unnamedWhy = problem
		}
		return
	}
	if len(s.names) == 0 {
		s.sample = p
	}
	if other, taken := s.names[name]; taken {
		if s.shared++; s.sharers == "" {
			s.sharers = fmt.Sprintf("%s and %s are both %s", other, p.DN, dirsync.Quote(name))
		}
		return
	}
	s.names[name] = p.DN
}
