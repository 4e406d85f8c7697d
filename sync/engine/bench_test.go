package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"
)

const manyPeople = 100_000

// generated is a directory of any size that takes no memory.
type generated struct {
	memDirectory
	n int
}

func (g *generated) Read(_ context.Context, visit func(dirsync.Person) error) (dirsync.ReadInfo, error) {
	for i := range g.n {
		if err := visit(generatedPerson(i)); err != nil {
			return dirsync.ReadInfo{}, err
		}
	}
	return dirsync.ReadInfo{Server: "ldap://a", Read: g.n}, nil
}

func generatedPerson(i int) dirsync.Person {
	uid := fmt.Sprintf("user%07d", i)
	return dirsync.Person{
		ID: dirsync.SourceID(fmt.Sprintf("5c1d0000-0000-4000-8000-%012d", i)), DN: "uid=" + uid + ",ou=Users,dc=example,dc=org",
		Attrs:    map[string][]string{"uid": {uid}, "cn": {"Anna " + uid}, "mail": {uid + "@example.com"}},
		Standing: dirsync.Enabled,
	}
}

// BenchmarkUnchangedRun measures a run of 100,000 people without changes, beside
// the mere reading and mapping of them: ratio is how much the run takes over
// that, B/person what it keeps in memory of each.
func BenchmarkUnchangedRun(b *testing.B) {
	w := newWorld(b)
	w.duo.users = map[string]*dirsync.Account{}
	dir := &generated{n: manyPeople}
	store := newMemStore()
	for i := range manyPeople {
		p := generatedPerson(i)
		uid := p.Attrs["uid"][0]
		store.links[p.ID] = dirsync.Link{ID: p.ID, User: fmt.Sprintf("DU%018d", i), Origin: dirsync.Created,
			Asked: dirsync.Fields{"username": uid, "realname": "Anna " + uid, "email": uid + "@example.com", "status": "active"}}
	}
	store.meta.Refreshed = w.clock
	store.meta.Baseline = &dirsync.Baseline{Attention: map[string]dirsync.Attention{}} // as an earlier run left it
	quick := &engine.Engine{Source: dir, Target: w.duo, Store: store, Rules: w.rules, Now: func() time.Time { return w.clock }}

	var reading, running time.Duration
	var kept uint64
	for b.Loop() {
		start := time.Now()
		if _, err := dir.Read(b.Context(), func(p dirsync.Person) error {
			fields, _, _ := w.rules.Map(&p)
			_ = fields.Hash()
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		reading += time.Since(start)

		before := heap()
		start = time.Now()
		var most uint64
		run := func() *dirsync.Run {
			e := *quick
			e.Observer = observer(func(done int) {
				if done == manyPeople {
					most = heap()
				}
			})
			return e.Run(b.Context(), engine.Options{DryRun: true})
		}()
		running += time.Since(start)
		if run.Outcome != dirsync.OutcomeNoChanges || run.Usage.Calls != 0 {
			b.Fatal(w.report(run))
		}
		kept = most - before
	}
	b.ReportMetric(running.Seconds()/reading.Seconds(), "ratio")
	b.ReportMetric(float64(kept)/manyPeople, "B/person")
}

type observer func(done int)

func (observer) Phase(string)               {}
func (o observer) Progress(done, total int) { o(done) }

// heap is what lives on the heap now.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
