package duo

import (
	"context"

	"duosync/duo/api"
	"duosync/duo/bulk"
	"duosync/duo/operation"
	dirsync "duosync/sync"
	"duosync/sync/batch"
)

// sendFields makes one call that makes or changes users. Of its answer only that is believed
// which is about whom it is said to be, and shows what was sent.
func (p *party) sendFields(ctx context.Context, members []*bulk.Member) error {
	asked := make([]bulk.Expected, len(members))
	users, parts := make([]dirsync.Fields, len(members)), make([]api.Part, len(members))
	for i, m := range members {
		params := p.params[m]
		asked[i], users[i] = bulk.Expected{ID: m.Op.User}, params
		parts[i] = api.ModifyPart(m.Op.User, params)
		if operation.Creates(m.Op) {
			asked[i] = bulk.Expected{Name: params[dirsync.FieldUsername]}
			parts[i] = api.CreatePart(params)
		}
	}
	var items []api.Item
	var err error
	if p.way == batch.Create {
		items, err = p.client.BulkCreate(ctx, users)
	} else {
		items, err = p.client.Bulk(ctx, parts)
	}
	if err != nil {
		return err
	}
	for i, told := range bulk.Match(asked, items) {
		m := members[i]
		a := told.Account
		m.Apart = told.Refused != nil
		if a == nil || operation.Creates(m.Op) && p.notMade(a, p.at) != "" {
			continue
		}
		shown := reflects(a, p.params[m])
		if shown && operation.Creates(m.Op) && !p.keep(m.Op.Source, a, false) {
			continue
		}
		if p.claimed[m] = a; shown {
			p.believe(m, a)
		}
	}
	return nil
}

// believe gives a member the result of a user who is as was asked for. Aliases that are not
// are left to a look, and to itself then.
func (p *party) believe(m *bulk.Member, a *dirsync.Account) {
	op := m.Op
	aliases := op.Change(dirsync.FieldAliases)
	if !operation.Creates(op) {
		if aliases == nil || operation.AliasesLack(aliases, a) == nil {
			r := changed(op, a, nil)
			m.Result = &r
		}
		return
	}
	r := done(op, a)
	if aliases != nil {
		r = with(r, a, operation.AliasesUndone(aliases, a)...)
	}
	r = with(r, a, operation.StatusUndone(operation.CreateFields(op), a)...)
	m.Result = &r
}

// lookFields looks up members whom no answer accounts for: users by id, new ones by name. For
// a create that is enough, names being unique: a duplicate leads back to it.
func (p *party) lookFields(ctx context.Context, members []*bulk.Member) error {
	var names, ids []string
	for _, m := range members {
		if operation.Creates(m.Op) {
			names = append(names, dirsync.FoldName(p.params[m][dirsync.FieldUsername]))
		} else {
			ids = append(ids, m.Op.User)
		}
	}
	seen, err := p.See(ctx, names, ids)
	if err != nil {
		return err
	}
	for _, m := range members {
		if !operation.Creates(m.Op) {
			p.lookedAt(m, seen.ByID(m.Op.User))
		} else if holder := seen.ByName(p.params[m][dirsync.FieldUsername]); holder != nil {
			p.met(m, holder)
		}
	}
	return nil
}

// lookedAt decides by a look whether a change was done. Duo may keep a value in a form of its
// own: a user whom it answered for is one who was changed, unless it is as before.
func (p *party) lookedAt(m *bulk.Member, a *dirsync.Account) {
	switch {
	case a == nil:
		m.Apart = true // by id it is found out what became of it
	case reflects(a, p.params[m]), p.claimed[m] != nil && !asBefore(m.Op, p.params[m], a):
		p.believe(m, a)
		m.Apart = m.Apart || m.Result == nil
	}
}

// met decides whether the holder of a name is the user that a member was to make: the one
// whom Duo answered, or else whoever shows that it was made by this call.
func (p *party) met(m *bulk.Member, holder *dirsync.Account) {
	if a := p.claimed[m]; a != nil && a.ID == holder.ID && !holder.Synced && p.keep(m.Op.Source, holder, true) {
		p.believe(m, holder)
		m.Result.Met = true
		return
	}
	r := p.claim(m.Op, operation.CreateFields(m.Op), p.at, holder)
	m.Result = &r
}
