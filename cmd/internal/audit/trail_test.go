package audit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"duosync/cmd/internal/audit/audittest"
	"duosync/cmd/internal/config"
	"duosync/state"
	dirsync "duosync/sync"
)

var binding = dirsync.Binding{Host: "api-1234.duosecurity.com", Key: "DIKEY", Directory: "dc=example"}

// failing is a state of which the process dies before it can say that lines are written.
type failing struct {
	*state.DB
	*rand.Rand
	path string // of the audit file
	kept int64  // its size when the state took its lines for written
}

var errKilled = errors.New("killed")

func (f *failing) Audited(ctx context.Context) error {
	if f.IntN(3) == 0 {
		return errKilled
	}
	err := f.DB.Audited(ctx)
	if info, statErr := os.Stat(f.path); err == nil && statErr == nil {
		f.kept = info.Size()
	}
	return err
}

func opened(t testing.TB, path string, audited bool) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), path, state.Options{Audit: audited})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// carryOut has a run write operations down, a call at a time, and what became of them.
func carryOut(t testing.TB, store dirsync.Store, run string, calls, size int) {
	t.Helper()
	j, err := store.Begin(t.Context(), dirsync.RunStart{ID: run, Started: noon, Binding: binding, By: "cron"})
	if err != nil {
		t.Fatal(err)
	}
	for c := range calls {
		var ops []*dirsync.Op
		var outcomes []dirsync.Outcome
		for i := range size {
			id := dirsync.SourceID(fmt.Sprintf("%s-%04d-%04d", run, c, i))
			ops = append(ops, &dirsync.Op{Action: dirsync.Update, Source: id, Username: string(id), User: "DU" + string(id), Reason: dirsync.ChangedInDirectory,
				Changes: []dirsync.Change{{Field: dirsync.FieldEmail, Before: "old@example.org", After: "new@example.org"}}})
			outcomes = append(outcomes, dirsync.Outcome{Source: id, Same: true, Note: "done"})
		}
		if _, err := j.Intend(t.Context(), ops, noon); err != nil {
			t.Fatal(err)
		}
		if err := j.Record(t.Context(), outcomes); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Finish(t.Context(), dirsync.RunEnd{Finished: noon.Add(time.Minute), Outcome: dirsync.OutcomeApplied}); err != nil {
		t.Fatal(err)
	}
}

// Whether it is the process that dies after lines were written, or in the middle of one, the file
// has each line once in the end, and whole.
func TestKilledWriter(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	settings := &config.Audit{File: path, Format: "ocsf"}
	db := opened(t, filepath.Join(dir, "state.db"), true)
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	New(settings, binding.Host, db).Flush(t.Context()) // from now on
	for n := range 12 {
		dying := &failing{DB: db, Rand: random, path: path}
		if before, err := os.Stat(path); err == nil {
			dying.kept = before.Size()
		}
		trail := New(settings, binding.Host, dying)
		carryOut(t, trail.Over(db, "", false), fmt.Sprintf("run%02d", n), 3, 4)
		after, err := os.Stat(path)
		if errors.Is(trail.Problem(), errKilled) && err == nil && random.IntN(2) == 0 { // not all of it reached the disk
			if err := os.Truncate(path, dying.kept+random.Int64N(after.Size()-dying.kept+1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	last := New(settings, binding.Host, db)
	if last.Flush(t.Context()); last.Problem() != nil {
		t.Fatal(last.Problem())
	}
	lines, wrong := audittest.Read(true, path)
	for _, what := range wrong {
		t.Error(what)
	}
	if len(lines) != 12*3*4 {
		t.Errorf("%d lines", len(lines))
	}
}

// What the audit adds to a journal, to be compared with the same without one.
func BenchmarkJournal(b *testing.B) {
	const calls, size = 40, 50
	for _, on := range []bool{false, true} {
		b.Run(map[bool]string{false: "without", true: "with an audit"}[on], func(b *testing.B) {
			n := 0
			for b.Loop() {
				dir := b.TempDir()
				db := opened(b, filepath.Join(dir, "state.db"), on)
				var trail *Trail
				if on {
					trail = New(&config.Audit{File: filepath.Join(dir, "audit.jsonl"), Format: "ocsf"}, binding.Host, db)
					trail.Flush(b.Context())
				}
				carryOut(b, trail.Over(db, "", false), "run", calls, size)
				n += calls * size
				if err := db.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/operation")
		})
	}
}
