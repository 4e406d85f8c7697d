package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"

	"github.com/google/go-cmp/cmp"
)

// engine is an engine of this world.
func (w *world) engine() *engine.Engine {
	return &engine.Engine{Source: w.dir, Target: w.duo, Store: w.store, Rules: w.rules, Now: func() time.Time { return w.clock }}
}

// steps plays steps of a scenario, as name and data in turns.
func (w *world) steps(steps ...string) {
	w.t.Helper()
	for i := 0; i < len(steps); i += 2 {
		if got, golden := w.step(steps[i], steps[i+1]); golden && strings.Contains(got, "error:") {
			w.t.Fatalf("%s: %s", steps[i], got)
		}
	}
}

// differences lists the drift, a line each, and checks that looking changes nothing.
func (w *world) differences() []string {
	w.t.Helper()
	before, writes := w.accounts()+w.links(), w.store.writes
	d, err := w.engine().Drift(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.accounts()+w.links()); diff != "" || w.store.writes != writes {
		w.t.Errorf("drift changed something:\n%s", diff)
	}
	lines := []string{}
	for _, x := range d.Differences {
		show := func(v string) string {
			if dirsync.IsList(x.Field) {
				return fmt.Sprintf("%q", dirsync.Items(v))
			}
			return v
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s -> %s", x.Username, x.Field, show(x.Ours), show(x.Duo)))
	}
	return lines
}

func (w *world) wantDrift(what string, want ...string) {
	w.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, w.differences()); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

const everybody = `
a anna mail=anna@x mobile=+12025550101 alias=ann @staff
b bob  mail=bob@x  mobile=+12025550102 @staff @vpn
c cara mail=cara@x
d dan  mail=dan@x
e eve  mail=eve@x disabled`

// inStep is a world in which Duo holds everybody but eve, who was never let in.
func inStep(t *testing.T) *world {
	w := newWorld(t)
	w.steps("rules", "aliases alias\nphones always conflict mobile\nmirror staff vpn\ngroups 1=staff 2=vpn", "directory", everybody, "run", "")
	return w
}

// user gives the Duo id behind a username.
func (w *world) user(name string) string {
	w.t.Helper()
	a := w.duo.holder(name)
	if a == nil {
		w.t.Fatalf("nobody is %s", name)
	}
	return a.ID
}

func TestDrift(t *testing.T) {
	w := inStep(t)
	w.wantDrift("in step")
	anna, bob, cara, dan := w.user("anna"), w.user("bob"), w.user("cara"), w.user("dan")
	staff, vpn := w.duo.groupNamed("staff").ID, w.duo.groupNamed("vpn").ID

	w.steps("duo", "set "+cara+" enrolled\njoin "+dan+" "+vpn+"\nphone DPX +12025550199 "+dan+"\nset "+dan+" alias=danny notes=mine",
		"duo", "add DUX username=somebody")
	w.wantDrift("what others made and enrolled")

	w.steps("duo", "set "+anna+" email=other@x status=disabled\nleave "+bob+" "+staff+"\nset "+cara+" username=cara2\nset "+dan+" synced\nadd DUY username=cara")
	w.duo.users[anna].Aliases = nil
	w.duo.phone("+12025550101").Users = nil
	w.duo.users[bob].Aliases = []string{"anny"}
	w.duo.groups[vpn].Name = "VPN"
	w.wantDrift("by hand",
		`anna aliases: ["ann"] -> []`,
		"anna email: anna@x -> other@x",
		`anna phones: ["+12025550101"] -> []`,
		"anna status: active -> disabled",
		`bob groups: ["staff" "vpn"] -> ["vpn"]`,
		"cara holder: "+cara+" -> DUY",
		"cara username: cara -> cara2",
		"dan synced: false -> true",
	)
	w.duo.groups[vpn].Name, w.duo.groups[vpn].Status = "else", dirsync.StatusBypass
	w.steps("duo", "delete "+staff+"\ndelete "+cara)
	for _, a := range w.duo.users {
		w.hand([]string{"leave", a.ID, staff})
	}
	w.duo.users[bob].Aliases = []string{"ann"} // anna's
	w.wantDrift("and more",
		"ann holder: "+anna+" -> "+bob,
		`anna aliases: ["ann"] -> []`,
		"anna email: anna@x -> other@x",
		`anna groups: ["staff"] -> []`,
		`anna phones: ["+12025550101"] -> []`,
		"anna status: active -> disabled",
		`bob groups: ["staff" "vpn"] -> ["vpn"]`,
		"cara holder: "+cara+" -> DUY",
		"cara user: cara -> deleted",
		"dan synced: false -> true",
		"staff group: staff -> deleted",
		"vpn group: vpn -> else",
		"vpn group status: active -> bypass",
	)
}

// TestDriftIsMended shows nothing once a refresh has mended what it may, and let go
// of the rest; what drift was to be reported only shows on.
func TestDriftIsMended(t *testing.T) {
	for _, mode := range []string{"enforce", "report"} {
		w := inStep(t)
		w.drift = mode
		w.steps("duo", "set "+w.user("anna")+" email=other@x\nset "+w.user("dan")+" synced", "clock", "1h", "run refresh", "")
		if mode == "enforce" {
			w.wantDrift(mode)
		} else {
			w.wantDrift(mode, "anna email: anna@x -> other@x")
		}
	}
}

// TestDriftOfTheRemoved: who was purged from the Trash is gone as was to be, and one
// whom we disabled and somebody let in again is told, report or not.
func TestDriftOfTheRemoved(t *testing.T) {
	w := inStep(t)
	w.steps("rules", "on_missing trash 0s keep 0s", "directory", strings.Replace(everybody, "d dan", "x xen", 1), "run", "")
	w.wantDrift("in the Trash")
	w.steps("duo", "delete "+w.user("dan"))
	w.wantDrift("purged")

	w = inStep(t)
	w.drift = "status"
	w.steps("directory", strings.Replace(everybody, "mail=dan@x", "mail=dan@x disabled", 1), "run", "", "duo", "set "+w.user("dan")+" status=active")
	for range 2 {
		w.wantDrift("let in again", "dan status: disabled -> active")
		w.steps("clock", "1h", "run refresh", "")
	}
}

// TestDriftSettles finds out, in memory, what became of an interrupted run.
func TestDriftSettles(t *testing.T) {
	w := inStep(t)
	w.steps("directory", strings.Replace(everybody, "bob@x", "bob@y", 1), "faults", "lose bob")
	w.run(w.options(""))
	if len(w.store.open) == 0 {
		t.Fatal("nothing is open")
	}
	w.wantDrift("after a reply that never came")
	d, err := w.engine().Drift(context.Background())
	if err != nil || len(d.Warnings) != 1 || d.Users != 4 || d.Groups != 2 || len(w.store.open) == 0 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestDriftOfNothing(t *testing.T) {
	w := newWorld(t)
	w.steps("duo", "add DUX username=somebody")
	w.wantDrift("a state that knows nobody")
}
