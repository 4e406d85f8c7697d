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

// OperationsBlock lists operations by their actions, in the order in which these come
// first, and what became of each where that is not the same for all.
func OperationsBlock(title string, operations Operations) form.Block {
	count := countOf(operations)
	l := &form.List{Columns: []string{"action", "user", "changes", "reason"}, Lead: 2, Grouped: true}
	if count.differ {
		l.Columns = append(l.Columns, "result")
	}
	l.Made = func(yield func(form.Row) bool) {
		for _, action := range count.actions {
			group := fmt.Sprintf("%s (%s)", actionWords(action), phrase.Count(count.of[action]))
			for o := range operations.All() {
				if o.Action != action {
					continue
				}
				if !yield(o.row(group, count.differ)) {
					return
				}
			}
		}
	}
	b := form.Block{Title: title, List: l}
	if !count.differ && count.became != "" {
		b.Say(form.Bad, count.became+", all of these:")
	}
	return b
}

// row is an operation's line of a list: in a group, and with what became of it, if asked for.
func (o *Operation) row(group string, withResult bool) form.Row {
	changes, reason, result := o.Changed(), o.Reason, ""
	row := form.Row{
		Tone: o.Tone(), Sign: sign(o.Action), Group: group,
		Cells: []string{string(o.Action), phrase.Name(o.Username, o.SourceID), strings.Join(changes, ", "), reason},
	}
	if withResult {
		result = o.Became()
		row.Cells = append(row.Cells, cmp.Or(result, o.Result))
	}
	if o.Action == dirsync.Create {
		reason = ""
	}
	row.Flow = Flow(changes, reason, result)
	return row
}

// operationCount is what is to be known of operations before the first of them is listed.
type operationCount struct {
	actions []dirsync.Action // in the order in which they come first
	of      map[dirsync.Action]int
	differ  bool   // it is to be told of each what became of it
	became  string // what became of the first
}

func countOf(operations Operations) operationCount {
	c := operationCount{of: map[dirsync.Action]int{}}
	result, some := "", false
	for o := range operations.All() {
		if !some {
			some, result, c.became = true, o.Result, o.Became()
		}
		if c.of[o.Action]++; c.of[o.Action] == 1 {
			c.actions = append(c.actions, o.Action)
		}
		c.differ = c.differ || o.Result != result || o.Error != ""
	}
	return c
}

// sign tells at a glance what an action does: "+" gives, "-" takes, "~" changes.
func sign(action dirsync.Action) string {
	switch o := (&Operation{Action: action}); {
	case o.Removes():
		return "-"
	case o.changes():
		return "~"
	}
	return "+"
}

// actionWords say an action to people; "create" and its like are said as they are.
func actionWords(action dirsync.Action) string {
	switch action {
	case dirsync.GroupCreate:
		return "create group"
	case dirsync.GroupUpdate:
		return "change group"
	case dirsync.GroupDelete:
		return "delete group"
	case dirsync.PhoneDelete:
		return "remove phones"
	case dirsync.EnrollMail:
		return "send enrollment mail"
	}
	return string(action)
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
	case o.changes():
		return form.Change
	}
	return form.Good
}

// changes reports whether the operation changes what there is in Duo already.
func (o *Operation) changes() bool {
	return o.Action == dirsync.Update || o.Action == dirsync.Adopt || o.Action == dirsync.GroupUpdate
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
