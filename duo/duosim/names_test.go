package duosim_test

import (
	"maps"
	"testing"

	"duosync/duo/duosim"

	"github.com/google/go-cmp/cmp"
)

// A name that goes from one place of a user to another within one call is taken,
// by the user itself, unless OwnNamesMove is set.
func TestOwnNamesMove(t *testing.T) {
	for name, test := range map[string]struct {
		send     params
		username string
		aliases  map[string]string
	}{
		"username and alias swap": {params{"username": "a", "alias1": "Zoe"}, "a", map[string]string{"alias1": "zoe", "alias2": "b"}},
		"username becomes alias":  {params{"username": "new", "aliases": "alias8=zoe"}, "new", map[string]string{"alias1": "a", "alias2": "b", "alias8": "zoe"}},
		"alias becomes username":  {params{"username": "A", "alias1": ""}, "a", map[string]string{"alias2": "b"}},
		"aliases swap":            {params{"alias1": "b", "alias2": "a"}, "zoe", map[string]string{"alias1": "b", "alias2": "a"}},
		"alias moves":             {params{"aliases": "alias1=&alias3=a"}, "zoe", map[string]string{"alias2": "b", "alias3": "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			server, c := start(t, duosim.Options{})
			u := c.create("zoe", params{"alias1": "a", "alias2": "b"})
			before := server.Snapshot()
			c.post("/admin/v1/users/"+u.ID, test.send).refused(40003, "")
			if diff := cmp.Diff(before, server.Snapshot()); diff != "" {
				t.Error(diff)
			}

			_, c = start(t, duosim.Options{Rules: duosim.Rules{OwnNamesMove: true}})
			u = c.create("zoe", params{"alias1": "a", "alias2": "b"})
			var moved user
			c.post("/admin/v1/users/"+u.ID, test.send).ok(&moved)
			same(t, "username", moved.Username, test.username)
			if !maps.Equal(moved.Aliases, test.aliases) {
				t.Errorf("aliases %v, want %v", moved.Aliases, test.aliases)
			}
		})
	}
}

func TestNamesMoveInTwoCalls(t *testing.T) {
	server, c := start(t, duosim.Options{})
	u := c.create("zoe", params{"alias1": "a"})
	for _, step := range []params{{"alias1": ""}, {"username": "A"}, {"alias1": "zoe"}, {"alias1": "ZOE"}} {
		c.post("/admin/v1/users/"+u.ID, step).ok(nil)
	}
	stored := server.Users()[0]
	same(t, "username", stored.Username, "a")
	same(t, "alias", stored.Aliases[0], "zoe")
}
