package duo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// settleLists looks how far an operation came with aliases, phones and groups
// when its other part is done. A look that fails leaves all of it open.
func (t *Target) settleLists(ctx context.Context, r dirsync.Result) dirsync.Result {
	op, user := r.Op, ""
	lacks := make(map[string]error)
	if r.Account != nil {
		user = r.Account.ID
		if aliases := op.Change(dirsync.FieldAliases); aliases != nil {
			lacks[dirsync.FieldAliases] = aliasesLack(aliases, r.Account)
		}
		joins, err := t.resolve(ctx, op.Joins)
		if err != nil {
			return outcome(op, dirsync.Unknown, err)
		}
		lacks[dirsync.FieldPhones] = phonesLack(op.Phones, r.Account)
		lacks[dirsync.FieldGroups] = groupsLack(joins, op.Leaves, r.Account)
	}
	for i := range op.Phones {
		lack, err := t.settlePhone(ctx, &op.Phones[i], user, &r)
		if err != nil {
			return outcome(op, dirsync.Unknown, err)
		}
		if lacks[dirsync.FieldPhones] == nil {
			lacks[dirsync.FieldPhones] = lack
		}
	}
	for _, field := range dirsync.ListFields {
		if lack := lacks[field]; lack != nil {
			err := fmt.Errorf("an earlier run broke off: %w", lack)
			r.Undone = append(r.Undone, dirsync.Undone{Field: field, Fate: dirsync.Failed, Err: err})
		}
	}
	return r
}

// settlePhone finds out whether a phone was made, or is gone, and what of the
// step is still to be done. user is "" where the user is gone.
func (t *Target) settlePhone(ctx context.Context, step *dirsync.PhoneStep, user string, r *dirsync.Result) (lack, err error) {
	switch step.Do {
	case dirsync.PhoneMake:
		p, err := t.client.PhoneByNumber(ctx, step.Number, step.Extension)
		if err == nil && p != nil && madeBy(step, user, p) {
			r.Made = append(r.Made, dirsync.OwnPhone{ID: p.ID, Number: step.Text()})
		}
		return nil, err
	case dirsync.PhoneRemove:
		p, err := t.client.Phone(ctx, step.ID)
		switch {
		case errors.Is(err, api.ErrNotFound):
			if err := t.phoneGone(ctx, step); err != nil {
				return nil, err
			}
			r.Removed = append(r.Removed, step.ID)
			return nil, nil
		case err != nil:
			return nil, err
		case user == "", slices.Contains(p.Users, user), len(p.Users) == 0 && !p.Activated:
			return fmt.Errorf("the phone %s is still there", step.Text()), nil
		}
	}
	return nil, nil
}

// resolve gives joins with the ids of groups that were still to be made when the
// operation was planned; "" for one that is not ours.
func (t *Target) resolve(ctx context.Context, joins []dirsync.Membership) ([]dirsync.Membership, error) {
	joins = slices.Clone(joins)
	for i := range joins {
		if joins[i].ID != "" {
			continue
		}
		g, err := t.groupNamed(ctx, joins[i].Name)
		if err != nil {
			return nil, err
		}
		if g != nil && ours(g) {
			joins[i].ID = g.ID
		}
	}
	return joins, nil
}
