// Package operations tells of the operations of a run: each with what became of it, a list of
// any length, and the block of a page that shows one.
package operations

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"duosync/cmd/internal/page"
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

	phones []dirsync.PhoneStep // for a summary
}

// Of gives an operation with its result, "applied", "failed" and so on, and
// what was wrong.
func Of(o *dirsync.Op, result, problem string) Operation {
	return Operation{Action: o.Action, Username: o.Username, SourceID: o.Source, User: o.User,
		Reason: o.Reason, Changes: append([]dirsync.Change{}, o.Changes...), Result: result, Error: problem, phones: o.Phones}
}

// PhoneSteps gives what an operation that was made of the plan does with phones; of one that
// was read nothing is known.
func (o *Operation) PhoneSteps() []dirsync.PhoneStep { return o.phones }

// Block lists operations by their actions, in the order in which these come
// first, and what became of each where that is not the same for all.
func Block(title string, operations List) form.Block {
	count := countOf(operations)
	l := &form.List{Columns: []string{"action", "user", "changes", "reason"}, Lead: 2}
	if count.differ {
		l.Columns, l.Marks = append(l.Columns, "result"), count.results
	}
	for _, action := range count.actions {
		l.Groups = append(l.Groups, groupOf(action, count, operations))
	}
	b := form.Block{Title: title, List: l}
	if !count.differ && count.became != "" {
		b.Say(form.Bad, count.became+", all of these:")
	}
	return b
}

// Of so many operations HTML shows each without being asked: of those that take, more, for
// somebody has to look at them.
const (
	openRemovals = 1000
	openOthers   = 50
)

func groupOf(action dirsync.Action, count operationCount, operations List) form.Group {
	of := count.of[action]
	like := &Operation{Action: action}
	open := openOthers
	if like.Removes() {
		open = openRemovals
	}
	return form.Group{
		ID: string(action), Name: ActionWords(action), Count: phrase.Count(of.n), Sign: Sign(action), Tone: like.Tone(),
		Aside: of.reason, Open: of.n <= open,
		Rows: func(yield func(form.Row) bool) {
			for o := range operations.Of(action) {
				if !yield(o.row(count.differ, of.reason)) {
					return
				}
			}
		},
	}
}

// row is an operation's line of a list: with what became of it, if asked for. told is the
// reason that its group tells.
func (o *Operation) row(withResult bool, told string) form.Row {
	changes, reason, result := o.Changed(), o.Reason, ""
	name := phrase.Name(o.Username, o.SourceID)
	row := form.Row{Tone: o.Tone(), Cells: []string{string(o.Action), name, strings.Join(changes, ", "), reason}, About: string(o.SourceID),
		Told: &form.Told{Name: name, Changes: o.fields()}}
	if withResult {
		result = o.Became()
		row.Cells = append(row.Cells, cmp.Or(result, o.Result))
		row.Told.Became, row.Told.Mark = result, o.Result
	}
	if reason != told {
		row.Told.Why = reason
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
	of      map[dirsync.Action]*actionCount
	results []string // in the order in which they come first
	differ  bool     // it is to be told of each what became of it
	became  string   // what became of the first
}

// actionCount is what is to be known of those of one action: how many, and the reason that
// all of them have; "": they have several.
type actionCount struct {
	n      int
	reason string
}

func countOf(operations List) operationCount {
	c := operationCount{of: map[dirsync.Action]*actionCount{}}
	result, some := "", false
	for o := range operations.All() {
		if !some {
			some, result, c.became = true, o.Result, o.Became()
		}
		of := c.of[o.Action]
		if of == nil {
			of = &actionCount{reason: o.Reason}
			c.of[o.Action], c.actions = of, append(c.actions, o.Action)
		}
		if of.n++; o.Reason != of.reason {
			of.reason = ""
		}
		if !slices.Contains(c.results, o.Result) {
			c.results = append(c.results, o.Result)
		}
		c.differ = c.differ || o.Result != result || o.Error != ""
	}
	return c
}

// Sign tells at a glance what an action does: "+" gives, "-" takes, "~" changes.
func Sign(action dirsync.Action) string {
	switch o := (&Operation{Action: action}); {
	case o.Removes():
		return "-"
	case o.changes():
		return "~"
	}
	return "+"
}

// ActionWords say an action to people; "create" and its like are said as they are.
func ActionWords(action dirsync.Action) string {
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
			if !o.usual(c) {
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

// fields gives an operation's fields one by one: what each was, and what it becomes.
func (o *Operation) fields() []page.FieldChange {
	all := make([]page.FieldChange, 0, len(o.Changes))
	value := func(field, v string) string {
		if v == "" {
			return ""
		}
		return phrase.Field(field, v)
	}
	for _, c := range o.Changes {
		switch {
		case o.usual(c):
		case dirsync.IsList(c.Field) && !o.creates() && len(c.Before)+len(c.After) > manyItems:
			gained, lost, was := difference(dirsync.Items(c.Before), dirsync.Items(c.After))
			change := page.FieldChange{Field: c.Field, Note: was}
			if len(lost) > 0 {
				change.Before = phrase.List(lost)
			}
			if len(gained) > 0 {
				change.After = phrase.List(gained)
			}
			all = append(all, change)
		default:
			all = append(all, page.FieldChange{Field: c.Field, Before: value(c.Field, c.Before), After: value(c.Field, c.After)})
		}
	}
	return all
}

// usual reports whether a change goes without saying: that of a creation is its name, and that
// it is active.
func (o *Operation) usual(c dirsync.Change) bool {
	return o.creates() && (c.Field == dirsync.FieldUsername || c.Field == dirsync.FieldName || c.Field == dirsync.FieldStatus && c.After == dirsync.StatusActive)
}

// manyItems is how much text two lists may have and still be shown whole.
const manyItems = 80

// differenceWords shows what a list gains and loses, where it is too long to be
// compared at a glance.
func differenceWords(before, after []string) string {
	gained, lost, was := difference(before, after)
	var parts []string
	if len(gained) > 0 {
		parts = append(parts, "gain "+phrase.List(gained))
	}
	if len(lost) > 0 {
		parts = append(parts, "lose "+phrase.List(lost))
	}
	return strings.Join(parts, " and ") + " " + was
}

// difference gives what a list gains and loses, and how long it was and is.
func difference(before, after []string) (gained, lost []string, was string) {
	without := func(items, others []string) []string {
		return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(others, item) })
	}
	return without(after, before), without(before, after), fmt.Sprintf("(was %s, now %s)", phrase.Count(len(before)), phrase.Count(len(after)))
}
