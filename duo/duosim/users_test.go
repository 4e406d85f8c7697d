package duosim_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"duosync/duo/duosim"

	"github.com/google/go-cmp/cmp"
)

func TestCreateUser(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now})
	u := c.create("  Zoe  ", params{
		"realname": "Zoë Ångström", "firstname": "Zoë", "email": "zoe@example.org", "notes": "line\nline",
		"aliases": "alias1=Zed&alias8=z8", "alias8": "unknown", "number": "+12025550100",
	})
	want := user{
		ID: "DU000000000000000001", Username: "zoe", Realname: "Zoë Ångström", Firstname: new("Zoë"), Email: "zoe@example.org",
		Notes: "line\nline", Status: "active", Created: clock.Now().Unix(), Alias1: new("zed"),
		Aliases: map[string]string{"alias1": "zed", "alias8": "z8"}, Groups: []group{}, Phones: []phone{},
	}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Error(diff)
	}
	var again user
	c.get("/admin/v1/users/"+u.ID, nil).ok(&again)
	if diff := cmp.Diff(want, again); diff != "" {
		t.Error(diff)
	}
	stored := server.Users()
	if want := clock.Now().Truncate(time.Second); len(stored) != 1 || !stored[0].Created.Equal(want) {
		t.Errorf("stored %+v, want one created at %v", stored, want)
	}
}

// Duo writes a name that was never set as "" for some users and null for others.
func TestUnsetNames(t *testing.T) {
	_, c := start(t, duosim.Options{})
	seen := map[bool]bool{}
	for i := range 2 {
		seen[c.create(fmt.Sprint("user", i)).Firstname == nil] = true
	}
	same(t, "forms", len(seen), 2)
}

func TestRefusedFields(t *testing.T) {
	server, c := start(t, duosim.Options{})
	long := strings.Repeat("ö", 101)
	tests := []struct {
		name   string
		fields params
		detail string
	}{
		{"no username", params{"realname": "x"}, "username"},
		{"empty username", params{"username": ""}, "username"},
		{"blank username", params{"username": " \t"}, "username"},
		{"control character", params{"username": "a\x00b"}, "username"},
		{"username too long", params{"username": long}, "username"},
		{"realname too long", params{"username": "a", "realname": long}, "realname"},
		{"firstname too long", params{"username": "a", "firstname": long}, "firstname"},
		{"lastname with a line", params{"username": "a", "lastname": "a\nb"}, "lastname"},
		{"email too long", params{"username": "a", "email": long + "@x"}, "email"},
		{"no address", params{"username": "a", "email": "nobody"}, "email"},
		{"address of blanks", params{"username": "a", "email": "a b@c"}, "email"},
		{"notes too long", params{"username": "a", "notes": strings.Repeat("n", 513)}, "notes"},
		{"unknown status", params{"username": "a", "status": "asleep"}, "status"},
		{"status of the Trash", params{"username": "a", "status": "pending deletion"}, "status"},
		{"status of a lockout", params{"username": "a", "status": "locked out"}, "status"},
		{"capital status", params{"username": "a", "status": "Active"}, "status"},
		{"no aliases", params{"username": "a", "aliases": ""}, "aliases"},
		{"malformed aliases", params{"username": "a", "aliases": "alias1=%zz"}, "aliases"},
		{"alias twice", params{"username": "a", "aliases": "alias1=x&alias1=y"}, "aliases"},
		{"aliases as an object", params{"username": "a", "aliases": params{"alias1": "x"}}, "aliases"},
		{"ninth alias", params{"username": "a", "aliases": "alias9=x"}, "aliases"},
		{"alias with zero", params{"username": "a", "aliases": "alias01=x"}, "aliases"},
		{"not an alias", params{"username": "a", "aliases": "1=x"}, "aliases"},
		{"aliases beside alias1", params{"username": "a", "alias1": "x", "aliases": "alias2=y"}, "aliases"},
		{"alias too long", params{"username": "a", "alias3": long}, "alias3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c.with(func(c *client) { c.t = t }).post("/admin/v1/users", test.fields).refused(40002, test.detail)
		})
	}
	same(t, "users", len(server.Users()), 0)
	c.create(strings.Repeat("ö", 100), params{"notes": strings.Repeat("n", 512)})
}

