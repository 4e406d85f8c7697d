package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"

	"github.com/google/go-cmp/cmp"
)

// failingStore keeps how runs end, and fails where it is told to.
type failingStore struct {
	*memStore
	ends   []dirsync.RunEnd
	groups error // of writing groups without an operation
}

func (s *failingStore) Begin(ctx context.Context, run dirsync.RunStart) (dirsync.Journal, error) {
	_, err := s.memStore.Begin(ctx, run)
	return s, err
}

func (s *failingStore) Record(ctx context.Context, outcomes []dirsync.Outcome) error {
	if s.groups != nil && outcomes[0].Group != nil && !outcomes[0].Group.Fresh && len(s.open) == 0 {
		return s.groups
	}
	return s.memStore.Record(ctx, outcomes)
}

func (s *failingStore) Finish(ctx context.Context, end dirsync.RunEnd) error {
	s.ends = append(s.ends, end)
	return s.memStore.Finish(ctx, end)
}

// TestEveryRunEnds looks how a run ends in the state where what it found can't be kept:
// it has failed, nothing that it saw counts, and the error is told.
func TestEveryRunEnds(t *testing.T) {
	broken := errors.New("it is broken")
	for name, fail := range map[string]func(*engine.Engine, *failingStore){
		"the report can't be made": func(e *engine.Engine, _ *failingStore) {
			e.Encode = func(*dirsync.Run, *dirsync.RunEnd) error { return broken }
		},
		"the groups can't be kept": func(e *engine.Engine, s *failingStore) {
			e.Encode = func(*dirsync.Run, *dirsync.RunEnd) error { return nil }
			s.groups = broken
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.steps("rules", "mirror staff\ngroups 1=staff", "directory", everybody)
			store := &failingStore{memStore: w.store}
			e := w.engine()
			e.Store = store
			fail(e, store)
			run := e.Run(t.Context(), engine.Options{RunID: "R1"})
			if !errors.Is(run.Err, broken) || run.Outcome != dirsync.OutcomeFailed {
				t.Errorf("the run is %s: %v", run.Outcome, run.Err)
			}
			if run.Count(dirsync.ResultApplied) == 0 {
				t.Error("the run did nothing, so this shows nothing")
			}
			want := []dirsync.RunEnd{{Finished: w.clock, Outcome: dirsync.OutcomeFailed}}
			if diff := cmp.Diff(want, store.ends); diff != "" {
				t.Errorf("ends in the state (-want +got):\n%s", diff)
			}
			if w.store.meta.Baseline != nil || !w.store.meta.Refreshed.Equal(time.Time{}) || w.store.told != nil {
				t.Errorf("what nobody got to read counts: %+v, told %v", w.store.meta, w.store.told)
			}
		})
	}
}

// TestPeopleByGroup: a complete run tells how many people the directory has in each group that is
// mirrored, whether they changed or not; one that is about somebody only, or broke off, tells nothing.
func TestPeopleByGroup(t *testing.T) {
	w := newWorld(t)
	w.steps("rules", "mirror staff ops storage state\nrename_groups ops=Operations storage=staff\ngroups 1=staff 2=ops 3=storage 4=empty 5=state 6=sales", "directory",
		"1 anna @staff @storage\n2 bert @staff\n3 cleo @ops @sales\n4 dora disabled @storage\n5 emil", "elsewhere", "6 fred @staff")
	for _, step := range []struct {
		opts   engine.Options
		before []string
		want   map[string]int
	}{
		{engine.Options{RunID: "first"}, nil, map[string]int{"staff": 3, "Operations": 1, "state": 0}},
		{engine.Options{RunID: "nothing new"}, nil, map[string]int{"staff": 3, "Operations": 1, "state": 0}},
		{engine.Options{RunID: "somebody", Only: "anna"}, nil, nil},
		{engine.Options{RunID: "moved"}, []string{"directory", "1 anna @ops\n2 bert @staff\n3 cleo @ops\n4 dora disabled @storage\n5 emil @staff"},
			map[string]int{"staff": 3, "Operations": 2, "state": 0}},
		{engine.Options{RunID: "broken off"}, []string{"faults", "read"}, nil},
	} {
		w.steps(step.before...)
		store := &failingStore{memStore: w.store}
		e := w.engine()
		e.Store = store
		e.Run(t.Context(), step.opts)
		if diff := cmp.Diff(step.want, store.ends[0].Groups); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.opts.RunID, diff)
		}
	}
}
