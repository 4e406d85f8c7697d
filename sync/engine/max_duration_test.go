package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// endless is a directory, or an account, that goes on for ever.
type endless struct {
	dirsync.Source
	dirsync.Target
}

func (endless) Read(ctx context.Context, _ func(dirsync.Person) error) (dirsync.ReadInfo, error) {
	<-ctx.Done()
	return dirsync.ReadInfo{}, ctx.Err()
}

func (endless) Inventory(ctx context.Context, _ func(dirsync.Account) error) (bool, error) {
	<-ctx.Done()
	return false, ctx.Err()
}

// sync.max_duration ends a run wherever it is, also one that only reads.
func TestMaxDurationEndsReading(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*engine.Engine){
		"directory": func(e *engine.Engine) { e.Source = endless{Source: e.Source} },
		"Duo":       func(e *engine.Engine) { e.Target = endless{Target: e.Target} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.step("directory", "1 anna")
			w.rules.MaxDuration = time.Millisecond
			e := w.engine()
			change(e)
			run := e.Run(t.Context(), engine.Options{RunID: "r"})
			if run.Err == nil || !strings.Contains(run.Err.Error(), "sync.max_duration is over") || dirsync.Hint(run.Err) == "" || len(w.store.links) > 0 {
				t.Errorf("ended with %v, hint %q", run.Err, dirsync.Hint(run.Err))
			}
		})
	}
}

// throttled is an account that wants no call for a long time, in the middle of the first
// operation.
type throttled struct{ dirsync.Target }

func (throttled) Apply(ctx context.Context, wave []*dirsync.Op,
	intend func([]*dirsync.Op) ([]*dirsync.Op, error), _ func([]*dirsync.Op) (map[*dirsync.Op]string, error), record func([]dirsync.Result) error,
) error {
	if _, err := intend(wave[:1]); err != nil {
		return err
	}
	<-ctx.Done()
	if err := record([]dirsync.Result{{Op: wave[0], Fate: dirsync.Failed, Err: errors.New("Duo answered 429")}}); err != nil {
		return err
	}
	return ctx.Err()
}

// sync.max_duration ends a wait in which nothing is under way; what was left is done by the
// next run.
func TestMaxDurationEndsWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.step("directory", "1 anna\n2 bert")
	w.rules.MaxDuration = 2 * time.Second
	e := w.engine()
	e.Target = throttled{e.Target}
	run := e.Run(t.Context(), engine.Options{RunID: "r"})
	if run.Err != nil || len(run.Operations) != 2 || run.Operations[0].Result != dirsync.ResultFailed ||
		run.Operations[1].Result != dirsync.ResultSkipped || !strings.Contains(run.Operations[1].Error, "sync.max_duration was over") {
		t.Fatalf("ended with %v, %+v", run.Err, run.Operations)
	}
	w.rules.MaxDuration = 0
	if run := w.engine().Run(t.Context(), engine.Options{RunID: "s"}); run.Err != nil || len(w.store.links) != 2 {
		t.Errorf("the next run ended with %v, and knows %d", run.Err, len(w.store.links))
	}
}

// What is left of an undo no run does by itself: it says the command.
func TestMaxDurationEndsAnUndo(t *testing.T) {
	t.Parallel()
	for again, want := range map[string]string{"`duosync undo R1 --write --only bob`": "no other run does the rest, but `duosync undo R1 --write --only bob`", "": "the next run goes on"} {
		w, run := leavers(t, "")
		w.rules.MaxDuration = time.Second
		e := w.engine()
		e.Target = throttled{e.Target}
		broken := e.Undo(t.Context(), engine.Options{RunID: "undo", Again: again}, "R1", removals(run))
		if report := w.report(broken); !strings.Contains(report, "sync.max_duration was over; "+want) {
			t.Errorf("again %q:\n%s", again, report)
		}
	}
}
