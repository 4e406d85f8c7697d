package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"duosync/ldapsrc/slapdtest"
)

// twoHouses is a house with a second slapd. Each directory has people of its own.
type twoHouses struct {
	*house
	students *slapdtest.Server
}

// directory is an item of directories, on one line.
func directory(name, url, more string) string {
	return fmt.Sprintf("{name: %s, urls: [%q], bind_dn: %q, bind_password: %q%s}", name, url, slapdtest.ReaderDN, bindPassword, more)
}

func newTwoHouses(t *testing.T) *twoHouses {
	h := newHouse(t, houseOptions{sync: "  groups: {mirror: [hr/staff]}\n"})
	two := &twoHouses{house: h, students: slapdtest.Start(t, slapdtest.Options{})}
	for _, uid := range []string{"anna", "bert", "cora"} {
		two.add(h.ldap, uid, uid+"@example.com")
	}
	two.add(two.students, "dora", "dora@example.com")
	two.add(two.students, "anna", "another.anna@example.com")
	for _, server := range []*slapdtest.Server{h.ldap, two.students} {
		server.Add("cn=staff,"+slapdtest.GroupsDN, map[string][]string{"objectClass": {"groupOfNames"}, "cn": {"staff"}, "member": {"uid=anna," + slapdtest.UsersDN}})
	}
	return two
}

func (h *twoHouses) add(to *slapdtest.Server, uid, mail string) {
	to.Add("uid="+uid+","+slapdtest.UsersDN, map[string][]string{"objectClass": {"inetOrgPerson"}, "uid": {uid}, "cn": {uid}, "sn": {uid}, "givenName": {uid}, "mail": {mail}})
}

// configure writes the directories, in this order.
func (h *twoHouses) configure(from string, directories ...string) string {
	h.t.Helper()
	section := "directories: [" + strings.Join(directories, ", ") + "]"
	h.edit(from, section)
	return section
}

