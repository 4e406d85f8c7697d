package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// figures are those of a rebuild's report.
type figures struct {
	Known, Found, Paired, Differ, Absent, Strangers int
	FormerKey                                       string `json:"former_integration_key"`
}

// rebuild runs rebuild with a JSON report, and checks that nothing but the state was
// written.
func (h *house) rebuild(code int, outcome string, args ...string) (result, figures) {
	h.t.Helper()
	before := h.duo.Snapshot()
	h.duo.ResetCalls()
	r := h.run(append([]string{"rebuild", "--format", "json"}, args...)...)
	if r.code != code || r.report.Outcome != outcome {
		h.t.Fatalf("rebuild %v: exit %d, outcome %q; want %d, %q\n%s%s", args, r.code, r.report.Outcome, code, outcome, r.err, brief(r.out))
	}
	if n := h.writes(); n > 0 || !cmp.Equal(before, h.duo.Snapshot()) {
		h.t.Errorf("rebuild %v wrote to Duo: %d calls", args, n)
	}
	var doc struct{ Rebuild figures }
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil {
		h.t.Fatal(err)
	}
	return r, doc.Rebuild
}

// lose removes the state, and all that lies beside it.
func (h *house) lose() {
	h.t.Helper()
	files, err := filepath.Glob(h.state + "*")
	if err != nil || len(files) == 0 {
		h.t.Fatalf("no state: %v", err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			h.t.Fatal(err)
		}
	}
}

const lostHouse = listMapping + "  phones: {on: always}\n  groups: {mirror: [staff, vpn]}\n"

// newLostHouse is a house in step, with phones, groups, and people locked in the
// directory and disabled in Duo.
func newLostHouse(t *testing.T) *house {
	var people strings.Builder
	for i := range 20 {
		people.WriteString(someone(plain(i), fmt.Sprintf("mobile=+1202555%04d", i), fmt.Sprintf("departmentNumber=also%d", i)))
	}
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: people.String() + someone("locked", "accountLock=true") +
			group("staff", userDN(plain(1)), userDN(plain(2))) + group("vpn", userDN(plain(2)))},
		sync: lostHouse,
	})
	h.want(0, "applied")
	h.ldap.Modify(userDN(plain(3)), "accountLock", "true")
	h.ldap.Delete(userDN(plain(19)))
	h.want(0, "applied")
	h.change(plain(4), func(u *duosim.User) { u.Status = "disabled" })
	h.enroll(plain(5), "+12025551234")
	h.want(0, "no-changes", "--refresh")
	h.handUser(duosim.User{Username: "somebody"})
	return h
}

func TestRebuild(t *testing.T) {
	h := newLostHouse(t)
	h.lose()
	r, f := h.rebuild(0, "planned") // without any state
	if files, _ := filepath.Glob(h.state + "*"); len(files) > 0 || f.Paired != 19 || f.Absent != 1 || f.Strangers != 2 || f.Differ != 0 || f.Known != 0 {
		t.Errorf("figures %+v, files %v", f, files)
	}
	if r.report.Summary["adopt"] != 19 {
		t.Errorf("summary %v", r.report.Summary)
	}
	before := h.duo.Snapshot()
	held := h.want(3, "held")
	if !strings.Contains(held.out, "state_lost") || !cmp.Equal(before, h.duo.Snapshot()) {
		t.Errorf("after the loss: %s", brief(held.out))
	}
	if r := h.run("sync"); !strings.Contains(r.out, "duosync rebuild") {
		t.Errorf("the held run shows no way on:\n%s", r.out)
	}
	if _, f := h.rebuild(0, "applied", "--write"); f.Paired != 19 {
		t.Errorf("figures %+v", f)
	}
	for _, args := range [][]string{{"--dry-run", "--detailed-exitcode"}, {"--dry-run", "--detailed-exitcode", "--refresh"}, {}} {
		h.want(0, "no-changes", args...)
	}
	// One was disabled by others, as far as is known, and differs for as long as that is so.
	if got := h.drift(exitPending); !slices.Equal(got, []string{plain(4) + " status: active -> disabled"}) {
		t.Errorf("drift: %v", got)
	}
	if r := h.run("history", h.history("--format", "json")[1]["run_id"].(string)); !strings.Contains(r.out, "paired by username") {
		t.Errorf("the history does not tell of the rebuilding:\n%s", r.out)
	}
	if _, f := h.rebuild(0, "no-changes", "--write"); f.Known != 19 || f.Found != 19 {
		t.Errorf("rebuilt twice: %+v", f)
	}
	// What has to be done from here on is done as before.
	h.ldap.Modify(userDN(plain(3)), "accountLock", "false")
	h.ldap.Delete(userDN(plain(6)))
	if r := h.want(0, "applied"); !cmp.Equal(r.ops(), []string{"disable plain006", "enable plain003"}) {
		t.Errorf("operations %v", r.ops())
	}
	if u := h.user(plain(4)); u.Status != "disabled" {
		t.Errorf("whom others disabled is %s", u.Status)
	}
}

