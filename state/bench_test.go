package state_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"duosync/state"
	dirsync "duosync/sync"
)

// populate writes n links, a thousand a transaction.
func populate(b *testing.B, db *state.DB, n int) {
	b.Helper()
	j := begin(b, db, "populate")
	var batch []dirsync.Outcome
	for i := range n {
		id := dirsync.SourceID(fmt.Sprintf("%08x-1111-2222-3333-%012x", i*2654435761&0xffffffff, i))
		l := link(id, fmt.Sprintf("DU%018d", i))
		l.Asked[dirsync.FieldRealname] = "Somebody Important"
		batch = append(batch, dirsync.Outcome{Source: id, Link: l})
		if len(batch) == 1000 || i == n-1 {
			must(b, j.Record(b.Context(), batch))
			batch = batch[:0]
		}
	}
	must(b, j.Finish(b.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: "applied"}))
}

func BenchmarkPopulate(b *testing.B) {
	for b.Loop() {
		db := open(b, filepath.Join(b.TempDir(), "duosync.db"))
		populate(b, db, 100_000)
		closing(b, db)
	}
}

func BenchmarkScan(b *testing.B) {
	path := filepath.Join(b.TempDir(), "duosync.db")
	db := open(b, path)
	defer closing(b, db)
	populate(b, db, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		must(b, db.Scan(b.Context(), func(dirsync.Brief) error { n++; return nil }))
		if n != 100_000 {
			b.Fatal(n)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	db := open(b, filepath.Join(b.TempDir(), "duosync.db"))
	defer closing(b, db)
	populate(b, db, 10_000)
	var ids []dirsync.SourceID
	must(b, db.Scan(b.Context(), func(l dirsync.Brief) error { ids = append(ids, l.ID); return nil }))
	for b.Loop() {
		links, err := db.Load(b.Context(), ids)
		must(b, err)
		if len(links) != len(ids) {
			b.Fatal(len(links))
		}
	}
}

func BenchmarkOpenReadOnly(b *testing.B) {
	path := filepath.Join(b.TempDir(), "duosync.db")
	db := open(b, path)
	populate(b, db, 100_000)
	closing(b, db)
	for b.Loop() {
		closing(b, openReadOnly(b, path))
	}
}

// One operation: its intent and its record, both on disk.
func BenchmarkIntendRecord(b *testing.B) {
	for _, size := range []int{1, 50} {
		b.Run(fmt.Sprint(size, " a call"), func(b *testing.B) {
			db := open(b, filepath.Join(b.TempDir(), "duosync.db"))
			defer closing(b, db)
			j := begin(b, db, "bench")
			var ops []*dirsync.Op
			var outcomes []dirsync.Outcome
			for i := range size {
				id := dirsync.SourceID(fmt.Sprintf("%08x-1111-2222-3333-444444444444", i))
				ops = append(ops, &dirsync.Op{Action: dirsync.Update, Source: id, Username: string(id),
					Changes: []dirsync.Change{{Field: dirsync.FieldEmail, Before: "old@example.org", After: "new@example.org"}}})
				outcomes = append(outcomes, dirsync.Outcome{Source: id, Link: link(id, fmt.Sprintf("DU%018d", i))})
			}
			for b.Loop() {
				intend(b, j, ops, time.Now())
				must(b, j.Record(b.Context(), outcomes))
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/operation")
		})
	}
}

// The end of a run that changed nothing, which counts the seats; and the first one after an
// upgrade, which finds out about each link.
func BenchmarkEnd(b *testing.B) {
	for name, of := range map[string]struct {
		before string
		groups map[string]int
	}{
		"without a day": {"SELECT 1", nil}, "with a day": {"SELECT 1", map[string]int{}}, "first after an upgrade": {"UPDATE links SET seat = -1", map[string]int{}},
	} {
		b.Run(name, func(b *testing.B) {
			db := open(b, filepath.Join(b.TempDir(), "duosync.db"))
			defer closing(b, db)
			populate(b, db, 100_000)
			for b.Loop() {
				b.StopTimer()
				must(b, db.Exec(b.Context(), of.before))
				j := begin(b, db, fmt.Sprint(time.Now().UnixNano()))
				b.StartTimer()
				must(b, j.Finish(b.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: "no-changes", Groups: of.groups}))
			}
		})
	}
}
