package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"

	"github.com/google/go-cmp/cmp"
)

// TestFaults lets each call to the directory, to Duo and to the state fail, one after
// another: the call is not made, or it is and its answer is lost, or from then on nothing
// works any more. Whatever fails, the error is returned, what has changed in Duo is in
// the state or stands there as intended, and once all works again the end is as it would
// have been.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, j := range journeys {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			start := j.world(t)
			calm := start.copy()
			if err := j.do(calm, calm.engine()); err != nil {
				t.Fatalf("without a fault: %v", err)
			}
			want := calm.after(j)
			before := start.now()
			for _, kind := range []string{notMade, answerLost, outage} {
				for at, met := 1, true; met; at++ {
					w := start.copy()
					x := &trouble{world: w, at: at, kind: kind}
					err := j.do(w, x.engine())
					if met = x.failed != ""; !met {
						break
					}
					name := fmt.Sprintf("%s, call %d, %s", kind, at, x.failed)
					if !errors.Is(err, errTrouble) && !slices.Contains(j.bears, x.failed) {
						t.Errorf("%s: the error is %v", name, err)
					}
					if w.now() == before {
						continue // it goes on as without the fault
					}
					if !j.writes {
						t.Fatalf("%s: something was written", name)
					}
					x.accountedFor(name, start)
					if err := j.do(w, w.engine()); err != nil {
						t.Fatalf("%s: afterwards: %v", name, err)
					}
					if diff := cmp.Diff(want, w.after(j)); diff != "" {
						t.Fatalf("%s: in the end (-without +with the fault):\n%s", name, diff)
					}
				}
			}
		})
	}
}

// A journey is a way through the engine on which calls fail. It bears that some do.
type journey struct {
	name   string
	world  func(*testing.T) *world
	do     func(*world, *engine.Engine) error
	writes bool
	ends   bool // no runs follow
	bears  []string
	// lasts: a doubt of which all that was held is done may stay, where the run in which
	// it was approved failed afterwards.
	lasts bool
}

var journeys = []journey{
	{name: "run", world: busy, do: runs(engine.Options{RunID: "r"}), writes: true},
	{name: "first run", world: untouched, do: runs(engine.Options{RunID: "r"}), writes: true},
	{name: "dry run", world: busy, do: runs(engine.Options{RunID: "r", DryRun: true, Refresh: true})},
	{name: "run that is held whole", world: heldWhole, do: runs(engine.Options{RunID: "r"}), writes: true},
	// Names of people concerned are for reading only.
	{name: "run that has lost sight", world: dim, do: runs(engine.Options{RunID: "r"}), writes: true, bears: []string{"Load"}},
	{name: "run of what was approved", world: approved, do: runs(engine.Options{RunID: "r"}), writes: true, bears: []string{"Load"}, lasts: true},
	{name: "run for one person at another server", world: elsewhere, do: runs(engine.Options{RunID: "r", Only: "dan"}), writes: true, bears: []string{"Load"}},
	{name: "run of a plan", world: busy, do: runsPlan, writes: true},
	{name: "explain", world: busy, do: explains},
	{name: "undo", world: undoable, do: undoes, writes: true, ends: true, bears: []string{"Read", "half of Read", "Lookup"}},
	{name: "rebuild", world: forgotten, do: rebuilds, writes: true},
	{name: "drift", world: drifted, do: func(_ *world, e *engine.Engine) error {
		_, err := e.Drift(context.Background())
		return err
	}},
}

func runs(opts engine.Options) func(*world, *engine.Engine) error {
	return func(_ *world, e *engine.Engine) error { return e.Run(context.Background(), opts).Err }
}

// runsPlan runs what a dry run planned for every other person, and something that has
// moved since.
func runsPlan(w *world, e *engine.Engine) error {
	var plan []*dirsync.Op
	for _, op := range w.copy().planned() {
		if op.Source[0]%2 == 0 {
			plan = append(plan, op)
		}
	}
	plan = append(plan, &dirsync.Op{Action: dirsync.Disable, Source: "nobody"})
	return e.Run(context.Background(), engine.Options{RunID: "r", Exactly: plan}).Err
}

// explains asks about everybody, also after a failure, and about somebody unknown.
func explains(w *world, e *engine.Engine) error {
	ctx := context.Background()
	all := w.everybody()
	var errs []error
	for i, quest := range []engine.Quest{
		{IDs: all[:2], Users: slices.Sorted(maps.Keys(w.duo.users)), Match: func(p *dirsync.Person) bool { return p.ID > "g" }},
		{Else: func(context.Context) ([]dirsync.SourceID, error) { return all[:1], nil }},
	} {
		x := e.Explain(ctx, engine.Options{RunID: "r", Refresh: i == 1}, quest)
		errs = append(errs, x.Run.Err)
		for _, id := range all {
			_, err := x.Of(ctx, id)
			errs = append(errs, err)
		}
		x.Owner("DU001")
	}
	return errors.Join(errs...)
}

