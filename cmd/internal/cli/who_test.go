package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc/slapdtest"
)

// TestWhoAskedIsTold: which command made a run, who approved what it let through, and what an
// approval was about, in the report of that run and in every form of the history.
func TestWhoAskedIsTold(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(20)}})
	h.want(0, "applied", "--by", "ann")
	for i := range 8 {
		h.ldap.Delete(userDN(plain(i)))
	}
	h.want(3, "held", "--by", "bob")
	all := h.want(3, "held", "--by", "bob").report.ApprovalID
	for _, step := range []struct{ name, before string }{{"cy", ""}, {"dan", "approved before; reports name all who did: cy, dan"}, {"cy", "cy, dan"}} {
		r := h.run("approve", all, "--by", step.name)
		if r.code != 0 || !strings.Contains(r.out, step.before) || strings.Contains(r.out, "approved before") != (step.before != "") {
			t.Fatalf("approve by %s: exit %d %s%s", step.name, r.code, r.out, r.err)
		}
	}
	contains(t, h.run("due").out, "by cy, dan")
	dry := h.run("sync", "--dry-run", "--format", "json")
	if by := approvedBy(t, dry.out); !cmp.Equal(by, []string{"max_remove: cy, dan", "min_source: cy, dan"}) {
		t.Errorf("dry run: approved by %q", by)
	}
	done := h.want(0, "applied", "--by", "ann")
	if by := approvedBy(t, done.out); !cmp.Equal(by, []string{"max_remove: cy, dan", "min_source: cy, dan"}) {
		t.Errorf("approved by %q\n%s", by, done.out)
	}
	run := h.runID()
	for _, form := range []string{"table", "markdown", "html"} {
		text := strings.Join(strings.Fields(h.run("history", run, "--format", form).out), " ")
		contains(t, text, "pproved by cy, dan")
	}
	if r := h.run("undo", "last", "--write", "--by", "eve"); r.code != 0 {
		t.Fatalf("undo: exit %d %s", r.code, r.err)
	}
	contains(t, h.run("history", "last").out, "Undo: all done", "undo by eve")
	if r := h.run("rebuild", "--write", "--by", "fay"); r.code != 0 {
		t.Fatalf("rebuild: exit %d %s", r.code, r.err)
	}
	contains(t, h.run("history", "last").out, "Rebuild: ", "rebuild by fay")

	var made []string
	for _, r := range h.history("--format", "json") {
		made = append(made, r["command"].(string)+" by "+r["by"].(string))
	}
	want := []string{"rebuild by fay", "undo by eve", "sync by ann", "sync by bob", "sync by bob", "sync by ann"}
	if !cmp.Equal(made, want) {
		t.Errorf("runs %q, want %q", made, want)
	}
	for form, parts := range map[string][]string{
		"table":    {"undo by eve:", "rebuild by fay:", "approve " + all + ": max_remove, min_source (8 operations)"},
		"markdown": {"| undo | eve |", "| rebuild | fay |"},
		"html":     {"<bdi>undo</bdi>", "<bdi>eve</bdi>", "<bdi>cy</bdi>"},
		"csv":      {",undo,eve,,", ",approve,cy," + all + `,"max_remove, min_source (8 operations)"`, ",approve,dan,"},
	} {
		text := h.run("history", "--format", form).out
		if form == "table" {
			text = strings.Join(strings.Fields(text), " ")
		}
		contains(t, text, parts...)
	}
}

// approvedBy gives the guards of a report that an approval let through, with who gave it.
func approvedBy(t *testing.T, report string) (by []string) {
	t.Helper()
	var doc struct {
		Guards []struct {
			Name       string
			Held       bool
			ApprovedBy *string `json:"approved_by"`
		}
	}
	if err := json.Unmarshal([]byte(report), &doc); err != nil {
		t.Fatal(err)
	}
	for _, g := range doc.Guards {
		switch {
		case g.ApprovedBy == nil:
			t.Errorf("%s does not say by whom", g.Name)
		case *g.ApprovedBy != "":
			by = append(by, g.Name+": "+*g.ApprovedBy)
		}
	}
	slices.Sort(by)
	return by
}
