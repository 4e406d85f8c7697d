package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// A pause that comes while a call waits keeps it from being sent: what was intended is told
// as one that comes before the intent, nothing is left open, and the next run does it all.
func TestPausedWhileACallWaits(t *testing.T) {
	t.Parallel()
	for _, batch := range []int{1, 2, 100} {
		w := newWorld(t)
		w.step("directory", "1 anna\n2 bert\n3 cara @staff")
		w.duo.batch = batch
		w.duo.waits = func([]*dirsync.Op) { w.store.meta.Paused = &dirsync.Pause{Since: w.clock, Reason: "fire"} }
		run := w.engine().Run(t.Context(), engine.Options{RunID: "r"})
		if !errors.Is(run.Err, dirsync.ErrPaused) || len(w.duo.users) > 0 || len(w.store.open) > 0 || len(w.store.links) > 0 {
			t.Errorf("%d a call: ended with %v, %d users, %d intents open", batch, run.Err, len(w.duo.users), len(w.store.open))
		}
		for _, o := range run.Operations {
			if o.Result != dirsync.ResultSkipped || o.Error != "not sent: the run stopped before" {
				t.Errorf("%d a call: %s is %s, %q", batch, o.Name(), o.Result, o.Error)
			}
		}
		w.store.meta.Paused, w.duo.waits = nil, nil
		if run := w.engine().Run(t.Context(), engine.Options{RunID: "s"}); run.Err != nil || len(w.duo.users) != 3 {
			t.Errorf("%d a call: the next run ended with %v, %d users", batch, run.Err, len(w.duo.users))
		}
	}
}

// A mark that comes while a call waits takes its user out of it, and nobody else.
func TestMarkedWhileACallWaits(t *testing.T) {
	t.Parallel()
	for _, batch := range []int{1, 100} {
		w := newWorld(t)
		w.steps("directory", "1 anna disabled\n2 bert disabled\n3 cara disabled", "run", "")
		w.steps("directory", "1 anna\n2 bert\n3 cara", "run", "", "directory", "1 anna disabled\n2 bert disabled\n3 cara disabled", "run", "", "directory", "1 anna\n2 bert\n3 cara")
		bert := w.user("bert")
		w.duo.batch = batch
		w.duo.waits = func(ops []*dirsync.Op) {
			if slices.ContainsFunc(ops, func(o *dirsync.Op) bool { return o.User == bert }) && len(w.store.marks) == 0 {
				w.step("duo", "mark "+bert+" fired")
			}
		}
		run := w.engine().Run(t.Context(), engine.Options{RunID: "r"})
		for _, o := range run.Operations {
			want, why := dirsync.ResultApplied, ""
			if o.User == bert {
				want, why = dirsync.ResultSkipped, "somebody keeps this user disabled since the run began (duosync disable)"
			}
			if o.Result != want || o.Error != why {
				t.Errorf("%d a call: %s of %s is %s, %q", batch, o.Action, o.Name(), o.Result, o.Error)
			}
		}
		if run.Err != nil || len(run.Operations) != 3 || len(w.store.marks) != 1 || len(w.store.open) > 0 {
			t.Fatalf("%d a call: ended with %v, %d operations, %d marks, %d intents open", batch, run.Err, len(run.Operations), len(w.store.marks), len(w.store.open))
		}
		w.step("run", "")
		if a := w.duo.users[bert]; a.Status != dirsync.StatusDisabled {
			t.Errorf("%d a call: bert is %s", batch, a.Status)
		}
	}
}

// What cannot be undone is looked at again when its call has waited for long.
func TestLookedAtAfterAWait(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"on_missing delete 0s keep 0s", "on_missing trash 0s keep 0s"} {
		w := newWorld(t)
		w.steps("rules", rule, "directory", "1 anna\n2 bert", "run", "", "directory", "1 anna")
		user := w.user("bert")
		w.duo.waits = func([]*dirsync.Op) {
			w.clock = w.clock.Add(2 * time.Minute)
			w.step("directory", "1 anna\n2 bert")
		}
		report := w.report(w.engine().Run(t.Context(), engine.Options{RunID: "r"}))
		if a := w.duo.users[user]; a == nil || a.Status == dirsync.StatusPendingDeletion || !strings.Contains(report, "the person is in the directory again") || len(w.store.open) > 0 {
			t.Errorf("%s: the user is %+v\n%s", rule, a, report)
		}
	}
}

// lookingSource and lookingDuo are ports at which something happens while a look is under way.
type lookingSource struct {
	dirsync.Source
	meanwhile func()
}

func (s lookingSource) Lookup(ctx context.Context, ids []dirsync.SourceID) (map[dirsync.SourceID]dirsync.Whereabouts, error) {
	s.meanwhile()
	return s.Source.Lookup(ctx, ids)
}

type lookingDuo struct {
	dirsync.Target
	meanwhile func()
}

func (d lookingDuo) Fetch(ctx context.Context, known map[string]dirsync.Remembered) (map[string]dirsync.Account, map[string]error, error) {
	d.meanwhile()
	return d.Target.Fetch(ctx, known)
}

// The last look takes its time as well: a pause that comes in it, in the directory or in Duo,
// keeps what cannot be undone from being sent.
func TestPausedWithinTheLastLook(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"on_missing delete 0s keep 0s", "on_missing trash 0s keep 0s"} {
		for _, where := range []string{"nowhere", "directory", "Duo"} {
			w := newWorld(t)
			w.steps("rules", rule, "directory", "1 anna\n2 bert", "run", "", "directory", "1 anna")
			user := w.user("bert")
			waited := false
			w.duo.waits = func(ops []*dirsync.Op) {
				if final := ops[0].Action == dirsync.Trash || ops[0].Action == dirsync.Delete; final {
					w.clock, waited = w.clock.Add(2*time.Minute), true
				}
			}
			pauseAt := func(port string) func() {
				return func() {
					if waited && port == where {
						w.store.meta.Paused = &dirsync.Pause{Since: w.clock, Reason: "fire"}
					}
				}
			}
			e := w.engine()
			e.Source, e.Target = lookingSource{e.Source, pauseAt("directory")}, lookingDuo{e.Target, pauseAt("Duo")}
			run := e.Run(t.Context(), engine.Options{RunID: "r"})
			a := w.duo.users[user]
			stays := a != nil && a.Status != dirsync.StatusPendingDeletion
			paused := where != "nowhere"
			if !waited || stays != paused || errors.Is(run.Err, dirsync.ErrPaused) != paused || len(w.store.open) > 0 {
				t.Errorf("%s, paused within the look at %s: the user stays: %v, ended with %v, %d intents open\n%s",
					rule, where, stays, run.Err, len(w.store.open), w.report(run))
			}
		}
	}
}
