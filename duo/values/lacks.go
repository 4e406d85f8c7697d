package values

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"duosync/duo/api"
	"duosync/duo/operation"
	dirsync "duosync/sync"
)

// Parted gives what of a call that Duo will not have is at fault for certain, and the calls
// in which the rest is to be sent.
func Parted(call []Value, err error) (guilty []Value, rest [][]Value) {
	suspect := Value.IsName
	if !errors.Is(err, api.ErrDuplicate) {
		places, named := refusedPlaces(err), RefusedFields(err)
		suspect = func(v Value) bool {
			if v.Field == dirsync.FieldAliases && len(places) > 0 {
				return slices.Contains(places, v.Place)
			}
			return slices.Contains(named, v.Field)
		}
	}
	var others, several []Value // several aliases, or names, of which one is meant
	for _, v := range call {
		switch {
		case !suspect(v):
			others = append(others, v)
		case v.Field != dirsync.FieldAliases && !errors.Is(err, api.ErrDuplicate):
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
		rest = append(rest, []Value{v})
	}
	return guilty, rest
}

// BrokenOff adds to what lacks the values that an error kept from a user who has got others.
func BrokenOff(a *dirsync.Account, calls [][]Value, lacks []Lack, err error) []Lack {
	if a == nil {
		return lacks
	}
	fate := dirsync.Failed
	if errors.Is(err, api.ErrLimit) {
		fate, err = dirsync.Refused, RefusalOf("", "", err)
	}
	for _, v := range slices.Concat(calls...) {
		told := slices.ContainsFunc(lacks, func(l Lack) bool { return l.Value == v })
		if !told && !v.In(a) {
			lacks = append(lacks, Lack{Value: v, Fate: fate, Err: err})
		}
	}
	return lacks
}

// UnlessDone gives an error back that leaves nothing of an operation to tell of: none of it was
// done, or the user is gone.
func UnlessDone(a *dirsync.Account, err error) error {
	if a == nil || errors.Is(err, api.ErrNotFound) {
		return err
	}
	return nil
}

// UndoneOf gives what lacks as parts of a result, each field once, in the order of reports.
func UndoneOf(lacks []Lack) []dirsync.Undone {
	var fields []string
	of := make(map[string]Troubles)
	for _, l := range lacks {
		if of[l.Field] == nil {
			fields = append(fields, l.Field)
		}
		of[l.Field] = append(of[l.Field], Trouble{l.Fate, l.Err})
	}
	order := slices.Concat(dirsync.FieldNames, dirsync.ListFields)
	slices.SortFunc(fields, func(a, b string) int { return cmp.Compare(slices.Index(order, a), slices.Index(order, b)) })
	undone := make([]dirsync.Undone, 0, len(fields))
	for _, field := range fields {
		undone = append(undone, dirsync.Undone{Field: field, Fate: of[field].Fate(), Err: of[field].Err()})
	}
	return undone
}

// NothingDone gives the result of an operation of which every value lacks.
func NothingDone(op *dirsync.Op, lacks []Lack) dirsync.Result {
	r := dirsync.Result{Op: op}
	for _, l := range lacks {
		if l.Holder != nil && r.Account == nil {
			r.Account = l.Holder
		}
		for _, field := range RefusedFields(l.Err) {
			if !slices.Contains(r.Fields, field) {
				r.Fields = append(r.Fields, field)
			}
		}
	}
	all := NotGiven(UndoneOf(lacks))
	r.Fate, r.Err = all.Fate(), all
	if r.Fate != dirsync.Taken {
		r.Account = nil
	}
	return r
}

// NotGiven is the error of an operation of which nothing was done, field by field: in the
// words in which a report tells of fields that are undone.
type NotGiven []dirsync.Undone

func (n NotGiven) Error() string {
	if len(n) == 1 {
		return n[0].Err.Error()
	}
	texts := make([]string, len(n))
	for i, u := range n {
		texts[i] = u.Field + ": " + u.Err.Error()
	}
	return strings.Join(texts, "; ")
}

func (n NotGiven) Unwrap() []error {
	errs := make([]error, len(n))
	for i, u := range n {
		errs[i] = u.Err
	}
	return errs
}

// Fate is that of all of it, see [Troubles.Fate].
func (n NotGiven) Fate() dirsync.Fate {
	var all Troubles
	for _, u := range n {
		all = append(all, Trouble{Fate: u.Fate})
	}
	return all.Fate()
}

// ToFree gives the places of aliases that were to go, and are still there, for what was to
// stand in their place lacks.
func ToFree(change *dirsync.Change, places []string, lacks []Lack) AliasEdit {
	free := AliasEdit{}
	before, after := operation.FoldedItems(change.Before), operation.FoldedItems(change.After)
	for _, l := range lacks {
		if l.Field != dirsync.FieldAliases || l.Text == "" || l.Place >= len(places) {
			continue
		}
		if name := dirsync.FoldName(places[l.Place]); before[name] && !after[name] {
			free[l.Place] = ""
		}
	}
	return free
}

// refusedPlaces are the places of aliases, counted from 0, that Duo names in a refusal.
func refusedPlaces(err error) []int {
	var e *api.Error
	if len(RefusedFields(err)) == 0 || !errors.As(err, &e) {
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
