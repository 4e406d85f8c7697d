package duo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"duosync/duo/api"
	"duosync/duo/operation"
	dirsync "duosync/sync"
)

// A call brings several values to a user at once. Where Duo will not have it, they go
// apart: a value that Duo refuses, or a name that is somebody's, keeps no other from its
// user, and of the aliases each is a value of its own.

// value is one of a call: a field, or one place of the aliases.
type value struct {
	field string
	place int // of an alias, counted from 0
	text  string
}

// valuesOf gives the values of a call: fields in the order of their names, then the
// aliases, those first whose place is freed.
func valuesOf(fields dirsync.Fields, edit aliasEdit) []value {
	var all, given []value
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		all = append(all, value{field: field, text: fields[field]})
	}
	for _, place := range slices.Sorted(maps.Keys(edit)) {
		v := value{field: dirsync.FieldAliases, place: place, text: edit[place]}
		if v.text == "" {
			all = append(all, v)
		} else {
			given = append(given, v)
		}
	}
	return append(all, given...)
}

// paramsOf gives the parameters of a call.
func paramsOf(call []value) dirsync.Fields {
	fields, edit := dirsync.Fields{}, aliasEdit{}
	for _, v := range call {
		if v.field == dirsync.FieldAliases {
			edit[v.place] = v.text
		} else {
			fields[v.field] = v.text
		}
	}
	return withAliases(fields, edit)
}

// isName reports whether a value is a name, and so nobody else's.
func (v value) isName() bool {
	return v.text != "" && (v.field == dirsync.FieldUsername || v.field == dirsync.FieldAliases)
}

// in reports whether an account shows the value.
func (v value) in(a *dirsync.Account) bool {
	switch {
	case v.field == dirsync.FieldAliases && v.text == "":
		return v.place >= len(a.Aliases) || a.Aliases[v.place] == ""
	case v.field == dirsync.FieldAliases:
		return operation.FoldedItems(a.Field(dirsync.FieldAliases))[dirsync.FoldName(v.text)]
	}
	return operation.Same(v.field, v.text, a.Field(v.field))
}

// words names the value in a message.
func (v value) words() string {
	n := len([]rune(v.text))
	switch {
	case v.field == dirsync.FieldAliases && n == 0:
		return "to free a place of an alias"
	case v.field == dirsync.FieldAliases:
		return "the alias " + dirsync.Quote(v.text)
	case n == 0:
		return "an empty " + v.field
	}
	return fmt.Sprintf("%s (%d characters long)", v.field, n)
}

// lack is a value that was not brought about.
type lack struct {
	value
	fate   dirsync.Fate
	err    error
	holder *dirsync.Account // of a name that is somebody's
}

// sendApart sends values in one call, and where Duo will not have that, in several: what
// it is certainly about is lacking, and the rest goes on, what may be at fault by itself. a
// is the user after the last call that was done, nil where none was, also beside an error,
// which is any other than a refusal.
func (t *Target) sendApart(ctx context.Context, op *dirsync.Op, call []value) (a *dirsync.Account, lacks []lack, err error) {
	a, err = t.send(ctx, op, paramsOf(call))
	if err == nil || !errors.Is(err, api.ErrInvalid) && !errors.Is(err, api.ErrDuplicate) {
		return a, nil, err
	}
	guilty, rest := parted(call, err)
	for _, some := range rest {
		seen, left, err := t.sendApart(ctx, op, some)
		if seen != nil {
			a = seen
		}
		lacks = append(lacks, left...)
		if err != nil {
			return a, lacks, err
		}
	}
	for _, v := range guilty {
		seen, left := t.lacking(ctx, op, v, err)
		if seen != nil {
			a = seen
		}
		lacks = append(lacks, left...)
	}
	return a, lacks, nil
}

// parted gives what of a call that Duo will not have is at fault for certain, and the calls
// in which the rest is to be sent.
func parted(call []value, err error) (guilty []value, rest [][]value) {
	suspect := value.isName
	if !errors.Is(err, api.ErrDuplicate) {
		places, named := refusedPlaces(err), refusedFields(err)
		suspect = func(v value) bool {
			if v.field == dirsync.FieldAliases && len(places) > 0 {
				return slices.Contains(places, v.place)
			}
			return slices.Contains(named, v.field)
		}
	}
	var others, several []value // several aliases, or names, of which one is meant
	for _, v := range call {
		switch {
		case !suspect(v):
			others = append(others, v)
		case v.field != dirsync.FieldAliases && !errors.Is(err, api.ErrDuplicate):
			guilty = append(guilty, v)
		default:
			several = append(several, v)
		}
	}
	if len(guilty)+len(several) == 0 { // nobody knows which it is
		others, several = nil, call
	}
	if len(others) > 0 {
		rest = append(rest, others)
	}
	if len(several) == 1 {
		return append(guilty, several...), rest
	}
	for _, v := range several {
		rest = append(rest, []value{v})
	}
	return guilty, rest
}

