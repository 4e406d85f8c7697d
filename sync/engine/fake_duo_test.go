package engine_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	dirsync "duosync/sync"

	"pgregory.net/rapid"
)

// A Duo account in memory. It knows the rules that a plan relies on: names are
// unique and folded, a name in the Trash is still held.
type memDuo struct {
	users map[string]*dirsync.Account
	next  int
	calls int
	now   func() time.Time

	groups map[string]*dirsync.Group
	phones map[string]*dirsync.Phone
	mails  map[string]int  // by user id
	found  map[string]bool // phones that were found, as nobody's, and attached

	refuse  map[string]bool               // folded usernames
	doubt   map[string]bool               // folded usernames: whether they exist can't be told
	hidden  map[string]bool               // folded usernames: seen by name only
	astray  map[string]string             // once: by folded username the id that a create is answered with
	wrong   map[string]bool               // ids that creates were answered with
	born    map[string]string             // by folded username the status that a create gives, whatever it asks for
	spare   map[string]string             // by folded username the field that Duo won't have
	fail    map[string]bool               // once: not done
	lose    map[string]bool               // once: done, and the reply is lost for good
	owner   func(string) dirsync.SourceID // as the engine tells
	known   func(dirsync.SourceID) dirsync.Remembered
	noTrash bool
	halt    error                   // returned before the next operation
	waits   func(ops []*dirsync.Op) // what happens while a call waits for its turn; nil: nothing
	chaos   *rapid.T
	rate    int
	batch   int             // operations a call; below 2: each in its own
	bare    bool            // list steps are not carried out
	crash   map[string]bool // once: "action name": done, then the process dies before record
	failop  map[string]bool // once: "action name": 500
}

func (d *memDuo) holder(name string) *dirsync.Account {
	for _, a := range d.users {
		if slices.Contains(a.Names(), dirsync.FoldName(name)) {
			return a
		}
	}
	return nil
}

func (d *memDuo) sorted() []*dirsync.Account {
	return slices.SortedFunc(maps.Values(d.users), func(a, b *dirsync.Account) int { return cmp.Compare(a.ID, b.ID) })
}

func (d *memDuo) Inventory(_ context.Context, visit func(dirsync.Account) error) (bool, error) {
	d.calls++
	for _, a := range d.sorted() {
		if err := visit(*d.account(a)); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (d *memDuo) Find(_ context.Context, names []string) ([]dirsync.Account, error) {
	d.calls++
	found := map[string]dirsync.Account{}
	for _, name := range names {
		if a := d.holder(name); a != nil {
			found[a.ID] = *d.account(a)
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

func (d *memDuo) Know(owner func(string) dirsync.SourceID, known func(dirsync.SourceID) dirsync.Remembered) {
	d.owner, d.known = owner, known
}

func (d *memDuo) Recall([]dirsync.BulkRefusal) {}

func (d *memDuo) BulkRefusals() []dirsync.BulkRefusal { return nil }

// others reports whether a user is another person's of ours, as a target does.
func (d *memDuo) others(a *dirsync.Account, mine dirsync.SourceID) bool {
	owner := d.owner(a.ID)
	if owner == "" || owner == mine {
		return false
	}
	known := d.known(owner)
	return !known.Unmet || !known.IsRenamed(a)
}

func (d *memDuo) Fetch(_ context.Context, known map[string]dirsync.Remembered) (map[string]dirsync.Account, map[string]error, error) {
	d.calls++
	found, doubtful := map[string]dirsync.Account{}, map[string]error{}
	for id, who := range known {
		a, named := d.users[id], d.holder(who.Name)
		moved := named != nil && named.ID != id && who.Is(named) && !who.Prefers(a, named) && !d.others(named, d.owner(id))
		name := dirsync.FoldName(who.Name)
		if d.doubt[name] || d.hidden[name] {
			doubtful[id] = errors.New("an answer about something else")
		}
		switch {
		case d.doubt[name]:
		case (a == nil || who.IsRenamed(a)) && moved:
			found[id] = *d.account(named)
		case a != nil && who.IsOther(a):
			doubtful[id] = fmt.Errorf("the id %s is that of the Duo user %q", id, a.Username)
		case a != nil:
			found[id] = *d.account(a)
		}
	}
	return found, doubtful, nil
}

func (d *memDuo) Settle(_ context.Context, intents []dirsync.Intent) ([]dirsync.Result, error) {
	var results []dirsync.Result
	for _, intent := range intents {
		d.calls++
		results = append(results, d.settle(intent))
	}
	return results, nil
}

func (d *memDuo) settle(intent dirsync.Intent) dirsync.Result {
	op := intent.Op
	if op.OnGroup() {
		return d.settleGroup(op)
	}
	res := dirsync.Result{Op: op, Fate: dirsync.Failed}
	a := d.users[op.User]
	holds := func() bool {
		for field, value := range op.After() {
			if !dirsync.IsList(field) && a.Field(field) != value {
				return false
			}
		}
		return true
	}
	switch {
	case op.Action == dirsync.EnrollMail:
		res.Fate = dirsync.Done
		return res
	case a != nil && intent.Known.MayBeOther(a):
		res.Err = errors.New("the id is somebody else's")
		return res
	case op.Action == dirsync.PhoneDelete:
		d.settleLists(a, op, &res)
		if len(res.Undone) == 0 {
			res.Fate = dirsync.Done
		}
		return res
	case op.Action == dirsync.Create || op.Action == dirsync.Recreate:
		a = d.holder(op.Name())
		if a == nil {
			return res
		}
		res.Account, res.Fate = d.account(a), dirsync.Taken
		if !a.Created.Before(intent.At.Truncate(time.Second)) && holds() {
			res.Fate, res.Met = dirsync.Done, true
		}
	case a == nil && op.Action == dirsync.Delete:
		res.Fate = dirsync.Done
	case a == nil:
		res.Fate = dirsync.Vanished
	case op.Action == dirsync.Delete:
		res.Account = d.account(a)
	default:
		res.Account = d.account(a)
		if holds() {
			res.Fate = dirsync.Done
		}
	}
	if res.Fate == dirsync.Done && a != nil {
		d.settleLists(a, op, &res)
	}
	return res
}

func (d *memDuo) Now() time.Time       { return d.now() }
func (d *memDuo) Usage() dirsync.Usage { return dirsync.Usage{Calls: d.calls} }
func (d *memDuo) Forecast(p *dirsync.Plan) (int, time.Duration) {
	return len(p.Ops()), time.Duration(len(p.Ops())) * time.Second
}
