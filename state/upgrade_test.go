package state_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/state"
	"duosync/state/pgtest"
	dirsync "duosync/sync"
)

// firstVersion is what a state of the first version holds, as SQL that both
// databases take.
func firstVersion(t *testing.T, truth, lie string) string {
	t.Helper()
	text := func(v any) string {
		j, err := json.Marshal(v)
		must(t, err)
		return "'" + strings.ReplaceAll(string(j), "'", "''") + "'"
	}
	l := oldLink()
	b := l.Brief()
	return strings.Join([]string{
		`INSERT INTO meta (key, value) VALUES ('binding', ` + text(account) + `)`,
		`INSERT INTO meta (key, value) VALUES ('baseline', '{"at":"2026-03-04T05:06:07Z","server":"ldaps://one","in_scope":3,` +
			`"scope":"fingerprint","attributes":{"mail":2},"groups":{"staff":3},"excluded":1}')`,
		`INSERT INTO links (source_id, link, duo_id, username, origin, asked_hash, answered_hash, missing, let_go, active, pending, updated)
			VALUES ('a', ` + text(l) + `, 'DU1', 'a', 'created', ` + fmt.Sprint(int64(b.Asked), ", ", int64(b.Answered)) + `, ` + //nolint:gosec // the bits are meant
			strings.Join([]string{lie, lie, truth, lie}, ", ") + `, '2026-03-04T05:06:07.000000000Z')`,
		`INSERT INTO runs (id, started, outcome) VALUES ('old', '2026-03-04T05:06:07.000000000Z', 'held')`,
		`INSERT INTO holds (id, keys, guards, held_at) VALUES ('held', '["k"]', '["max_remove"]', '2026-03-04T05:06:07.000000000Z')`,
		`INSERT INTO holds (id, keys, guards, approved_until) VALUES ('approved', '["k"]', '["max_remove"]', '9026-03-04T05:06:07.000000000Z')`,
		`INSERT INTO holds (id, approved_until) VALUES ('dry', '9026-03-04T05:06:07.000000000Z')`,
	}, ";\n")
}

func oldLink() *dirsync.Link { return link("a", "DU1") }

// checkUpgraded fails the test unless db has all of firstVersion but what was held.
func checkUpgraded(t *testing.T, db *state.DB) {
	t.Helper()
	meta, err := db.Meta(t.Context())
	must(t, err)
	want := dirsync.Meta{Binding: &account, Baseline: &dirsync.Baseline{
		At: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Server: "ldaps://one", InScope: 3, Scope: "fingerprint",
		Attributes: map[string]int{"mail": 2}, Groups: map[string]int{"staff": 3}, Excluded: 1,
	}}
	if diff := cmp.Diff(want, meta); diff != "" {
		t.Errorf("meta (-want +got):\n%s", diff)
	}
	if links := countLinks(t, db); links != 1 {
		t.Errorf("%d links, want one", links)
	}
	var briefs []dirsync.Brief
	must(t, db.Scan(t.Context(), func(b dirsync.Brief) error { briefs = append(briefs, b); return nil }))
	if diff := cmp.Diff([]dirsync.Brief{oldLink().Brief()}, briefs); diff != "" || briefs[0].Seen != 0 {
		t.Errorf("briefs (-want +got):\n%s", diff)
	}
	links, err := db.Load(t.Context(), []dirsync.SourceID{"a"})
	must(t, err)
	if diff := cmp.Diff([]dirsync.Link{*oldLink()}, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	runs, err := db.Runs(t.Context(), 0)
	must(t, err)
	if len(runs) != 1 || runs[0].ID != "old" {
		t.Errorf("runs %v", runs)
	}
	for _, id := range []string{"held", "approved", "dry"} {
		if _, found, err := db.Hold(t.Context(), id); found || err != nil {
			t.Errorf("what was held as %s is there: %v, %v", id, found, err)
		}
	}
	approvals, err := db.Approvals(t.Context(), time.Now())
	must(t, err)
	marks, err := db.Marks(t.Context())
	must(t, err)
	if len(approvals)+len(marks) > 0 {
		t.Errorf("approvals %v, marks %v", approvals, marks)
	}
}

// checkDay fails the test unless the first run after the upgrade counts the links of before, which
// it leaves as they are.
func checkDay(t *testing.T, db *state.DB) {
	t.Helper()
	for _, run := range []string{"upgraded", "next"} {
		j := begin(t, db, run)
		must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: "no-changes", Groups: map[string]int{"staff": 1}}))
		days, err := db.Days(t.Context(), time.Time{})
		must(t, err)
		want := []dirsync.Day{{Date: dirsync.DateOf(time.Now()), Seats: dirsync.Seats{Active: 1, NeverEnrolled: 1}, Groups: map[string]int{"staff": 1}}}
		if diff := cmp.Diff(want, days); diff != "" {
			t.Errorf("days (-want +got):\n%s", diff)
		}
	}
	must(t, db.Scan(t.Context(), func(b dirsync.Brief) error {
		if diff := cmp.Diff(oldLink().Brief(), b); diff != "" {
			t.Errorf("brief (-want +got):\n%s", diff)
		}
		return nil
	}))
}

