package state_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/state"
	dirsync "duosync/sync"
)

func TestServerReadOnlyIsOfOneMoment(t *testing.T) {
	dsn := postgres(t).Schema(t)
	db := open(t, dsn)
	defer closing(t, db)
	j := begin(t, db, "first")
	must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Link: link("a", "DU1")}}))

	look := openReadOnly(t, dsn)
	defer closing(t, look)
	intend(t, j, create("b"), time.Now())
	must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "b", Link: link("b", "DU2")}, {Source: "a"}}))
	if n := countLinks(t, look); n != 1 {
		t.Errorf("%d links, want the one of before", n)
	}
	// Several goroutines may look, also while others scan.
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := look.Scan(t.Context(), func(b dirsync.Brief) error {
				links, err := look.Load(t.Context(), []dirsync.SourceID{b.ID, "b"})
				if err == nil && (len(links) != 1 || links[0].ID != "a") {
					err = fmt.Errorf("loaded %v", links)
				}
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for name, err := range map[string]error{
		"approve": look.Approve(t.Context(), dirsync.Approval{ID: "a"}),
		"pause":   look.Pause(t.Context(), dirsync.Pause{}),
		"rebind":  look.Rebind(t.Context(), account),
	} {
		if !errors.Is(err, state.ErrReadOnly) {
			t.Errorf("%s: %v, want ErrReadOnly", name, err)
		}
	}
}

func TestServerReadOnlyWithoutState(t *testing.T) {
	ownTemp(t)
	server := postgres(t)
	dsn := server.Schema(t)
	look := openReadOnly(t, dsn)
	if n := countLinks(t, look); n != 0 {
		t.Errorf("%d links in no state", n)
	}
	if runs, err := look.Runs(t.Context(), 0); err != nil || len(runs) != 0 {
		t.Errorf("runs %v, %v", runs, err)
	}
	closing(t, look)
	c, err := state.Examine(dsn)
	must(t, err)
	if c.Exists || c.Holder != "" || !strings.HasPrefix(c.Path, "postgres://") {
		t.Errorf("after a look at nothing: %+v", c)
	}
	db := open(t, dsn)
	if c, err = state.Examine(dsn); err != nil || !c.Exists || !strings.HasPrefix(c.Holder, "by process ") {
		t.Errorf("while it is open: %+v, %v", c, err)
	}
	closing(t, db)
}

func TestServerOlderSchema(t *testing.T) {
	dsn := postgres(t).Schema(t)
	makeOldServer(t, dsn, 0)
	_, err := state.OpenReadOnly(t.Context(), dsn)
	if err == nil || !strings.Contains(dirsync.Hint(err), "duosync resume") {
		t.Errorf("reading an older schema: %v (%s)", err, dirsync.Hint(err))
	}
	db, err := state.OpenBeside(t.Context(), dsn, state.Options{})
	must(t, err)
	_, err = db.Resume(t.Context(), "bob")
	must(t, err)
	closing(t, db)
	closing(t, openReadOnly(t, dsn))
}
