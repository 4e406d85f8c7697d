package values

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// NotStepped gives the fate of a call for a list that failed otherwise. what
// names the object, limit the limits that Duo has for it.
func NotStepped(err error, what, limit string) (dirsync.Fate, error) {
	switch {
	case errors.Is(err, api.ErrInvalid):
		return dirsync.Refused, RefusedObject(err, what)
	case errors.Is(err, api.ErrLimit):
		err = fmt.Errorf("%s was refused, a limit is exceeded: %w", what, err)
		return dirsync.Refused, dirsync.WithHint(err, limit+" (https://duo.com/docs/rate-limits)")
	}
	return dirsync.Failed, err
}

// RefusedObject is the refusal of something else than a field.
func RefusedObject(err error, what string) error {
	return dirsync.WithHint(fmt.Errorf("%s was refused: %w", what, err), "correct the value in the directory, or the mapping")
}

// RefusedResult gives the result of an operation on a user that Duo will not have.
func RefusedResult(op *dirsync.Op, fields dirsync.Fields, err error) dirsync.Result {
	r := dirsync.Result{Op: op, Fate: dirsync.Refused, Err: Refusal(fields, err)}
	r.Fields = RefusedFields(err)
	return r
}

// RefusedFields are the fields that Duo names in the refusal of a call, in the order of
// reports: its message_detail is the name of a parameter, or several. nil where it is
// anything else.
func RefusedFields(err error) []string {
	var e *api.Error
	if !errors.As(err, &e) || e.Kind != api.ErrInvalid {
		return nil
	}
	named := make(map[string]bool)
	for _, word := range detailWords(e) {
		field := word
		if _, is := aliasPlace(word); is {
			field = dirsync.FieldAliases
		}
		if field != dirsync.FieldAliases && !slices.Contains(dirsync.FieldNames, field) {
			return nil
		}
		named[field] = true
	}
	var fields []string
	for _, field := range append(slices.Clone(dirsync.FieldNames), dirsync.FieldAliases) {
		if named[field] {
			fields = append(fields, field)
		}
	}
	return fields
}

// inWords is an error told in other words.
type inWords struct {
	text  string
	cause error
}

func (e *inWords) Error() string { return e.text }

func (e *inWords) Unwrap() error { return e.cause }

// Refusal says in words what of some fields that were sent together Duo will not have.
func Refusal(fields dirsync.Fields, err error) error {
	var e *api.Error
	if !errors.As(err, &e) {
		return err
	}
	field := strings.ToLower(e.Detail)
	if _, is := aliasPlace(field); is {
		field = dirsync.FieldAliases
	}
	sent, known := fields[field]
	switch aliases := dirsync.Items(sent); {
	case field == dirsync.FieldAliases && len(aliases) == 1:
		sent = aliases[0]
	case field == dirsync.FieldAliases:
		return RefusalOf("the aliases", field, err)
	}
	if !known {
		return RefusalOf("", "", err)
	}
	return RefusalOf(Value{Field: field, Text: sent}.Words(), field, err)
}

// RefusalOf says in words that Duo will not have something, of a field; "" is the user as a
// whole. What Duo says of anything else stands behind.
func RefusalOf(what, field string, err error) error {
	var e *api.Error
	if !errors.As(err, &e) {
		return err
	}
	message := cmp.Or(e.Message, string(e.Kind))
	if e.Kind == api.ErrLimit {
		text := fmt.Sprintf("Duo refuses the user: a limit is exceeded (50001: %s)", message)
		return dirsync.WithHint(&inWords{text, e}, "see the limits at https://duo.com/docs/rate-limits")
	}
	if e.Detail != "" && !slices.Contains(RefusedFields(err), field) {
		message += " (" + e.Detail + ")"
	}
	text := fmt.Sprintf("Duo refuses %s: %s", cmp.Or(what, "the user"), message)
	return dirsync.WithHint(&inWords{text, e}, "correct the value in the directory, or the mapping")
}

// Taken is the error of a name that another user holds.
func Taken(name string, holder *dirsync.Account) error {
	return fmt.Errorf("the name %q is held by the Duo user %s (username %q, status %q), who is not the one asked for",
		name, holder.ID, api.Tidy(holder.Username), holder.Status)
}
