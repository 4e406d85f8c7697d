package engine_test

import "testing"

// TestTheTargetIsToldWhoseAUserIs: by it the target tells an answer to a create from one
// about somebody whom we have.
func TestTheTargetIsToldWhoseAUserIs(t *testing.T) {
	w := newWorld(t)
	w.step("directory", "1 anna cn=Anna\n2 bert cn=Bert\n")
	w.step("run", "")
	for range 2 {
		w.step("run", "")
		if got := w.duo.owner("DU001") + " " + w.duo.owner("DU002") + " " + w.duo.owner("DU003"); got != "1 2 " {
			t.Errorf("the target is told %q", got)
		}
	}
}
