package duo_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"duosync/duo"
	"duosync/duo/duosim"
	dirsync "duosync/sync"
)

// together is a Target before the simulator that lets operations share calls.
func together(t *testing.T, o duosim.Options, inFlight int) (*duo.Target, *duosim.Server) {
	t.Helper()
	_, server, s := rehearsal(t, o, 5)
	return duo.NewTarget(clientOf(t, server, s, 5), duo.Options{Bulk: true, InFlight: inFlight}), server
}

// batchLedger checks what the core relies on: what is recorded was intended before, and
// nothing is intended anew that is still open.
type batchLedger struct {
	t     *testing.T
	open  map[*dirsync.Op]bool
	fates map[string]dirsync.Result // by source, the last
	n     int                       // transactions of intents
}

func newBatchLedger(t *testing.T) *batchLedger {
	return &batchLedger{t: t, open: map[*dirsync.Op]bool{}, fates: map[string]dirsync.Result{}}
}

func (l *batchLedger) intend(ops []*dirsync.Op) ([]*dirsync.Op, error) {
	l.n++
	for _, op := range ops {
		for other := range l.open {
			if other.Source == op.Source {
				l.t.Errorf("%s of %s is intended while another operation on that person is open", op.Action, op.Username)
			}
		}
		l.open[op] = true
	}
	return ops, nil
}

func (l *batchLedger) record(results []dirsync.Result) error {
	for _, r := range results {
		for op := range l.open {
			if op.Source == r.Op.Source {
				delete(l.open, op)
			}
		}
		l.fates[string(r.Op.Source)] = r
	}
	return nil
}

func perform(t *testing.T, target *duo.Target, wave []*dirsync.Op) *batchLedger {
	t.Helper()
	l := newBatchLedger(t)
	if err := target.Apply(t.Context(), wave, l.intend, freely, l.record); err != nil {
		t.Fatal(err)
	}
	if len(l.open) > 0 {
		t.Errorf("%d operations are left open", len(l.open))
	}
	return l
}

func newPeople(n int, more ...string) []*dirsync.Op {
	wave := make([]*dirsync.Op, n)
	for i := range wave {
		name := fmt.Sprintf("user%04d", i)
		wave[i] = op(dirsync.Create, name, append([]string{"username", name, "realname", "Zoë & Co", "email", name + "@old.example", "status", "active"}, more...)...)
	}
	return wave
}

// bulkDuos are all that Duo may make of bulk calls, as far as is known.
func bulkDuos() map[string]duosim.Rules {
	return map[string]duosim.Rules{
		"envelopes":           {},
		"partial":             {BulkAnswer: duosim.BulkPartial},
		"bare":                {BulkAnswer: duosim.BulkBare},
		"all or nothing":      {AllOrNothing: true},
		"50 and 20 a call":    {Limits: duosim.Limits{BulkCreate: 50, Bulk: 20}},
		"refused with 403":    {BulkRefused: 40301},
		"refused with 404":    {BulkRefused: 40401},
		"refused with 405":    {BulkRefused: 40501},
		"all or nothing, 30":  {AllOrNothing: true, Limits: duosim.Limits{BulkCreate: 30, Bulk: 30}},
		"aliases seen, mixed": {ListFindsAliases: true, Shuffle: true, KeepCase: true},
	}
}

func count(server *duosim.Server) (writes, looks int) {
	for _, c := range server.Calls() {
		if c.Method == "GET" {
			looks++
		} else {
			writes++
		}
	}
	return writes, looks
}

