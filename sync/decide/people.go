package decide

import (
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// People are subjects in the order of their ids, found by these: of a first run they are
// everybody, for whom an index beside the list would be too much.
type People []*Subject

// PeopleOf puts subjects in order.
func PeopleOf(subjects []*Subject) People {
	slices.SortFunc(subjects, func(a, b *Subject) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return subjects
}

// Find gives the subject of an id, nil where there is none.
func (p People) Find(id dirsync.SourceID) *Subject {
	i, found := slices.BinarySearchFunc(p, id, func(s *Subject, id dirsync.SourceID) int { return strings.Compare(string(s.ID), string(id)) })
	if !found {
		return nil
	}
	return p[i]
}
