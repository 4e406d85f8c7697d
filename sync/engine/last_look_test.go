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

// slowDuo takes its time before it trashes or deletes anybody, in which something happens.
type slowDuo struct {
	*memDuo
	meanwhile func()
}

func (d *slowDuo) Apply(ctx context.Context, wave []*dirsync.Op, intend func([]*dirsync.Op) ([]*dirsync.Op, error),
	recheck func([]*dirsync.Op) (map[*dirsync.Op]string, error), record func([]dirsync.Result) error,
) error {
	if d.meanwhile != nil && len(wave) > 0 && (wave[0].Action == dirsync.Trash || wave[0].Action == dirsync.Delete) {
		d.meanwhile()
		d.meanwhile = nil
	}
	return d.memDuo.Apply(ctx, wave, intend, recheck, record)
}

// What cannot be undone is looked at again: a run may be long.
func TestLastLook(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rule      string
		meanwhile func(*world)
		stays     bool
		why       string
	}{
		"nothing happens":              {rule: "on_missing delete 0s keep 0s", meanwhile: func(*world) {}},
		"enabled by hand":              {"on_missing delete 0s keep 0s", func(w *world) { w.duo.users[w.user("bert")].Status = dirsync.StatusActive }, true, "the user is active in Duo"},
		"renamed by hand":              {"on_missing trash 0s keep 0s", func(w *world) { w.duo.users[w.user("bert")].Username = "other" }, true, `the user is called "other" in Duo`},
		"back in the directory":        {"on_missing delete 0s keep 0s", func(w *world) { w.step("directory", "1 anna\n2 bert") }, true, "the person is in the directory again"},
		"the directory says nothing":   {"on_missing trash 0s keep 0s", func(w *world) { w.dir.lookupErr = errors.New("connection refused") }, true, "could not be looked at again before: connection refused"},
		"taken over by Duo's own sync": {"on_missing trash 0s keep 0s", func(w *world) { w.duo.users[w.user("bert")].Synced = true }, true, "Duo's own directory sync"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.steps("rules", test.rule, "directory", "1 anna\n2 bert", "run", "", "directory", "1 anna")
			user := w.user("bert")
			e := w.engine()
			e.Target = &slowDuo{w.duo, func() { w.clock = w.clock.Add(2 * time.Minute); test.meanwhile(w) }}
			report := w.report(e.Run(context.Background(), engine.Options{RunID: "r"}))
			a := w.duo.users[user]
			if stays := a != nil && a.Status != dirsync.StatusPendingDeletion; stays != test.stays {
				t.Errorf("the user stays: %v\n%s", stays, report)
			}
			if !strings.Contains(report, test.why) || test.stays && !strings.HasPrefix(report, "partial") {
				t.Errorf("not told:\n%s", report)
			}
		})
	}
}