func TestLimitsAreOptions(t *testing.T) {
	_, c := start(t, duosim.Options{Rules: duosim.Rules{Limits: duosim.Limits{Username: 3, Notes: 2}}})
	c.post("/admin/v1/users", params{"username": "four"}).refused(40002, "username")
	c.post("/admin/v1/users", params{"username": "abc", "notes": "abc"}).refused(40002, "notes")
	c.create("abc", params{"notes": "ab", "realname": strings.Repeat("r", 100)})
}

func TestNamesAreUnique(t *testing.T) {
	server, c := start(t, duosim.Options{})
	zoe := c.create("zoe", params{"alias2": "zed"})
	ada := c.create("ada")
	for name, fields := range map[string]params{
		"username":             {"username": "zoe"},
		"other case":           {"username": "ZOE"},
		"blanks around":        {"username": " zoe "},
		"alias":                {"username": "Zed"},
		"as an alias":          {"username": "new", "alias1": "ZOE"},
		"alias as an alias":    {"username": "new", "aliases": "alias5=zed"},
		"twice the same alias": {"username": "new", "alias1": "n", "alias2": "N"},
		"itself as alias":      {"username": "new", "alias1": "new"},
	} {
		t.Run(name, func(t *testing.T) {
			c.with(func(c *client) { c.t = t }).post("/admin/v1/users", fields).refused(40003, "")
		})
	}
	c.post("/admin/v1/users/"+ada.ID, params{"username": "zed"}).refused(40003, "")
	c.post("/admin/v1/users/bulk_send_to_trash", params{"user_id_list": `["` + zoe.ID + `"]`}).empty()
	c.post("/admin/v1/users", params{"username": "zoe"}).refused(40003, "")
	same(t, "users", len(server.Users()), 2)
	c.delete("/admin/v1/users/"+zoe.ID, nil).empty()
	if again := c.create("zoe"); again.ID == zoe.ID {
		t.Error("an id came back")
	}
	same(t, "a name moves", c.create("new", params{"alias1": "zed"}).Aliases["alias1"], "zed")
}

func TestModifyUser(t *testing.T) {
	_, c := start(t, duosim.Options{})
	u := c.create("zoe", params{"realname": "Zoe", "email": "zoe@example.org", "notes": "n", "alias1": "a", "alias2": "b"})
	steps := []struct {
		name string
		send params
		want func(*user)
	}{
		{"nothing sent, nothing changed", params{}, func(*user) {}},
		{"one field", params{"realname": "Z"}, func(u *user) { u.Realname = "Z" }},
		{"empty clears", params{"email": "", "notes": ""}, func(u *user) { u.Email, u.Notes = "", "" }},
		{"rename", params{"username": "Zora"}, func(u *user) { u.Username = "zora" }},
		{"rename to itself", params{"username": "ZORA"}, func(*user) {}},
		{"aliases not named stay", params{"aliases": "alias2=&alias3=c%26d"}, func(u *user) {
			u.Aliases = map[string]string{"alias1": "a", "alias3": "c&d"}
		}},
		{"alias1 clears", params{"alias1": ""}, func(u *user) { u.Alias1, u.Aliases = nil, map[string]string{"alias3": "c&d"} }},
		{"alias5 has no parameter", params{"alias5": "e"}, func(*user) {}},
		{"but a place", params{"aliases": "alias5=e"}, func(u *user) { u.Aliases = map[string]string{"alias3": "c&d", "alias5": "e"} }},
		{"status", params{"status": "disabled"}, func(u *user) { u.Status = "disabled" }},
		{"bypass", params{"status": "bypass"}, func(u *user) { u.Status = "bypass" }},
	}
	want := u
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			step.want(&want)
			var got, read user
			c.post("/admin/v1/users/"+u.ID, step.send).ok(&got)
			c.get("/admin/v1/users/"+u.ID, nil).ok(&read)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(got, read); diff != "" {
				t.Error(diff)
			}
		})
	}
	c.post("/admin/v1/users/DUXXXXXXXXXXXXXXXXXX", params{"realname": "x"}).refused(40401, "")
	c.get("/admin/v1/users/DUXXXXXXXXXXXXXXXXXX", nil).refused(40401, "")
	c.post("/admin/v1/users/"+u.ID, params{"realname": "half", "status": "x"}).refused(40002, "status")
	var read user
	c.get("/admin/v1/users/"+u.ID, nil).ok(&read)
	same(t, "a refused call changes nothing", read.Realname, "Z")
}

