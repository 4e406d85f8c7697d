package state_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/state"
	dirsync "duosync/sync"
)

// auditor writes what a state has to tell, as the audit does, and dies at any step of it.
type auditor struct {
	*rand.Rand
	t     *testing.T
	dsn   string
	clock time.Time
	db    *state.DB
	told  map[int64]string // by number
	runs  int

	run  dirsync.Journal
	open []dirsync.SourceID // intents of the run
	left []dirsync.Intent   // of runs that broke off
	want map[string]int     // what must be told, by its text
	ops  int
}

func auditLinesOf(op *dirsync.Op) int { return 1 + len(op.Joins) }

func (a *auditor) start() {
	a.t.Helper()
	db, err := state.Open(a.t.Context(), a.dsn, state.Options{Audit: true, CallTime: time.Millisecond, KeepHistory: time.Hour, Now: func() time.Time { return a.clock }})
	must(a.t, err)
	a.db, a.run, a.open = db, nil, nil
	a.left, err = db.Open(a.t.Context())
	must(a.t, err)
}

// crash leaves everything as it is.
func (a *auditor) crash() {
	must(a.t, a.db.Close())
	a.start()
}

// write tells what there is to tell, up to a step at which it may end.
func (a *auditor) write() {
	batch, err := a.db.NextAudit(a.t.Context(), 1+a.IntN(7), auditLinesOf)
	must(a.t, err)
	if a.IntN(5) == 0 {
		a.crash()
		return
	}
	for _, e := range batch.Entries {
		for i := range linesOf(&e) {
			number, text := e.Number+int64(i), auditText(&e, i)
			if before, again := a.told[number]; again && before != text {
				a.t.Errorf("the number %d is told as %q, and then as %q", number, before, text)
			}
			a.told[number] = text
		}
		if a.IntN(20) == 0 {
			a.crash()
			return
		}
	}
	if a.IntN(5) == 0 {
		a.crash()
		return
	}
	must(a.t, a.db.Audited(a.t.Context()))
}

func linesOf(e *state.AuditEntry) int {
	if e.Act != nil {
		return 1
	}
	return auditLinesOf(e.Op)
}

func auditText(e *state.AuditEntry, line int) string {
	if e.Act != nil {
		return fmt.Sprintf("act %s %s %s by %s at %s", e.Act.What, e.Act.About, e.Act.User, e.Act.By, e.Act.At)
	}
	return fmt.Sprintf("%s %s line %d: %s (%s) in %s by %s at %s, %s", e.Op.Source, e.Op.Username, line, e.Note, e.ID, e.Run, e.By, e.At, e.Done)
}

// act lets somebody do something: a run, or a person beside it.
func (a *auditor) act() {
	a.clock = a.clock.Add(time.Duration(a.IntN(20)) * time.Minute)
	ctx := a.t.Context()
	switch a.IntN(6) {
	case 0:
		beside, err := state.OpenBeside(ctx, a.dsn, state.Options{Now: func() time.Time { return a.clock }})
		must(a.t, err)
		a.ops++
		name := fmt.Sprintf("mark %d", a.ops)
		must(a.t, beside.Mark(ctx, dirsync.Mark{User: fmt.Sprintf("DM%d", a.ops), Username: name, By: "eve"}))
		must(a.t, beside.Close())
		a.want[name]++
	case 1:
		if a.run != nil {
			must(a.t, a.run.Finish(ctx, dirsync.RunEnd{Finished: a.clock, Outcome: dirsync.OutcomeApplied})) // and prunes
			a.run, a.left = nil, nil
			var err error
			a.left, err = a.db.Open(ctx)
			must(a.t, err)
			a.open = nil
			return
		}
		fallthrough
	default:
		if a.run == nil {
			a.runs++
			var err error
			a.run, err = a.db.Begin(ctx, dirsync.RunStart{ID: fmt.Sprintf("run %04d", a.runs), Started: a.clock, Binding: account, By: "cron"})
			must(a.t, err)
			for _, intent := range a.left { // what became of it is found out
				a.settle(intent.Seq, intent.Op.Source)
			}
			a.left = nil
		}
		if len(a.open) > 0 && a.IntN(2) == 0 {
			a.settle(0, a.open[0])
			a.open = a.open[1:]
			return
		}
		a.ops++
		id := dirsync.SourceID(fmt.Sprintf("op %d", a.ops))
		op := &dirsync.Op{Action: dirsync.Update, Source: id, Username: fmt.Sprintf("name %d", a.ops)}
		for range a.IntN(3) {
			op.Joins = append(op.Joins, dirsync.Membership{ID: "DG"})
		}
		intend(a.t, a.run, []*dirsync.Op{op}, a.clock)
		a.open = append(a.open, id)
		a.want[string(id)] += 1 + len(op.Joins)
	}
}

