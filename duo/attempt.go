package duo

import (
	"errors"
	"maps"
	"slices"

	"duosync/duo/api"
	"duosync/duo/operation"
	"duosync/duo/values"
	dirsync "duosync/sync"
)

// attempt is one way to carry an operation out, or what is left of it.
type attempt struct {
	of     *dirsync.Op // as it was planned
	op     *dirsync.Op // as it is sent
	undone []dirsync.Undone
	// left are changes that were left out of a create without knowing that they are at
	// fault: the user gets them as far as Duo will have them.
	left []dirsync.Change
	// made is the result of the create that this attempt follows, with left undone.
	made *dirsync.Result
}

// result gives the result of an attempt as one of the operation that was planned.
func (a *attempt) result(r dirsync.Result) dirsync.Result {
	switch {
	case a.made != nil:
		return a.completed(r)
	case r.Fate == dirsync.Done:
		undone := slices.Clone(a.undone)
		for _, c := range a.left { // told as refused until it is tried
			undone = append(undone, dirsync.Undone{Field: c.Field, Fate: dirsync.Refused, Err: errors.New("left out of a create that Duo refused")})
		}
		r.Undone = append(undone, r.Undone...)
	}
	r.Op = a.of
	return r
}

// completed gives the result of a create after which the user was given what was left out of
// it: with the user as it is then.
func (a *attempt) completed(r dirsync.Result) dirsync.Result {
	all := *a.made
	all.Op, all.Undone = a.of, slices.Clone(a.undone)
	if r.Fate == dirsync.Done && r.Account != nil {
		all.Account = r.Account
	}
	for _, u := range a.made.Undone {
		if !slices.ContainsFunc(a.left, func(c dirsync.Change) bool { return c.Field == u.Field }) {
			all.Undone = append(all.Undone, u)
		}
	}
	var each values.NotGiven
	switch {
	case r.Fate == dirsync.Done:
		each = r.Undone
	case !errors.As(r.Err, &each):
		for _, c := range a.left {
			each = append(each, dirsync.Undone{Field: c.Field, Fate: dirsync.Failed, Err: r.Err})
		}
	}
	all.Undone = append(all.Undone, each...)
	return all
}

// next gives what to try after a result: nil for nothing. A create that was refused is tried
// without the values that Duo will not have, or where it names none with the name and the
// status alone, and after that the rest is given.
func (a *attempt) next(r dirsync.Result) *attempt {
	switch {
	case a.made != nil, !operation.Creates(a.op):
	case r.Fate == dirsync.Refused && errors.Is(r.Err, api.ErrInvalid):
		return a.without(r)
	case r.Fate == dirsync.Done && r.Account != nil && len(a.left) > 0:
		return a.rest(r)
	}
	return nil
}

// rest is the update that gives a new user what was left out.
func (a *attempt) rest(r dirsync.Result) *attempt {
	op := &dirsync.Op{Action: dirsync.Update, Username: r.Account.Username, Source: a.of.Source, User: r.Account.ID,
		Reason: a.of.Reason, Changes: a.left, Asked: dirsync.Fields{}}
	for _, c := range a.left {
		if asked, ours := a.of.Asked[c.Field]; ours {
			op.Asked[c.Field] = asked
		}
	}
	return &attempt{of: a.of, op: op, undone: a.undone, left: a.left, made: &r}
}

// without is a create that lacks what Duo refuses; nil where nothing can be left out.
func (a *attempt) without(r dirsync.Result) *attempt {
	drop, named := a.refused(r)
	if len(drop) == 0 {
		return nil
	}
	less := *a.op
	less.Changes, less.Asked = slices.Clone(a.op.Changes), maps.Clone(a.op.Asked)
	then := &attempt{of: a.of, op: &less, undone: slices.Clone(a.undone), left: slices.Clone(a.left)}
	for _, field := range drop {
		c := a.op.Change(field)
		several := field == dirsync.FieldAliases && len(dirsync.Items(c.After)) > 1
		switch {
		case named && !several:
			then.undone = append(then.undone, dirsync.Undone{Field: field, Fate: dirsync.Refused, Err: r.Err})
		case len(drop) == 1 && !several: // there is nothing else that it could be
			err := values.RefusalOf(values.Value{Field: field, Text: c.After}.Words(), field, r.Err)
			then.undone = append(then.undone, dirsync.Undone{Field: field, Fate: dirsync.Refused, Err: err})
		default:
			then.left = append(then.left, *c)
		}
		less.Drop(field)
	}
	return then
}

// refused gives the fields to leave out of a create that Duo refuses: those that it names,
// or all that the user can do without. There are none where it names one that the user can't
// do without.
func (a *attempt) refused(r dirsync.Result) (drop []string, named bool) {
	for _, field := range r.Fields {
		c := a.op.Change(field)
		switch {
		case field == dirsync.FieldUsername, c != nil && c.After != "" && !dirsync.IsSpare(field):
			return nil, true
		case c != nil && c.After != "":
			drop = append(drop, field)
		}
	}
	if len(drop) > 0 {
		return drop, true
	}
	for _, c := range a.op.Changes {
		if dirsync.IsSpare(c.Field) && c.After != "" {
			drop = append(drop, c.Field)
		}
	}
	return drop, false
}
