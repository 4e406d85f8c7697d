package mapping

import (
	"slices"

	dirsync "duosync/sync"
)

// Verdict says whether the rules select a person whom the directory's filter
// returned, and by which.
type Verdict struct {
	In bool // in scope
	// Excluded: left alone, the link kept; by ExcludeGroups where Groups names some,
	// else by Exclude.
	Excluded bool
	// Groups are the person's groups that decided it: of ExcludeGroups, or else of
	// IncludeGroups.
	Groups []string
}

// Judge applies the rules of the scope to a person.
func (r *Rules) Judge(p *dirsync.Person) Verdict {
	name := r.Desire(p)
	if r.Excluded(p, name.Name()) {
		v := Verdict{Excluded: true}
		if !r.Exclude(name.Name(), p.DN) {
			v.Groups = among(p.Groups, r.ExcludeGroups)
		}
		return v
	}
	return Verdict{In: r.Selected(p), Groups: among(p.Groups, r.IncludeGroups)}
}

// among gives those groups that others names.
func among(groups, others []string) []string {
	return slices.DeleteFunc(slices.Clone(groups), func(name string) bool { return !InAny([]string{name}, others) })
}

// Excluded reports whether a person is left alone.
func (r *Rules) Excluded(p *dirsync.Person, username string) bool {
	return r.Exclude(username, p.DN) || InAny(p.Groups, r.ExcludeGroups)
}

// NamedGroup is a group that the configuration names, and the key that does.
type NamedGroup struct{ Name, Key string }

// NamedGroups lists the groups that must be there.
func (r *Rules) NamedGroups() []NamedGroup {
	var all []NamedGroup
	for _, name := range r.IncludeGroups {
		all = append(all, NamedGroup{name, "sync.scope.include_groups"})
	}
	for _, name := range r.ExcludeGroups {
		all = append(all, NamedGroup{name, "sync.scope.exclude_groups"})
	}
	for _, e := range r.Expressions() {
		for _, name := range e.Groups() {
			all = append(all, NamedGroup{name, "in_group() in sync.mapping"})
		}
	}
	return all
}

// ScopeGroups lists the groups by whose names it is decided who is in, and how.
func (r *Rules) ScopeGroups() []string {
	names := slices.Concat(r.IncludeGroups, r.ExcludeGroups)
	for _, e := range r.Expressions() {
		names = append(names, e.Groups()...)
	}
	return names
}

// Selected reports whether a person, not excluded, is in scope.
func (r *Rules) Selected(p *dirsync.Person) bool {
	return len(r.IncludeGroups) == 0 || InAny(p.Groups, r.IncludeGroups)
}

// InAny reports whether one of the groups is among others, by name.
func InAny(groups, of []string) bool {
	return slices.ContainsFunc(groups, func(name string) bool {
		return slices.ContainsFunc(of, func(other string) bool { return dirsync.SameGroup(name, other) })
	})
}
