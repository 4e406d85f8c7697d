// Package decide says what happens to one person: what the directory wants of Duo, held
// against the link and against what Duo holds, gives operations and the link as it is to
// be, by what section sync of the configuration asks of a run (rules.go). What needs a look
// at others (who holds a name, which phone is free) is the engine's. Its other half,
// [OutcomeOf], says what the result of an operation makes of the link.
package decide

import (
	"fmt"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// Subject is one person or link that may need something, and what was decided
// for it. The table of what happens to a person:
//
//	directory        link             Duo                    outcome
//	in scope         none             name free              create
//	in scope, locked none             name free              skipped (a licence saved)
//	in scope         none             name held by others    conflict, or adopt
//	in scope         ours             there                  update what differs
//	in scope         ours             deleted by hand        recreate, or report
//	in scope         ours, trashed    in Trash               restore
//	in scope         ours, trashed    purged                 create anew
//	in scope         ours             trashed by others      reported, let go
//	in scope         ours             Duo's own sync         reported, let go
//	in scope, locked ours             active                 disable
//	missing          ours             there                  wait, disable, trash or delete
//	missing          adopted          there                  disable or trash at most
//	missing, locked  ours             active                 disable, while its removal is held for a scope that is not accepted
//	back again       disabled by us   disabled               enable
//	back again       disabled by hand disabled               stays
type Subject struct {
	ID     dirsync.SourceID
	Want   *mapping.Desired     // nil: missing from the directory's scope
	Link   *dirsync.Link        // nil: not ours
	Live   *dirsync.Account     // what Duo holds now; nil: nothing, where it was asked
	Second *dirsync.Whereabouts // the second look for a missing one
	Asked  bool                 // Duo was asked for the link's user
	Blind  bool                 // nobody's status is believed in this run
	// Out: the former entry of a missing person is there, and something keeps it out, or may.
	// Locked: it is locked, and in scope still.
	Out, Locked bool
	circumstances
	decision
	taking
}

// circumstances are what is known of a subject besides, before anything is decided.
type circumstances struct {
	Contested bool // another person claims the same name
	Claimed   bool // missing, and somebody else in the directory has the name
	Adopted   bool // the run was asked to adopt the Duo user of this name
	// Mark is that of the link's user; where it was taken back, no run has looked since.
	Mark        *dirsync.Mark
	Inherits    bool // of an entry with an ancestor: it is to be given that one's user in this run
	Switched    bool // removals wait for a second complete read
	NotAccepted bool // missing, perhaps, for a scope that is not accepted
	// TakenOut: the person's directory is not among those of the configuration any more, so
	// it can't be asked.
	TakenOut bool
	// Heir is the entry of a missing person under a new id, and Ancestor the missing one
	// of such an entry. Both stand, with Inherits, until that is decided: what does not come
	// about decides nothing.
	Heir, Ancestor *Subject
	Scope          string // the fingerprint of the scope that is not accepted
	// Doubtful tells why it is not known whether the link's user is in Duo; nil: it is.
	Doubtful error
}

// decision is what was decided for a subject.
type decision struct {
	Ops  []*dirsync.Op
	Next *dirsync.Link // the link as it is to be, apart from what ops add; nil: none
	trouble
	// Hindered tells of a missing person who is there under a new id why the user can't
	// be adopted as it is now; "" where nothing is in the way.
	Hindered string
	Wait     *dirsync.Waiting
	Skipped  dirsync.SkipReason // "": something may be done
	Quiet    bool               // nothing but the link changes; Duo is not asked
	Open     bool               // the lists are planned, too
	Idle     bool               // disabled: there is something to do only if Duo has the user
	Done     bool               // missing, and disabled already: the step needs no call
	Later    bool               // joins are left for later, without a word
	Warnings []string
}

// trouble is what a human has to settle; it is told once.
type trouble struct {
	Problem string
	Remedy  string // a command that settles it
}

// taking is where the user of a subject who is not ours yet comes from.
type taking struct {
	Holder *dirsync.Account    // the user who is adopted
	Former *dirsync.Belongings // of a user who is gone, and made anew
	Was    *dirsync.Link       // of that user
}

// Warn tells something about the subject that no human has to settle.
func (s *Subject) Warn(format string, args ...any) {
	s.Warnings = append(s.Warnings, fmt.Sprintf(format, args...))
}

// Username names the subject in reports.
func (s *Subject) Username() string {
	if s.Link != nil {
		return s.Link.Answered.Username
	}
	return s.Want.Fields[dirsync.FieldUsername]
}

// Add adds an operation on the subject.
func (s *Subject) Add(op dirsync.Op) {
	op.Source = s.ID
	if op.Username == "" {
		op.Username = s.Username()
	}
	if op.User == "" && s.Link != nil && op.Action != dirsync.Create {
		op.User = s.Link.User
	}
	s.Ops = append(s.Ops, &op)
}

// letGo leaves the Duo user alone for good and says why.
func (s *Subject) letGo(r *Rules, why, words string) {
	next := *s.Link
	next.LetGo = why
	s.Next = &next
	if s.Live != nil {
		s.noteDrift(r)
	}
	s.Problem = words
}

// TellProblem adds to what a human has to settle about the subject.
func (s *Subject) TellProblem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.Problem == "" {
		s.Problem = text
	} else if !strings.Contains(s.Problem, text) {
		s.Problem += "; " + text
	}
}

