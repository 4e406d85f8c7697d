package engine_test

import (
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"

	"pgregory.net/rapid"
)

// TestAHumanUnderANewIDIsNeverShutOut plays whatever hands in Duo, adoptions, refreshes and
// time may do while somebody is there under a new id. Until the user has gone over to the new
// entry, or is gone from Duo, each run ends held, tells the person once, and neither shuts
// the user out nor makes a second one. Only whoever adopts another user for the person by
// hand has said that the former one is nobody's.
func TestAHumanUnderANewIDIsNeverShutOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(&silent{TB: nil, rapid: t})
		w.rules.OnMissing = rapid.SampledFrom([]decide.Removal{
			{Action: dirsync.Disable, Then: dirsync.Trash, Grace: time.Hour}, {Action: dirsync.Disable, After: 48 * time.Hour, Then: decide.Keep}, {Action: dirsync.Trash}, {Action: dirsync.Delete},
		}).Draw(t, "on_missing")
		w.rules.Existing = rapid.SampledFrom([]decide.Existing{decide.ExistingReport, decide.ExistingAdopt, decide.ExistingAdoptIfEmailMatches}).Draw(t, "existing")
		w.step("directory", "1 anna mail=a@x\n2 bert mail=b@x")
		w.run(engine.Options{})
		const user = "DU001"
		before := rapid.SampledFrom([]string{"", "set DU001 status=pending_deletion", "set DU001 synced=true"}).Draw(t, "before")
		if before != "" { // others lay hands on the user, who is let go perhaps
			w.step("duo", before)
			w.run(engine.Options{Refresh: rapid.Bool().Draw(t, "seen")})
		}
		w.step("directory", "11 anna mail=a@x\n2 bert mail=b@x")
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			hand := rapid.SampledFrom([]string{"", "", "set DU001 status=pending_deletion", "set DU001 status=active", "set DU001 status=bypass", "set DU001 username=other", "set DU001 username=anna",
				"set DU001 synced=true", "set DU001 synced=false", "add DX1 username=anna", "delete DX1", "delete DU001"}).Draw(t, "hand")
			if hand == "add DX1 username=anna" && (w.duo.users["DX1"] != nil || w.duo.users[user].Username == "anna") {
				hand = ""
			}
			if hand == "set DU001 username=anna" && w.duo.users["DX1"] != nil {
				hand = ""
			}
			w.step("duo", hand)
			if w.duo.users[user] == nil {
				break
			}
			status := w.duo.users[user].Status
			w.clock = w.clock.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "hours")) * time.Hour)
			opts := engine.Options{Refresh: rapid.Bool().Draw(t, "refresh")}
			if rapid.IntRange(0, 3).Draw(t, "adopt") == 0 {
				opts.Adopt = []string{"anna"}
			}
			run := w.run(opts)
			if run.Err != nil {
				t.Fatal(run.Err)
			}
			if link, ours := w.store.links["11"]; ours && link.User != user && opts.Adopt != nil {
				return
			}
			if w.duo.users[user].Status != status {
				t.Fatalf("the user was %s and is %s:\n%s%s%s", status, w.duo.users[user].Status, w.report(run), w.accounts(), w.links())
			}
			if link, ours := w.store.links["11"]; ours {
				if link.User != user && !w.duo.users[user].Synced && !(opts.Adopt != nil || w.rules.Existing != decide.ExistingReport) {
					t.Fatalf("another user was made:\n%s%s%s", w.report(run), w.accounts(), w.links())
				}
				return
			}
			told := 0
			for _, a := range run.Attention {
				if a.Source == "11" {
					told++
				}
			}
			letGo := w.store.links["1"].LetGo == dirsync.LetGoSynced
			if told != 1 || !run.Held() && !letGo {
				t.Fatalf("told %d times:\n%s%s%s", told, w.report(run), w.accounts(), w.links())
			}
		}
		if w.duo.users[user] == nil {
			w.run(engine.Options{Refresh: true})
			w.run(engine.Options{Refresh: true})
			_, old := w.store.links["1"]
			if _, ours := w.store.links["11"]; old || !ours && w.duo.users["DX1"] == nil {
				t.Fatalf("the user is gone, and it goes on:\n%s%s%s", w.report(w.last), w.accounts(), w.links())
			}
		}
	})
}
