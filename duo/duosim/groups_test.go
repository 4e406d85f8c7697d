package duosim_test

import (
	"fmt"
	"testing"

	"duosync/duo/duosim"

	"github.com/google/go-cmp/cmp"
)

func TestGroups(t *testing.T) {
	server, c := start(t, duosim.Options{})
	var g, read group
	c.post("/admin/v1/groups", params{"name": "Staff", "desc": "all"}).ok(&g)
	same(t, "status with a capital", g, group{ID: "DG000000000000000001", Name: "Staff", Status: "Active"})
	c.post("/admin/v1/groups", params{"name": " staff "}).refused(40003, "")
	c.post("/admin/v1/groups", nil).refused(40002, "name")
	c.post("/admin/v1/groups", params{"name": " "}).refused(40002, "name")
	c.post("/admin/v1/groups", params{"name": "x", "status": "Active"}).refused(40002, "status")
	c.post("/admin/v1/groups/"+g.ID, params{"name": "Crew", "status": "disabled"}).ok(nil)
	c.get("/admin/v2/groups/"+g.ID, nil).ok(&read)
	same(t, "modified", read, group{ID: g.ID, Name: "Crew", Status: "Disabled"})
	c.post("/admin/v1/groups/DG", params{"name": "x"}).refused(40401, "")
	c.get("/admin/v2/groups/DG", nil).refused(40401, "")

	u := c.create("zoe")
	groups := "/admin/v1/users/" + u.ID + "/groups"
	for range 2 {
		c.post(groups, params{"group_id": g.ID}).empty()
	}
	c.post(groups, params{"group_id": "DG"}).refused(40401, "")
	c.post(groups, nil).refused(40002, "group_id")
	c.post("/admin/v1/users/DU/groups", params{"group_id": g.ID}).refused(40401, "")
	var joined []group
	c.get(groups, nil).ok(&joined)
	same(t, "groups", len(joined), 1)
	c.get("/admin/v1/users/"+u.ID, nil).ok(&u)
	same(t, "groups within the user", u.Groups[0].Name, "Crew")
	same(t, "a group's status is not the user's", u.Status, "active")
	for range 2 {
		c.delete(groups+"/"+g.ID, nil).empty()
	}
	c.delete(groups+"/DG", nil).empty()
	c.post(groups, params{"group_id": g.ID}).empty()
	for range 2 {
		c.delete("/admin/v1/groups/"+g.ID, nil).empty()
	}
	same(t, "groups after deletion", len(server.Users()[0].Groups), 0)
}

func TestGroupLists(t *testing.T) {
	server, c := start(t, duosim.Options{Rules: duosim.Rules{Limits: duosim.Limits{Page: 2}}})
	for i := range 3 {
		if _, err := server.AddGroup(duosim.Group{Name: fmt.Sprint("group", i)}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(p params) string {
		var groups []group
		c.get("/admin/v1/groups", p).ok(&groups)
		names := ""
		for _, g := range groups {
			names += g.Name + " "
		}
		return names
	}
	same(t, "first page", list(nil), "group0 group1 ")
	same(t, "second page", list(params{"offset": 2}), "group2 ")
	same(t, "by id", list(params{"group_id_list": `["DG000000000000000003","DG","DG000000000000000001"]`}), "group0 group2 ")
	c.get("/admin/v1/groups", params{"group_id_list": "x"}).refused(40002, "group_id_list")
}

func TestSyncedGroupsRefuse(t *testing.T) {
	server, c := start(t, duosim.Options{})
	g, err := server.AddGroup(duosim.Group{Name: "staff", SyncedFrom: "AD"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := server.AddUser(duosim.User{Username: "zoe", Groups: []string{g.ID}})
	if err != nil {
		t.Fatal(err)
	}
	before := server.Snapshot()
	const detail = "Managed by directory sync"
	c.post("/admin/v1/groups/"+g.ID, params{"name": "x"}).refused(40002, detail)
	c.delete("/admin/v1/groups/"+g.ID, nil).refused(40002, detail)
	c.delete("/admin/v1/users/"+u.ID+"/groups/"+g.ID, nil).refused(40002, detail)
	c.post("/admin/v1/users/"+u.ID+"/groups", params{"group_id": g.ID}).refused(40002, detail)
	if diff := cmp.Diff(before, server.Snapshot()); diff != "" {
		t.Error(diff)
	}
	var read group
	c.get("/admin/v2/groups/"+g.ID, nil).ok(&read)
	same(t, "name", read.Name, `staff (from "AD")`)
}

// One too many is answered like an internal error, not with a 4xx.
func TestOneToManyLimits(t *testing.T) {
	server, c := start(t, duosim.Options{})
	u := c.create("zoe")
	for i := range 101 {
		g, err := server.AddGroup(duosim.Group{Name: fmt.Sprint("group", i)})
		if err != nil {
			t.Fatal(err)
		}
		p, err := server.AddPhone(duosim.Phone{Number: fmt.Sprintf("+120255501%02d", i)})
		if err != nil {
			t.Fatal(err)
		}
		groups := c.post("/admin/v1/users/"+u.ID+"/groups", params{"group_id": g.ID})
		phones := c.post("/admin/v1/users/"+u.ID+"/phones", params{"phone_id": p.ID})
		if i == 100 {
			groups.refused(50001, "")
			phones.refused(50001, "")
			break
		}
		groups.empty()
		phones.empty()
	}
	first := server.Users()[0]
	c.post("/admin/v1/users/"+u.ID+"/groups", params{"group_id": first.Groups[0]}).empty()
	c.post("/admin/v1/users/"+u.ID+"/phones", params{"phone_id": first.Phones[0]}).empty()

	server, c = start(t, duosim.Options{Rules: duosim.Rules{Limits: duosim.Limits{UsersPerPhone: 1}}})
	p, err := server.AddPhone(duosim.Phone{Users: []string{c.create("a").ID}})
	if err != nil {
		t.Fatal(err)
	}
	c.post("/admin/v1/users/"+c.create("b").ID+"/phones", params{"phone_id": p.ID}).refused(50001, "")
}
