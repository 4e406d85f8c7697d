package api

import "testing"

func TestGroupsOfDuosOwnSync(t *testing.T) {
	for name, want := range map[string]bool{
		`Staff (from AD sync "Acme")`: true, `Staff (from "Acme")`: true, `Staff (From Azure sync "Acme (EU)") `: true,
		"Staff (synced from Entra ID)": true, "Staff": false, "Staff (Berlin)": false, "from (x": false, "letters from (home)": false, "": false,
	} {
		if got := syncedGroup(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
