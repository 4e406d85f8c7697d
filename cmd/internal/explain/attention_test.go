package explain

import (
	"testing"

	dirsync "duosync/sync"
)

// TestAtPresent: what a run found is told as it stands now.
func TestAtPresent(t *testing.T) {
	const by, reported = "disabled in Duo by others", "deleted in Duo by others; the configuration asks to report it only"
	for _, test := range []struct {
		name      string
		found     dirsync.Attention
		last, now string
		marked    bool
		want      string
	}{
		{"nothing", dirsync.Attention{}, "", "", false, ""},
		{"seen by nobody yet", dirsync.Attention{}, "", by, false, by},
		{"as it was", dirsync.Attention{Reason: by, Apart: true}, by, by, false, by},
		{"settled since", dirsync.Attention{Reason: by, Apart: true}, by, "", false, ""},
		{"another way by now", dirsync.Attention{Reason: by, Apart: true}, by, "locked out by Duo", false, "locked out by Duo"},
		{"with a conflict", dirsync.Attention{Reason: by + "; two claim the name", Apart: true}, by, "", false, "two claim the name"},
		{"with a conflict before it", dirsync.Attention{Reason: "two claim the name; " + by, Apart: true}, by, by, false, by + "; two claim the name"},
		{"a conflict alone", dirsync.Attention{Reason: "two claim the name"}, "", by, false, by + "; two claim the name"},
		{"a reason of two parts", dirsync.Attention{Reason: reported, Apart: true}, reported, reported, false, reported},
		{"by duosync disable", dirsync.Attention{}, "", by, true, ""},
	} {
		if got := atPresent(test.found, test.last, test.now, test.marked).Reason; got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