// lacking tells why a value was not brought about that Duo will not have. Where the user has
// it all the same, that is the account.
func (t *Target) lacking(ctx context.Context, op *dirsync.Op, v value, err error) (*dirsync.Account, []lack) {
	if !errors.Is(err, api.ErrDuplicate) {
		return nil, []lack{{value: v, fate: dirsync.Refused, err: refusalOf(v.words(), v.field, err)}}
	}
	holder, readErr := t.client.UserByName(ctx, v.text)
	l := lack{value: v, fate: dirsync.Failed}
	switch {
	case errors.Is(readErr, api.ErrInvalid), readErr == nil && holder == nil: // a name that Duo refuses is held by nobody
		l.err = fmt.Errorf("%w; but no user is found by the name %s", err, dirsync.Quote(v.text))
	case readErr != nil:
		l.err = unseen(err, readErr)
	case holder.ID != op.User:
		l.fate, l.err, l.holder = dirsync.Taken, taken(v.text, holder), holder
	case v.in(holder):
		return holder, nil
	case v.field == dirsync.FieldAliases:
		l.fate, l.err = dirsync.Refused, fmt.Errorf("the alias %s is not given while it is the user's own name in Duo", dirsync.Quote(v.text))
	default:
		l.err = fmt.Errorf("%w; the user itself holds the name in another place", err)
	}
	return nil, []lack{l}
}

// brokenOff adds to what lacks the values that an error kept from a user who has got others.
func brokenOff(a *dirsync.Account, calls [][]value, lacks []lack, err error) []lack {
	if a == nil {
		return lacks
	}
	fate := dirsync.Failed
	if errors.Is(err, api.ErrLimit) {
		fate, err = dirsync.Refused, refusalOf("", "", err)
	}
	for _, v := range slices.Concat(calls...) {
		told := slices.ContainsFunc(lacks, func(l lack) bool { return l.value == v })
		if !told && !v.in(a) {
			lacks = append(lacks, lack{value: v, fate: fate, err: err})
		}
	}
	return lacks
}

// unlessDone gives an error back that leaves nothing of an operation to tell of: none of it was
// done, or the user is gone.
func unlessDone(a *dirsync.Account, err error) error {
	if a == nil || errors.Is(err, api.ErrNotFound) {
		return err
	}
	return nil
}

// undoneOf gives what lacks as parts of a result, each field once, in the order of reports.
func undoneOf(lacks []lack) []dirsync.Undone {
	var fields []string
	of := make(map[string]troubles)
	for _, l := range lacks {
		if of[l.field] == nil {
			fields = append(fields, l.field)
		}
		of[l.field] = append(of[l.field], trouble{l.fate, l.err})
	}
	order := slices.Concat(dirsync.FieldNames, dirsync.ListFields)
	slices.SortFunc(fields, func(a, b string) int { return cmp.Compare(slices.Index(order, a), slices.Index(order, b)) })
	undone := make([]dirsync.Undone, 0, len(fields))
	for _, field := range fields {
		undone = append(undone, dirsync.Undone{Field: field, Fate: of[field].fate(), Err: of[field].err()})
	}
	return undone
}

// nothingDone gives the result of an operation of which every value lacks.
func nothingDone(op *dirsync.Op, lacks []lack) dirsync.Result {
	r := dirsync.Result{Op: op}
	for _, l := range lacks {
		if l.holder != nil && r.Account == nil {
			r.Account = l.holder
		}
		for _, field := range refusedFields(l.err) {
			if !slices.Contains(r.Fields, field) {
				r.Fields = append(r.Fields, field)
			}
		}
	}
	all := notGiven(undoneOf(lacks))
	r.Fate, r.Err = all.fate(), all
	if r.Fate != dirsync.Taken {
		r.Account = nil
	}
	return r
}

// notGiven is the error of an operation of which nothing was done, field by field: in the
// words in which a report tells of fields that are undone.
type notGiven []dirsync.Undone

func (n notGiven) Error() string {
	if len(n) == 1 {
		return n[0].Err.Error()
	}
	texts := make([]string, len(n))
	for i, u := range n {
		texts[i] = u.Field + ": " + u.Err.Error()
	}
	return strings.Join(texts, "; ")
}

func (n notGiven) Unwrap() []error {
	errs := make([]error, len(n))
	for i, u := range n {
		errs[i] = u.Err
	}
	return errs
}

func (n notGiven) fate() dirsync.Fate {
	var all troubles
	for _, u := range n {
		all = append(all, trouble{fate: u.Fate})
	}
	return all.fate()
}

// toFree gives the places of aliases that were to go, and are still there, for what was to
// stand in their place lacks.
func toFree(change *dirsync.Change, places []string, lacks []lack) aliasEdit {
	free := aliasEdit{}
	before, after := operation.FoldedItems(change.Before), operation.FoldedItems(change.After)
	for _, l := range lacks {
		if l.field != dirsync.FieldAliases || l.text == "" || l.place >= len(places) {
			continue
		}
		if name := dirsync.FoldName(places[l.place]); before[name] && !after[name] {
			free[l.place] = ""
		}
	}
	return free
}

// refusedPlaces are the places of aliases, counted from 0, that Duo names in a refusal.
func refusedPlaces(err error) []int {
	var e *api.Error
	if len(refusedFields(err)) == 0 || !errors.As(err, &e) {
		return nil
	}
	var places []int
	for _, word := range detailWords(e) {
		if place, ok := aliasPlace(word); ok {
			places = append(places, place)
		}
	}
	return places
}

// detailWords are the words of a message_detail, in lower case.
func detailWords(e *api.Error) []string {
	return strings.FieldsFunc(strings.ToLower(e.Detail), func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
}

// aliasPlace reads the name of a parameter such as alias1.
func aliasPlace(word string) (int, bool) {
	n, is := strings.CutPrefix(word, "alias")
	if !is || len(n) != 1 || n[0] < '1' || n[0] > '8' {
		return 0, false
	}
	return int(n[0] - '1'), true
}
