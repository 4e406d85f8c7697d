package admin

import (
	"slices"
	"strings"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

func listGroups(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	if c.Args.Has("group_id_list") {
		ids, bad := c.Args.Texts("group_id_list", a.Rules.Limits.IDList)
		if bad != nil {
			return nil, bad
		}
		return route.Whole(a.Groups.All(func(g *account.Group) bool { return slices.Contains(ids, g.ID) }), renderGroup), nil
	}
	return route.Paged(a, c, a.Rules.Limits.Page, a.Groups.All(nil), renderGroup)
}

func getGroup(_ *account.Account, _ *route.Call, g *account.Group) (any, *protocol.Refusal) {
	return renderGroup(g), nil
}

func createGroup(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	if !c.Args.Has("name") {
		return nil, protocol.BadParameter("name")
	}
	return setGroup(a, account.Group{Status: account.StatusActive}, c.Args)
}

func modifyGroup(a *account.Account, c *route.Call, g *account.Group) (any, *protocol.Refusal) {
	if g.SyncedFrom != "" {
		return nil, refuseSynced()
	}
	return setGroup(a, *g, c.Args)
}

// setGroup stores a group with the parameters carried over; names are unique
// without case, and without blanks around.
func setGroup(a *account.Account, g account.Group, from protocol.Args) (any, *protocol.Refusal) {
	e := &editor{args: from}
	e.checked("name", &g.Name, func(text string) bool {
		return strings.TrimSpace(text) != "" && fits(text, a.Rules.Limits.Realname) && !hasControl(text, "")
	})
	e.text("desc", &g.Desc, a.Rules.Limits.Notes)
	e.choice("status", &g.Status, account.StatusActive, account.StatusBypass, account.StatusDisabled)
	if e.bad != nil {
		return nil, e.bad
	}
	g.Name = strings.TrimSpace(g.Name)
	if a.GroupNamed(g.Name, g.ID) {
		return nil, protocol.Duplicate()
	}
	a.PutGroup(&g)
	return renderGroup(&g), nil
}

func deleteGroup(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	g := a.Groups.Get(c.Vars["group"])
	if g == nil {
		return "", nil
	}
	if g.SyncedFrom != "" {
		return nil, refuseSynced()
	}
	a.RemoveGroup(g.ID)
	return "", nil
}

func listUserGroups(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
	return route.Paged(a, c, a.Rules.Limits.Page, a.Groups.Pick(u.Groups), renderGroup)
}

// joinGroup puts a user into a group; once more does no harm.
func joinGroup(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
	g, bad := route.Named(&a.Groups, c, "group_id")
	if bad != nil {
		return nil, bad
	}
	if g.SyncedFrom != "" {
		return nil, refuseSynced()
	}
	if !a.Join(u, g.ID) {
		return nil, protocol.LimitExceeded()
	}
	return "", nil
}

// leaveGroup answers 200 also for a group that does not exist.
func leaveGroup(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
	if g := a.Groups.Get(c.Vars["group"]); g != nil && g.SyncedFrom != "" {
		return nil, refuseSynced()
	}
	a.Leave(u, c.Vars["group"])
	return "", nil
}
