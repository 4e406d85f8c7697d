package engine_test

import (
	"context"
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
