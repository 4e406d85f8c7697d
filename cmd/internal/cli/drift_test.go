package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// drift lists the differences, a line each, and checks that looking for them changes
// nothing.
func (h *house) drift(code int) []string {
	h.t.Helper()
	before, links := h.duo.Snapshot(), h.links()
	h.duo.ResetCalls()
	r := h.run("drift", "--format", "json")
	var doc struct {
		Differences []struct {
			Username, Field string
			Ours, Duo       any
		}
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || r.code != code || doc.Differences == nil {
		h.t.Fatalf("drift: exit %d, want %d; %v\n%s%s", r.code, code, err, r.err, r.out)
	}
	if n := h.writes(); n > 0 || !cmp.Equal(before, h.duo.Snapshot()) || !cmp.Equal(links, h.links()) {
		h.t.Errorf("drift changed something: %d calls", n)
	}
	lines := []string{}
	for _, d := range doc.Differences {
		lines = append(lines, fmt.Sprint(d.Username, " ", d.Field, ": ", d.Ours, " -> ", d.Duo))
	}
	return lines
}

// TestDrift finds what was changed in Duo by hand, and nothing else.
func TestDrift(t *testing.T) {
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: someone("anna", "mail=anna@x.org", "mobile=+12025550101", "departmentNumber=ann") + someone("bob", "mail=bob@x.org") +
			someone("cara") + someone("dan") + someone("eve") + group("staff", userDN("anna"), userDN("bob")) + group("vpn", userDN("bob"))},
		sync: listMapping + "  phones: {on: always}\n  groups: {mirror: [staff, vpn]}\n" + ample,
	})
	if r := h.run("drift"); r.code != 0 { // no state yet
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	if files, _ := filepath.Glob(h.state + "*"); len(files) > 0 {
		t.Errorf("drift left %v", files)
	}
	h.want(0, "applied")
	h.enroll("cara", "+12025550999")
	h.handUser(duosim.User{Username: "somebody"})
	h.handGroup("others", "active")
	if got := h.drift(0); len(got) > 0 {
		t.Errorf("nothing was changed by hand: %v", got)
	}

	ids := map[string]string{}
	for _, u := range h.duo.Users() {
		ids[u.Username] = u.ID
	}
	h.change("anna", func(u *duosim.User) { u.Email, u.Aliases, u.Phones, u.Groups = "other@x.org", nil, nil, nil })
	h.change("bob", func(u *duosim.User) { u.Status = "disabled" })
	h.change("cara", func(u *duosim.User) { u.Username = "caroline" })
	h.handUser(duosim.User{ID: "DUNAMESAKE0000000001", Username: "cara"})
	h.duo.RemoveUser(ids["dan"])
	h.change("eve", func(u *duosim.User) { u.LastDirectorySync = time.Now().Truncate(time.Second) })
	for _, g := range h.duo.Snapshot().Groups {
		if g.Name == "vpn" {
			g.Name = "remote"
			if _, err := h.duo.AddGroup(g); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := []string{
		"anna aliases: [ann] -> []", "anna email: anna@x.org -> other@x.org", "anna groups: [staff] -> []", "anna phones: [+12025550101] -> []",
		"bob status: active -> disabled",
		"cara holder: " + ids["cara"] + " -> DUNAMESAKE0000000001", "cara username: cara -> caroline",
		"dan user: dan -> deleted", "eve synced: false -> true", "vpn group: vpn -> remote",
	}
	if diff := cmp.Diff(want, h.drift(exitPending)); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	r := h.run("drift")
	contains(t, r.out, "Drift: 10 differences", "5 users and 2 groups", "cara  username  cara → caroline", "dan   user      deleted in Duo", "duosync sync --refresh --dry-run")
	for _, form := range []string{"markdown", "html", "csv"} {
		if r := h.run("drift", "--format", form); r.code != exitPending || r.err != "" {
			t.Errorf("%s: exit %d\n%s", form, r.code, r.err)
		} else {
			contains(t, r.out, "other@x.org", "DUNAMESAKE0000000001")
		}
	}

	// A refresh mends what it may, and tells the rest.
	r = h.sync("--refresh")
	contains(t, r.out, "Duo's own directory sync manages this user now", "bob: is disabled in Duo by others, and stays so")
	if diff := cmp.Diff([]string{"bob status: active -> disabled"}, h.drift(exitPending)); diff != "" {
		t.Errorf("after a refresh (-want +got):\n%s", diff)
	}
	contains(t, strings.Join(strings.Fields(h.run("drift").out), " "), "Drift: 1 difference from what was left in Duo; 3 people need attention", "bob disabled in Duo by others", "eve ")

	// So it is with bypass; who is locked out is named beside.
	h.change("bob", func(u *duosim.User) { u.Status = "active" })
	h.change("anna", func(u *duosim.User) { u.Status = "bypass" })
	h.change("dan", func(u *duosim.User) { u.Status, u.LockoutReason = "locked out", dirsync.NotEnrolled })
	h.sync("--refresh")
	if diff := cmp.Diff([]string{"anna status: active -> bypass"}, h.drift(exitPending)); diff != "" {
		t.Errorf("after another refresh (-want +got):\n%s", diff)
	}
	contains(t, strings.Join(strings.Fields(h.run("drift").out), " "), "dan locked out by Duo, for the user has not enrolled", "anna has the status bypass in Duo by others")

	// What duosync disable did is no difference.
	h.change("anna", func(u *duosim.User) { u.Status = "active" })
	h.change("dan", func(u *duosim.User) { u.Status, u.LockoutReason = "active", "" })
	if r := h.run("disable", "bob", "--reason", "left"); r.code != 0 {
		t.Fatalf("disable: exit %d\n%s%s", r.code, r.out, r.err)
	}
	for range 2 {
		if got := h.drift(0); len(got) > 0 {
			t.Errorf("after duosync disable: %v", got)
		}
		h.sync("--refresh")
	}
}

// TestDriftDuringARun needs no lock.
func TestDriftDuringARun(t *testing.T) {
	var h *house
	var during result
	var once sync.Once
	h = newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(2)}, duo: duosim.Options{OnCall: func(c duosim.Call) {
		if c.Method == "POST" {
			once.Do(func() { during = h.run("drift") })
		}
	}}})
	h.want(0, "applied")
	if during.code != 0 {
		t.Errorf("exit %d\n%s%s", during.code, during.out, during.err)
	}
}
