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

// busy is a world in which a run has some of everything to do: an intent is open, people
// came, left, are back, renamed in a chain, adopted, locked, let in and moved, groups and
// phones come and go, and one name is somebody else's.
func busy(t *testing.T) *world {
	w := untouched(t)
	w.steps("rules", "mails 0", "run", "")
	kim := w.user("kim")
	locked := strings.NewReplacer("l lea  mail=lea@x @dropped", "", "ivy@x", "ivy@x disabled").Replace(inTheBeginning)
	w.steps("directory", locked, "elsewhere", "l lea", "duo", "mark "+kim+" theft", "run", "", "duo", "unmark "+kim,
		"faults", "crash update dan", "directory", strings.Replace(locked, "cn=Dan", "cn=Daniel", 1))
	if run := w.run(w.options("")); run.Err == nil || len(w.store.open) != 1 {
		t.Fatal(w.report(run))
	}
	w.steps("rules", "groups 1=staff 2=vpn 3=old 5=new\nmails 2", "elsewhere", "c cara", "directory", `
a anne mail=anna@x mobile=+12025550101 alias=annie @staff @new
b bob  mail=bob@x  mobile=+12025550109 @staff
d dan  mail=dan@x  cn=Daniel_D @vpn
e eve  mail=eve@x disabled
h anna mail=hal@x disabled
i ivy  mail=ivy@x
j joe  mail=joe@x  mobile=+12025550110 @new
k kim  mail=kim@x
l lea  mail=lea@x
m max  mail=max@x
n nat  mail=nat@x
p pia  mail=pia@x
q quin mail=quin@x cn=Quin
r twin
s twin
t`, "duo", "add DUQ username=quin email=quin@x")
	w.clock = w.clock.Add(time.Hour)
	return w
}

func untouched(t *testing.T) *world {
	w := newWorld(t)
	w.steps("rules", `aliases alias
phones always conflict mobile
mirror staff vpn old new dropped
groups 1=staff 2=vpn 3=old 4=dropped
delete_unmirrored
existing adopt_if_email_matches
mails 2
min_attribute 50%
on_missing delete 0s keep 0s
on_out_of_scope trash 0s keep 0s`, "directory", inTheBeginning, "duo", "add DUX username=max")
	return w
}

// heldWhole is a world in which too many have left, and one more changed.
func heldWhole(t *testing.T) *world {
	w := newWorld(t)
	w.rules.Limits.Floor = 1
	w.steps("rules", "max_remove 1\nmin_source 90%", "directory", inTheBeginning, "run", "",
		"directory", "a anna mail=other@x\nb bob mail=bob@x cn=Bob\nd dan mail=dan@x")
	return w
}

// dim is a world in which the account of the directory lost some of its sight.
func dim(t *testing.T) *world {
	const seen = "a anna mail=anna@x @inner\nb bob mail=bob@x @staff\nc cara mail=cara@x\nd dan mail=dan@x @left\ne eve mail=eve@x cn=Eve\nf fay mail=fay@x"
	w := newWorld(t)
	w.rules.Limits.Floor = 2
	w.steps("rules", "min_attribute 50%\nmirror staff\nexclude_groups left\ngroups 1=staff 7=left\nnested 6=inner:staff",
		"directory", seen, "run", "",
		"rules", "groups 1=staff 7=left\nblind attr:mail dn:cn=inner members:left id:6", "directory", strings.Replace(seen, "cara@x", "cara@x badlock", 1))
	return w
}

// approved is that world once all that was held is approved.
func approved(t *testing.T) *world {
	w := dim(t)
	w.steps("run", "")
	hold := w.store.holds[w.held]
	hold.Until = w.clock.Add(time.Hour)
	w.store.approvals = append(w.store.approvals, hold)
	return w
}

// elsewhere is a busy world in which another server answers.
func elsewhere(t *testing.T) *world {
	w := busy(t)
	w.steps("rules", "server ldap://b")
	return w
}