// TestOneBadPersonCostsAFewCallsAndNoOtherPerson creates 200 people of whom Duo refuses
// one in a hundred, and one has a name that is taken; then changes and groups them.
func TestOneBadPersonCostsAFewCallsAndNoOtherPerson(t *testing.T) {
	const people = 200
	for name, rules := range bulkDuos() {
		for _, aliases := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, aliases %v", name, aliases), func(t *testing.T) {
				target, server := together(t, duosim.Options{Rules: rules}, 3)
				if err := server.AddFault(duosim.Fault{Name: "bad", Method: "POST", Path: "/admin/v1/users", Params: map[string]string{"username": "user??50"}, Effect: duosim.Refuse, Code: 40002, Detail: "username"}); err != nil {
					t.Fatal(err)
				}
				if _, err := server.AddUser(duosim.User{Username: "user0123"}); err != nil {
					t.Fatal(err)
				}
				var more []string
				if aliases {
					more = []string{"aliases", ""}
				}
				wave := newPeople(people, more...)
				if aliases {
					for _, op := range wave {
						op.Change(dirsync.FieldAliases).After = "ex\\" + op.Username
					}
				}
				l := perform(t, target, wave)
				done := 0
				for _, op := range wave {
					r := l.fates[string(op.Source)]
					u, there := server.User(op.Username)
					switch {
					case strings.HasSuffix(op.Username, "50"):
						if r.Fate != dirsync.Refused || there || !strings.Contains(fmt.Sprint(r.Err), "Duo refuses username") {
							t.Errorf("%s: fate %d, %v", op.Username, r.Fate, r.Err)
						}
					case op.Username == "user0123":
						if r.Fate != dirsync.Taken {
							t.Errorf("%s: fate %d, %v", op.Username, r.Fate, r.Err)
						}
					case r.Fate != dirsync.Done || !there || r.Account.ID != u.ID || r.Account.Email != u.Email || len(r.Undone) > 0:
						t.Errorf("%s: fate %d, %v, %v", op.Username, r.Fate, r.Err, r.Undone)
					default:
						done++
					}
				}
				if users := len(server.Users()); users != done+1 {
					t.Errorf("%d users, %d are told of", users, done)
				}
				writes, looks := count(server)
				most := people / 2
				if rules.BulkRefused != 0 {
					most = people*103/100 + 3
				}
				if writes+looks > most {
					t.Errorf("%d writes and %d looks for %d people", writes, looks, people)
				}
				t.Logf("%d writes, %d looks, %d intents, told: %+v", writes, looks, l.n, target.BulkRefusals())
				if refused := len(target.BulkRefusals()) > 0; refused != (rules.BulkRefused != 0 || rules.Limits.Bulk != 0) {
					t.Errorf("told of refusals: %+v", target.BulkRefusals())
				}
			})
		}
	}
}

// TestChangesShareCalls changes the address of 200 people, disables them, and has them
// join two groups and leave one: whatever Duo answers, everybody is as told.
func TestChangesShareCalls(t *testing.T) {
	const people = 200
	for name, rules := range bulkDuos() {
		t.Run(name, func(t *testing.T) {
			target, server := together(t, duosim.Options{Rules: rules}, 3)
			var groups []dirsync.Membership
			for _, name := range []string{"a", "b", "c"} {
				g, err := server.AddGroup(duosim.Group{Name: name})
				if err != nil {
					t.Fatal(err)
				}
				groups = append(groups, dirsync.Membership{ID: g.ID, Name: name})
			}
			var mails, joins, leaves, aliases []*dirsync.Op
			for i := range people {
				name := fmt.Sprintf("user%04d", i)
				u, err := server.AddUser(duosim.User{Username: name, Email: name + "@old.example"})
				if err != nil {
					t.Fatal(err)
				}
				change := func(c dirsync.Change) *dirsync.Op {
					o := op(dirsync.Update, name)
					o.User, o.Changes = u.ID, []dirsync.Change{c}
					return o
				}
				mails = append(mails, change(dirsync.Change{Field: "email", Before: name + "@old.example", After: name + "@new.example"}))
				join := change(dirsync.Change{Field: "groups", After: "a\nb"})
				join.Joins = groups[:2]
				leave := change(dirsync.Change{Field: "groups", Before: "a\nb", After: "b\nc"})
				leave.Joins, leave.Leaves = groups[2:], groups[:1]
				joins, leaves = append(joins, join), append(leaves, leave)
				aliases = append(aliases, change(dirsync.Change{Field: "aliases", After: "ex\\" + name}))
			}
			if err := server.AddFault(duosim.Fault{Name: "bad", Method: "POST", Params: map[string]string{"email": "user??50@*"}, Path: "/admin/v1/users/*", Effect: duosim.Refuse, Code: 40002, Detail: "email"}); err != nil {
				t.Fatal(err)
			}
			off := rules.BulkRefused != 0
			for what, wave := range map[string][]*dirsync.Op{"mails": mails, "aliases": aliases} {
				checkChanges(t, server, what, perform(t, target, wave), wave, off)
			}
			checkChanges(t, server, "joins", perform(t, target, joins), joins, off)
			checkChanges(t, server, "leaves", perform(t, target, leaves), leaves, off)
		})
	}
}

