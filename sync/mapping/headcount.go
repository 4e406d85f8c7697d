package mapping

import dirsync "duosync/sync"

// Headcount counts people by the mirrored groups that they are to be in. Its zero value has
// counted nobody.
type Headcount struct {
	// alike counts people by their whole list of groups: there are few lists, and many people.
	alike  map[string]int
	groups map[string]int // by folded name; people who are not in alike any more
}

// mostAlike is how many lists are kept apart.
const mostAlike = 1024

// Count takes a person in.
func (h *Headcount) Count(want *Desired) {
	list := want.Fields[dirsync.FieldGroups]
	if list == "" {
		return
	}
	if h.alike == nil {
		h.alike = map[string]int{}
	}
	h.alike[list]++
	if len(h.alike) > mostAlike {
		h.add()
	}
}

// In gives how many people are in a group, by its folded name in Duo.
func (h *Headcount) In(group string) int {
	h.add()
	return h.groups[group]
}

// add brings the groups in line with all that was counted.
func (h *Headcount) add() {
	if h.groups == nil {
		h.groups = map[string]int{}
	}
	for list, people := range h.alike {
		for _, name := range dirsync.Items(list) {
			h.groups[dirsync.FoldName(name)] += people
		}
	}
	clear(h.alike)
}
