package decide

import (
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// Places tells what each person's place in the scope rests on, see [dirsync.Seen].
type Places struct {
	there    dirsync.Directories
	deciding map[string]bool // groups that decide, see decidingKey
	plain    dirsync.Hash    // of who is in by nothing in particular, as most people are
}

// NewPlaces makes the places under some rules.
func NewPlaces(rules *mapping.Rules) *Places {
	p := &Places{there: rules.Directories, deciding: map[string]bool{}, plain: (&dirsync.Seen{In: true}).Hash()}
	for _, group := range rules.NamedGroups() {
		p.deciding[decidingKey(group.Directory, group.Name)] = true
	}
	return p
}

// Of is for a person who is left alone.
func (p *Places) Of(person *dirsync.Person) dirsync.Seen {
	seen := dirsync.Seen{Base: person.Base}
	for _, group := range person.Groups {
		if p.decides(person.Directory, group) {
			seen.Groups = append(seen.Groups, dirsync.FoldGroup(group))
		}
	}
	slices.Sort(seen.Groups)
	return seen
}

// With is for a person who is in scope, with what is wanted.
func (p *Places) With(person *dirsync.Person, want *mapping.Desired) dirsync.Seen {
	seen := p.Of(person)
	seen.In = person.Directory != "" && want.Fields[dirsync.FieldStatus] != dirsync.StatusDisabled && want.Unsure == nil
	return seen
}

// Same reports whether a hash is that of what is seen.
func (p *Places) Same(seen *dirsync.Seen, hash dirsync.Hash) bool {
	if seen.In && !seen.Placed() {
		return hash == p.plain
	}
	return hash == seen.Hash()
}

// decides reports whether a group of a directory is one of those that decide.
func (p *Places) decides(directory, group string) bool {
	return slices.ContainsFunc(p.there.Spelled(directory, group), func(name string) bool {
		return p.deciding[decidingKey("", name)] || p.deciding[decidingKey(directory, name)]
	})
}

// decidingKey is for a group as the configuration names it: for all directories, or for one.
func decidingKey(directory, name string) string { return directory + "|" + dirsync.FoldGroup(name) }

// SeenWith keeps of what was seen before the groups that are doubted now. While anything of
// the directory is doubted, nobody who was out is taken for in: what shows it may be hidden.
func SeenWith(s dirsync.Seen, before dirsync.Seen, doubted []string, doubts bool) dirsync.Seen {
	s.In = s.In && (before.In || !doubts)
	for _, group := range before.Groups {
		if slices.Contains(doubted, group) && !slices.Contains(s.Groups, group) {
			s.Groups = append(slices.Clone(s.Groups), group)
		}
	}
	slices.Sort(s.Groups)
	return s
}
