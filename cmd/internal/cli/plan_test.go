package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	"duosync/state"

	"github.com/google/go-cmp/cmp"
)

// plan makes a dry run that keeps its plan, and gives the file.
func (h *house) plan(args ...string) (dry result, file string) {
	h.t.Helper()
	file = filepath.Join(h.dir, "plan.json")
	dry = h.sync(append([]string{"--dry-run", "--plan-out", file}, args...)...)
	if dry.code != 0 {
		h.t.Fatalf("exit %d\n%s%s", dry.code, dry.err, brief(dry.out))
	}
	info, err := os.Stat(file)
	if err != nil {
		h.t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		h.t.Errorf("the plan has mode %v", info.Mode())
	}
	return dry, file
}

// apply applies a plan and checks how it ended.
func (h *house) apply(code int, outcome, file string, args ...string) result {
	h.t.Helper()
	r := h.run(append([]string{"apply", file, "--format", "json"}, args...)...)
	if r.code != code || r.report.Outcome != outcome {
		h.t.Fatalf("apply: exit %d, outcome %q; want %d, %q\n%s%s", r.code, r.report.Outcome, code, outcome, r.err, brief(r.out))
	}
	return r
}

// refuses checks that a plan is refused, for a reason, with advice, before Duo is
// called and before anything is written.
func (h *house) refuses(file, reason string) {
	h.t.Helper()
	h.duo.ResetCalls()
	before := h.files()
	r := h.apply(1, "failed", file)
	if !strings.Contains(r.report.Error, reason) || !strings.Contains(r.err, "→") {
		h.t.Errorf("refused with %q, want %q and advice:\n%s", r.report.Error, reason, r.err)
	}
	if calls := h.duo.Calls(); len(calls) > 0 {
		h.t.Errorf("%s: Duo was called %d times", reason, len(calls))
	}
	if diff := cmp.Diff(before, h.files()); diff != "" {
		h.t.Errorf("%s: files have changed:\n%s", reason, diff)
	}
}

// files gives the content of all files.
func (h *house) files() map[string]string {
	h.t.Helper()
	paths, err := filepath.Glob(filepath.Join(h.dir, "*"))
	if err != nil {
		h.t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			h.t.Fatal(err)
		}
		files[filepath.Base(path)] = string(data)
	}
	return files
}

// TestApplyWhatHasNotMoved plans for 50 people, of whom three are not any more as
// the plan took them to be.
func TestApplyWhatHasNotMoved(t *testing.T) {
	const people = 50
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(people)}, sync: "  limits: {max_update: off}\n"})
	h.want(0, "applied")
	dn := func(i int) string { return fmt.Sprintf("uid=plain%03d,%s", i, slapdtest.UsersDN) }
	for i := range people {
		h.ldap.Modify(dn(i), "mail", fmt.Sprintf("p%d@example.com", i))
	}
	h.writes()
	dry, file := h.plan()
	if h.writes() != 0 || dry.report.Summary["update"] != people {
		t.Fatalf("the dry run: %v", dry.report.Summary)
	}

	h.ldap.Modify(dn(7), "mail", "other@example.com")
	user, _ := h.duo.User("plain008")
	user.Email = "hand@example.com"
	if err := h.duo.SetUser(user); err != nil {
		t.Fatal(err)
	}
	h.ldap.Delete(dn(9))
	h.ldap.Modify(dn(10), "sn", "Later") // this one has nothing to do with the plan's field, and yet with its operation

	r := h.apply(4, "partial", file)
	var moved []string
	applied := 0
	for _, o := range r.report.Operations {
		switch o.Result {
		case "applied":
			applied++
		case "skipped":
			moved = append(moved, o.Username+": "+o.Error)
		default:
			t.Errorf("%+v", o)
		}
	}
	const since = "moved since the plan was made: "
	want := []string{
		"plain007: " + since + `email was to be "p7@example.com", and would be "other@example.com"`,
		"plain008: " + since + `email was "" in Duo, and is "hand@example.com"`,
		"plain009: " + since + `now it would be disable of "plain009"`,
		"plain010: " + since + `lastname would change, too, to "Later"`,
	}
	if diff := cmp.Diff(want, moved); diff != "" || applied != people-len(want) {
		t.Errorf("%d applied; moved (-want +got):\n%s", applied, diff)
	}
	if user, _ := h.duo.User("plain009"); user.Status != "active" || user.Email != "" {
		t.Errorf("somebody who had moved was changed: %+v", user)
	}

	// Once more: there is nothing left of the plan.
	h.writes()
	again := h.apply(4, "partial", file)
	if h.writes() != 0 || len(again.report.Operations) != people {
		t.Errorf("applying again wrote to Duo, or lost an operation of %d", len(again.report.Operations))
	}
	for _, o := range again.report.Operations {
		if o.Result != "skipped" || slices.Contains(moved, o.Username+": "+o.Error) == strings.HasSuffix(o.Error, "nothing to do any more") {
			t.Errorf("%+v", o)
		}
	}
	if r := h.run("history", "--format", "json"); strings.Count(r.out, `"mode": "apply"`) != 3 {
		t.Errorf("the history: %s", r.out)
	}
	h.want(0, "applied")
	h.want(0, "no-changes")
}

