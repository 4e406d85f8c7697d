package state_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"duosync/state"
	dirsync "duosync/sync"
)

// A disk that fills up, or a file that can't be written any more, at any step of a
// run: a message with advice, and a state that is whole and holds all that was
// acknowledged.
func TestTroubleWithTheDisk(t *testing.T) {
	t.Parallel()
	long := incompressible(200_000)
	wide := link("a", "DU1")
	wide.Answered.Notes = long
	steps := []struct {
		name string
		do   func(*state.DB, dirsync.Journal) error
	}{
		{"begin", func(db *state.DB, _ dirsync.Journal) error {
			_, err := db.Begin(t.Context(), dirsync.RunStart{ID: long, Started: time.Now(), Binding: account})
			return err
		}},
		{"intend", func(_ *state.DB, j dirsync.Journal) error {
			return refused(t.Context(), j, []*dirsync.Op{{Action: dirsync.Create, Source: "b", Reason: long}})
		}},
		{"record", func(_ *state.DB, j dirsync.Journal) error {
			return j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Link: wide}})
		}},
		{"finish", func(_ *state.DB, j dirsync.Journal) error {
			told := map[string]dirsync.Told{"a": {Reason: long}}
			return j.Finish(t.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: "applied", Told: told, Refreshed: time.Now()})
		}},
		{"approve", func(db *state.DB, _ dirsync.Journal) error {
			return db.Approve(t.Context(), dirsync.Approval{ID: "a", Holds: []dirsync.Hold{{Keys: []string{long}}}})
		}},
	}
	for _, trouble := range []struct {
		name, hint string
		begin, end func(*testing.T, *state.DB)
	}{
		{"a full disk", "free some space",
			func(t *testing.T, db *state.DB) { must(t, db.LimitPages(t.Context(), 1)) },
			func(t *testing.T, db *state.DB) { must(t, db.LimitPages(t.Context(), 1<<20)) }},
		{"a file that can't be written", "the right to write",
			func(t *testing.T, db *state.DB) { must(t, db.Exec(t.Context(), `PRAGMA query_only = 1`)) },
			func(t *testing.T, db *state.DB) { must(t, db.Exec(t.Context(), `PRAGMA query_only = 0`)) }},
	} {
		for _, step := range steps {
			t.Run(trouble.name+" at "+step.name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "duosync.db")
				db := open(t, path)
				j := begin(t, db, "first")
				intend(t, j, create("a"), time.Now())
				trouble.begin(t, db)
				err := step.do(db, j)
				if err == nil || !strings.Contains(dirsync.Hint(err), trouble.hint) || !strings.Contains(err.Error(), path) {
					t.Errorf("%v (%s), want the path and the advice %q", err, dirsync.Hint(err), trouble.hint)
				}
				trouble.end(t, db)
				closing(t, db)

				if said, err := integrity(t.Context(), path); err != nil || said != "ok" {
					t.Errorf("integrity: %s, %v", said, err)
				}
				db = open(t, path)
				defer closing(t, db)
				left, err := db.Open(t.Context())
				must(t, err)
				meta, err := db.Meta(t.Context())
				must(t, err)
				if links := countLinks(t, db); len(left) != 1 || links != 0 || !meta.Refreshed.IsZero() {
					t.Errorf("%d open intents, %d links, refreshed %v; want 1, 0 and never", len(left), links, meta.Refreshed)
				}
				// And the next run goes well.
				must(t, begin(t, db, "next").Record(t.Context(), []dirsync.Outcome{{Source: "a", Seq: left[0].Seq, Link: wide}}))
			})
		}
	}
}
