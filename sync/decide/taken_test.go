package decide_test

import (
	"strings"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// TestTakenNamesSayWhatToDo: whoever holds a wanted name, the conflict says what a human can
// do, and offers --adopt only where that can work.
func TestTakenNamesSayWhatToDo(t *testing.T) {
	trashed := &decide.Subject{Link: &dirsync.Link{Missing: &dirsync.Missing{Step: dirsync.Trash}}}
	for _, owner := range []dirsync.SourceID{"", "1"} {
		for _, status := range []string{dirsync.StatusActive, dirsync.StatusDisabled, dirsync.StatusPendingDeletion} {
			for bits := range 16 {
				taken := decide.Taken{Name: "anna", Alias: bits&1 != 0, Holder: &dirsync.Account{ID: "DU1", Username: "anna", Status: status, Synced: bits&2 != 0}, Owner: owner, Gone: owner != "" && bits&4 != 0}
				if bits&8 != 0 {
					taken.Holder.Username = "other"
				}
				if taken.Gone {
					taken.Former = trashed
				}
				text, adoptable := taken.Words()
				why, advice, _ := strings.Cut(text, "; ")
				if why == "" || advice == "" {
					t.Errorf("%+v: no way out: %q", taken, text)
				}
				inTrash := status == dirsync.StatusPendingDeletion && !taken.Gone
				can := !taken.Alias && !taken.Holder.Synced && taken.Holder.Username == "anna" && !inTrash && (owner == "" || taken.Gone)
				if adoptable != can {
					t.Errorf("%+v: adoptable %v, want %v: %s", taken, adoptable, can, text)
				}
			}
		}
	}
	former := &decide.Subject{Link: &dirsync.Link{}}
	byOthers := decide.Taken{Name: "anna", Holder: &dirsync.Account{Username: "anna", Status: dirsync.StatusPendingDeletion}, Owner: "1", Gone: true, Former: former}
	if text, adoptable := byOthers.Words(); adoptable || !strings.Contains(text, "restored in the Duo Admin Panel, it can be adopted") {
		t.Errorf("put into the Trash by others: %v: %s", adoptable, text)
	}
}
