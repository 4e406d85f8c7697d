package audit

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// Results of what a line tells.
const (
	applied   = "applied"
	partly    = "partial" // some of the changes are not, or not wholly, brought about
	failed    = "failed"
	unknown   = "unknown"   // it was sent, and whether it was done is not known
	requested = "requested" // lines to come tell what comes of it
)

// The words of memberships, beside those of operations and acts.
const (
	wordJoin  = "join"
	wordLeave = "leave"
)

// record is one line as data.
type record struct {
	Number   int64
	At       time.Time // by the clock of this machine, in the order of numbers
	Settled  time.Time // when what became of it was written down
	Intended time.Time // of an operation: when it was about to be sent, by Duo's clock, in whole seconds
	What     string    // an action, an act, join or leave
	Result   string
	Error    string
	By, Run  string
	Who      person
	Group    group
	Changes  []dirsync.Change
	Phones   []dirsync.PhoneStep
	Reason   string
	About    string // of an act: the approval, or the run
	Act      bool
}

type person struct {
	Username, Source, User, DN string
	After                      dirsync.Fields // what it was to hold, where that was asked for
}

type group struct{ Name, ID string }

// linesOf is in how many lines an operation is told: one for what it does to the user or the
// group, and one for each membership, which Duo is asked for by a call of its own.
func linesOf(op *dirsync.Op) int {
	n := len(op.Joins) + len(op.Leaves)
	if !onlyMemberships(op) {
		n++
	}
	return n
}

// onlyMemberships reports whether an operation changes nothing but in which groups a user is.
func onlyMemberships(op *dirsync.Op) bool {
	return op.Action == dirsync.Update && len(op.Joins)+len(op.Leaves) > 0 &&
		!slices.ContainsFunc(op.Changes, func(c dirsync.Change) bool { return c.Field != dirsync.FieldGroups })
}

// recordsOf gives the lines of an entry.
func recordsOf(e *state.AuditEntry) []record {
	if e.Act != nil {
		return []record{actRecord(e)}
	}
	op, note := e.Op, decide.ReadNote(e.Note)
	base := record{Number: e.Number, At: e.Time, Settled: e.Done, Intended: e.At, By: e.By, Run: e.Run, Reason: op.Reason,
		Who: person{Username: op.Username, Source: string(op.Source), User: cmp.Or(op.User, e.ID), DN: op.DN}}
	if op.OnGroup() {
		base.Who, base.Group = person{}, group{Name: op.Username, ID: cmp.Or(op.Group.ID, e.ID)}
	}
	var all []record
	add := func(r record) {
		r.Number += int64(len(all))
		all = append(all, r)
	}
	if !onlyMemberships(op) {
		r := base
		r.What, r.Phones, r.Who.After = string(op.Action), op.Phones, op.After()
		r.Changes = slices.DeleteFunc(slices.Clone(op.Changes), func(c dirsync.Change) bool { return c.Field == dirsync.FieldGroups })
		r.Result, r.Error = resultOf(&note, func(field string) bool { return field != dirsync.FieldGroups }, len(r.Changes))
		add(r)
	}
	memberships := len(op.Joins) + len(op.Leaves)
	for i, m := range slices.Concat(op.Leaves, op.Joins) {
		r := base
		r.What, r.Group = wordLeave, group{Name: m.Name, ID: m.ID}
		if i >= len(op.Leaves) {
			r.What = wordJoin
		}
		if r.Result, r.Error = resultOf(&note, func(field string) bool { return field == dirsync.FieldGroups }, memberships); note.Lacking != nil {
			if r.Result, r.Error = applied, ""; slices.Contains(note.Lacking, i) {
				r.Result, r.Error = failed, note.Why
			}
		}
		add(r)
	}
	return all
}

// resultOf gives what became of the fields of an operation that about tells, n in number. Of
// several memberships it is known of all together only, unless the user was looked at since.
func resultOf(note *decide.Note, about func(string) bool, n int) (result, why string) {
	undone := slices.ContainsFunc(note.Undone, about)
	switch {
	case note.Fate == dirsync.Unknown:
		return unknown, note.Why
	case note.Fate != dirsync.Done:
		return failed, note.Why
	case !undone:
		return applied, ""
	case n == 1:
		return failed, note.Why
	}
	return partly, note.Why
}

func actRecord(e *state.AuditEntry) record {
	a := e.Act
	r := record{Number: e.Number, At: e.Time, Settled: a.At, What: a.What, Result: applied, Error: a.Error, By: a.By, Run: a.Run, Reason: a.Reason, Act: true}
	switch {
	case a.Error != "":
		r.Result = failed
	case a.What == state.ActDisable, a.What == state.ActUndo, a.What == state.ActRebuild: // what comes of it has lines of its own
		r.Result = requested
	}
	switch {
	case a.Group != "":
		r.Group = group{Name: a.About, ID: a.Group}
	case a.User != "":
		r.Who = person{Username: a.About, Source: string(a.Source), User: a.User}
	default:
		r.About = a.About
	}
	return r
}

// message says in a sentence what a record tells.
func (r *record) message() string {
	var words []string
	say := func(label, value string) {
		if value != "" {
			words = append(words, label+value)
		}
	}
	say("", r.What)
	say("", cmp.Or(r.Who.Username, r.Who.User))
	say("group ", r.Group.Name)
	say("", r.About)
	text := strings.Join(words, " ")
	if r.Result != applied {
		text += ": " + r.Result
	}
	if r.Reason != "" {
		text += " (" + r.Reason + ")"
	}
	return text
}