// checkUse fails the test unless a run can use all that came with the upgrade.
func checkUse(t *testing.T, db *state.DB) {
	t.Helper()
	l := oldLink()
	l.Seen = dirsync.Seen{Base: "ou=people"}
	must(t, db.Approve(t.Context(), dirsync.Approval{ID: "approved", Until: time.Now().Add(time.Hour)}))
	must(t, db.Mark(t.Context(), dirsync.Mark{User: "DU9", Username: "nobody"}))
	j := begin(t, db, "new")
	must(t, j.Use(t.Context(), []string{"approved"}))
	must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Link: l}}))
	must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: "applied", Used: []string{"approved"}}))
	must(t, db.Scan(t.Context(), func(b dirsync.Brief) error {
		if b.Seen != l.Seen.Hash() {
			t.Errorf("seen %d, want %d", b.Seen, l.Seen.Hash())
		}
		return nil
	}))
}

func TestUpgrade(t *testing.T) {
	ownTemp(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "duosync.db")
	makeOldFile(t, path, 4)
	onFile(t, path, firstVersion(t, "1", "0"))
	before := tree(t, dir)
	look := openReadOnly(t, path)
	checkUpgraded(t, look)
	closing(t, look)
	unchanged(t, before, dir)

	db := open(t, path)
	defer closing(t, db)
	checkUpgraded(t, db)
	checkDay(t, db)
	checkUse(t, db)
}

// A state of any schema there ever was opens, and is used as a new one.
func TestEveryEarlierSchema(t *testing.T) {
	t.Parallel()
	for kind, of := range map[string]struct {
		folder string
		old    func(*testing.T, int64) (dsn string)
		do     func(*testing.T, string, string)
	}{
		"SQLite": {"migrations/sqlite", func(t *testing.T, version int64) string {
			path := filepath.Join(t.TempDir(), "duosync.db")
			makeOldFile(t, path, version)
			return path
		}, func(t *testing.T, path, query string) { onFile(t, path, query) }},
		"PostgreSQL": {"migrations/postgres", func(t *testing.T, version int64) string {
			dsn := postgres(t).Schema(t)
			makeOldServer(t, dsn, version)
			return dsn
		}, func(t *testing.T, dsn, query string) { onServer(t, dsn, query, func() {}) }},
	} {
		for version := range int64(len(entries(t, of.folder))) {
			t.Run(fmt.Sprintf("%s %d", kind, version), func(t *testing.T) {
				dsn := of.old(t, version)
				hasRuns := version > 1 || version == 1 && kind == "PostgreSQL"
				if hasRuns {
					of.do(t, dsn, `INSERT INTO runs (id, started, outcome) VALUES ('old', '2026-03-04T05:06:07.000000000Z', 'held')`)
				}
				db := open(t, dsn)
				defer closing(t, db)
				runs, err := db.Runs(t.Context(), 0)
				must(t, err)
				if hasRuns != (len(runs) == 1) || hasRuns && (runs[0].ID != "old" || runs[0].By != "") {
					t.Errorf("runs %+v", runs)
				}
				checkUse(t, db)
				if acts, err := db.Acts(t.Context(), 0); err != nil || len(acts) != 2 {
					t.Errorf("acts %v, %v; want the approval and the mark", acts, err)
				}
			})
		}
	}
}

