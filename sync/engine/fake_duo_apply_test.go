package engine_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/batch"

	"pgregory.net/rapid"
)

// aliasesAfter are the aliases of a user after a change: those that it does not speak of
// are let be.
func aliasesAfter(a *dirsync.Account, c *dirsync.Change) string {
	after := dirsync.Items(c.After)
	before := dirsync.Items(dirsync.FoldName(c.Before))
	for _, alias := range a.Aliases {
		if !slices.Contains(before, alias) {
			after = append(after, alias)
		}
	}
	return dirsync.ListOf(after)
}

func set(a *dirsync.Account, field, value string) {
	switch field {
	case dirsync.FieldUsername:
		a.Username = dirsync.FoldName(value)
	case dirsync.FieldRealname:
		a.Realname = value
	case dirsync.FieldFirstname:
		a.Firstname = value
	case dirsync.FieldLastname:
		a.Lastname = value
	case dirsync.FieldEmail:
		a.Email = value
	case dirsync.FieldNotes:
		a.Notes = value
	case dirsync.FieldAliases:
		a.Aliases = nil
		for _, alias := range dirsync.Items(value) {
			a.Aliases = append(a.Aliases, dirsync.FoldName(alias))
		}
	case dirsync.FieldStatus:
		if a.Status != dirsync.StatusPendingDeletion { // in the Trash a modification has no effect
			a.Status = value
		}
	}
}

// wayOf tells which operations may go together, as a target would.
func wayOf(op *dirsync.Op) batch.Way {
	switch op.Action {
	case dirsync.Create, dirsync.Recreate:
		return batch.Create
	case dirsync.Update, dirsync.Disable, dirsync.Enable:
		return batch.Change
	}
	return batch.Alone
}