func checkChanges(t *testing.T, server *duosim.Server, what string, l *batchLedger, wave []*dirsync.Op, off bool) {
	t.Helper()
	snapshot := server.Snapshot()
	byID := map[string]duosim.User{}
	for _, u := range snapshot.Users {
		byID[u.ID] = u
	}
	groupNames := map[string]string{}
	for _, g := range snapshot.Groups {
		groupNames[g.ID] = g.Name
	}
	for _, op := range wave {
		r, u := l.fates[string(op.Source)], byID[op.User]
		bad := what == "mails" && strings.HasSuffix(op.Username, "50")
		var in []string
		for _, id := range u.Groups {
			in = append(in, groupNames[id])
		}
		slices.Sort(in)
		c := op.Changes[0]
		held := map[string]string{"email": u.Email, "groups": strings.Join(in, "\n"), "aliases": strings.Join(u.Aliases, "\n")}[c.Field]
		switch {
		case bad && (r.Fate != dirsync.Refused || held != c.Before):
			t.Errorf("%s of %s: fate %d, %v; %q", what, op.Username, r.Fate, r.Err, held)
		case !bad && (r.Fate != dirsync.Done || held != c.After || r.Account.ID != op.User || len(r.Undone) > 0):
			t.Errorf("%s of %s: fate %d, %v, %v; %q", what, op.Username, r.Fate, r.Err, r.Undone, held)
		}
	}
	writes, looks := count(server)
	t.Logf("%s: %d writes, %d looks so far", what, writes, looks)
	if !off && (writes+looks)*2 > len(wave)*4 {
		t.Errorf("%d writes and %d looks so far", writes, looks)
	}
}

// TestDamagedBulkAnswers has each answer to a bulk call be damaged in one way, again and
// again: everybody is there exactly once, with the id that is told, and nobody is told of
// who is not there.
func TestDamagedBulkAnswers(t *testing.T) {
	const people = 210
	for _, effect := range []duosim.Effect{
		duosim.Short, duosim.Twice, duosim.Reversed, duosim.Stranger, duosim.Swap, duosim.Stale, duosim.WrongID,
		duosim.CutAfter, duosim.CutBefore, duosim.ErrorAfter, duosim.HTML502, duosim.Fail200, duosim.Error500, duosim.NoCode, duosim.Error50001,
	} {
		for _, every := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s, each %d.", effect, every), func(t *testing.T) {
				rules := duosim.Rules{}
				if every == 3 {
					rules.BulkAnswer = duosim.BulkBare
				}
				target, server := together(t, duosim.Options{Rules: rules, Faults: duosim.Faults{Rules: []duosim.Fault{
					{Name: "create", Path: "/admin/v1/users/bulk_create", Every: every, Effect: effect},
					{Name: "bulk", Path: "/admin/v1/bulk", Every: every, Effect: effect},
				}}}, 2)
				ids := map[string]string{}
				for _, r := range perform(t, target, newPeople(people)).fates {
					if r.Fate != dirsync.Done {
						t.Errorf("create of %s: fate %d, %v", r.Op.Username, r.Fate, r.Err)
						continue
					}
					ids[r.Op.Username] = r.Account.ID
				}
				for _, u := range server.Users() {
					if effect != duosim.WrongID && ids[u.Username] != u.ID {
						t.Errorf("%s is %s, told is %q", u.Username, u.ID, ids[u.Username])
					}
					ids[u.Username] = u.ID
				}
				if users := len(server.Users()); users != people || len(ids) != people {
					t.Errorf("%d users, %d told of", users, len(ids))
				}
				var wave []*dirsync.Op
				for _, name := range slices.Sorted(maps.Keys(ids)) {
					o := op(dirsync.Update, name)
					o.User, o.Changes = ids[name], []dirsync.Change{{Field: "email", Before: name + "@old.example", After: name + "@new.example"}}
					wave = append(wave, o)
				}
				for _, r := range perform(t, target, wave).fates {
					u, _ := server.User(r.Op.Username)
					if r.Fate != dirsync.Done || u.Email != r.Op.Username+"@new.example" {
						t.Errorf("update of %s: fate %d, %v, %s", r.Op.Username, r.Fate, r.Err, u.Email)
					}
				}
				for _, u := range server.Users() {
					if u.Email != u.Username+"@new.example" {
						t.Errorf("%s has %s", u.Username, u.Email)
					}
				}
			})
		}
	}
}

// TestARecordThatFailsEndsABatch: nothing is sent after it.
func TestARecordThatFailsEndsABatch(t *testing.T) {
	target, server := together(t, duosim.Options{}, 1)
	broken := errors.New("disk full")
	l := newBatchLedger(t)
	err := target.Apply(t.Context(), newPeople(250), l.intend, freely, func([]dirsync.Result) error { return broken })
	if writes, _ := count(server); !errors.Is(err, broken) || writes != 1 || l.n != 1 {
		t.Errorf("%v after %d writes and %d intents", err, writes, l.n)
	}
}

