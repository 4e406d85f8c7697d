package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"

	"pgregory.net/rapid"
)

// meddleLists lets somebody take away, in Duo, what we gave, or use it for something else.
func (c *chaos) meddleLists() {
	if len(c.store.open) > 0 || rapid.IntRange(0, 2).Draw(c.t, "list hand") > 0 {
		return
	}
	var ours []string
	for id := range c.duo.groups {
		if strings.HasPrefix(id, "DG0") {
			ours = append(ours, id)
		}
	}
	for id := range c.duo.phones {
		if _, others := c.others.phones[id]; strings.HasPrefix(id, "DP0") && !others {
			ours = append(ours, id)
		}
	}
	slices.Sort(ours)
	if len(ours) == 0 {
		return
	}
	id := rapid.SampledFrom(ours).Draw(c.t, "what")
	fmt.Fprintf(&c.log, "somebody meddles with %s\n", id)
	if p := c.duo.phones[id]; p != nil {
		switch rapid.IntRange(0, 3).Draw(c.t, "phone hand") {
		case 0:
			delete(c.duo.phones, id)
		case 1:
			p.Users = nil
		case 2: // it is not ours any more
			c.others.next++
			p.Number = fmt.Sprintf("+1303555%04d", c.others.next)
			kept := *p
			kept.Users = slices.Clone(p.Users)
			c.others.phones[id] = &kept
		default:
			p.Activated = true
		}
		return
	}
	switch g := c.duo.groups[id]; {
	case rapid.Bool().Draw(c.t, "group hand"):
		for _, a := range c.duo.users {
			c.leave(a, id)
		}
	case c.duo.groupNamed("byhand") == nil:
		g.Name = "byhand"
	}
}

func (c *chaos) leave(a *dirsync.Account, group string) {
	a.Groups = slices.DeleteFunc(slices.Clone(a.Groups), func(m dirsync.Membership) bool { return m.ID == group })
	c.others.joined[a.ID] = slices.DeleteFunc(c.others.joined[a.ID], func(id string) bool { return id == group })
}

// noOrphans checks that no phone or group of ours was forgotten.
func (c *chaos) noOrphans() {
	owned := map[string]bool{}
	for _, link := range c.store.links {
		for _, p := range link.Phones {
			owned[p.ID] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.duo.phones)) {
		if p := c.duo.phones[id]; strings.HasPrefix(id, "DP0") && len(p.Users) == 0 && !owned[id] && !p.Activated && !c.duo.found[id] && c.others.phones[id] == nil {
			c.fatal("the phone %s is an orphan", id)
		}
	}
	linked := map[string]bool{}
	for _, link := range c.store.groups {
		linked[link.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(c.duo.groups)) {
		if strings.HasPrefix(id, "DG0") && !linked[id] {
			c.fatal("the group %s is nobody's", id)
		}
	}
}