func TestDeleteUser(t *testing.T) {
	server, c := start(t, duosim.Options{})
	u := c.create("zoe")
	var p phone
	c.post("/admin/v1/phones", params{"number": "+12025550100"}).ok(&p)
	c.post("/admin/v1/users/"+u.ID+"/phones", params{"phone_id": p.ID}).empty()
	c.delete("/admin/v1/users/"+u.ID, nil).empty()
	c.delete("/admin/v1/users/"+u.ID, nil).empty()
	c.get("/admin/v1/users/"+u.ID, nil).refused(40401, "")
	c.get("/admin/v1/phones/"+p.ID, nil).ok(&p)
	same(t, "users of the phone", len(p.Users), 0)
	wrote := []bool{}
	for _, call := range server.Calls() {
		if call.Method == "DELETE" {
			wrote = append(wrote, call.Wrote)
		}
	}
	if diff := cmp.Diff([]bool{true, false}, wrote); diff != "" {
		t.Error(diff)
	}
}

func TestSyncedUsersRefuse(t *testing.T) {
	server, c := start(t, duosim.Options{})
	u, err := server.AddUser(duosim.User{Username: "synced", LastDirectorySync: time.Unix(1700000000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	g, err := server.AddGroup(duosim.Group{Name: "staff"})
	if err != nil {
		t.Fatal(err)
	}
	before := server.Snapshot()
	const detail = "Managed by directory sync"
	c.post("/admin/v1/users/"+u.ID, params{"realname": "x"}).refused(40002, detail)
	c.delete("/admin/v1/users/"+u.ID, nil).refused(40002, detail)
	c.post("/admin/v1/users/"+u.ID+"/groups", params{"group_id": g.ID}).refused(40002, detail)
	c.post("/admin/v1/users/bulk_send_to_trash", params{"user_id_list": []string{u.ID}}).empty()
	if diff := cmp.Diff(before, server.Snapshot()); diff != "" {
		t.Error(diff)
	}
	var read user
	c.get("/admin/v1/users/"+u.ID, nil).ok(&read)
	if read.Synced == nil || *read.Synced != 1700000000 {
		t.Errorf("last_directory_sync: %v", read.Synced)
	}
}

func TestFilters(t *testing.T) {
	_, c := start(t, duosim.Options{})
	a := c.create("ada", params{"email": "x@example.org", "alias1": "countess"})
	b := c.create("bob", params{"email": "X@example.org"})
	c.create("eve")
	tests := []struct {
		name   string
		filter params
		want   []string
	}{
		{"username", params{"username": "BOB"}, []string{"bob"}},
		{"alias", params{"username": "Countess"}, []string{"ada"}},
		{"nobody", params{"username": "nobody"}, []string{}},
		{"email", params{"email": "x@Example.org"}, []string{"ada", "bob"}},
		{"usernames", params{"username_list": `["eve","ADA","nobody","ada"]`}, []string{"ada", "eve"}},
		{"usernames find no aliases", params{"username_list": `["countess"]`}, []string{}},
		{"ids", params{"user_id_list": `["` + b.ID + `","` + a.ID + `","DU"]`, "limit": 1}, []string{"ada", "bob"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, c.usernames(test.filter)); diff != "" {
				t.Error(diff)
			}
		})
	}
	c.get("/admin/v1/users", params{"username": "ada", "email": "x"}).refused(40002, "email")
	c.get("/admin/v1/users", params{"username_list": `["a"]`, "user_id_list": `["a"]`}).refused(40002, "user_id_list")
	for _, bad := range []string{"", "[]", "ada", `{"a":1}`, `[1]`, `["` + strings.Repeat(`a","`, 100) + `a"]`} {
		c.get("/admin/v1/users", params{"username_list": bad}).refused(40002, "username_list")
	}
	_, lenient := start(t, duosim.Options{Rules: duosim.Rules{ListFindsAliases: true}})
	lenient.create("ada", params{"alias1": "countess"})
	same(t, "aliases by the option", len(lenient.usernames(params{"username_list": `["countess"]`})), 1)
}

func TestKeepCase(t *testing.T) {
	_, c := start(t, duosim.Options{Rules: duosim.Rules{KeepCase: true}})
	same(t, "username", c.create("Zoe").Username, "Zoe")
	c.post("/admin/v1/users", params{"username": "zOE"}).refused(40003, "")
}

func TestPages(t *testing.T) {
	server, c := start(t, duosim.Options{})
	for i := range 305 {
		if _, err := server.AddUser(duosim.User{Username: fmt.Sprintf("user%03d", 304-i)}); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "default", len(c.usernames(nil)), 100)
	same(t, "clamped", len(c.usernames(params{"limit": 1000})), 300)
	same(t, "in the order of creation", c.usernames(params{"limit": 1, "offset": 1})[0], "user303")
	first := c.get("/admin/v1/users", params{"limit": 300}).ok(nil).Metadata
	if diff := cmp.Diff(map[string]any{"total_objects": 305.0, "next_offset": 300.0}, first); diff != "" {
		t.Error(diff)
	}
	last := c.get("/admin/v1/users", params{"limit": 300, "offset": 300}).ok(nil).Metadata
	if diff := cmp.Diff(map[string]any{"total_objects": 305.0, "prev_offset": 0.0}, last); diff != "" {
		t.Error(diff)
	}
	server.RemoveUser(server.Users()[0].ID)
	even := c.get("/admin/v1/users", params{"limit": 300, "offset": 300}).ok(nil).Metadata
	if diff := cmp.Diff(map[string]any{"total_objects": 304.0, "prev_offset": 0.0, "next_offset": nil}, even); diff != "" {
		t.Error(diff)
	}
	same(t, "beyond the end", len(c.usernames(params{"offset": 9999})), 0)
	for _, bad := range []any{"-1", "x", "", "99999999999999999999"} {
		c.get("/admin/v1/users", params{"limit": bad}).refused(40002, "limit")
		c.get("/admin/v1/users", params{"offset": bad}).refused(40002, "offset")
	}
	c.get("/admin/v1/users", params{"limit": 0}).refused(40002, "limit")
	c.get("/admin/v1/users", params{"offset": 2147483647}).ok(nil)

	_, small := start(t, duosim.Options{Rules: duosim.Rules{Limits: duosim.Limits{UsersPage: 2}}})
	for i := range 3 {
		small.create(fmt.Sprint("u", i))
	}
	same(t, "small pages", len(small.usernames(params{"limit": 300})), 2)
}

// A list that changes while it is read: what the hook is for.
func TestListChangesBetweenPages(t *testing.T) {
	var server *duosim.Server
	options := duosim.Options{OnCall: func(call duosim.Call) {
		if call.Params["offset"] == "0" {
			server.RemoveUser(server.Users()[0].ID)
		}
	}}
	server, c := start(t, options)
	for _, name := range []string{"a", "b", "c"} {
		c.create(name)
	}
	read := append(c.usernames(params{"limit": 2, "offset": 0}), c.usernames(params{"limit": 2, "offset": 2})...)
	if diff := cmp.Diff([]string{"a", "b"}, read); diff != "" {
		t.Error(diff)
	}
}

func TestShuffle(t *testing.T) {
	order := func(seed uint64) (before, again, after []string) {
		server, c := start(t, duosim.Options{Rules: duosim.Rules{Shuffle: true, Seed: seed}})
		for i := range 12 {
			if _, err := server.AddUser(duosim.User{Username: string(rune('a' + i))}); err != nil {
				t.Fatal(err)
			}
		}
		before, again = c.usernames(nil), c.usernames(nil)
		c.post("/admin/v1/users/"+server.Users()[0].ID, params{"realname": "x"}).ok(nil)
		return before, again, c.usernames(nil)
	}
	before, again, after := order(1)
	if !slices.Equal(before, again) || slices.Equal(before, after) || slices.IsSorted(before) {
		t.Errorf("orders %v, %v and after a write %v", before, again, after)
	}
	slices.Sort(after)
	same(t, "nobody is lost", strings.Join(after, ""), "abcdefghijkl")
	if repeated, _, _ := order(1); !slices.Equal(before, repeated) {
		t.Errorf("the same seed gave %v and %v", before, repeated)
	}
}

func TestUnknownProperty(t *testing.T) {
	_, c := start(t, duosim.Options{})
	u := c.create("zoe")
	var keys map[string]json.RawMessage
	c.get("/admin/v1/users/"+u.ID, nil).ok(&keys)
	for _, key := range []string{
		"user_id", "last_login", "lockout_reason", "alias4", "tokens", "webauthncredentials", "enable_auto_prompt", "undocumented_property",
	} {
		if keys[key] == nil {
			t.Errorf("no key %s", key)
		}
	}
	same(t, "unset alias", string(keys["alias4"]), "null")
}
