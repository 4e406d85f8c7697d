package duosim

import (
	"fmt"
	"slices"
	"strings"
)

func (a *account) listGroups(c *call) (any, *refusal) {
	if c.args.has("group_id_list") {
		ids, bad := c.args.texts("group_id_list", a.options.Limits.IDList)
		if bad != nil {
			return nil, bad
		}
		return whole(a.groups.all(func(g *Group) bool { return slices.Contains(ids, g.ID) }), renderGroup), nil
	}
	groups := ordered(a, a.groups.all(nil))
	return paged(c, a.options.Limits.Page, groups, renderGroup)
}

func (a *account) getGroup(c *call) (any, *refusal) {
	g, bad := find(&a.groups, c, "group")
	if bad != nil {
		return nil, bad
	}
	return renderGroup(g), nil
}

func (a *account) createGroup(c *call) (any, *refusal) {
	if !c.args.has("name") {
		return nil, refuse(badParameters, "name")
	}
	return a.putGroup(Group{Status: statusActive}, c.args)
}

func (a *account) modifyGroup(c *call) (any, *refusal) {
	g, bad := find(&a.groups, c, "group")
	if bad != nil {
		return nil, bad
	}
	if g.SyncedFrom != "" {
		return nil, refuseSynced()
	}
	return a.putGroup(*g, c.args)
}

// putGroup stores a group with the parameters carried over; names are unique
// without case, and without blanks around.
func (a *account) putGroup(g Group, from args) (any, *refusal) {
	e := &editor{args: from}
	e.checked("name", &g.Name, func(text string) bool {
		return strings.TrimSpace(text) != "" && fits(text, a.options.Limits.Realname) && !hasControl(text, "")
	})
	e.text("desc", &g.Desc, a.options.Limits.Notes)
	e.choice("status", &g.Status, statusActive, statusBypass, statusDisabled)
	if e.bad != nil {
		return nil, e.bad
	}
	g.Name = strings.TrimSpace(g.Name)
	if a.groupNamed(g.Name, g.ID) {
		return nil, refuse(duplicate, "")
	}
	if g.ID == "" {
		g.ID = a.newID("DG")
	}
	a.groups.put(g.ID, &g)
	a.changes++
	return renderGroup(&g), nil
}

// groupNamed tells whether a group other than that with the id has the name.
func (a *account) groupNamed(name, id string) bool {
	return len(a.groups.all(func(g *Group) bool { return g.ID != id && fold(g.Name) == fold(name) })) > 0
}

func (a *account) deleteGroup(c *call) (any, *refusal) {
	g := a.groups.get(c.vars["group"])
	if g == nil {
		return "", nil
	}
	if g.SyncedFrom != "" {
		return nil, refuseSynced()
	}
	for _, u := range a.members(g.ID) {
		dropFrom(&u.Groups, g.ID)
	}
	a.groups.remove(g.ID)
	a.changes++
	return "", nil
}

func (a *account) members(group string) []*User {
	return a.users.all(func(u *User) bool { return slices.Contains(u.Groups, group) })
}

func (a *account) listUserGroups(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	return paged(c, a.options.Limits.Page, ordered(a, pick(&a.groups, u.Groups)), renderGroup)
}

// joinGroup puts a user into a group; once more does no harm.
func (a *account) joinGroup(c *call) (any, *refusal) {
	u, bad := a.ownUser(c)
	if bad != nil {
		return nil, bad
	}
	g, bad := named(&a.groups, c, "group_id")
	if bad != nil {
		return nil, bad
	}
	switch {
	case g.SyncedFrom != "":
		return nil, refuseSynced()
	case slices.Contains(u.Groups, g.ID):
		return "", nil
	case len(u.Groups) >= a.options.Limits.GroupsPerUser:
		return nil, refuse(limitExceeded, "")
	}
	u.Groups = append(u.Groups, g.ID)
	a.changes++
	return "", nil
}

// leaveGroup answers 200 also for a group that does not exist.
func (a *account) leaveGroup(c *call) (any, *refusal) {
	u, bad := a.ownUser(c)
	if bad != nil {
		return nil, bad
	}
	if g := a.groups.get(c.vars["group"]); g != nil && g.SyncedFrom != "" {
		return nil, refuseSynced()
	}
	if dropFrom(&u.Groups, c.vars["group"]) {
		a.changes++
	}
	return "", nil
}

// renderGroup gives a group as Duo's JSON: the status with a capital, and the
// directory within the name of a synced one.
func renderGroup(g *Group) map[string]any {
	name := g.Name
	if g.SyncedFrom != "" {
		name = fmt.Sprintf("%s (from %q)", g.Name, g.SyncedFrom)
	}
	return map[string]any{
		"group_id": g.ID, "name": name, "desc": g.Desc, "status": capital(g.Status),
		"push_enabled": true, "sms_enabled": true, "voice_enabled": true, "mobile_otp_enabled": true, "u2f_enabled": false,
		"undocumented_property": 1,
	}
}

// capital gives a text with its first letter, an ASCII one, as a capital.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