// drifted is a busy world in which a user is gone, and somebody else has the name.
func drifted(t *testing.T) *world {
	w := busy(t)
	w.steps("duo", "delete "+w.user("nat")+"\nadd DUN username=nat")
	return w
}

func undoable(t *testing.T) *world {
	w := busy(t)
	w.steps("rules", "on_missing disable 0s keep 0s")
	w.run(w.options(""))
	w.run(w.options(""))
	w.steps("directory", "a anne mail=anna@x\nb bob mail=bob@x disabled", "elsewhere", "d dan\nj joe")
	if run := w.run(engine.Options{RunID: "r"}); len(removals(run)) < 4 {
		t.Fatal(w.report(run))
	}
	return w
}

// forgotten is a world that has lost a part of the state, while ids changed.
func forgotten(t *testing.T) *world {
	w := untouched(t)
	w.steps("run", "", "run", "", "directory", strings.Replace(inTheBeginning, "f fay", "ff fay", 1), "duo", "set DUX username=maximilian alias=max")
	for _, id := range []dirsync.SourceID{"a", "b", "c", "d"} {
		delete(w.store.links, id)
	}
	w.store.groups, w.store.meta.Baseline = map[string]dirsync.GroupLink{}, nil
	return w
}

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

// trouble counts the calls that an engine makes, and has one fail.
type trouble struct {
	*world
	at     int
	kind   string
	n      int
	failed string // the first call that did
}

func (x *trouble) engine() *engine.Engine {
	e := x.world.engine()
	e.Source, e.Target, e.Store = troubledSource{e.Source, x}, troubledTarget{e.Target, x}, troubledStore{e.Store, x}
	return e
}

// changes are the calls of which it matters whether they were made when the answer is lost.
var changes = []string{"Apply", "Begin", "Intend", "Recheck", "Record", "Use", "Finish"}

// meet makes a call, unless it is the one that fails.
func (x *trouble) meet(name string, call func() error) error {
	if x.kind == answerLost && !slices.Contains(changes, name) {
		return call()
	}
	x.n++
	fails := x.n == x.at || x.n > x.at && x.kind == outage
	if fails && x.failed == "" {
		x.failed = name
	}
	if !fails || x.kind == answerLost {
		if err := call(); err != nil || !fails {
			return err
		}
	}
	return fmt.Errorf("%s: %w", name, errTrouble)
}

// half fails once on the way through a list.
func (x *trouble) half(name string) func() error {
	n := 0
	return func() error {
		if n++; n != 2 {
			return nil
		}
		return x.meet("half of "+name, func() error { return nil })
	}
}

// accountedFor checks that whatever has changed in Duo since a start stands in the state
// as it is, or as intended.
func (x *trouble) accountedFor(name string, start *world) {
	x.t.Helper()
	links := map[string]dirsync.Link{}
	for _, link := range x.store.links {
		links[link.User] = link
	}
	intended := func(id, username string) bool {
		return slices.ContainsFunc(x.store.open, func(in dirsync.Intent) bool {
			return in.Op.User == id || in.Op.User == "" && dirsync.FoldName(in.Op.Name()) == username || in.Op.Action == dirsync.GroupDelete
		})
	}
	for id, a := range x.duo.users {
		now, link := x.duo.account(a), links[id]
		if was := start.duo.users[id]; was != nil && start.duo.account(was).Hash() == now.Hash() {
			continue
		}
		link.Answered.Groups = slices.DeleteFunc(slices.Clone(link.Answered.Groups), func(m dirsync.Membership) bool { return x.duo.groups[m.ID] == nil })
		if link.Answered.Hash() != now.Hash() && !intended(id, a.Username) {
			x.t.Errorf("%s: Duo holds %+v, the state knows %+v", name, now, link.Answered)
		}
	}
	for id, a := range start.duo.users {
		if link, ours := links[id]; x.duo.users[id] == nil && ours && !intended(id, a.Username) && link.Missing.Step != dirsync.Delete {
			x.t.Errorf("%s: %s is deleted, and the state knows %+v", name, a.Username, link)
		}
	}
}

