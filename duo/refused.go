package duo

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// answered reports whether err is a definite answer of Duo's own to this one
// request, so that asking in another way may be worth a call.
func answered(err error) bool {
	return errors.Is(err, api.ErrInvalid) || errors.Is(err, api.ErrRejected) || errors.Is(err, api.ErrNotFound)
}

// unseen is a failure whose effect could not be looked at.
func unseen(err, readErr error) error {
	return fmt.Errorf("%w; what became of it could not be seen: %w", err, readErr)
}

// notStepped gives the fate of a call for a list that failed otherwise. what
// names the object, limit the limits that Duo has for it.
func notStepped(err error, what, limit string) (dirsync.Fate, error) {
	switch {
	case errors.Is(err, api.ErrInvalid):
		return dirsync.Refused, refusedObject(err, what)
	case errors.Is(err, api.ErrLimit):
		err = fmt.Errorf("%s was refused, a limit is exceeded: %w", what, err)
		return dirsync.Refused, dirsync.WithHint(err, limit+" (https://duo.com/docs/rate-limits)")
	}
	return dirsync.Failed, err
}

func refusedObject(err error, what string) error {
	return dirsync.WithHint(fmt.Errorf("%s was refused: %w", what, err), "correct the value in the directory, or the mapping")
}

// refused gives the result of an operation on a user that Duo will not have.
func refused(op *dirsync.Op, fields dirsync.Fields, err error) dirsync.Result {
	r := outcome(op, dirsync.Refused, refusal(fields, err))
	r.Fields = refusedFields(err)
	return r
}

// refusedFields are the fields that Duo names in the refusal of a call, in the order of
// reports: its message_detail is the name of a parameter, or several. nil where it is
// anything else.
func refusedFields(err error) []string {
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

// refusal says in words what of some fields that were sent together Duo will not have.
func refusal(fields dirsync.Fields, err error) error {
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
		return refusalOf("the aliases", field, err)
	}
	if !known {
		return refusalOf("", "", err)
	}
	return refusalOf(value{field: field, text: sent}.words(), field, err)
}

// refusalOf says in words that Duo will not have something, of a field; "" is the user as a
// whole. What Duo says of anything else stands behind.
func refusalOf(what, field string, err error) error {
	var e *api.Error
	if !errors.As(err, &e) {
		return err
	}
	message := cmp.Or(e.Message, string(e.Kind))
	if e.Kind == api.ErrLimit {
		text := fmt.Sprintf("Duo refuses the user: a limit is exceeded (50001: %s)", message)
		return dirsync.WithHint(&inWords{text, e}, "see the limits at https://duo.com/docs/rate-limits")
	}
	if e.Detail != "" && !slices.Contains(refusedFields(err), field) {
		message += " (" + e.Detail + ")"
	}
	text := fmt.Sprintf("Duo refuses %s: %s", cmp.Or(what, "the user"), message)
	return dirsync.WithHint(&inWords{text, e}, "correct the value in the directory, or the mapping")
}

func taken(name string, holder *dirsync.Account) error {
	return fmt.Errorf("the name %q is held by the Duo user %s (username %q, status %q), who is not the one asked for",
		name, holder.ID, api.Tidy(holder.Username), holder.Status)
}

func phoneLimits() string {
	return fmt.Sprintf("a Duo user has %d phones at most, and a phone %d users", dirsync.MaxPhones, dirsync.MaxPhoneUsers)
}

func groupLimits() string {
	return fmt.Sprintf("a Duo user is in %d groups at most", dirsync.MaxGroups)
}

func notMade(name string) error { return fmt.Errorf("the group %s was not made", dirsync.Quote(name)) }

func brokeOff(what string) error { return fmt.Errorf("an earlier run broke off before %s", what) }
