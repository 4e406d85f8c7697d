package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os/user"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// by gives who asked for a run, as a JSON report has it.
func by(t *testing.T, report string) string {
	t.Helper()
	var doc struct {
		By *string `json:"by"`
	}
	if err := json.Unmarshal([]byte(report), &doc); err != nil || doc.By == nil {
		t.Fatalf("%v: the report does not say who asked:\n%s", err, brief(report))
	}
	return *doc.By
}

// TestBy follows the names of those who ask into the state, and to where they are shown.
func TestBy(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(3)}})
	ok := func(shows string, args ...string) string {
		t.Helper()
		r := h.run(args...)
		if r.code != 0 || !strings.Contains(strings.Join(strings.Fields(r.out), " "), shows) {
			t.Fatalf("%v: exit %d, want %q\n%s%s", args, r.code, shows, brief(r.out), r.err)
		}
		return r.out
	}
	if got := by(t, h.want(0, "applied", "--by", "ann").out); got != "ann" {
		t.Errorf("sync: by %q", got)
	}
	run := h.runID()
	ok(", sync by ann", "history", run)
	if got := by(t, ok("", "history", run, "--format", "json")); got != "ann" {
		t.Errorf("history: by %q", got)
	}
	if got, _ := h.history("--format", "json")[0]["by"].(string); got != "ann" {
		t.Errorf("the list: by %q", got)
	}
	for _, args := range [][]string{{"undo", run}, {"rebuild"}, {"sync", "--dry-run"}} {
		if got := by(t, ok("", append(args, "--format", "json", "--by", " bob ")...)); got != "bob" {
			t.Errorf("%v: by %q", args, got)
		}
	}

	h.ends("r1", dirsync.OutcomeHeld, twoHolds, holdsOfTwo())
	ok("", "approve", "one", "--by", "cy")
	ok(", by cy", "approve")
	if list := ok("", "approve", "--format", "json"); !strings.Contains(list, `"by": "cy"`) {
		t.Errorf("approvals:\n%s", list)
	}
	ok("", "approve", "--revoke", "one", "--by", "dan")
	ok("", "pause", "--by", "eve", "--reason", "moving")
	ok("UTC by eve: moving", "due")
	h.fails(" by eve: moving", "sync", "--refresh")
	ok("", "resume", "--by", "flo")
	ok("", "disable", "plain000", "--by", "gil", "--reason", "left")
	ok("", "enable", "plain000", "--by", "hal")

	var list struct {
		ByHand []map[string]string `json:"by_hand"`
	}
	if err := json.Unmarshal([]byte(ok("", "history", "--format", "json")), &list); err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, a := range list.ByHand {
		acts = append(acts, strings.Join(strings.Fields(a["by"]+" "+a["what"]+" "+a["about"]+" "+a["reason"]), " "))
	}
	want := []string{"hal enable plain000", "gil disable plain000 left", "flo resume", "eve pause moving", "dan revoke one", "cy approve one max_update (2 operations)"}
	if diff := cmp.Diff(want, acts); diff != "" {
		t.Errorf("what was asked for (-want +got):\n%s", diff)
	}
	ok("gil disable plain000: left", "history")
}

// TestWho asks as somebody of whom the environment tells, or the system, or with no name.
func TestWho(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(1)}})
	as := func(env map[string]string, args ...string) string {
		var out, errs bytes.Buffer
		code := run(context.Background(), append([]string{"sync", "--format", "json", "--config", h.config}, args...),
			Stdio{Out: &out, Err: &errs, Env: func(name string) (string, bool) { v, set := env[name]; return v, set }})
		if code != 0 {
			t.Fatal(errs.String())
		}
		return by(t, out.String())
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		env  map[string]string
		args []string
		want string
	}{
		{nil, nil, me.Username},
		{map[string]string{"SUDO_USER": "alice"}, nil, "alice"},
		{map[string]string{"SUDO_USER": ""}, nil, me.Username},
		{map[string]string{"SUDO_USER": "alice"}, []string{"--by", "ticket 4711"}, "ticket 4711"},
	} {
		if got := as(test.env, test.args...); got != test.want {
			t.Errorf("%v %v: by %q, want %q", test.env, test.args, got, test.want)
		}
	}
	for _, name := range []string{"", " ", "a\nb", "a\x1b[2Jb", strings.Repeat("x", 101)} {
		h.fails("--by", "pause", "--by", name)
	}
}

// Each command that makes a run, or changes the state, says who asked.
func TestByFlag(t *testing.T) {
	root := newRootCommand(&app{})
	for _, name := range []string{"sync", "apply", "run", "approve", "pause", "resume", "disable", "enable", "undo", "rebuild"} {
		cmd, _, err := root.Find([]string{name})
		if err != nil || cmd.Flags().Lookup("by") == nil {
			t.Errorf("%s has no --by (%v)", name, err)
		}
	}
}