func undoes(w *world, e *engine.Engine) error {
	return e.Undo(context.Background(), engine.Options{RunID: "u"}, "r", removals(w.last)).Err
}

func rebuilds(_ *world, e *engine.Engine) error {
	return e.Rebuild(context.Background(), engine.Options{RunID: "r"}).Err
}

const inTheBeginning = `
a anna mail=anna@x mobile=+12025550101 alias=ann @staff
b bob  mail=bob@x  mobile=+12025550102 @staff @old
c cara mail=cara@x
d dan  mail=dan@x cn=Dan @staff
e eve  mail=eve@x disabled
f fay  mail=fay@x  mobile=+12025550103
h hal  mail=hal@x
i ivy  mail=ivy@x
k kim  mail=kim@x
l lea  mail=lea@x @dropped
m max  mail=max@x
n nat  mail=nat@x`

// copy copies all that runs change.
func (w *world) copy() *world {
	c := *w
	c.duo, c.store = &memDuo{}, &memStore{}
	*c.duo, *c.store = *w.duo, *w.store
	c.duo.now = func() time.Time { return c.clock }
	c.duo.users, c.duo.groups, c.duo.phones = map[string]*dirsync.Account{}, map[string]*dirsync.Group{}, map[string]*dirsync.Phone{}
	for id, a := range w.duo.users {
		user := *a
		user.Groups = slices.Clone(a.Groups)
		c.duo.users[id] = &user
	}
	for id, g := range w.duo.groups {
		group := *g
		c.duo.groups[id] = &group
	}
	for id, p := range w.duo.phones {
		phone := *p
		phone.Users = slices.Clone(p.Users)
		c.duo.phones[id] = &phone
	}
	c.duo.mails, c.duo.found = maps.Clone(w.duo.mails), maps.Clone(w.duo.found)
	c.store.links, c.store.groups, c.store.holds = maps.Clone(w.store.links), maps.Clone(w.store.groups), maps.Clone(w.store.holds)
	c.store.told, c.store.marks, c.store.open = maps.Clone(w.store.told), slices.Clone(w.store.marks), slices.Clone(w.store.open)
	c.store.approvals = slices.Clone(w.store.approvals)
	return &c
}

// now tells all that runs change, as it is.
func (w *world) now() string {
	return fmt.Sprint(w.accounts(), w.links(), w.store.writes, w.store.meta, w.store.told, w.store.open, w.store.marks, w.store.approvals)
}

// after lets a few runs go by, and tells what there is then, by names: ids are given in
// the order of calls.
func (w *world) after(j journey) string {
	w.t.Helper()
	for i := 0; i < 3 && !j.ends; i++ {
		if run := w.run(engine.Options{RunID: "later", Refresh: i == 1}); run.Err != nil {
			w.t.Errorf("%s: a later run: %v", j.name, run.Err)
		}
	}
	var names []string
	for id, a := range w.duo.users {
		names = append(names, id, a.Username)
	}
	for id, g := range w.duo.groups {
		names = append(names, id, g.Name)
	}
	for id, p := range w.duo.phones {
		names = append(names, id, p.Text())
	}
	text := w.accounts() + w.links()
	for key, told := range w.store.told {
		text += fmt.Sprintln("told", key, told.Username, told.Reason)
	}
	for _, key := range slices.Sorted(maps.Keys(w.store.groups)) {
		text += fmt.Sprintf("%+v\n", w.store.groups[key])
	}
	var baseline []byte
	if !j.lasts {
		text += fmt.Sprintln(len(w.store.approvals), "approvals")
		var err error
		if baseline, err = json.MarshalIndent(w.store.meta.Baseline, "", " "); err != nil {
			w.t.Fatal(err)
		}
	}
	text += fmt.Sprintf("%d intents open, %d marks\n", len(w.store.open), len(w.store.marks))
	lines := strings.Split(strings.NewReplacer(names...).Replace(text), "\n")
	for i, line := range lines { // a mail that was perhaps sent is not sent again
		lines[i], _, _ = strings.Cut(line, " mails=")
	}
	slices.Sort(lines)
	for id, n := range w.duo.mails {
		if n > 1 {
			w.t.Errorf("%s: %s got %d mails", j.name, id, n)
		}
	}
	return strings.Join(lines, "\n") + "\n" + string(baseline)
}

const (
	notMade    = "not made"
	answerLost = "answer lost"
	outage     = "outage"
)

var errTrouble = errors.New("trouble")

// changes are the calls of which it matters whether they were made when the answer is lost.
var changes = []string{"Apply", "Begin", "Intend", "Recheck", "Record", "Use", "Finish"}