// TestApplyFirst applies a plan that was made beside no state at all, in the order
// of a first run, and through another output.
func TestApplyFirst(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(3)}})
	dry, file := h.plan()
	r := h.apply(0, "applied", file)
	if r.report.PlanID != dry.report.PlanID || len(h.duo.Users()) != 3 {
		t.Errorf("plan %s applied as %s, %d users", dry.report.PlanID, r.report.PlanID, len(h.duo.Users()))
	}
	_, file = h.plan()
	h.apply(0, "no-changes", file)
	table := h.run("apply", file)
	if table.code != 0 || !strings.Contains(table.out, "nothing to do") {
		t.Errorf("exit %d\n%s%s", table.code, table.out, table.err)
	}
}

func TestApplyRefuses(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(4)}})
	h.want(0, "applied")
	h.ldap.Modify("uid=plain000,"+slapdtest.UsersDN, "mail", "new@example.com")
	before, err := os.ReadFile(h.state)
	if err != nil {
		t.Fatal(err)
	}
	h.want(0, "applied")
	h.ldap.Modify("uid=plain001,"+slapdtest.UsersDN, "mail", "new@example.com")
	_, file := h.plan()
	plan, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	put := func(path string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	put(file, bytes.Replace(plan, []byte("new@example.com"), []byte("bad@example.com"), 1))
	h.refuses(file, "changed since it was made")
	put(file, plan[:len(plan)/2])
	h.refuses(file, "cut off")
	put(file, []byte("{}"))
	h.refuses(file, "no plan of duosync")
	put(file, plan)
	h.refuses(filepath.Join(h.dir, "none.json"), "no such file")

	config, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	restore := func() { h.write(string(config)) }
	h.edit("ldap: {", "ldap: {users: {filter: '(uid=*)'}, ")
	h.refuses(file, "another value of ldap.users.filter")
	restore()
	h.edit("refresh_every: 24h", "refresh_every: 24h\n  limits: {max_remove: off}")
	h.refuses(file, "another value of sync.limits.max_remove")
	restore()
	h.edit("secret_key: "+secretKey, "secret_key: another-secret-key-another-secret-key-42")
	h.refuses(file, "another Duo secret key")
	restore()
	h.edit("integration_key: DIPLANTEDKEY00000001", "integration_key: DIPLANTEDKEY00000002")
	h.refuses(file, "DIPLANTEDKEY00000002")
	restore()

	// A state that does not know what the plan knew: another one, and a copy.
	h.edit("state.db", "other.db")
	h.refuses(file, "another state, or was restored")
	restore()
	now, err := os.ReadFile(h.state)
	if err != nil {
		t.Fatal(err)
	}
	put(h.state, before)
	h.refuses(file, "restored from an older copy")
	put(h.state, now)

	if r := h.run("pause", "--reason", "migration"); r.code != 0 {
		t.Fatal(r.err)
	}
	h.writes()
	if r := h.apply(1, "failed", file); !strings.Contains(r.report.Error, "migration") || h.writes() != 0 {
		t.Errorf("paused: %s", r.report.Error)
	}
	if r := h.run("resume"); r.code != 0 {
		t.Fatal(r.err)
	}
	db, err := state.Open(t.Context(), h.state, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r := h.apply(1, "failed", file); !strings.Contains(r.report.Error, "in use") {
		t.Errorf("beside another run: %s", r.report.Error)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	h.edit("bind_password", "timeout: 30s, bind_password") // as it was by default
	h.apply(0, "applied", file)
}

// TestApplyHeld is approved by the id of the dry run, for just these operations.
func TestApplyHeld(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(30)}})
	h.want(0, "applied")
	for i := range 8 {
		h.ldap.Delete(fmt.Sprintf("uid=plain%03d,%s", i, slapdtest.UsersDN))
	}
	h.writes()
	dry, file := h.plan()
	if dry.report.Outcome != "held" {
		t.Fatalf("the dry run is %s", dry.report.Outcome)
	}
	held := h.apply(3, "held", file)
	if h.writes() != 0 || held.report.ApprovalID != dry.report.ApprovalID ||
		!slices.ContainsFunc(held.report.Guards, func(g reportGuard) bool {
			return g.Held && g.Approve == "duosync approve "+g.ApprovalID+" --config "+h.config && g.ApprovalID != ""
		}) {
		t.Errorf("held: %+v", held.report.Guards)
	}
	if r := h.run("approve", dry.report.ApprovalID); r.code != 0 {
		t.Fatal(r.err)
	}
	h.ldap.Modify("uid=plain020,"+slapdtest.UsersDN, "mail", "new@example.com") // is no part of the plan
	done := h.apply(0, "applied", file)
	if n := done.report.Summary["disable"]; n != 8 {
		t.Errorf("%d disabled, want 8", n)
	}
	if user, _ := h.duo.User("plain020"); user.Email != "" {
		t.Error("somebody was updated who is no part of the plan")
	}
}

