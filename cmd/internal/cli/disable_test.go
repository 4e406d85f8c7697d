package cli

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	"duosync/state"
)

// marks lists those who are kept disabled, as "username: reason (by)".
func (h *house) marks() []string {
	h.t.Helper()
	r := h.run("due", "--format", "json")
	var due struct {
		Disabled []struct{ Username, Reason, By, Since string }
	}
	if err := json.Unmarshal([]byte(r.out), &due); err != nil || r.code != 0 {
		h.t.Fatalf("due: exit %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	var marks []string
	for _, m := range due.Disabled {
		marks = append(marks, m.Username+": "+m.Reason+" ("+m.By+")")
	}
	return marks
}

// fails runs a command line that must end with exit 1 and this text.
func (h *house) fails(text string, args ...string) result {
	h.t.Helper()
	r := h.run(args...)
	if r.code != exitError || !strings.Contains(r.err, text) || !strings.Contains(r.err, "→") {
		h.t.Errorf("%v: exit %d, want an error with advice and %q\n%s%s", args, r.code, text, r.out, r.err)
	}
	return r
}

// TestDisableOurs disables somebody who is ours, by each name there is, without the
// directory, paused and beside a run.
func TestDisableOurs(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(6)}, sync: "  scope: {protect: [plain005]}\n"})
	h.edit("  scope: {protect: [plain005]}\n", "")
	h.want(0, "applied")
	h.edit("sync:\n", "sync:\n  scope: {protect: [plain005]}\n")
	h.handUser(duosim.User{Username: "byhand"})

	h.edit("urls: [\""+h.ldap.URL, "urls: [\"ldap://127.0.0.1:1") // the directory is down
	if r := h.run("pause"); r.code != 0 {
		t.Fatal(r.err)
	}
	h.writes()
	r := h.run("disable", "PLAIN000", "--reason", "dismissed", "--by", "helpdesk")
	if r.code != 0 || h.user("plain000").Status != "disabled" || h.writes() != 1 || !strings.Contains(r.out, "duosync enable plain000") {
		t.Errorf("exit %d, %s\n%s%s", r.code, h.user("plain000").Status, r.out, r.err)
	}
	loaded, err := (&app{Stdio: Stdio{Err: &strings.Builder{}, Env: func(string) (string, bool) { return "", false }}, configPath: h.config, logLevel: "error", logFormat: "text"}).load()
	if err != nil {
		t.Fatal(err)
	}
	running, err := state.Open(t.Context(), loaded.Config.State.DSN.Reveal(), state.Options{}) // a run has the lock
	if err != nil {
		t.Fatal(err)
	}
	if r := h.run("disable", h.user("plain001").ID, "--reason", "by its id"); r.code != 0 || h.user("plain001").Status != "disabled" {
		t.Errorf("beside a run: exit %d %s", r.code, r.err)
	}
	h.fails("a run is under way (by process", "disable", "plain00x", "--reason", "not there yet")
	if err := running.Close(); err != nil {
		t.Fatal(err)
	}
	if marks := h.marks(); len(marks) != 2 || marks[0] != "plain000: dismissed (helpdesk)" || !strings.HasPrefix(marks[1], "plain001: by its id (") || strings.HasSuffix(marks[1], "()") {
		t.Errorf("marks %q", marks)
	}

	h.writes()
	h.fails("--reason is missing", "disable", "plain002")
	h.fails("--reason is missing", "disable", "plain002", "--reason", " ")
	h.fails("not a user of duosync's", "disable", "byhand", "--reason", "x")
	h.fails(`mean "plain002"`, "disable", "plian002", "--reason", "x")
	h.fails("protect", "disable", "plain005", "--reason", "x")
	if n := h.writes(); n > 0 || len(h.marks()) != 2 || h.user("byhand").Status != "active" {
		t.Errorf("%d writes, marks %q", n, h.marks())
	}
}

// TestDisableTrouble: where Duo is away, refuses or answers another thing, the mark is
// kept, and said to be.
func TestDisableTrouble(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(4)}})
	h.want(0, "applied")
	if err := h.duo.AddFault(duosim.Fault{Name: "refused", Method: http.MethodPost, Path: "/admin/v1/users/*", Effect: duosim.Refuse, Code: 40002}); err != nil {
		t.Fatal(err)
	}
	h.fails("NOT disabled in Duo yet. The mark is kept", "disable", "plain000", "--reason", "x")
	h.duo.ClearFaults()
	db, err := sqlx.Connect("sqlite", h.state)
	if err != nil {
		t.Fatal(err)
	}
	db.MustExec(`CREATE TRIGGER full BEFORE INSERT ON marks BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`)
	h.writes()
	h.fails("plain003\" is NOT disabled in Duo, for that could not be noted", "disable", "plain003", "--reason", "x")
	db.MustExec(`DROP TRIGGER full`)
	if err := db.Close(); err != nil || h.writes() > 0 || h.user("plain003").Status != "active" {
		t.Errorf("%v, plain003 is %s", err, h.user("plain003").Status)
	}
	if err := h.duo.Close(); err != nil {
		t.Fatal(err)
	}
	h.edit("  rate:", "  timeout: 1s\n  rate:")
	h.fails("NOT disabled in Duo yet. The mark is kept", "disable", "plain001", "--reason", "x")
	if marks := h.marks(); len(marks) != 2 {
		t.Errorf("marks %q", marks)
	}
}