type troubledSource struct {
	dirsync.Source
	x *trouble
}

func (s troubledSource) Read(ctx context.Context, visit func(dirsync.Person) error) (info dirsync.ReadInfo, err error) {
	half := s.x.half("Read")
	err = s.x.meet("Read", func() error {
		info, err = s.Source.Read(ctx, func(p dirsync.Person) error { return errors.Join(half(), visit(p)) })
		return err
	})
	return info, err
}

func (s troubledSource) Lookup(ctx context.Context, ids []dirsync.SourceID) (found map[dirsync.SourceID]dirsync.Whereabouts, err error) {
	err = s.x.meet("Lookup", func() error {
		found, err = s.Source.Lookup(ctx, ids)
		return err
	})
	return found, err
}

func (s troubledSource) LookupGroups(ctx context.Context, groups []dirsync.GroupEntry) (found map[string]dirsync.GroupEntry, err error) {
	err = s.x.meet("LookupGroups", func() error {
		found, err = s.Source.LookupGroups(ctx, groups)
		return err
	})
	return found, err
}

func (s troubledSource) StillMembers(ctx context.Context, group dirsync.GroupEntry, ids []dirsync.SourceID) (still bool, err error) {
	err = s.x.meet("StillMembers", func() error {
		still, err = s.Source.StillMembers(ctx, group, ids)
		return err
	})
	return still, err
}

func (s troubledSource) Stamps(ctx context.Context, ids []dirsync.SourceID, dns []string) (byID map[dirsync.SourceID]string, byDN map[string]string, err error) {
	err = s.x.meet("Stamps", func() error {
		byID, byDN, err = s.Source.Stamps(ctx, ids, dns)
		return err
	})
	return byID, byDN, err
}

type troubledTarget struct {
	dirsync.Target
	x *trouble
}

func (d troubledTarget) Inventory(ctx context.Context, visit func(dirsync.Account) error) (complete bool, err error) {
	half := d.x.half("Inventory")
	err = d.x.meet("Inventory", func() error {
		complete, err = d.Target.Inventory(ctx, func(a dirsync.Account) error { return errors.Join(half(), visit(a)) })
		return err
	})
	return complete, err
}

func (d troubledTarget) Find(ctx context.Context, names []string) (found []dirsync.Account, err error) {
	err = d.x.meet("Find", func() error {
		found, err = d.Target.Find(ctx, names)
		return err
	})
	return found, err
}

func (d troubledTarget) Fetch(ctx context.Context, known map[string]dirsync.Remembered) (found map[string]dirsync.Account, doubtful map[string]error, err error) {
	err = d.x.meet("Fetch", func() error {
		found, doubtful, err = d.Target.Fetch(ctx, known)
		return err
	})
	return found, doubtful, err
}

func (d troubledTarget) Groups(ctx context.Context) (groups []dirsync.Group, err error) {
	err = d.x.meet("Groups", func() error {
		groups, err = d.Target.Groups(ctx)
		return err
	})
	return groups, err
}

func (d troubledTarget) Phones(ctx context.Context, numbers []string) (found map[string]dirsync.Phone, err error) {
	err = d.x.meet("Phones", func() error {
		found, err = d.Target.Phones(ctx, numbers)
		return err
	})
	return found, err
}

func (d troubledTarget) Settle(ctx context.Context, intents []dirsync.Intent) (results []dirsync.Result, err error) {
	err = d.x.meet("Settle", func() error {
		results, err = d.Target.Settle(ctx, intents)
		return err
	})
	return results, err
}

