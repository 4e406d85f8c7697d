package duo

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"duosync/duo/api"
	"duosync/duo/bulk"
	"duosync/duo/lookup"
	"duosync/duo/operation"
	"duosync/duo/values"
	dirsync "duosync/sync"
	"duosync/sync/batch"
)

// togetherMost is how many operations share what can be shared of their calls, where such
// calls are made: as many as one look can be about.
func togetherMost(e *bulk.Endpoint) int {
	if e.Most() < 2 {
		return 0
	}
	return api.MostInLook
}

// endpoint gives the call of a way, nil: none.
func (t *Target) endpoint(way batch.Way) *bulk.Endpoint {
	switch way {
	case batch.Create:
		return t.creates
	case batch.Change:
		return t.changes
	}
	return nil
}

// party are operations that are carried out together.
type party struct {
	*worker
	way     batch.Way
	outer   func() error                      // why the run is to stop, or nil
	at      time.Time                         // of their intents, by Duo's clock
	until   time.Time                         // no call begins later
	params  map[*bulk.Member]dirsync.Fields   // of fields and aliases
	claimed map[*bulk.Member]*dirsync.Account // answered, and not yet believed
	made    []*bulk.Member                    // done but for their lists
	stop    error                             // what every further call would meet as well
	broken  error                             // of the journal
}

// together carries a unit out: users and their fields first, then groups and phones. Each
// operation is intended with all others, and recorded as soon as it is known what became of
// it; what can't be done together goes alone, with the same intent.
func (w *worker) together(outer context.Context, unit batch.Unit) error {
	if err := outer.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(dirsync.Concerning(outer, names(unit.Ops)), w.bound)
	defer cancel()
	if slices.ContainsFunc(unit.Ops, operation.Creates) {
		if err := w.learnClock(ctx); err != nil {
			return w.unsent(outer, unit.Ops, err)
		}
	}
	p := &party{worker: w, way: unit.Way, outer: outer.Err, at: w.Now(), params: map[*bulk.Member]dirsync.Fields{}, claimed: map[*bulk.Member]*dirsync.Account{}}
	p.until, _ = ctx.Deadline()
	sent, err := w.intend(unit.Ops)
	if err != nil || len(sent) == 0 {
		return err
	}
	members := make([]*bulk.Member, len(sent))
	for i, op := range sent {
		members[i] = &bulk.Member{Op: op}
	}
	var fields []*bulk.Member
	for _, m := range p.prepare(ctx, members) {
		if m.Result == nil {
			fields = append(fields, m)
		} else {
			p.made = append(p.made, m)
		}
	}
	work := p.work(w.endpoint(unit.Way))
	work.Send, work.Look, work.Tell = p.sendFields, p.lookFields, p.tellFields
	work.Alone = func(_ context.Context, m *bulk.Member) error { // with all that belongs to it
		result, err := p.alone(outer, m.Op, &begun{at: p.at, until: p.until, open: m.Open})
		m.Result = &result
		return err
	}
	if err := work.Do(ctx, fields); err != nil {
		return cmp.Or(p.leaveLists(err), err)
	}
	return p.lists(ctx)
}

// work is what all work of the party has in common.
func (p *party) work(e *bulk.Endpoint) *bulk.Work {
	return &bulk.Work{
		Endpoint: e,
		Recheck:  p.recheck,
		Count:    p.writes.Count,
		Halt:     func() error { return cmp.Or(p.outer(), p.stop, p.writes.TooMany()) },
		Wait:     func(ctx context.Context, n int) { p.client.Again(ctx, min(n, 3)) }, // whether in full, the next call sees
	}
}

// unsent records operations that nothing was sent for.
func (w *worker) unsent(ctx context.Context, ops []*dirsync.Op, err error) error {
	results := make([]dirsync.Result, len(ops))
	for i, op := range ops {
		results[i] = w.told(outcome(op, dirsync.Failed, err))
	}
	if err := w.record(results); err != nil {
		return err
	}
	return cmp.Or(ctx.Err(), stopper(results[0]), w.writes.TooMany())
}

// prepare finds what each member sends of fields and aliases. One that changes lists alone
// sends none, and is done so far.
func (p *party) prepare(ctx context.Context, members []*bulk.Member) []*bulk.Member {
	places := p.places(ctx, members)
	for _, m := range members {
		op := m.Op
		aliases := op.Change(dirsync.FieldAliases)
		switch {
		case operation.Creates(op):
			p.params[m] = createParams(op, m)
		case aliases != nil:
			p.params[m] = aliasParams(op, aliases, places.ByID(op.User), m)
		case operation.HasOwn(op):
			p.params[m] = operation.OwnFields(op)
		default:
			r := done(op, nil)
			m.Result = &r
		}
	}
	return members
}

// places looks at all users whose aliases are to be changed: these have places.
func (p *party) places(ctx context.Context, members []*bulk.Member) lookup.Seen {
	var ids []string
	for _, m := range members {
		if !operation.Creates(m.Op) && m.Op.Change(dirsync.FieldAliases) != nil {
			ids = append(ids, m.Op.User)
		}
	}
	seen, _ := p.See(ctx, nil, ids) // who is not seen goes alone
	return seen
}

// createParams gives the parameters of a create.
func createParams(op *dirsync.Op, m *bulk.Member) dirsync.Fields {
	params := maps.Clone(operation.CreateFields(op))
	change := dirsync.Change{After: params[dirsync.FieldAliases]}
	delete(params, dirsync.FieldAliases)
	edit, err := values.EditAliases(&change, nil)
	m.Apart = err != nil
	return values.WithAliases(params, edit)
}

// aliasParams gives the parameters of a change of aliases that takes one call; any other
// goes alone.
func aliasParams(op *dirsync.Op, aliases *dirsync.Change, a *dirsync.Account, m *bulk.Member) dirsync.Fields {
	m.Apart = true
	if a == nil {
		return dirsync.Fields{}
	}
	edit, err := values.EditAliases(aliases, a.Aliases)
	calls := values.EditsOf(operation.OwnFields(op), edit, a)
	if err != nil || len(calls) != 1 {
		return dirsync.Fields{}
	}
	m.Apart = false
	return values.ParamsOf(calls[0])
}

// tellFields records what is known of members, all at once, but for those whose lists follow.
func (p *party) tellFields(members []*bulk.Member) error {
	var results []dirsync.Result
	for _, m := range members {
		if m.Result.Fate == dirsync.Done && operation.HasSteps(m.Op) {
			p.made = append(p.made, m)
			continue
		}
		results = append(results, *m.Result)
	}
	return p.recordAll(results)
}

// recordAll records results in one transaction.
func (p *party) recordAll(results []dirsync.Result) error {
	if len(results) == 0 || p.broken != nil {
		return p.broken
	}
	for i := range results {
		results[i] = p.told(results[i])
		p.stop = cmp.Or(p.stop, stopper(results[i]))
	}
	p.broken = p.record(results)
	return p.broken
}

// names gives the people that operations are about, for the log.
func names(ops []*dirsync.Op) string {
	all := make([]string, 0, len(ops))
	for _, op := range ops {
		all = append(all, op.Username)
	}
	return strings.Join(slices.Compact(all), ", ")
}
