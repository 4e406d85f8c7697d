package state_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/state"
	dirsync "duosync/sync"
)

func TestRunIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		db := open(t, fresh(t))
		defer closing(t, db)
		for n, id := range []string{"20260301-a", "20260302-b", "20260302-c", "%_", "ä1"} {
			_, err := db.Begin(t.Context(), dirsync.RunStart{ID: id, Started: time.Date(2026, 3, 1+n, 0, 0, 0, 0, time.UTC), Binding: account})
			must(t, err)
		}
		for _, test := range []struct {
			prefix string
			limit  int
			want   []string
		}{
			{"20260301-a", 5, []string{"20260301-a"}},
			{"20260302", 5, []string{"20260302-c", "20260302-b"}},
			{"202603", 2, []string{"20260302-c", "20260302-b"}},
			{"%", 5, []string{"%_"}}, // a pattern to SQL's LIKE
			{"_", 5, nil},
			{"ä", 5, []string{"ä1"}},
			{"20260301-abc", 5, nil},
		} {
			got, err := db.RunIDs(t.Context(), test.prefix, test.limit)
			must(t, err)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.prefix, diff)
			}
		}
	})
}

// A run that was killed and the one that settles what it left: each has its own
// steps, and the outcome stands with the intent.
func TestSteps(t *testing.T) {
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		db := open(t, fresh(t))
		defer closing(t, db)
		op := func(id dirsync.SourceID) *dirsync.Op {
			return &dirsync.Op{Action: dirsync.Create, Source: id, Username: string(id)}
		}
		killed := begin(t, db, "killed")
		intend(t, killed, []*dirsync.Op{op("a"), op("b")}, time.Now())
		must(t, killed.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true, Note: "done"}}))

		notes := func(run string) (words []string) {
			for _, s := range stepsOf(t, db, run) {
				words = append(words, fmt.Sprintf("%s %s %v %q", s.Op.Action, s.Op.Username, !s.Done.IsZero(), s.Note))
			}
			return words
		}
		if diff := cmp.Diff([]string{`create a true "done"`, `create b false ""`}, notes("killed")); diff != "" {
			t.Errorf("after the kill (-want +got):\n%s", diff)
		}
		open, err := db.Open(t.Context())
		must(t, err)
		next := begin(t, db, "next")
		must(t, next.Record(t.Context(), []dirsync.Outcome{{Source: "b", Seq: open[0].Seq, Same: true, Note: "not done"}}))
		if diff := cmp.Diff([]string{`create a true "done"`, `create b true "not done"`}, notes("killed")); diff != "" {
			t.Errorf("once settled (-want +got):\n%s", diff)
		}
		if words := notes("next"); len(words) > 0 {
			t.Errorf("the run that settled has steps of its own: %v", words)
		}
	})
}

func TestHolder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		dsn := fresh(t)
		holder := func() string {
			who, err := state.Holder(dsn)
			must(t, err)
			return who
		}
		if who := holder(); who != "" {
			t.Errorf("held %s though there is no state", who)
		}
		db := open(t, dsn)
		if who := holder(); !strings.Contains(who, "process "+strconv.Itoa(os.Getpid())+" on ") {
			t.Errorf("held %q, want this process", who)
		}
		closing(t, db)
		if who := holder(); who != "" {
			t.Errorf("held %s after it was closed", who)
		}
		run := startRun(t, dsn)
		if holder() == "" {
			t.Error("the lock of another process is not seen")
		}
		run.kill(t)
		eventually(t, func() bool { return holder() == "" })
	})
}