func TestServerUpgrade(t *testing.T) {
	dsn := postgres(t).Schema(t)
	makeOldServer(t, dsn, 1)
	onServer(t, dsn, firstVersion(t, "TRUE", "FALSE"), func() {})
	db := open(t, dsn)
	defer closing(t, db)
	checkUpgraded(t, db)
	checkDay(t, db)
	checkUse(t, db)
}

// A run of an older duosync has the state open: its schema stays as it is till then.
func TestBesideARunOfAnOlderVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	db := open(t, path)
	onFile(t, path, `DELETE FROM duosync_schema WHERE version_id > 4`)
	_, err := state.OpenBeside(t.Context(), path, state.Options{})
	if !errors.Is(err, state.ErrLocked) || dirsync.Hint(err) == "" {
		t.Errorf("%v (%s), want ErrLocked with advice", err, dirsync.Hint(err))
	}
	closing(t, db)
}

// Who may write the tables may not change their form yet.
func TestServerUpgradeByAnother(t *testing.T) {
	server := postgres(t)
	for _, query := range []string{
		`CREATE SCHEMA lent AUTHORIZATION duosync`, `CREATE ROLE borrower LOGIN PASSWORD '` + pgtest.Password + `'`,
		`GRANT USAGE, CREATE ON SCHEMA lent TO borrower`,
	} {
		must(t, server.Admin(query))
	}
	owner := server.URL("postgres", pgtest.Password, "search_path=lent")
	makeOldServer(t, owner, 1)
	must(t, server.Admin(`GRANT ALL ON ALL TABLES IN SCHEMA lent TO borrower`))
	borrower := strings.Replace(owner, "//duosync:", "//borrower:", 1)
	_, examining := state.Examine(borrower)
	_, opening := state.Open(t.Context(), borrower, state.Options{CallTime: time.Minute})
	for _, err := range []error{examining, opening} {
		if err == nil || !strings.Contains(err.Error(), "does not own its tables") || !strings.Contains(dirsync.Hint(err), "owner") {
			t.Errorf("%v (%s)", err, dirsync.Hint(err))
		}
	}
	closing(t, open(t, owner))
}

// A mark that is given is known to every intent that is written down from then on, and so is
// a pause: both wait for a run's transaction that is under way.
func TestServerMarkWaitsForARun(t *testing.T) {
	t.Parallel()
	dsn := postgres(t).Schema(t)
	closing(t, open(t, dsn))
	watch, err := sql.Open("pgx", dsn)
	must(t, err)
	defer func() { must(t, watch.Close()) }()
	for what, act := range map[string]func(context.Context, *state.DB) error{
		"mark": func(ctx context.Context, db *state.DB) error {
			return db.Mark(ctx, dirsync.Mark{User: "DU1", Username: "a"})
		},
		"pause": func(ctx context.Context, db *state.DB) error { return db.Pause(ctx, dirsync.Pause{}) },
	} {
		name := "waits-" + what
		beside, err := state.OpenBeside(t.Context(), dsn+"&application_name="+name, state.Options{})
		must(t, err)
		onServer(t, dsn, `SELECT value FROM meta WHERE key = 'epoch' FOR SHARE`, func() { // as a run's transactions begin
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- act(ctx, beside) }()
			eventually(t, func() bool {
				var waits bool
				must(t, watch.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
					WHERE application_name = $1 AND wait_event_type = 'Lock')`, name).Scan(&waits))
				return waits || len(ended) > 0
			})
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("a %s beside a run's transaction: %v, want it to wait", what, err)
			}
		})
		must(t, act(t.Context(), beside))
		closing(t, beside)
	}
}
