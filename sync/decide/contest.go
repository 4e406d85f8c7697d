package decide

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// Two people of one directory who claim one name are in a conflict. Of two directories the
// earlier one has precedence: a person of a later one who is not ours is shadowed, and told
// of. One who is ours keeps the user: where the two are the same human, who has moved, the
// user goes over to the new entry; else that is a conflict, too, for it would give somebody's
// user to somebody else.

// Contestant is a person who claims a name that others claim, too.
type Contestant struct {
	ID     dirsync.SourceID
	Link   *dirsync.Link    // nil: not ours
	Want   *mapping.Desired // nil: ours, and unchanged
	ByName bool             // as the username
}

// Contest is how the names are settled that several people claim.
type Contest struct {
	Contested map[dirsync.SourceID]bool             // whose names are frozen
	Namesakes map[string]bool                       // folded usernames that several entries have
	Shadowed  map[dirsync.SourceID]dirsync.SourceID // people who are not ours, by whom
	// Aliased are those of them who have their username alone, and are shadowed for an alias.
	Aliased []*mapping.Desired
	// Moved are people who are ours, and there, and the same human is in an earlier
	// directory, too, under this id.
	Moved map[dirsync.SourceID]dirsync.SourceID
	// Former is what the directory wants of those by their former entry; nil where that is
	// unchanged.
	Former map[dirsync.SourceID]*mapping.Desired
	// Frozen are the names that stay claimed by several, in order.
	Frozen []Frozen
	// Told are those who are shadowed, by directory and then name.
	Told []dirsync.Shadowed

	there dirsync.Directories
	names map[string][]Contestant
	order []string // of names
}

// Frozen is a name that several people claim.
type Frozen struct {
	Name    string
	Sources []dirsync.SourceID // sorted
	Where   string             // the directories, in words
}

// Settle settles names, each folded, with who claims it.
func Settle(there dirsync.Directories, names map[string][]Contestant) *Contest {
	c := &Contest{Contested: map[dirsync.SourceID]bool{}, Namesakes: map[string]bool{}, Shadowed: map[dirsync.SourceID]dirsync.SourceID{},
		Moved: map[dirsync.SourceID]dirsync.SourceID{}, Former: map[dirsync.SourceID]*mapping.Desired{}, there: there, names: names, order: slices.Sorted(maps.Keys(names))}
	for rank := 1; rank < len(there); rank++ {
		for _, byName := range []bool{true, false} {
			for _, name := range c.order {
				c.shadow(name, rank, byName)
			}
		}
	}
	for _, name := range c.order {
		c.findMoved(name)
	}
	for _, name := range c.order {
		c.freeze(name)
	}
	return c
}

func (c *Contest) rank(one *Contestant) int { return c.there.Rank(c.there.Of(one.ID)) }

// shadow finds who of the directory of a rank is shadowed by people of earlier ones, for
// the username (byName) or for an alias.
func (c *Contest) shadow(name string, rank int, byName bool) {
	var by *Contestant
	all := c.names[name]
	for i := range all {
		one := &all[i]
		if c.Shadowed[one.ID] == "" && c.rank(one) < rank && (by == nil || c.rank(one) < c.rank(by) || c.rank(one) == c.rank(by) && one.ID < by.ID) {
			by = one
		}
	}
	for i := range all {
		one := &all[i]
		if by == nil || c.rank(one) != rank || one.Link != nil || one.ByName != byName || c.Shadowed[one.ID] != "" {
			continue
		}
		if !byName {
			c.Aliased = append(c.Aliased, one.Want)
		}
		c.Shadowed[one.ID] = by.ID
		c.Told = append(c.Told, dirsync.Shadowed{Username: one.Want.Label(), Directory: c.there.Of(one.ID), Source: one.ID, By: by.ID,
			Locked: locked(one.Want)})
	}
}

// locked tells whether the directory has somebody locked; nil where it can't be told.
func locked(want *mapping.Desired) *bool {
	status, mapped := want.Fields[dirsync.FieldStatus]
	if !mapped || want.Unsure != nil || want.Mark != nil {
		return nil
	}
	return new(status == dirsync.StatusDisabled)
}

// left gives who still contests a name.
func (c *Contest) left(name string) []Contestant {
	return slices.DeleteFunc(slices.Clone(c.names[name]), func(one Contestant) bool { return c.Shadowed[one.ID] != "" || c.Moved[one.ID] != "" })
}

// findMoved finds somebody who is ours and has the very username of the same human in an
// earlier directory, who is not ours.
func (c *Contest) findMoved(name string) {
	left := c.left(name)
	if len(left) != 2 {
		return
	}
	slices.SortFunc(left, func(a, b Contestant) int { return c.rank(&a) - c.rank(&b) })
	entry, former := &left[0], &left[1]
	if c.rank(entry) < c.rank(former) && entry.Link == nil && former.Link != nil && former.Link.LetGo == "" && entry.ByName && former.ByName &&
		entry.Want.Problem == "" && IsHeir(former.Link, entry.Want) {
		c.Moved[former.ID], c.Former[former.ID] = entry.ID, former.Want
	}
}

// freeze freezes a name that is claimed by several still.
func (c *Contest) freeze(name string) {
	left := c.left(name)
	if len(left) < 2 {
		return
	}
	f := Frozen{Name: name, Where: c.where(left)}
	named := 0
	for i := range left {
		f.Sources = append(f.Sources, left[i].ID)
		c.Contested[left[i].ID] = true
		if left[i].ByName {
			named++
		}
	}
	slices.Sort(f.Sources)
	c.Namesakes[name] = named > 1
	c.Frozen = append(c.Frozen, f)
}

// where says in which directories people are.
func (c *Contest) where(people []Contestant) string {
	var names []string
	for _, name := range c.there.Names() {
		if slices.ContainsFunc(people, func(one Contestant) bool { return c.there.Of(one.ID) == name }) {
			names = append(names, name)
		}
	}
	switch {
	case !c.there.Named():
		return "the directory"
	case len(names) == 1:
		return "the directory " + names[0]
	}
	return "the directories " + strings.Join(names, ", ")
}

// Reason tells why the name is frozen, where it stands beside that.
func (f *Frozen) Reason() string { return f.reason("this name") }

// Full tells why the name is frozen.
func (f *Frozen) Full() string { return f.reason("the name " + dirsync.Quote(f.Name)) }

func (f *Frozen) reason(what string) string {
	return fmt.Sprintf("%d people claim %s in %s; give each a name of its own", len(f.Sources), what, f.Where)
}