// TestABatchIsIntendedWhole: the intents of a call come in one piece before it, and its
// outcomes in one after it; who is left out by the core is not sent.
func TestABatchIsIntendedWhole(t *testing.T) {
	target, server := together(t, duosim.Options{}, 1)
	var events []string
	wave := newPeople(100)
	err := target.Apply(t.Context(), wave, func(ops []*dirsync.Op) ([]*dirsync.Op, error) {
		writes, _ := count(server)
		events = append(events, fmt.Sprintf("intend %d after %d", len(ops), writes))
		return ops[1:], nil
	}, freely, func(results []dirsync.Result) error {
		writes, _ := count(server)
		events = append(events, fmt.Sprintf("record %d after %d", len(results), writes))
		return nil
	})
	if got := strings.Join(events, ", "); err != nil || got != "intend 100 after 0, record 99 after 1" {
		t.Errorf("%s, %v", got, err)
	}
	if _, there := server.User(wave[0].Username); there || len(server.Users()) != 99 {
		t.Errorf("%d users", len(server.Users()))
	}
}

// TestTenBulkCallsInARowThatFailEndTheRun counts calls, and not people.
func TestTenBulkCallsInARowThatFailEndTheRun(t *testing.T) {
	target, server := together(t, duosim.Options{Faults: duosim.Faults{Rules: []duosim.Fault{{Name: "out", Method: "POST", Effect: duosim.HTML502}}}}, 1)
	l := newBatchLedger(t)
	err := target.Apply(t.Context(), newPeople(5000), l.intend, freely, l.record)
	if err == nil || !strings.Contains(err.Error(), "10 writes to Duo failed in a row") {
		t.Errorf("got %v", err)
	}
	if writes, _ := count(server); writes < 10 || writes > 20 {
		t.Errorf("%d writes", writes)
	}
	for _, r := range l.fates {
		if r.Fate != dirsync.Unknown && r.Fate != dirsync.Failed {
			t.Errorf("%s: fate %d, %v", r.Op.Username, r.Fate, r.Err)
		}
	}
}

// TestAnEndOfTimeEndsABatch: what is under way is finished and recorded.
func TestAnEndOfTimeEndsABatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	target, server := together(t, duosim.Options{OnCall: func(c duosim.Call) {
		if c.Method == "POST" {
			cancel()
		}
	}}, 1)
	l := newBatchLedger(t)
	err := target.Apply(ctx, newPeople(500), l.intend, freely, l.record)
	if writes, _ := count(server); !errors.Is(err, context.Canceled) || writes != 1 || len(l.fates) != 100 || len(server.Users()) != 100 {
		t.Errorf("%v after %d writes, %d recorded", err, writes, len(l.fates))
	}
	for _, r := range l.fates {
		if r.Fate != dirsync.Done {
			t.Errorf("%s: fate %d, %v", r.Op.Username, r.Fate, r.Err)
		}
	}
}

// TestWhatWasRefusedIsRemembered: the next run does not ask, and a day later one does.
func TestWhatWasRefusedIsRemembered(t *testing.T) {
	for age, asks := range map[time.Duration]bool{time.Hour: false, 25 * time.Hour: true} {
		target, server := together(t, duosim.Options{}, 1)
		target.Recall([]dirsync.BulkRefusal{{Call: "POST /admin/v1/users/bulk_create", Since: target.Now().Add(-age)}})
		perform(t, target, newPeople(20))
		asked := slices.ContainsFunc(server.Calls(), func(c duosim.Call) bool { return c.Path == "/admin/v1/users/bulk_create" })
		if asked != asks || len(server.Users()) != 20 {
			t.Errorf("after %s: asked %v, %d users", age, asked, len(server.Users()))
		}
	}
}

// TestMoreGroupsThanAKnownCallTakes: who has more steps than Duo is known to take in one call
// goes alone from the beginning, as the forecast has it.
func TestMoreGroupsThanAKnownCallTakes(t *testing.T) {
	target, server := together(t, duosim.Options{}, 1)
	target.Recall([]dirsync.BulkRefusal{{Call: "POST /admin/v1/bulk", Since: target.Now(), Most: 3}})
	wave := newPeople(20)
	for _, name := range []string{"a", "b", "c", "d"} {
		g, err := server.AddGroup(duosim.Group{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range wave {
			op.Joins = append(op.Joins, dirsync.Membership{ID: g.ID, Name: name})
		}
	}
	server.ResetCalls()
	l := perform(t, target, wave)
	want, _ := target.Forecast(&dirsync.Plan{Waves: [][]*dirsync.Op{wave}})
	writes, looks := count(server)
	if probes := 1; writes+looks-probes != want { // of Duo's clock
		t.Errorf("%d writes and %d looks, %d were forecast", writes, looks, want)
	}
	for _, r := range l.fates {
		if r.Fate != dirsync.Done || len(r.Undone) > 0 || len(r.Account.Groups) != 4 {
			t.Errorf("%s: fate %d, %v, %v", r.Op.Username, r.Fate, r.Err, r.Undone)
		}
	}
}
