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
			v.Groups = r.among(p, r.ExcludeGroups)
		}
		return v
	}
	return Verdict{In: r.Selected(p), Groups: r.among(p, r.IncludeGroups)}
}

// among gives those of a person's groups that others names.
func (r *Rules) among(p *dirsync.Person, others []string) []string {
	return slices.DeleteFunc(slices.Clone(p.Groups), func(name string) bool { return !InAny(r.Directories.Spelled(p.Directory, name), others) })
}

// Excluded reports whether a person is left alone.
func (r *Rules) Excluded(p *dirsync.Person, username string) bool {
	return r.Exclude(username, p.DN) || r.LeftAlone(p)
}

// LeftAlone reports whether a person is in a group whose members are left alone.
func (r *Rules) LeftAlone(p *dirsync.Person) bool { return InAny(r.groupsOf(p), r.ExcludeGroups) }

// NamedGroup is a group that the configuration names, and the key that does. Directory is
// that of the key, "" where it holds for all.
type NamedGroup struct{ Name, Key, Directory string }

// NamedGroups lists the groups that must be there: by their names it is decided who is in,
// and how.
func (r *Rules) NamedGroups() []NamedGroup {
	var all []NamedGroup
	for _, name := range r.IncludeGroups {
		all = append(all, NamedGroup{Name: name, Key: "sync.scope.include_groups"})
	}
	for _, name := range r.ExcludeGroups {
		all = append(all, NamedGroup{Name: name, Key: "sync.scope.exclude_groups"})
	}
	for _, own := range r.Each() {
		group := NamedGroup{Key: "in_group() in sync.mapping"}
		if own.OwnMapping && own.Directory != "" {
			group = NamedGroup{Key: "in_group() in the mapping of the directory " + own.Directory, Directory: own.Directory}
		}
		for _, e := range own.Expressions() {
			for _, group.Name = range e.Groups() {
				if !slices.Contains(all, group) || len(r.Own) == 0 {
					all = append(all, group)
				}
			}
		}
	}
	return all
}

// Is reports whether a group of a directory is meant, one of those that there are.
func (g *NamedGroup) Is(there dirsync.Directories, directory, group string) bool {
	if g.Directory != "" && g.Directory != directory {
		return false
	}
	return slices.ContainsFunc(there.Spelled(directory, group), func(text string) bool { return dirsync.SameGroup(text, g.Name) })
}

// Selected reports whether a person, not excluded, is in scope.
func (r *Rules) Selected(p *dirsync.Person) bool {
	return len(r.IncludeGroups) == 0 || InAny(r.groupsOf(p), r.IncludeGroups)
}

// InAny reports whether one of the groups is among others, by name.
func InAny(groups, of []string) bool {
	return slices.ContainsFunc(groups, func(name string) bool {
		return slices.ContainsFunc(of, func(other string) bool { return dirsync.SameGroup(name, other) })
	})
}