func (a *auditor) settle(seq int64, id dirsync.SourceID) {
	must(a.t, a.run.Record(a.t.Context(), []dirsync.Outcome{{Source: id, Seq: seq, Link: link(id, "DU "+string(id)), Note: "done"}}))
}

// Whatever dies when, each operation and each act is told, under numbers without a gap, and a number is
// always that of the same thing; also where the history would have forgotten it long ago.
func TestAuditNumbers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		for range 2 {
			seed := rand.Uint64()
			a := &auditor{Rand: rand.New(rand.NewPCG(seed, 1)), t: t, dsn: fresh(t), clock: day(1), told: map[int64]string{}, want: map[string]int{}}
			a.start()
			_, err := a.db.NextAudit(t.Context(), 1, auditLinesOf) // from now on
			must(t, err)
			for range 50 {
				if a.IntN(12) == 0 { // a long time without a place to write to
					for range 10 {
						a.act()
					}
				}
				a.act()
				if a.IntN(3) == 0 {
					a.write()
				}
			}
			a.crash()
			a.run = nil
			a.left, err = a.db.Open(t.Context())
			must(t, err)
			for a.run == nil || len(a.open)+len(a.left) > 0 {
				a.act()
			}
			for {
				batch, err := a.db.NextAudit(t.Context(), 100, auditLinesOf)
				must(t, err)
				if len(batch.Entries) == 0 {
					break
				}
				a.write()
			}
			got := map[string]int{}
			for number := int64(1); number <= int64(len(a.told)); number++ {
				text, there := a.told[number]
				if !there {
					t.Fatalf("seed %d: of %d numbers, %d is not told", seed, len(a.told), number)
				}
				for what := range a.want {
					if strings.HasPrefix(text, what+" ") || strings.HasPrefix(text, "act disable "+what+" ") {
						got[what]++
					}
				}
			}
			if diff := cmp.Diff(a.want, got); diff != "" {
				t.Errorf("seed %d: lines of each (-want +got):\n%s", seed, diff)
			}
			closing(t, a.db)
		}
	})
}

// Without an audit nothing is numbered, the state keeps nothing for it, and what was done then is
// not told when it begins; what was told is not told again.
func TestAuditSwitched(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		dsn := fresh(t)
		next := 0
		session := func(audit bool, do func(*state.DB)) {
			t.Helper()
			db, err := state.Open(t.Context(), dsn, state.Options{Audit: audit, CallTime: time.Millisecond, KeepHistory: time.Hour})
			must(t, err)
			next++
			j, err := db.Begin(t.Context(), dirsync.RunStart{ID: fmt.Sprint("run ", next), Started: day(next), Binding: account})
			must(t, err)
			do(db)
			op := &dirsync.Op{Action: dirsync.Disable, Source: dirsync.SourceID(fmt.Sprint("op ", next))}
			intend(t, j, []*dirsync.Op{op}, day(next))
			must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: op.Source, Same: true, Note: "done"}}))
			must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: day(next), Outcome: dirsync.OutcomeApplied}))
			closing(t, db)
		}
		var told []string
		tell := func(db *state.DB) {
			t.Helper()
			for {
				batch, err := db.NextAudit(t.Context(), 10, auditLinesOf)
				must(t, err)
				for _, e := range batch.Entries {
					told = append(told, fmt.Sprintf("%d %s", e.Number, e.Op.Source))
				}
				if len(batch.Entries) == 0 {
					return
				}
				must(t, db.Audited(t.Context()))
			}
		}
		nothing := func(*state.DB) {}
		session(false, nothing)
		session(true, tell)
		session(true, tell)
		session(true, func(db *state.DB) { // numbered, and perhaps written
			_, err := db.NextAudit(t.Context(), 10, auditLinesOf)
			must(t, err)
		})
		session(false, nothing)
		session(false, nothing)
		session(true, tell)
		session(true, tell)
		if diff := cmp.Diff([]string{"1 op 2", "2 op 3", "3 op 7"}, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		db, err := state.Open(t.Context(), dsn, state.Options{CallTime: time.Millisecond})
		must(t, err)
		defer closing(t, db)
		runs, err := db.Runs(t.Context(), 0)
		must(t, err)
		if len(runs) > 2 {
			t.Errorf("%d runs are kept, though all that is old was told, or is not to be", len(runs))
		}
	})
}

