package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Operation is one operation of the plan and what became of it.
type Operation struct {
	Action   dirsync.Action   `json:"action"`
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
	Reason   string           `json:"reason"`
	Changes  []dirsync.Change `json:"changes"`
	Result   string           `json:"result"`
	Error    string           `json:"error"`

	phones []dirsync.PhoneStep // for the summary
}

// OperationOf gives an operation with its result, "applied", "failed" and so on, and
// what was wrong.
func OperationOf(o *dirsync.Op, result, problem string) Operation {
	return Operation{Action: o.Action, Username: o.Username, SourceID: o.Source, User: o.User,
		Reason: o.Reason, Changes: append([]dirsync.Change{}, o.Changes...), Result: result, Error: problem, phones: o.Phones}
}

// OperationsBlock lists operations, and what became of each.
func OperationsBlock(title string, operations Operations) form.Block {
	return form.Block{Title: title, List: &form.List{Columns: []string{"action", "user", "changes", "reason", "result"}, Lead: 2,
		Made: func(yield func(form.Row) bool) {
			for o := range operations.All() {
				if !yield(o.row()) {
					return
				}
			}
		}}}
}

// row is an operation's line of a list.
func (o *Operation) row() form.Row {
	changes, result := o.Changed(), o.Became()
	reason := o.Reason
	if o.Action == dirsync.Create {
		reason = ""
	}
	return form.Row{
		Tone:  o.Tone(),
		Cells: []string{string(o.Action), phrase.Name(o.Username, o.SourceID), strings.Join(changes, ", "), o.Reason, cmp.Or(result, o.Result)},
		Flow:  Flow(changes, reason, result),
	}
}

// Flow puts what is told of an operation into parts that follow one another: its
// changes, why, and what became of it. What is "" is left out.
func Flow(changes []string, reason, result string) []string {
	flow := phrase.Commas(changes)
	if reason != "" {
		flow = append(flow, "("+reason+")")
	}
	if result != "" {
		flow = append(flow, result)
	}
	return flow
}

// Tone marks what takes something away, or was not done.
func (o *Operation) Tone() form.Tone {
	switch {
	case o.Result == dirsync.ResultFailed, o.Result == dirsync.ResultHeld, o.Removes():
		return form.Bad
	case o.Action == dirsync.Update || o.Action == dirsync.Adopt || o.Action == dirsync.GroupUpdate:
		return form.Change
	}
	return form.Good
}

// Removes reports whether the operation takes something away.
func (o *Operation) Removes() bool {
	return (&dirsync.Op{Action: o.Action}).Removes() || o.Action == dirsync.GroupDelete || o.Action == dirsync.PhoneDelete
}

// creates reports whether there is nothing before the operation.
func (o *Operation) creates() bool {
	return o.Action == dirsync.Create || o.Action == dirsync.Recreate || o.Action == dirsync.GroupCreate
}

// Became tells what became of an operation where that is worth a word.
func (o *Operation) Became() string {
	text := ""
	if o.Result != dirsync.ResultPlanned && o.Result != dirsync.ResultApplied {
		text = strings.ToUpper(o.Result)
	}
	if o.Result == dirsync.ResultHeld {
		text += ": not done"
	}
	if o.Error != "" {
		text += ": " + o.Error
	}
	return text
}

// Changed shows an operation's fields. A creation shows what there will be.
func (o *Operation) Changed() []string {
	var parts []string
	for _, c := range o.Changes {
		if o.creates() {
			usual := c.Field == dirsync.FieldUsername || c.Field == dirsync.FieldName || c.Field == dirsync.FieldStatus && c.After == dirsync.StatusActive
			if !usual {
				parts = append(parts, c.Field+" "+phrase.Field(c.Field, c.After))
			}
			continue
		}
		if dirsync.IsList(c.Field) && len(c.Before)+len(c.After) > manyItems {
			parts = append(parts, c.Field+" "+differenceWords(dirsync.Items(c.Before), dirsync.Items(c.After)))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s %s %s", c.Field, phrase.Field(c.Field, c.Before), phrase.Becomes(c.Before, c.After), phrase.Field(c.Field, c.After)))
	}
	return parts
}

// manyItems is how much text two lists may have and still be shown whole.
const manyItems = 80

// differenceWords shows what a list gains and loses, where it is too long to be
// compared at a glance.
func differenceWords(before, after []string) string {
	without := func(items, others []string) []string {
		return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(others, item) })
	}
	var parts []string
	if gained := without(after, before); len(gained) > 0 {
		parts = append(parts, "gain "+phrase.List(gained))
	}
	if lost := without(before, after); len(lost) > 0 {
		parts = append(parts, "lose "+phrase.List(lost))
	}
	return fmt.Sprintf("%s (was %s, now %s)", strings.Join(parts, " and "), phrase.Count(len(before)), phrase.Count(len(after)))
}
