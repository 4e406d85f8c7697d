package duosim_test

import (
	"fmt"
	"strings"
	"testing"

	"duosync/duo/duosim"

	"github.com/google/go-cmp/cmp"
)

// envelope is one answer of a bulk call.
type envelope struct {
	Stat     string `json:"stat"`
	Code     int    `json:"code"`
	Detail   string `json:"message_detail"`
	Username string `json:"username"` // of bulk_create
}

type operation struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   any    `json:"body,omitempty"`
}

func TestBulkCreate(t *testing.T) {
	users := []params{
		{"username": "Ada", "realname": "Ada L.", "alias1": "countess"}, {"username": "ada"}, {"username": "bob", "status": "disabled"}, {"email": "x"},
	}
	for _, form := range []string{"array", "text"} {
		t.Run(form, func(t *testing.T) {
			server, c := start(t, duosim.Options{})
			var value any = users
			if form == "text" {
				value = string(mustJSON(t, users))
			}
			var got []envelope
			c.post("/admin/v1/users/bulk_create", params{"users": value}).ok(&got)
			want := []envelope{{Username: "ada"}, {Stat: "FAIL", Code: 40003}, {Username: "bob"}, {Stat: "FAIL", Code: 40002, Detail: "username"}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			stored := server.Users()
			same(t, "users", len(stored), 2)
			same(t, "realname", stored[0].Realname, "Ada L.")
			same(t, "aliases are not taken", len(stored[0].Aliases), 0)
		})
	}
	t.Run("as a form", func(t *testing.T) {
		server, c := start(t, duosim.Options{})
		c.version = "v2-sha1"
		c.post("/admin/v1/users/bulk_create", params{"users": string(mustJSON(t, users))}).ok(nil)
		same(t, "users", len(server.Users()), 2)
	})
	t.Run("all or nothing", func(t *testing.T) {
		server, c := start(t, duosim.Options{Rules: duosim.Rules{AllOrNothing: true}})
		c.post("/admin/v1/users/bulk_create", params{"users": users}).refused(40003, "")
		same(t, "users", len(server.Users()), 0)
		c.post("/admin/v1/users/bulk_create", params{"users": users[:1]}).ok(nil)
		same(t, "users", len(server.Users()), 1)
		same(t, "ids as if it had not been", server.Users()[0].ID, "DU000000000000000001")
	})
	t.Run("how many", func(t *testing.T) {
		_, c := start(t, duosim.Options{})
		var many []params
		for i := range 101 {
			many = append(many, params{"username": fmt.Sprint("user", i)})
		}
		c.post("/admin/v1/users/bulk_create", params{"users": many}).refused(40002, "users")
		c.post("/admin/v1/users/bulk_create", params{"users": many[:100]}).ok(nil)
		for _, bad := range []any{nil, "", "[]", "{}", []any{}, []any{"ada"}} {
			c.post("/admin/v1/users/bulk_create", params{"users": bad}).refused(40002, "users")
		}
	})
}

func TestBulk(t *testing.T) {
	prepare := func(t *testing.T, options duosim.Options) (*duosim.Server, *client, []operation) {
		server, c := start(t, options)
		ada, bob := c.create("ada"), c.create("bob")
		g, err := server.AddGroup(duosim.Group{Name: "staff"})
		if err != nil {
			t.Fatal(err)
		}
		return server, c, []operation{
			{"POST", "/admin/v1/users", params{"username": "eve"}},
			{"POST", "/admin/v1/users/" + ada.ID, `{"realname":"Ada"}`},
			{"POST", "/admin/v1/users/" + ada.ID + "/groups", params{"group_id": g.ID}},
			{"post", "/admin/v1/users", params{"username": "BOB"}},
			{"POST", "/admin/v1/users/" + ada.ID + "/phones", params{"phone_id": "DP"}},
			{"DELETE", "/admin/v1/users/" + ada.ID + "/groups/" + g.ID, nil},
			{"POST", "/admin/v1/users/" + ada.ID + "/groups/" + g.ID, nil},
			{"DELETE", "/admin/v1/users/" + bob.ID, nil},
			{"GET", "/admin/v1/users", nil},
		}
	}
	want := []envelope{
		{Stat: "OK"},
		{Stat: "OK"},
		{Stat: "OK"},
		{Stat: "FAIL", Code: 40003},
		{Stat: "FAIL", Code: 40002, Detail: "operations"},
		{Stat: "OK"},
		{Stat: "OK"},
		{Stat: "OK"},
		{Stat: "FAIL", Code: 40002, Detail: "operations"},
	}
	for _, form := range []string{"array", "text"} {
		t.Run(form, func(t *testing.T) {
			server, c, operations := prepare(t, duosim.Options{})
			var value any = operations
			if form == "text" {
				value = string(mustJSON(t, operations))
			}
			var got []envelope
			c.post("/admin/v1/bulk", params{"operations": value}).ok(&got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			var names []string
			for _, u := range server.Users() {
				names = append(names, u.Username+":"+u.Realname)
			}
			same(t, "users", strings.Join(names, " "), "ada:Ada eve:")
		})
	}
	t.Run("all or nothing", func(t *testing.T) {
		server, c, operations := prepare(t, duosim.Options{Rules: duosim.Rules{AllOrNothing: true}})
		before := server.Snapshot()
		c.post("/admin/v1/bulk", params{"operations": operations}).refused(40003, "")
		if diff := cmp.Diff(before, server.Snapshot()); diff != "" {
			t.Error(diff)
		}
		calls := server.Calls()
		same(t, "wrote", calls[len(calls)-1].Wrote, false)
		c.post("/admin/v1/bulk", params{"operations": operations[:3]}).ok(nil)
		same(t, "users", len(server.Users()), 3)
	})
	t.Run("how many", func(t *testing.T) {
		_, c, operations := prepare(t, duosim.Options{})
		many := make([]operation, 51)
		for i := range many {
			many[i] = operations[1]
		}
		c.post("/admin/v1/bulk", params{"operations": many}).refused(40002, "operations")
		c.post("/admin/v1/bulk", params{"operations": many[:50]}).ok(nil)
		for _, bad := range []any{nil, "x", []any{}, []any{"x"}, []any{operation{Method: "POST"}}, []operation{{"POST", "/admin/v1/users", 5}}, []operation{{"POST", "/admin/v1/users", "x"}}} {
			c.post("/admin/v1/bulk", params{"operations": bad}).refused(40002, "operations")
		}
	})
}