// TestRebuildOfCopy puts a copy of the state back, and pairs whom it does not know.
func TestRebuildOfCopy(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(3)}})
	h.want(0, "applied")
	h.hire("later")
	h.want(0, "applied")
	copies, err := filepath.Glob(h.state + ".*.bak")
	if err != nil || len(copies) == 0 {
		t.Fatalf("no copies: %v", err)
	}
	newest, err := os.ReadFile(copies[len(copies)-1]) // from before the second run
	if err == nil {
		err = os.WriteFile(h.state, newest, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, f := h.rebuild(0, "applied", "--write"); f.Known != 3 || f.Found != 3 || f.Paired != 1 {
		t.Errorf("figures %+v", f)
	}
	h.want(0, "no-changes", "--dry-run")
	h.want(0, "no-changes")
}

// TestRebuildInAllForms also of what failed.
func TestRebuildInAllForms(t *testing.T) {
	h := newLostHouse(t)
	h.lose()
	for _, form := range []string{"table", "markdown", "html", "csv"} {
		if r := h.run("rebuild", "--format", form); r.code != 0 || !strings.Contains(r.out, "plain001") {
			t.Errorf("%s: exit %d %s\n%s", form, r.code, r.err, r.out)
		}
	}
	r := h.run("rebuild")
	contains(t, strings.Join(strings.Fields(r.out), " "), "Rebuild: this is what it would do; nothing was written. Add --write", "paired 19 people; the next run updates 0 of them",
		"unmanaged 2 users in Duo, 1 of them can log in", `groups paired by name: "staff", "vpn"`)
	h.ldap.Stop()
	for _, args := range [][]string{{}, {"--write"}} {
		if r := h.run(append([]string{"rebuild"}, args...)...); r.code != exitError || r.out != "" || !strings.Contains(r.err, "reading the directory") {
			t.Errorf("without a directory: exit %d\n%s%s", r.code, r.out, r.err)
		}
		h.rebuild(1, "failed", args...)
	}
}

// TestNewKeys binds the state to other keys of the same account, and to nothing else.
func TestNewKeys(t *testing.T) {
	const former, fresh, secret = "DIPLANTEDKEY00000001", "DIPLANTEDKEY00000002", "planted-secret-key-planted-secret-key-43"
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: plainPeople(10)},
		duo:   duosim.Options{Keys: []duosim.Key{{Kind: duosim.KeyAdmin, Integration: fresh, Secret: secret}}},
	})
	h.edit(fresh, former)
	h.edit(secret, secretKey)
	h.want(0, "applied")
	links := h.links()
	h.edit(former, fresh)
	h.edit(secretKey, secret)
	refused := func(what, message string, args ...string) {
		t.Helper()
		h.duo.ResetCalls()
		r := h.run(args...)
		if r.code != exitError || !strings.Contains(r.err, message) {
			t.Errorf("%s: exit %d, want %q\n%s", what, r.code, message, r.err)
		}
		if h.writes() > 0 {
			t.Errorf("%s: Duo was written to", what)
		}
	}
	refused("a run", "another Duo account", "sync")

	// Two of ten are gone from the account: that is too few.
	account := h.duo.Users()
	for _, u := range account[:2] {
		h.duo.RemoveUser(u.ID)
	}
	for _, args := range [][]string{{"rebuild"}, {"rebuild", "--write"}} {
		refused("too few", "of 10 users whom the state knows under the integration key "+former+", 8 are in the account", args...)
	}
	refused("still", "another Duo account", "sync")
	if _, err := h.duo.AddUser(account[0]); err != nil {
		t.Fatal(err)
	}

	if _, f := h.rebuild(0, "no-changes"); f.FormerKey != former || f.Known != 10 || f.Found != 9 {
		t.Errorf("figures %+v", f)
	}
	r := h.run("rebuild")
	contains(t, strings.Join(strings.Fields(r.out), " "), "Add --write to bind the state to its new keys", "belonged to the integration key "+former+", and would be bound to the new one")
	refused("only looked at", "another Duo account", "sync")
	if r := h.run("pause"); r.code != 0 {
		t.Fatal(r.err)
	}
	refused("paused", "paused", "rebuild", "--write")
	refused("still not bound", "another Duo account", "sync")
	if r := h.run("resume"); r.code != 0 {
		t.Fatal(r.err)
	}
	if _, f := h.rebuild(0, "no-changes", "--write"); f.FormerKey != former {
		t.Errorf("figures %+v", f)
	}
	if diff := cmp.Diff(links, h.links()); diff != "" {
		t.Errorf("the links have changed:\n%s", diff)
	}
	h.want(0, "applied", "--refresh") // recreates the one who is gone
	h.want(0, "no-changes")
}

// TestAnotherAccount refuses an old state beside another account, or another
// directory, before any call.
func TestAnotherAccount(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(3)}})
	h.want(0, "applied")
	links := h.links()
	h.duo.ResetCalls()
	refused := func(what, message string) {
		t.Helper()
		for _, args := range [][]string{{"sync"}, {"sync", "--dry-run"}, {"rebuild"}, {"rebuild", "--write"}, {"drift"}, {"undo", "last"}, {"undo", "last", "--write"}} {
			if r := h.run(args...); r.code != exitError || !strings.Contains(r.err, message) {
				t.Errorf("%s: %v: exit %d, want %q\n%s", what, args, r.code, message, r.err)
			}
		}
		if calls := h.duo.Calls(); len(calls) > 0 {
			t.Errorf("%s: %d calls", what, len(calls))
		}
		if diff := cmp.Diff(links, h.links()); diff != "" {
			t.Errorf("%s: the links have changed:\n%s", what, diff)
		}
	}
	h.edit("host: 127.0.0.1:", "host: localhost:") // the same server, but another name
	refused("another account", `its Duo host is "127.0.0.1", not "localhost"`)
	h.edit("host: localhost:", "host: 127.0.0.1:")
	h.edit("ldap: {", "ldap: {users: {base_dns: ['ou=People,dc=example,dc=org']}, ")
	refused("another directory", "its directory is")
}