func (d troubledTarget) Apply(ctx context.Context, wave []*dirsync.Op, intend func([]*dirsync.Op) ([]*dirsync.Op, error),
	recheck func([]*dirsync.Op) (map[*dirsync.Op]string, error), record func([]dirsync.Result) error,
) error {
	return d.x.meet("Apply", func() error { return d.Target.Apply(ctx, wave, intend, recheck, record) })
}

type troubledStore struct {
	dirsync.Store
	x *trouble
}

func (s troubledStore) Meta(ctx context.Context) (meta dirsync.Meta, err error) {
	err = s.x.meet("Meta", func() error {
		meta, err = s.Store.Meta(ctx)
		return err
	})
	return meta, err
}

func (s troubledStore) Scan(ctx context.Context, visit func(dirsync.Brief) error) error {
	half := s.x.half("Scan")
	return s.x.meet("Scan", func() error {
		return s.Store.Scan(ctx, func(b dirsync.Brief) error { return errors.Join(half(), visit(b)) })
	})
}

func (s troubledStore) Load(ctx context.Context, ids []dirsync.SourceID) (links []dirsync.Link, err error) {
	err = s.x.meet("Load", func() error {
		links, err = s.Store.Load(ctx, ids)
		return err
	})
	return links, err
}

func (s troubledStore) Told(ctx context.Context) (told map[string]dirsync.Told, err error) {
	err = s.x.meet("Told", func() error {
		told, err = s.Store.Told(ctx)
		return err
	})
	return told, err
}

func (s troubledStore) Approvals(ctx context.Context, now time.Time) (all []dirsync.Approval, err error) {
	err = s.x.meet("Approvals", func() error {
		all, err = s.Store.Approvals(ctx, now)
		return err
	})
	return all, err
}

func (s troubledStore) Marks(ctx context.Context) (marks []dirsync.Mark, err error) {
	err = s.x.meet("Marks", func() error {
		marks, err = s.Store.Marks(ctx)
		return err
	})
	return marks, err
}

func (s troubledStore) Groups(ctx context.Context) (links []dirsync.GroupLink, err error) {
	err = s.x.meet("Groups of the state", func() error {
		links, err = s.Store.Groups(ctx)
		return err
	})
	return links, err
}

func (s troubledStore) Open(ctx context.Context) (intents []dirsync.Intent, err error) {
	err = s.x.meet("Open", func() error {
		intents, err = s.Store.Open(ctx)
		return err
	})
	return intents, err
}

func (s troubledStore) Begin(ctx context.Context, start dirsync.RunStart) (dirsync.Journal, error) {
	var journal dirsync.Journal
	err := s.x.meet("Begin", func() (err error) {
		journal, err = s.Store.Begin(ctx, start)
		return err
	})
	if err != nil {
		return nil, err
	}
	return troubledJournal{journal, s.x}, nil
}

type troubledJournal struct {
	dirsync.Journal
	x *trouble
}

func (j troubledJournal) Intend(ctx context.Context, ops []*dirsync.Op, at time.Time) (sent []*dirsync.Op, err error) {
	err = j.x.meet("Intend", func() error {
		sent, err = j.Journal.Intend(ctx, ops, at)
		return err
	})
	return sent, err
}

func (j troubledJournal) Recheck(ctx context.Context, ops []*dirsync.Op) (may []*dirsync.Op, err error) {
	err = j.x.meet("Recheck", func() error {
		may, err = j.Journal.Recheck(ctx, ops)
		return err
	})
	return may, err
}

func (j troubledJournal) Record(ctx context.Context, outcomes []dirsync.Outcome) error {
	return j.x.meet("Record", func() error { return j.Journal.Record(ctx, outcomes) })
}

func (j troubledJournal) Use(ctx context.Context, ids []string) error {
	return j.x.meet("Use", func() error { return j.Journal.Use(ctx, ids) })
}

func (j troubledJournal) Finish(ctx context.Context, end dirsync.RunEnd) error {
	return j.x.meet("Finish", func() error { return j.Journal.Finish(ctx, end) })
}