// shadowed lists who is, as "username of directory".
func (r result) shadowed(t *testing.T) []string {
	t.Helper()
	var doc struct {
		Shadowed []struct{ Username, Directory string }
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range doc.Shadowed {
		all = append(all, s.Username+" of "+s.Directory)
	}
	return all
}

// shadowedID is the id of the first one who is.
func (r result) shadowedID(t *testing.T) string {
	t.Helper()
	var doc struct {
		Shadowed []struct {
			ID string `json:"source_id"`
		}
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || len(doc.Shadowed) == 0 {
		t.Fatalf("nobody is shadowed: %v", err)
	}
	return doc.Shadowed[0].ID
}

func (h *twoHouses) wantOps(what string, r result, want ...string) {
	h.t.Helper()
	got := r.ops()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		h.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// TestUndoAcrossAName: a run of before the directory got its name is undone after, unless a run
// since then took the same again.
func TestUndoAcrossAName(t *testing.T) {
	h := newTwoHouses(t)
	h.edit("hr/staff", "staff")
	dn := "uid=gus," + slapdtest.UsersDN
	h.ldap.Add(dn, map[string][]string{"objectClass": {"inetOrgPerson", "wso2Person", "scimPerson", "identityPerson"}, "uid": {"gus"}, "cn": {"gus"}, "sn": {"gus"}})
	h.want(0, "applied")
	h.ldap.Modify(dn, "accountLock", "true")
	var run struct {
		ID string `json:"run_id"`
	}
	if err := json.Unmarshal([]byte(h.want(0, "applied").out), &run); err != nil {
		t.Fatal(err)
	}
	h.configure(ldapSection(h.ldap.URL), directory("hr", h.ldap.URL, ""))
	if r := h.run("undo", run.ID, "--format", "json"); r.code != 0 || !slices.Contains(r.ops(), "enable gus") {
		t.Errorf("shown before the state is taken over: exit %d, %q\n%s%s", r.code, r.ops(), r.err, brief(r.out))
	}
	h.want(0, "no-changes")
	if r := h.run("undo", run.ID, "--write", "--format", "json"); r.code != 0 || !slices.Contains(r.ops(), "enable gus") {
		t.Errorf("undone: exit %d, %q\n%s%s", r.code, r.ops(), r.err, brief(r.out))
	}
	h.wantOps("the next run", h.want(0, "applied"), "disable gus")
	if r := h.run("undo", run.ID, "--format", "json"); !strings.Contains(r.out, "again since") {
		t.Errorf("undone once more: exit %d, %q\n%s%s", r.code, r.ops(), r.err, brief(r.out))
	}
}

// TestSecondDirectory: an installation with one directory gives it a name and adds another
// one. Nothing changes for those who are there; the second one's people come, a move keeps the
// user, and a directory that is down, narrowed, taken out or renamed removes nobody.
func TestSecondDirectory(t *testing.T) {
	h := newTwoHouses(t)
	h.edit("hr/staff", "staff")
	h.want(0, "applied")
	h.edit("staff", "hr/staff")
	hr, students := directory("hr", h.ldap.URL, ""), directory("students", h.students.URL, "")

	// The one directory gets its name: no call to Duo, and the same people.
	h.writes()
	section := h.configure(ldapSection(h.ldap.URL), hr)
	if r := h.sync("--dry-run", "--detailed-exitcode"); r.code != 0 || len(h.duo.Calls()) > 0 {
		t.Fatalf("a dry run under the new name: exit %d, %d calls\n%s%s", r.code, len(h.duo.Calls()), r.err, brief(r.out))
	}
	if slices.ContainsFunc(h.links(), func(link string) bool { return strings.Contains(link, "hr/") }) {
		t.Error("the dry run named the state")
	}
	if r := h.run("check", "--format", "json"); r.code != 0 || !strings.Contains(r.out, "the next run calls it hr") {
		t.Errorf("check before the state is taken over: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := h.run("due"); r.code != 0 {
		t.Errorf("due before the state is taken over: exit %d\n%s%s", r.code, r.out, r.err)
	}
	h.duo.ResetCalls()
	h.want(0, "no-changes")
	if calls := h.duo.Calls(); len(calls) > 0 {
		t.Errorf("the name cost %d calls", len(calls))
	}
	if links := h.links(); len(links) != 3 || !slices.ContainsFunc(links, func(link string) bool { return strings.HasPrefix(link, "{hr/") }) {
		t.Errorf("links %q", links)
	}

	// A second one.
	section = h.configure(section, hr, students)
	added := h.want(0, "applied")
	h.wantOps("a directory was added", added, "create dora")
	if got := added.shadowed(t); !slices.Equal(got, []string{"anna of students"}) {
		t.Errorf("shadowed %q", got)
	}
	if r := h.run("check", "--format", "json"); r.code != 0 || !strings.Contains(r.out, "students: ") || !strings.Contains(r.out, "1 username is in an earlier directory") {
		t.Errorf("check: exit %d\n%s%s", r.code, r.out, r.err)
	}
	shadowed := added.shadowedID(t)
	if r := h.run("explain", "anna"); r.code != 0 || !strings.Contains(words(r.out), "explain "+shadowed) || !strings.Contains(r.out, "anna@example.com") || strings.Contains(words(r.out), "of another person") {
		t.Errorf("explain of the one who counts: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := h.run("explain", shadowed); r.code != 0 || !strings.Contains(words(r.out), "of an earlier directory has the name, and counts") {
		t.Errorf("explain of the one who is shadowed: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := h.run("explain", "dora"); r.code != 0 || !strings.Contains(r.out, "students") {
		t.Errorf("explain: exit %d\n%s%s", r.code, r.out, r.err)
	}

	// A move.
	h.ldap.Delete("uid=bert," + slapdtest.UsersDN)
	h.add(h.students, "bert", "bert@example.com")
	users := len(h.duo.Users())
	moved := h.want(0, "applied")
	h.wantOps("a move", moved, "adopt bert")
	if n := len(h.duo.Users()); n != users {
		t.Errorf("the move made of %d users %d", users, n)
	}
	h.writes()
	h.want(0, "no-changes")

	// One is down, and then narrowed.
	h.edit(h.students.URL, "ldap://127.0.0.1:1")
	if r := h.sync(); r.code != 1 || !strings.Contains(r.report.Error, "the directory students") || h.writes() != 0 {
		t.Errorf("a directory that is down: exit %d, %q", r.code, r.report.Error)
	}
	h.edit("ldap://127.0.0.1:1", h.students.URL)
	narrowed := directory("students", h.students.URL, ", users: {filter: '(uid=dora)'}")
	section = h.configure(section, hr, narrowed)
	r := h.want(3, "held")
	if g := r.guard(t, "scope_changed"); g.About.Directory != "students" || g.Affected != 1 {
		t.Errorf("narrowed: %+v", g)
	}
	section = h.configure(section, hr, students)
	h.want(0, "no-changes")

	// One is renamed: taken out and added.
	section = h.configure(section, hr, directory("pupils", h.students.URL, ""))
	h.writes()
	r = h.want(3, "held")
	if g := r.guard(t, "scope_changed"); g.About.Directory != "students" || h.writes() != 0 {
		t.Errorf("renamed: %+v", g)
	}
	if r := h.run("rebuild", "--write"); r.code != 0 && r.code != 4 {
		t.Fatalf("rebuild: exit %d\n%s%s", r.code, r.out, r.err)
	}
	h.want(0, "no-changes")

	// One is taken out.
	h.configure(section, hr)
	r = h.want(3, "held")
	g := r.guard(t, "scope_changed")
	if g.About.Directory != "pupils" || g.Affected != 2 || h.writes() != 0 {
		t.Errorf("taken out: %+v", g)
	}
	h.want(0, "applied", "--approve", g.ApprovalID)
	h.want(0, "no-changes")
	h.edit("directories: ["+hr+"]", ldapSection(h.ldap.URL))
	if r := h.sync(); r.code != 1 || !strings.Contains(r.err+r.report.Error, "directories") {
		t.Errorf("without names again: exit %d, %q", r.code, r.report.Error)
	}
}
