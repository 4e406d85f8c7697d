package duo

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"duosync/duo/api"
	"duosync/duo/bulk"
	"duosync/duo/gate"
	"duosync/duo/operation"
	dirsync "duosync/sync"
)

// lister is a member whose lists are to be done, after its other part.
type lister struct {
	before dirsync.Result // what became of that
	user   string         // user_id
	joins  []dirsync.Membership
}

// lists carries out what members do to groups, together; who has phones goes alone. Nothing
// is given to a user who was made in this run before a look has shown that it is there. What
// was done is told by a look at each, for Duo's answer names nobody.
func (p *party) lists(ctx context.Context) error {
	of := make(map[*bulk.Member]*lister, len(p.made))
	var members, new []*bulk.Member
	for _, m := range p.made {
		op := m.Op
		l := &lister{before: *m.Result, user: op.User}
		if l.before.Account != nil {
			l.user = l.before.Account.ID
		}
		next := &bulk.Member{Op: op, Parts: len(op.Joins) + len(op.Leaves)}
		next.Apart = len(op.Phones) > 0 || next.Parts > p.changes.Most()
		if !next.Apart {
			var err error
			l.joins, err = p.idsOf(ctx, op.Joins)
			next.Apart = err != nil || slices.ContainsFunc(l.joins, isUnmade)
		}
		if !next.Apart && operation.Creates(op) {
			new = append(new, next)
		}
		of[next], members = l, append(members, next)
	}
	p.meetAll(ctx, new, of)
	work := p.work(p.changes)
	work.Send = func(ctx context.Context, some []*bulk.Member) error { return p.sendLists(ctx, some, of) }
	work.Look = func(ctx context.Context, some []*bulk.Member) error { return p.lookLists(ctx, some, of) }
	work.Alone = func(ctx context.Context, m *bulk.Member) error { return p.listsAlone(ctx, m, of[m]) }
	work.Tell = func(some []*bulk.Member) error {
		results := make([]dirsync.Result, len(some))
		for i, m := range some {
			results[i] = *m.Result
			if r := of[m].before; m.Result.Fate != dirsync.Done && r.Account != nil { // all else is done
				results[i] = p.withoutLists(r, m.Result.Fate, m.Result.Err)
			}
		}
		return p.recordAll(results)
	}
	return work.Do(ctx, members)
}

// meetAll looks at users who were made in this run. Who is not seen goes alone, and is asked
// for by itself.
func (p *party) meetAll(ctx context.Context, members []*bulk.Member, of map[*bulk.Member]*lister) {
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = of[m].user
	}
	seen, _ := p.See(ctx, nil, ids)
	for _, m := range members {
		a := seen.ByID(of[m].user)
		m.Apart = a == nil || p.isOther(a)
	}
}

// sendLists makes one call that puts users into groups and takes them out.
func (p *party) sendLists(ctx context.Context, members []*bulk.Member, of map[*bulk.Member]*lister) error {
	var parts []api.Part
	var whose []*bulk.Member // by parts
	for _, m := range members {
		l := of[m]
		var joins, leaves []api.Part
		for _, g := range l.joins {
			joins = append(joins, api.JoinPart(l.user, g.ID))
		}
		for _, g := range m.Op.Leaves {
			leaves = append(leaves, api.LeavePart(l.user, g.ID))
		}
		if operation.RoomToJoin(m.Op) {
			parts = append(append(parts, joins...), leaves...)
		} else {
			parts = append(append(parts, leaves...), joins...)
		}
		for len(whose) < len(parts) {
			whose = append(whose, m)
		}
	}
	items, err := p.client.Bulk(ctx, parts)
	if err == nil && len(items) == len(parts) {
		for i, item := range items {
			whose[i].Apart = whose[i].Apart || item.Err != nil
		}
	}
	return err
}

// lookLists looks which users are in the groups that they were to be in, and in no other.
func (p *party) lookLists(ctx context.Context, members []*bulk.Member, of map[*bulk.Member]*lister) error {
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = of[m].user
	}
	seen, err := p.See(ctx, nil, ids)
	if err != nil {
		return err
	}
	for _, m := range members {
		a, l := seen.ByID(of[m].user), of[m]
		if a == nil || p.isOther(a) {
			m.Apart = true
			continue
		}
		if operation.GroupsLack(l.joins, m.Op.Leaves, a) == nil {
			r := l.before
			r.Account, r.Met = a, true
			m.Result = &r
		}
	}
	return nil
}

// listsAlone carries out what one member does to lists, a call at a time.
func (p *party) listsAlone(ctx context.Context, m *bulk.Member, l *lister) error {
	r := l.before
	p.carryOutLists(gate.With(ctx, p.recheck, m.Op), &r)
	m.Result = &r
	return cmp.Or(p.recordAll([]dirsync.Result{r}), p.outer(), p.stop, p.writes.TooMany())
}

// leaveLists records those whose other part is done, and whose lists are not tried.
func (p *party) leaveLists(why error) error {
	var results []dirsync.Result
	for _, m := range p.made {
		results = append(results, p.withoutLists(*m.Result, dirsync.Failed, why))
	}
	return p.recordAll(results)
}

// withoutLists gives the result of an operation of whose lists that became, and why.
func (p *party) withoutLists(r dirsync.Result, fate dirsync.Fate, why error) dirsync.Result {
	if r.Account == nil { // nothing was sent of it
		r.Fate, r.Err = fate, why
	}
	s := p.newSteps(&r)
	for _, field := range []string{dirsync.FieldPhones, dirsync.FieldGroups} {
		if r.Op.Change(field) != nil {
			s.trouble(field, fate, fmt.Errorf("not tried: %w", why))
		}
	}
	s.conclude()
	return r
}
