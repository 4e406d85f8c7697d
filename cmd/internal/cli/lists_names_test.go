package cli

import (
	"testing"

	"duosync/ldapsrc/slapdtest"
)

// TestNamesChangeHands moves usernames and aliases between people: one run, and
// each is where the directory has it, the same Duo user under every name.
func TestNamesChangeHands(t *testing.T) {
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: someone("swap1") + someone("swap2") +
			someone("ring1") + someone("ring2") + someone("ring3") +
			someone("up1", "departmentNumber=up2") + someone("up3") +
			someone("down1") + someone("down2") +
			someone("alias1", "departmentNumber=x1") + someone("alias2", "departmentNumber=x2") +
			someone("self1", "departmentNumber=self2") +
			someone("cross1", "departmentNumber=crossa") + someone("cross2", "departmentNumber=crossb")},
		sync: listMapping + ample,
	})
	h.want(0, "applied")
	ids := map[string]string{}
	for _, u := range h.duo.Users() {
		ids[u.Username] = u.ID
	}
	rename := func(from, to string) { h.ldap.Rename(userDN(from), "uid="+to, "") }
	aliases := func(uid string, names ...string) { h.ldap.Modify(userDN(uid), "departmentNumber", names...) }
	cases := []struct {
		name   string
		change func()
		want   map[string]string // former username, by each name that the user is to have
	}{
		{
			name:   "two swap usernames",
			change: func() { rename("swap1", "t"); rename("swap2", "swap1"); rename("t", "swap2") },
			want:   map[string]string{"swap2": "swap1", "swap1": "swap2"},
		}, {
			name: "three in a ring",
			change: func() {
				rename("ring1", "t")
				rename("ring3", "ring1")
				rename("ring2", "ring3")
				rename("t", "ring2")
			},
			want: map[string]string{"ring2": "ring1", "ring3": "ring2", "ring1": "ring3"},
		}, {
			name:   "an alias becomes somebody's username",
			change: func() { aliases("up1"); rename("up3", "up2") },
			want:   map[string]string{"up1": "up1", "up2": "up3"},
		}, {
			name:   "a username becomes somebody's alias",
			change: func() { rename("down1", "down3"); aliases("down2", "down1") },
			want:   map[string]string{"down3": "down1", "down2": "down2", "down1": "down2"},
		}, {
			name:   "two swap aliases",
			change: func() { aliases("alias1", "x2"); aliases("alias2", "x1") },
			want:   map[string]string{"alias1": "alias1", "x2": "alias1", "alias2": "alias2", "x1": "alias2"},
		}, {
			name:   "somebody's own username and alias change places",
			change: func() { rename("self1", "self2"); aliases("self2", "self1") },
			want:   map[string]string{"self2": "self1", "self1": "self1"},
		}, {
			name: "two swap all: each one's username becomes the other's alias",
			change: func() {
				rename("cross1", "crossb")
				rename("cross2", "crossa")
				aliases("crossb", "cross2")
				aliases("crossa", "cross1")
			},
			want: map[string]string{"crossb": "cross1", "cross2": "cross1", "crossa": "cross2", "cross1": "cross2"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			h.nextSecond()
			c.change()
			h.want(0, "applied")
			for name, former := range c.want {
				if u := h.user(name); u.ID != ids[former] {
					t.Errorf("%s is %s's now, not %s's", name, u.Username, former)
				}
			}
			h.silent()
		})
	}
	if got := len(h.duo.Users()); got != len(ids) {
		t.Errorf("%d users, want %d", got, len(ids))
	}
}
