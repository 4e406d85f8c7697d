package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/state"
	dirsync "duosync/sync"
)

func TestReadOnlyWithoutFile(t *testing.T) {
	ownTemp(t)
	dir := t.TempDir()
	before := tree(t, dir)
	db := openReadOnly(t, filepath.Join(dir, "not", "there.db"))
	meta, err := db.Meta(t.Context())
	must(t, err)
	if diff := cmp.Diff(dirsync.Meta{}, meta); diff != "" {
		t.Errorf("meta (-want +got):\n%s", diff)
	}
	closing(t, db)
	unchanged(t, before, dir)
}

func TestReadOnlyLeavesEverything(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "duosync.db")
	closed := func(t *testing.T) {
		db := open(t, path)
		must(t, begin(t, db, "first").Record(t.Context(), []dirsync.Outcome{{Source: "a", Link: link("a", "DU1")}}))
		closing(t, db)
	}
	killed := func(t *testing.T) {
		startRun(t, path).kill(t)
		if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
			t.Fatalf("the killed run left no log: %v", err)
		}
	}
	for _, test := range []struct {
		name  string
		make  func(*testing.T)
		links int
	}{
		{"after a clean end", closed, 1},
		{"after a killed run", killed, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			ownTemp(t)
			test.make(t)
			before := tree(t, dir)
			db := openReadOnly(t, path)
			if got := countLinks(t, db); got != test.links {
				t.Errorf("%d links, want %d", got, test.links)
			}
			if _, err := db.Begin(t.Context(), dirsync.RunStart{ID: "dry", Binding: account}); !errors.Is(err, state.ErrReadOnly) {
				t.Errorf("begin: %v, want ErrReadOnly", err)
			}
			if err := db.Approve(t.Context(), dirsync.Approval{ID: "a"}); !errors.Is(err, state.ErrReadOnly) {
				t.Errorf("approve: %v, want ErrReadOnly", err)
			}
			closing(t, db)
			unchanged(t, before, dir)
		})
	}
}

func TestReadOnlyThroughASymlink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	startRun(t, path).kill(t) // its links are in the log, which lies beside the file itself
	alias := filepath.Join(t.TempDir(), "alias.db")
	must(t, os.Symlink(path, alias))
	db := openReadOnly(t, alias)
	defer closing(t, db)
	if got := countLinks(t, db); got != 1 {
		t.Errorf("%d links, want the one that was recorded", got)
	}
}

func TestReadOnlyBesideARun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	db := open(t, path)
	defer closing(t, db)
	j := begin(t, db, "first")

	// Each record writes two links with one value, enough for the log to be
	// moved into the file and begun anew now and then.
	ctx, stop := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	var failed error
	writer.Go(func() {
		for n := 0; ctx.Err() == nil && failed == nil; n++ {
			a, b := link("a", "DU1"), link("b", "DU2")
			a.LetGo = fmt.Sprint(n)
			a.Answered.Notes = strings.Repeat("x", 200_000)
			b.LetGo = a.LetGo
			failed = j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Link: a}, {Source: "b", Link: b}})
		}
	})
	last := ""
	for range 20 {
		seen := openReadOnly(t, path)
		links, err := seen.Load(t.Context(), []dirsync.SourceID{"a", "b"})
		must(t, err)
		closing(t, seen)
		if len(links) == 0 && last == "" {
			continue // the first record is not written yet
		}
		if len(links) != 2 || links[0].LetGo != links[1].LetGo {
			t.Fatalf("a record shows in part: %d links", len(links))
		}
		last = links[0].LetGo
	}
	stop()
	writer.Wait()
	must(t, failed)
}

func TestOlderSchema(t *testing.T) {
	ownTemp(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "duosync.db")
	makeOldFile(t, path, 1)
	onFile(t, path, `INSERT INTO meta (key, value) VALUES ('refreshed', '"2026-03-04T05:06:07Z"')`)
	before := tree(t, dir)

	check := func(db *state.DB) {
		t.Helper()
		meta, err := db.Meta(t.Context())
		must(t, err)
		if want := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC); !meta.Refreshed.Equal(want) {
			t.Errorf("refreshed %v, want %v", meta.Refreshed, want)
		}
		if _, err := db.Open(t.Context()); err != nil { // a table that came later
			t.Error(err)
		}
	}
	seen := openReadOnly(t, path)
	check(seen)
	closing(t, seen)
	unchanged(t, before, dir)

	db := open(t, path)
	check(db)
	closing(t, db)
}