// TestApplyAdoption applies what a dry run with --adopt and --only planned.
func TestApplyAdoption(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(3)}})
	h.want(0, "applied")
	user, _ := h.duo.User("plain001")
	h.ldap.Add("uid=old,"+slapdtest.UsersDN, map[string][]string{"objectClass": {"inetOrgPerson"}, "uid": {"old"}, "cn": {"O"}, "sn": {"O"}})
	user.ID, user.Username = "", "old"
	if _, err := h.duo.AddUser(user); err != nil {
		t.Fatal(err)
	}
	h.ldap.Modify("uid=plain002,"+slapdtest.UsersDN, "mail", "new@example.com")
	_, file := h.plan("--only", "old", "--adopt", "old")
	if r := h.apply(0, "applied", file); !slices.Equal(r.ops(), []string{"adopt old"}) {
		t.Errorf("operations %v", r.ops())
	}
}

// TestAdoptSeveral: each --adopt counts, and each name of a file; the plan keeps them all.
func TestAdoptSeveral(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(5)}, sync: "  limits: {max_update: off, max_enable: off}\n"})
	for i := range 5 {
		if _, err := h.duo.AddUser(duosim.User{Username: plain(i)}); err != nil {
			t.Fatal(err)
		}
	}
	h.ldap.Add(userDN("own"), map[string][]string{"objectClass": {"inetOrgPerson"}, "uid": {"own"}, "cn": {"O"}, "sn": {"O"}})
	h.edit("max_enable: off}", "max_enable: off}\n  scope: {exclude_users: [/plain.*/]}")
	h.want(0, "applied") // the state knows somebody
	h.edit("\n  scope: {exclude_users: [/plain.*/]}", "")
	list := filepath.Join(h.dir, "names")
	if err := os.WriteFile(list, []byte("\ufeffplain003\r\n\r\n  plain004 \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, file := h.plan("--adopt", "plain000", "--adopt", "PLAIN001", "--adopt-file", list)
	want := []string{"adopt plain000", "adopt plain001", "adopt plain003", "adopt plain004"}
	r := h.apply(4, "applied", file) // plain002 is a conflict
	if ops := r.ops(); !slices.Equal(ops, want) {
		t.Errorf("operations %v, want %v", ops, want)
	}
	if r := h.sync("--adopt", "plain002", "--adopt", "nobody", "--adopt", "noone"); r.code != 1 || !strings.Contains(r.err, `--adopt "nobody", "noone": nobody in scope has these usernames`) {
		t.Errorf("exit %d %s", r.code, r.err)
	}
	h.want(0, "applied", "--adopt", "plain002").has(t, "adopt plain002")
}

func TestRedactedPlan(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(5)}})
	_, file := h.plan("--redact")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain0", "Plain ", h.duo.Host(), "DIPLANTED", "ou=", secretKey, bindPassword} {
		if bytes.Contains(data, []byte(name)) {
			t.Errorf("%q stands in the redacted plan", name)
		}
	}
	var content struct {
		Plan struct {
			Redacted   bool
			Operations []struct{ Action, Username string }
		}
	}
	if err := json.Unmarshal(data, &content); err != nil || !content.Plan.Redacted || len(content.Plan.Operations) != 5 {
		t.Errorf("%v: %+v", err, content)
	}
	h.refuses(file, "redacted")
	_, file = h.plan()
	if data, err = os.ReadFile(file); err != nil || bytes.Contains(data, []byte(secretKey)) || bytes.Contains(data, []byte(bindPassword)) {
		t.Errorf("a secret in the plan, or %v", err)
	}
}

func TestPlanFlags(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(1)}})
	file := filepath.Join(h.dir, "plan.json")
	for _, args := range [][]string{
		{"sync", "--plan-out", file},
		{"sync", "--dry-run", "--redact"},
		{"sync", "--dry-run", "--plan-out", file, "--as-of", "24h"},
		{"sync", "--dry-run", "--plan-out", file, "--output", file},
		{"sync", "--dry-run", "--plan-out", ""},
		{"sync", "--dry-run", "--plan-out", h.dir},
		{"sync", "--dry-run", "--plan-out", filepath.Join(h.dir, "none", "plan.json")},
		{"apply"},
		{"apply", ""},
		{"apply", file, file},
	} {
		if r := h.run(args...); r.code != 1 || r.err == "" {
			t.Errorf("%v: exit %d %s", args, r.code, r.err)
		}
	}
	h.edit("uid=reader", "uid=nobody")
	if r := h.sync("--dry-run", "--plan-out", file); r.code != 1 {
		t.Errorf("a run that fails: exit %d", r.code)
	}
	left, err := filepath.Glob(filepath.Join(h.dir, "*plan*"))
	hidden, _ := filepath.Glob(filepath.Join(h.dir, ".duosync*"))
	if err != nil || len(left)+len(hidden) > 0 {
		t.Errorf("left behind: %v %v %v", left, hidden, err)
	}
	if len(h.duo.Users()) != 0 {
		t.Error("something was written to Duo")
	}
}
