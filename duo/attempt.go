package duo

import (
	"errors"
	"maps"
	"slices"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// spare are the fields that a new user can do without.
var spare = []string{dirsync.FieldRealname, dirsync.FieldFirstname, dirsync.FieldLastname, dirsync.FieldEmail, dirsync.FieldNotes}

// attempt is one way to carry an operation out.
type attempt struct {
	of     *dirsync.Op // as it was planned
	op     *dirsync.Op // as it is sent
	undone []dirsync.Undone
}

// result gives the result of an attempt as one of the operation that was planned.
func (a *attempt) result(r dirsync.Result) dirsync.Result {
	r.Op = a.of
	if r.Fate == dirsync.Done {
		r.Undone = append(slices.Clone(a.undone), r.Undone...)
	}
	return r
}

// next gives what to try after a create was refused: the same without the fields that Duo
// will not have, or where it named none with the name and the status alone; nil where
// there is nothing to leave out.
func (a *attempt) next(r dirsync.Result) *attempt {
	if !creates(a.op) || r.Fate != dirsync.Refused || !errors.Is(r.Err, api.ErrInvalid) {
		return nil
	}
	sent := func(field string) bool { c := a.op.Change(field); return c != nil && c.After != "" }
	drop, fate := slices.DeleteFunc(slices.Clone(r.Fields), func(field string) bool { return field != dirsync.FieldUsername && !sent(field) }), dirsync.Refused
	if len(drop) == 0 {
		// Nobody knows which it was, so the next run tries them by an update.
		fate = dirsync.Failed
		for _, c := range a.op.Changes {
			if (c.Field == dirsync.FieldAliases || slices.Contains(spare, c.Field)) && c.After != "" {
				drop = append(drop, c.Field)
			}
		}
	}
	if fate == dirsync.Refused && slices.ContainsFunc(drop, func(field string) bool { return !slices.Contains(spare, field) }) {
		return nil
	}
	if len(drop) == 0 {
		return nil
	}
	less := *a.op
	less.Changes, less.Asked = slices.Clone(a.op.Changes), maps.Clone(a.op.Asked)
	then := &attempt{of: a.of, op: &less, undone: slices.Clone(a.undone)}
	for _, field := range drop {
		less.Drop(field)
		then.undone = append(then.undone, dirsync.Undone{Field: field, Fate: fate, Err: r.Err})
	}
	return then
}