// TestDisableIsNotMistaken: one 404, or somebody else under the id, is no user who is gone.
func TestDisableIsNotMistaken(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(4)}})
	fault := func(f duosim.Fault) {
		t.Helper()
		if err := h.duo.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	fault(duosim.Fault{Name: "astray", Method: http.MethodPost, Path: "/admin/v1/users", Nth: 2, Effect: duosim.WrongID})
	h.want(0, "applied")
	h.duo.ClearFaults()
	for i, f := range []duosim.Fault{
		{Method: http.MethodGet, Path: "/admin/v1/users/*", Nth: 1},
		{Method: http.MethodPost, Path: "/admin/v1/users/*", Nth: 1},
		{Method: http.MethodPost, Path: "/admin/v1/users/*"},
	} {
		name := []string{"plain000", "plain002", "plain003"}[i]
		f.Name, f.Effect, f.Code = name, duosim.Refuse, 40401
		fault(f)
		if i < 2 {
			if r := h.run("disable", name, "--reason", "x"); r.code != 0 || h.user(name).Status != "disabled" {
				t.Errorf("%s: exit %d, %s\n%s", name, r.code, h.user(name).Status, r.err)
			}
		} else {
			h.fails("NOT disabled in Duo yet. The mark is kept, and the next run disables", "disable", name, "--reason", "x")
		}
		h.duo.ClearFaults()
	}
	// The create of this one was answered with an id of nobody.
	if r := h.run("disable", "plain001", "--reason", "x"); r.code != 0 || h.user("plain001").Status != "disabled" {
		t.Errorf("exit %d, %s\n%s", r.code, h.user("plain001").Status, r.err)
	}
	if !h.duo.RemoveUser(h.user("plain003").ID) {
		t.Fatal("no such user")
	}
	h.fails("is not in Duo any more", "disable", "plain003", "--reason", "x")
}

// TestDisableWithoutState finds the Duo user by name while the state knows nobody.
func TestDisableWithoutState(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(1)}, sync: "  scope: {protect: [boss]}\n"})
	h.handUser(duosim.User{Username: "byhand", Aliases: []string{"hand"}})
	h.handUser(duosim.User{Username: "boss"})
	h.fails("is the username of nobody in Duo", "disable", "nobody", "--reason", "x")
	h.fails(`an alias of the Duo user "byhand"`, "disable", "hand", "--reason", "x") // no more than an alias
	h.fails("protect", "disable", "Boss", "--reason", "x")
	if n := h.writes(); n > 0 {
		t.Errorf("%d writes", n)
	}
	if r := h.run("disable", "ByHand", "--reason", "x"); r.code != 0 || h.user("byhand").Status != "disabled" {
		t.Errorf("exit %d %s", r.code, r.err)
	}
	var calls []string
	for _, c := range h.duo.Calls() {
		calls = append(calls, c.Method)
	}
	if want := []string{"GET", "GET", "POST"}; !slices.Equal(calls, want) {
		t.Errorf("calls %v, want %v", calls, want)
	}
	if marks := h.marks(); len(marks) != 1 {
		t.Errorf("marks %q", marks)
	}
}

// TestEnable takes marks away, and calls Duo not once.
func TestEnable(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(3)}})
	h.want(0, "applied")
	h.fails("is not kept disabled", "enable", "plain000")
	for _, name := range []string{"plain000", "plain001"} {
		if r := h.run("disable", name, "--reason", "dismissed", "--by", "helpdesk"); r.code != 0 {
			t.Fatal(r.err)
		}
	}
	h.duo.ResetCalls()
	h.fails(`mean "plain000"`, "enable", "plian000")
	r := h.run("enable", "plain000")
	if r.code != 0 || !strings.Contains(r.out, "by helpdesk: dismissed") || !strings.Contains(r.out, "the next run decides") {
		t.Errorf("exit %d %s%s", r.code, r.out, r.err)
	}
	if r := h.run("enable", h.user("plain001").ID); r.code != 0 {
		t.Errorf("by the id: %s", r.err)
	}
	if marks := h.marks(); len(marks) > 0 || len(h.duo.Calls()) > 0 {
		t.Errorf("marks %q, %d calls", marks, len(h.duo.Calls()))
	}
}

