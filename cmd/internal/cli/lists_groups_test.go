package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// TestGroupsMirrored goes through the life of mirrored groups beside those that
// others have made.
func TestGroupsMirrored(t *testing.T) {
	var crew []string
	ldif := ""
	for i := range 12 {
		uid := fmt.Sprintf("crew%02d", i)
		crew, ldif = append(crew, userDN(uid)), ldif+someone(uid)
	}
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: ldif + someone("anna") + someone("bert") +
			group("proj-new", userDN("anna"), groupDN("inner")) + group("inner", userDN("bert"), groupDN("proj-new")) +
			group("proj-old", userDN("anna")) + group("proj-bypass", userDN("anna"), userDN("bert")) + group("proj-synced", userDN("anna")) +
			group("proj-crew", crew...) + group("other", userDN("anna"))},
		sync: "  limits: {floor: 5, max_update: off}\n  groups: {mirror: ['/proj-.*/'], rename: {proj-old: 'Project Old'}, when_unmirrored: delete}\n",
	})
	hand, old := h.handGroup("by hand", "active"), h.handGroup("project old", "disabled")
	bypass := h.handGroup("proj-bypass", "bypass")
	synced, err := h.duo.AddGroup(duosim.Group{Name: "proj-synced", SyncedFrom: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	others := []duosim.Group{hand, bypass, synced}
	unchanged := func() {
		t.Helper()
		for _, g := range others {
			if !slices.Contains(h.duo.Snapshot().Groups, g) {
				t.Errorf("the group %s of others has changed: %+v", g.Name, h.duo.Snapshot().Groups)
			}
		}
	}
	of := func(name string) string { // its id
		t.Helper()
		for _, g := range h.duo.Snapshot().Groups {
			if g.Name == name {
				return g.ID
			}
		}
		t.Fatalf("Duo has no group %s: %+v", name, h.duo.Snapshot().Groups)
		return ""
	}
	show := func(uid, groups string) {
		t.Helper()
		for _, line := range lines(h.duo.Snapshot()) {
			if strings.HasPrefix(line, uid+" ") && line != strings.TrimSpace(uid+" active "+groups) {
				t.Errorf("got %s, want {%s}", line, groups)
			}
		}
	}

	r := h.want(4, "partial") // only Duo can tell that a synced group has the name
	if f := r.failures(); !slices.ContainsFunc(f, func(s string) bool { return strings.HasPrefix(s, "group_create proj-synced failed") }) {
		t.Errorf("failures %q", f)
	}
	for name, part := range map[string]string{"Project Old": "existing", "proj-bypass": "bypass"} {
		if !strings.Contains(r.conflict(name), part) {
			t.Errorf("%s: %q", name, r.conflict(name))
		}
	}
	r = h.sync()
	if f := r.failures(); len(f) > 0 || r.conflict("proj-synced") == "" {
		t.Errorf("second run: %q, %q", f, r.conflict("proj-synced"))
	}
	unchanged()
	show("anna", "{proj-new}")
	show("bert", "{proj-new}")
	h.silent()
	h.ldap.Delete(groupDN("proj-synced"))
	h.change("bert", func(u *duosim.User) { u.Groups = append(u.Groups, hand.ID) })

	h.edit("groups: {", "groups: {existing: adopt, ")
	r = h.want(4, "applied") // the bypass group is told again: the rules are others
	r.has(t, "group_update project old", "update anna")
	if of("project old") != old.ID {
		t.Error("the adopted group is another one")
	}
	show("anna", "{proj-new project old}")
	unchanged()
	h.silent()

	// A rename in the directory keeps the group, and its members.
	id := of("proj-new")
	h.ldap.Rename(groupDN("proj-new"), "cn=proj-newer", "")
	h.ldap.Modify(groupDN("inner"), "member", userDN("bert"))
	r = h.want(0, "applied")
	r.has(t, "group_update proj-new")
	if of("proj-newer") != id {
		t.Error("the renamed group is another one")
	}
	if diff := cmp.Diff([]string{`name "proj-new" -> "proj-newer"`}, r.changes(t, "group_update", "proj-new")); diff != "" {
		t.Error(diff)
	}
	show("bert", "{by hand proj-newer}")
	h.silent()

	// Most of a group at once is held, and lets through by approval.
	h.ldap.Modify(groupDN("proj-crew"), "member", crew[:3]...)
	h.writes()
	held := h.want(3, "held")
	if !slices.ContainsFunc(held.report.Guards, func(g reportGuard) bool {
		return g.Name == "max_group_loss" && g.Held
	}) || h.writes() > 0 {
		t.Errorf("guards %+v", held.report.Guards)
	}
	if r := h.run("approve", held.report.ApprovalID); r.code != 0 {
		t.Fatalf("approve: %s", r.err)
	}
	h.want(0, "applied")
	show("crew03", "")
	show("crew02", "{proj-crew}")
	h.silent()

	// Mirrored no more: what we made goes, what we adopted stays with its members'
	// memberships of ours ended or kept, and nobody else's is touched.
	h.ldap.Delete(groupDN("proj-newer"))
	h.ldap.Delete(groupDN("proj-old"))
	r = h.want(0, "applied")
	if !slices.Contains(r.ops(), "group_delete proj-newer") || slices.Contains(r.ops(), "group_delete project old") {
		t.Errorf("operations %v", r.ops())
	}
	unchanged()
	if of("project old") != old.ID {
		t.Error("the adopted group is gone")
	}
	show("bert", "{by hand}")
	h.silent()
	h.want(0, "no-changes", "--refresh")
	h.silent()
}