func (d *memDuo) Apply(ctx context.Context, wave []*dirsync.Op, intend func([]*dirsync.Op) ([]*dirsync.Op, error),
	recheck func([]*dirsync.Op) (map[*dirsync.Op]string, error), record func([]dirsync.Result) error,
) error {
	rounds := [][]batch.Unit{batch.Each(wave)}
	if d.batch > 1 {
		rounds = batch.Cut(wave, wayOf, batch.Most{Create: d.batch, Change: d.batch})
	}
	for _, unit := range slices.Concat(rounds...) {
		if d.halt != nil {
			return d.halt
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		sent, err := intend(unit.Ops)
		if err != nil {
			return err
		}
		if len(sent) == 0 {
			continue
		}
		if d.waits != nil {
			d.waits(sent)
		}
		if sent, err = butWithdrawn(sent, recheck, record); err != nil {
			return err
		}
		if len(sent) == 0 {
			continue
		}
		d.calls++
		if err := d.send(sent, intend, record); err != nil {
			return err
		}
	}
	return nil
}

// butWithdrawn gives the operations that may still be sent, and records the others.
func butWithdrawn(ops []*dirsync.Op, recheck func([]*dirsync.Op) (map[*dirsync.Op]string, error), record func([]dirsync.Result) error) (sent []*dirsync.Op, err error) {
	var results []dirsync.Result
	withdrawn, stop := recheck(ops)
	for _, op := range ops {
		switch why, out := withdrawn[op]; {
		case stop != nil:
			results = append(results, dirsync.Result{Op: op, Fate: dirsync.Failed, Err: stop})
		case out:
			results = append(results, dirsync.Result{Op: op, Fate: dirsync.Failed, Err: dirsync.Withdrawn(why)})
		default:
			sent = append(sent, op)
		}
	}
	if len(results) == 0 {
		return sent, stop
	}
	return sent, errors.Join(record(results), stop)
}

// send carries out operations that share a call. With faults about, what became of some is
// recorded before it is known of the others.
func (d *memDuo) send(ops []*dirsync.Op, intend func([]*dirsync.Op) ([]*dirsync.Op, error), record func([]dirsync.Result) error) error {
	var results []dirsync.Result
	for i, op := range ops {
		res, err := d.fated(op)
		if err != nil {
			return err
		}
		results = append(results, res)
		if field := d.refusedField(op); res.Fate == dirsync.Refused && field != "" && op.Action == dirsync.Create {
			if err := record(results); err != nil {
				return err
			}
			if res, err = d.oneWithout(op, field, intend); err != nil {
				return err
			}
			d.calls++
			results = []dirsync.Result{res}
		}
		if key := keyOf(op); d.crash[key] {
			delete(d.crash, key)
			return errors.New("crashed")
		}
		if i+1 < len(ops) && d.rate > 0 && rapid.IntRange(0, d.rate).Draw(d.chaos, "recorded so far") == 0 {
			if err := record(results); err != nil {
				return err
			}
			results = nil
		}
	}
	return record(results)
}

func keyOf(op *dirsync.Op) string { return string(op.Action) + " " + dirsync.FoldName(op.Name()) }

// fated carries an operation out, unless something goes wrong.
func (d *memDuo) fated(op *dirsync.Op) (dirsync.Result, error) {
	key := keyOf(op)
	failed := dirsync.Result{Op: op, Fate: dirsync.Failed, Err: errors.New("Duo answered 500")}
	if d.failop[key] {
		delete(d.failop, key)
		return failed, nil
	}
	callless := op.Action == dirsync.GroupUpdate && len(op.Changes) == 0 // nothing is sent that could go wrong
	if d.rate == 0 || callless || rapid.IntRange(0, d.rate).Draw(d.chaos, "fault "+key) > 0 {
		return d.one(op), nil
	}
	switch rapid.SampledFrom([]string{"crashbefore", "crash", "half", "undone", "failed", "unknown", "lost", "astray"}).Draw(d.chaos, "kind") {
	case "astray":
		d.leadAstray(op)
		res := d.one(op)
		delete(d.astray, dirsync.FoldName(op.Name()))
		return res, nil
	case "crashbefore":
		return failed, errCrash
	case "crash":
		d.one(op)
		return failed, errCrash
	case "half": // the lists were not come to
		d.bare = true
		d.one(op)
		d.bare = false
		return failed, errCrash
	case "undone":
		d.bare = true
		res := d.one(op)
		d.bare = false
		for _, c := range op.Changes {
			if c.Field == dirsync.FieldPhones || c.Field == dirsync.FieldGroups {
				res.Undone = append(res.Undone, dirsync.Undone{Field: c.Field, Fate: dirsync.Failed, Err: errors.New("Duo answered 500")})
			}
		}
		return res, nil
	case "unknown":
		return dirsync.Result{Op: op, Fate: dirsync.Unknown, Err: errors.New("no reply, not done")}, nil
	case "lost":
		d.one(op)
		return dirsync.Result{Op: op, Fate: dirsync.Unknown, Err: errors.New("no reply, done")}, nil
	}
	return failed, nil
}

// refusedField is the field of an operation that Duo won't have, "" for none.
func (d *memDuo) refusedField(op *dirsync.Op) string {
	if field := d.spare[dirsync.FoldName(op.Name())]; field != "" && op.Change(field) != nil {
		return field
	}
	return ""
}

// oneWithout tries an operation without a field, as an operation of its own.
func (d *memDuo) oneWithout(op *dirsync.Op, field string, intend func([]*dirsync.Op) ([]*dirsync.Op, error)) (dirsync.Result, error) {
	less := *op
	less.Changes, less.Asked = slices.Clone(op.Changes), maps.Clone(op.Asked)
	less.Drop(field)
	if _, err := intend([]*dirsync.Op{&less}); err != nil {
		return dirsync.Result{}, err
	}
	res := d.one(&less)
	res.Op = op
	res.Undone = append(res.Undone, dirsync.Undone{Field: field, Fate: dirsync.Refused, Err: errors.New("Duo refuses " + field)})
	return res, nil
}

func (d *memDuo) one(op *dirsync.Op) dirsync.Result {
	if op.OnGroup() {
		return d.onGroup(op)
	}
	name := dirsync.FoldName(op.Name())
	res := dirsync.Result{Op: op}
	switch field := d.refusedField(op); {
	case field != "":
		res.Fate, res.Err, res.Fields = dirsync.Refused, errors.New("Duo refuses "+field), []string{field}
		return res
	case d.refuse[name]:
		res.Fate, res.Err = dirsync.Refused, errors.New("Duo refuses realname: Invalid request parameters")
		return res
	case d.fail[name]:
		delete(d.fail, name)
		res.Fate, res.Err = dirsync.Failed, errors.New("Duo answered 500")
		return res
	}
	if op.Action == dirsync.Create || op.Action == dirsync.Recreate {
		for _, name := range append(dirsync.Items(op.After()[dirsync.FieldAliases]), name) {
			if holder := d.holder(name); holder != nil {
				res.Fate, res.Account = dirsync.Taken, d.account(holder)
				return res
			}
		}
		d.next++
		a := &dirsync.Account{ID: fmt.Sprintf("DU%03d", d.next), Status: dirsync.StatusActive, Created: d.now().Truncate(time.Second)}
		for _, c := range op.Changes {
			if c.Field == dirsync.FieldAliases {
				c.After = d.goodAliases(nil, op, &c, &res)
			}
			if !d.refused(&c, &res) {
				set(a, c.Field, c.After)
			}
		}
		if status := d.born[name]; status != "" {
			a.Status = status
			if asked := op.After()[dirsync.FieldStatus]; asked != "" && asked != status {
				res.Undone = append(res.Undone, dirsync.Undone{Field: dirsync.FieldStatus, Fate: dirsync.Failed, Err: errors.New("the user is still " + status)})
			}
		}
		d.users[a.ID] = a
		return d.done(res, a)
	}
	a := d.users[op.User]
	switch {
	case op.Action == dirsync.PhoneDelete:
		d.lists(nil, op, &res)
		return res
	case op.Follows && d.wrong[op.User]:
		res.Fate, res.Err = dirsync.Failed, errors.New("an answer about something else")
		return res
	case a == nil && op.Action == dirsync.Delete:
		return res
	case a == nil:
		res.Fate = dirsync.Vanished
		return res
	}
	if op.After()[dirsync.FieldUsername] != "" {
		if holder := d.holder(name); holder != nil && (holder != a || d.twice(a, op, name)) {
			res.Fate, res.Account = dirsync.Taken, d.account(holder)
			return res
		}
	}
	switch op.Action {
	case dirsync.EnrollMail:
		if a.Enrolled || len(d.account(a).Phones) > 0 || a.Status != dirsync.StatusActive {
			res.Fate, res.Err = dirsync.Refused, errors.New("has a device")
			return res
		}
		d.mails[a.ID]++
		return res
	case dirsync.Delete:
		d.purge(op.User)
		return res
	case dirsync.Trash:
		set(a, dirsync.FieldStatus, dirsync.StatusDisabled)
		if d.noTrash {
			res = d.done(res, a)
			res.Fate, res.Err = dirsync.Refused, errors.New("Duo did not put the user into its Trash")
			return res
		}
		a.Status = dirsync.StatusPendingDeletion
	case dirsync.Restore, dirsync.Adopt:
		if op.After()[dirsync.FieldStatus] != "" && a.Status == dirsync.StatusPendingDeletion {
			a.Status = dirsync.StatusDisabled
		}
	}
	if op.Action != dirsync.Trash {
		done := false
		for _, c := range op.Changes {
			if d.refused(&c, &res) {
				continue
			}
			if c.Field == dirsync.FieldAliases {
				before := a.Field(dirsync.FieldAliases)
				c.After = d.goodAliases(a, op, &c, &res)
				c.After = aliasesAfter(a, &c)
				done = done || dirsync.ListOf(dirsync.Items(c.After)) != before
			} else {
				done = true
			}
			set(a, c.Field, c.After)
		}
		if len(res.Undone) > 0 && !done {
			return nothingDone(op, res.Undone)
		}
	}
	return d.done(res, a)
}

// goodAliases gives the aliases of a change that Duo will have for a user, nil for a new one,
// and notes the others.
func (d *memDuo) goodAliases(a *dirsync.Account, op *dirsync.Op, c *dirsync.Change, res *dirsync.Result) string {
	var why []string
	fate := dirsync.Refused
	good := slices.DeleteFunc(dirsync.Items(c.After), func(alias string) bool {
		holder := d.holder(alias)
		switch {
		case d.refuse["alias:"+alias]:
			why = append(why, fmt.Sprintf("Duo refuses the alias %q", alias))
		case a != nil && holder == a && d.twice(a, op, alias):
			why = append(why, fmt.Sprintf("the alias %q is not given while it is the user's own name in Duo", alias))
		case holder != nil && holder != a:
			why, fate = append(why, fmt.Sprintf("the name %q is held by the Duo user %s", alias, holder.ID)), dirsync.Taken
		default:
			return false
		}
		return true
	})
	if len(why) > 0 {
		res.Undone = append(res.Undone, dirsync.Undone{Field: dirsync.FieldAliases, Fate: fate, Err: errors.New(strings.Join(why, "; "))})
	}
	return dirsync.ListOf(good)
}

// nothingDone is the result of an operation of which every field lacks.
func nothingDone(op *dirsync.Op, undone []dirsync.Undone) dirsync.Result {
	if len(undone) == 1 {
		return dirsync.Result{Op: op, Fate: undone[0].Fate, Err: undone[0].Err}
	}
	var texts []string
	for _, u := range undone {
		texts = append(texts, u.Field+": "+u.Err.Error())
	}
	return dirsync.Result{Op: op, Fate: undone[len(undone)-1].Fate, Err: errors.New(strings.Join(texts, "; "))}
}

// refused notes that a field is refused, where it is one that Duo will not have.
func (d *memDuo) refused(c *dirsync.Change, res *dirsync.Result) bool {
	if !d.refuse[c.Field] || c.After == "" {
		return false
	}
	res.Undone = append(res.Undone, dirsync.Undone{Field: c.Field, Fate: dirsync.Refused, Err: fmt.Errorf("Duo refuses the %s", c.Field)}) //nolint:staticcheck // as the client says it
	return true
}

// twice reports whether a user is to have one name as username and as alias. A
// name that moves between the two is freed first, so that is not refused.
func (d *memDuo) twice(a *dirsync.Account, op *dirsync.Op, name string) bool {
	username := cmp.Or(dirsync.FoldName(op.After()[dirsync.FieldUsername]), dirsync.FoldName(a.Username))
	aliases := dirsync.Items(a.Field(dirsync.FieldAliases))
	if c := op.Change(dirsync.FieldAliases); c != nil {
		aliases = dirsync.Items(c.After)
	}
	return name == username && slices.Contains(aliases, name)
}

func (d *memDuo) done(res dirsync.Result, a *dirsync.Account) dirsync.Result {
	d.lists(a, res.Op, &res)
	res.Account, res.Met = d.account(a), len(res.Op.Phones)+len(res.Op.Joins) > 0
	if id := d.astray[dirsync.FoldName(res.Op.Name())]; id != "" && (res.Op.Action == dirsync.Create || res.Op.Action == dirsync.Recreate) {
		return d.answeredWith(id, res)
	}
	if name := dirsync.FoldName(res.Op.Name()); d.lose[name] {
		delete(d.lose, name)
		return dirsync.Result{Op: res.Op, Fate: dirsync.Unknown, Err: errors.New("no reply")}
	}
	return res
}

// leadAstray has a create answered with the id of nobody, or of somebody who is not ours: a
// target would not believe that of one of ours.
func (d *memDuo) leadAstray(op *dirsync.Op) {
	d.next++
	ids := []string{fmt.Sprintf("DW%03d", d.next)}
	for _, a := range d.sorted() {
		if strings.HasPrefix(a.ID, "DX") && !d.wrong[a.ID] && d.owner(a.ID) == "" {
			ids = append(ids, a.ID)
		}
	}
	d.astray[dirsync.FoldName(op.Name())] = rapid.SampledFrom(ids).Draw(d.chaos, "astray")
}

// answeredWith is a create of which Duo answered another id. Where lists follow, it is seen
// that nobody of the name is there.
func (d *memDuo) answeredWith(id string, res dirsync.Result) dirsync.Result {
	op := res.Op
	delete(d.astray, dirsync.FoldName(op.Name()))
	if len(op.Phones)+len(op.Joins) > 0 {
		return dirsync.Result{Op: op, Fate: dirsync.Unknown, Err: errors.New("an answer about something else")}
	}
	d.wrong[id] = true
	res.Account.ID = id
	return res
}