// Carrier is the operation that the lists of a subject go with; nil: none.
func (s *Subject) Carrier() *dirsync.Op {
	for _, op := range s.Ops {
		switch op.Action {
		case dirsync.Create, dirsync.Recreate, dirsync.Adopt, dirsync.Restore, dirsync.Update:
			if op.Blocked == "" {
				return op
			}
		}
	}
	return nil
}

// Sends reports whether an operation of the subject goes to Duo.
func (s *Subject) Sends() bool {
	return slices.ContainsFunc(s.Ops, func(o *dirsync.Op) bool { return o.Blocked == "" })
}

// Named reports whether a subject has, or is to have, one of these names.
func (s *Subject) Named(names map[string]bool) bool {
	return s.Want != nil && dirsync.AnyFolded(s.Want.Names(), names) || s.Link != nil && dirsync.AnyFolded(s.Link.Answered.Names(), names)
}

// Joins reports whether the subject is put into a group, by its folded name.
func (s *Subject) Joins(group string) bool {
	return slices.ContainsFunc(s.Ops, func(op *dirsync.Op) bool {
		return slices.ContainsFunc(op.Joins, func(m dirsync.Membership) bool { return dirsync.FoldName(m.Name) == group })
	})
}

// GetsPhones reports whether the subject is given a phone.
func (s *Subject) GetsPhones() bool {
	return slices.ContainsFunc(s.Ops, func(op *dirsync.Op) bool {
		return slices.ContainsFunc(op.Phones, func(step dirsync.PhoneStep) bool { return step.Do != dirsync.PhoneRemove })
	})
}

// TakeUp gives the operation that takes list changes up, a new one where there
// is none.
func (s *Subject) TakeUp() *dirsync.Op {
	if op := s.Carrier(); op != nil {
		return op
	}
	s.Add(dirsync.Op{Action: dirsync.Update, Reason: dirsync.ChangedInDirectory, Asked: dirsync.Fields{}})
	return s.Ops[len(s.Ops)-1]
}

// Belongings are what of the user is ours, before the operation.
func (s *Subject) Belongings(carrier *dirsync.Op) dirsync.Belongings {
	switch {
	case carrier != nil && carrier.Takes != nil:
		return *carrier.Takes
	case s.Link != nil:
		return s.Link.Belongings
	}
	return dirsync.Belongings{}
}

// Ask notes that Duo holds what is asked for in a field, or will when the
// carrier is done.
func (s *Subject) Ask(carrier *dirsync.Op, field, value string) {
	if carrier != nil && s.Link == nil || carrier != nil && carrier.Action == dirsync.Recreate {
		carrier.Ask(field, value)
		return
	}
	s.Next.Asked[field] = value
}

// KeepAsked carries over what was asked for in a field before: it is not, or not
// yet, as the directory wants it.
func KeepAsked(s *Subject, field string) {
	if s.Link == nil || s.Next == nil || s.Next.Asked == nil {
		return
	}
	if last, known := s.Link.Asked[field]; known && last != s.Want.Fields[field] {
		s.Next.Asked[field] = last
	}
}

// DriftReason says of an operation that it mends what was changed in Duo, where
// that is all it does; field is the change that it took up last.
func (s *Subject) DriftReason(op *dirsync.Op, field, want string) {
	if s.Link == nil || op.Action != dirsync.Update {
		return
	}
	const byHand = "changed " + dirsync.InDuoByHand
	was, known := s.Link.Asked[field]
	unread := field == dirsync.FieldGroups && len(s.Link.Unread) > 0 // it was not seen what the directory wanted
	switch drift := known && was == want && !unread; {
	case drift && len(op.Changes) == 1:
		op.Reason = byHand
	case !drift && op.Reason == byHand:
		op.Reason = dirsync.ChangedInDirectory
	}
}

// DN gives the name of the person's entry; "" where none is known.
func (s *Subject) DN() string {
	switch {
	case s.Want != nil:
		return s.Want.DN
	case s.Second != nil && s.Second.Present:
		return s.Second.DN
	}
	return ""
}