// TestDisableLasts: whom Duo could not disable, the next run does; it stays so while
// the directory says active, also over a refresh, until enable and one more run.
func TestDisableLasts(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(20)}})
	h.want(0, "applied")
	if err := h.duo.AddFault(duosim.Fault{Name: "refused", Method: http.MethodPost, Path: "/admin/v1/users/*", Effect: duosim.Refuse, Code: 40002}); err != nil {
		t.Fatal(err)
	}
	h.fails("the next run disables this user", "disable", "plain000", "--reason", "dismissed", "--by", "helpdesk")
	h.duo.ClearFaults()
	h.want(0, "applied").has(t, "disable plain000")
	if status := h.user("plain000").Status; status != "disabled" {
		t.Errorf("plain000 is %s", status)
	}
	h.want(0, "no-changes")
	h.want(0, "no-changes", "--refresh")
	if e := h.explain(0, "plain000"); len(e.Holds) != 1 || e.Holds[0].Kind != "disabled" || e.Next.Reason != "nothing: kept disabled by duosync disable, whatever the directory says" {
		t.Errorf("explain: holds %+v, next %s", e.Holds, e.Next.Reason)
	}
	if r := h.run("enable", "plain000"); r.code != 0 {
		t.Fatal(r.err)
	}
	if r := h.run("explain", "plain000"); r.code != 0 || !strings.Contains(r.out, "to be enabled") || strings.Contains(r.out, "by others") || strings.Contains(r.out, "ATTENTION") {
		t.Errorf("explain, before the next run: exit %d\n%s", r.code, r.out)
	}
	h.want(0, "applied").has(t, "enable plain000")
	h.want(0, "no-changes")
}

// TestDisableOutlastsUndo: what a run took is not given back to whom disable has
// marked.
func TestDisableOutlastsUndo(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(20)}})
	h.want(0, "applied")
	for i := range 2 {
		h.ldap.Delete("uid=" + plain(i) + "," + slapdtest.UsersDN)
	}
	h.want(0, "applied").has(t, "disable plain000", "disable plain001")
	if r := h.run("disable", "plain000", "--reason", "dismissed"); r.code != 0 {
		t.Fatal(r.err)
	}
	r := h.run("undo", "last", "--write", "--format", "json")
	if h.user("plain000").Status != "disabled" || h.user("plain001").Status != "active" {
		t.Errorf("exit %d: plain000 is %s, plain001 is %s\n%s%s", r.code, h.user("plain000").Status, h.user("plain001").Status, brief(r.out), r.err)
	}
	if r.code != exitPartial {
		t.Errorf("exit %d, want %d, for somebody was left out", r.code, exitPartial)
	}
}

// TestDisableAfterNamesWereSwapped: where the user of the person and the user of that name are
// two, nobody is disabled by the name; by the Duo id the one who is named is. A user who was
// only renamed is nobody else.
func TestDisableAfterNamesWereSwapped(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(6)}})
	h.want(0, "applied")
	rename := func(from, to string) {
		t.Helper()
		h.change(from, func(u *duosim.User) { u.Username = to })
	}
	rename("plain000", "spare")
	rename("plain001", "plain000")
	rename("spare", "plain001")
	rename("plain002", "renamed")
	h.change("plain003", func(u *duosim.User) { u.Aliases = []string{"plain002"} })
	rename("plain004", "plain004.x")
	h.writes()
	for _, name := range []string{"plain000", "plain001", "plain002"} {
		r := h.fails("nothing was done: who is meant by", "disable", name, "--reason", "x")
		if !strings.Contains(r.err, "duosync disable DU") || !strings.Contains(r.err, "--reason") {
			t.Errorf("%s: no command in %s", name, r.err)
		}
	}
	if n := h.writes(); n > 0 || len(h.marks()) > 0 {
		t.Errorf("%d writes, marks %q", n, h.marks())
	}
	if r := h.run("disable", h.user("plain001").ID, "--reason", "by its id"); r.code != 0 || h.user("plain001").Status != "disabled" || h.user("plain000").Status != "active" {
		t.Errorf("by id: exit %d, %s and %s\n%s", r.code, h.user("plain001").Status, h.user("plain000").Status, r.err)
	}
	if r := h.run("disable", "plain004", "--reason", "renamed only"); r.code != 0 || h.user("plain004.x").Status != "disabled" {
		t.Errorf("renamed: exit %d, %s\n%s", r.code, h.user("plain004.x").Status, r.err)
	}
}