// A hold is noted when it begins.
func TestAuditHolds(t *testing.T) {
	t.Parallel()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "duosync.db"), state.Options{Audit: true})
	must(t, err)
	defer closing(t, db)
	_, err = db.NextAudit(t.Context(), 10, auditLinesOf)
	must(t, err)
	for i, step := range []struct {
		whole bool
		keys  []string
	}{{true, []string{"a", "b"}}, {true, []string{"b"}}, {false, []string{"c"}}, {false, nil}, {true, []string{"b", "c"}}, {true, []string{"a"}}, {true, nil}, {true, []string{"a"}}} {
		var holds []state.Hold
		for _, key := range step.keys {
			holds = append(holds, state.Hold{Key: key, Act: state.Act{What: state.ActHold, About: fmt.Sprint(key, i)}})
		}
		must(t, db.NoteHolds(t.Context(), holds, step.whole))
	}
	batch, err := db.NextAudit(t.Context(), 10, auditLinesOf)
	must(t, err)
	var got []string
	for _, e := range batch.Entries {
		got = append(got, e.Act.About)
	}
	if diff := cmp.Diff([]string{"a0", "b0", "c2", "a5", "a7"}, got); diff != "" {
		t.Errorf("holds (-want +got):\n%s", diff)
	}
}

// What does not work stands since it was told first, whatever is said of it since, until it works
// again; runs leave it alone, and so does a look that may write nothing.
func TestTroubles(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		dsn, clock := fresh(t), day(1)
		db, err := state.Open(t.Context(), dsn, state.Options{CallTime: time.Millisecond, Now: func() time.Time { return clock }})
		must(t, err)
		check := func(db *state.DB, want map[string]state.Trouble) {
			t.Helper()
			got, err := db.Troubles(t.Context())
			must(t, err)
			if len(got)+len(want) > 0 && !cmp.Equal(want, got) {
				t.Errorf("what does not work (-want +got):\n%s", cmp.Diff(want, got))
			}
		}
		must(t, db.Trouble(t.Context(), state.TroubleAudit, ""))
		check(db, nil)
		must(t, db.Trouble(t.Context(), state.TroubleAudit, "no space"))
		clock = day(2)
		must(t, db.Trouble(t.Context(), state.TroubleAudit, "no right"))
		must(t, db.Trouble(t.Context(), state.TroubleEmail, "Ärger"))
		j := begin(t, db, "a run")
		must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: clock, Outcome: dirsync.OutcomeApplied, Told: map[string]dirsync.Told{}}))
		both := map[string]state.Trouble{state.TroubleAudit: {Since: day(1), Why: "no right"}, state.TroubleEmail: {Since: day(2), Why: "Ärger"}}
		check(db, both)
		must(t, db.Trouble(t.Context(), state.TroubleEmail, ""))
		delete(both, state.TroubleEmail)
		closing(t, db)
		look, err := state.OpenReadOnly(t.Context(), dsn)
		must(t, err)
		check(look, both)
		closing(t, look)
	})
}
