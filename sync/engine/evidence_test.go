package engine_test

import (
	"context"
	"strings"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// What the first version knew of attributes holds until it is approved, not for one run.
func TestFirstVersionStaysDoubted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.step("rules", "min_attribute 50%")
	w.step("directory", "1 a\n2 b\n3 c\n4 d\n5 e\n6 f\n7 g\n8 h")
	w.step("run", "")
	w.step("directory", "1 a disabled\n2 b disabled\n3 c disabled\n4 d disabled\n5 e disabled\n6 f disabled\n7 g\n8 h")
	w.step("run", "")
	w.store.meta.Baseline = &dirsync.Baseline{At: w.clock, Server: "ldap://a", InScope: 8, Attributes: map[string]int{"accountlock": 6, "uid": 8}}
	w.step("rules", "blind attr:accountlock")
	for range 3 {
		if got, _ := w.step("run", ""); strings.Count(got, "enable ") != 6 || strings.Count(got, "[held]") != 6 {
			t.Fatal(got)
		}
	}
}

// hiddenRole is a directory in which the entry of a role can be hidden, while nobody's
// own entry is ever changed by a role.
type hiddenRole struct {
	*memDirectory
	hidden bool
}

func (h *hiddenRole) Stamps(ctx context.Context, ids []dirsync.SourceID, dns []string) (map[dirsync.SourceID]string, map[string]string, error) {
	byID, byDN, err := h.memDirectory.Stamps(ctx, ids, dns)
	if h.hidden {
		delete(byDN, "cn=locked")
	}
	for id := range byID {
		byID[id] = "time 1"
	}
	return byID, byDN, err
}

// A role that can't be found is gone or hidden: that proves no unlocking.
func TestHiddenRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.step("rules", "min_attribute 50%")
	w.rules.Via = map[string]string{"accountlock": "nsrole"}
	dir := &hiddenRole{memDirectory: w.dir}
	run := func() string {
		e := w.engine()
		e.Source = dir
		return w.report(e.Run(context.Background(), engine.Options{RunID: "r"}))
	}
	w.step("directory", "1 anna\n2 bert")
	run()
	w.step("directory", "1 anna nsrole=cn=locked disabled\n2 bert")
	run()
	w.step("rules", "blind attr:accountlock")
	dir.hidden = true
	if got := run(); !strings.Contains(got, "enable anna [held]") {
		t.Error(got)
	}
}
