package engine

import (
	dirsync "duosync/sync"
	"duosync/sync/mapping"
	"fmt"
	"slices"
	"strings"
)

// subject is one person or link that may need something, and what was decided
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
//	back again       disabled by us   disabled               enable
//	back again       disabled by hand disabled               stays
type subject struct {
	id     dirsync.SourceID
	want   *mapping.Desired     // nil: missing from the directory's scope
	link   *dirsync.Link        // nil: not ours
	live   *dirsync.Account     // what Duo holds now; nil: nothing, where it was asked
	second *dirsync.Whereabouts // the second look for a missing one
	asked  bool                 // Duo was asked for the link's user
	circumstances
	decision
	taking
}

// circumstances are what is known of a subject besides, before anything is decided.
type circumstances struct {
	contested bool // another person claims the same name
	claimed   bool // missing, and somebody else in the directory has the name
	adopted   bool // the run was asked to adopt the Duo user of this name
	lifted    bool // the user was disabled for a mark that was taken back
	// heir is the entry of a missing person under a new id, and ancestor the missing one
	// of such an entry.
	heir, ancestor *subject
	switched       bool // removals wait for a second complete read
	notAccepted    bool // missing, perhaps, for a scope that is not accepted
	blind          bool // nobody's status is believed in this run
}

// decision is what was decided for a subject.
type decision struct {
	ops  []*dirsync.Op
	next *dirsync.Link // the link as it is to be, apart from what ops add; nil: none
	// problem is what a human has to settle; it is told once.
	problem  string
	wait     *dirsync.Waiting
	skipped  bool
	quiet    bool // nothing but the link changes; Duo is not asked
	open     bool // the lists are planned, too
	idle     bool // disabled: there is something to do only if Duo has the user
	done     bool // missing, and disabled already: the step needs no call
	later    bool // joins are left for later, without a word
	warnings []string
}

// taking is where the user of a subject who is not ours yet comes from.
type taking struct {
	holder *dirsync.Account    // the user who is adopted
	former *dirsync.Belongings // of a user who is gone, and made anew
	was    *dirsync.Link       // of that user
}

func (s *subject) warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
}

// username names the subject in reports.
func (s *subject) username() string {
	if s.link != nil {
		return s.link.Answered.Username
	}
	return s.want.Fields[dirsync.FieldUsername]
}

func (s *subject) add(op dirsync.Op) {
	op.Source = s.id
	if op.Username == "" {
		op.Username = s.username()
	}
	if op.User == "" && s.link != nil && op.Action != dirsync.Create {
		op.User = s.link.User
	}
	s.ops = append(s.ops, &op)
}

// letGo leaves the Duo user alone for good and says why.
func (s *subject) letGo(why, words string) {
	next := *s.link
	next.LetGo = why
	if s.live != nil {
		next.Answered = *s.live
	}
	s.next = &next
	s.problem = words
}

// tellProblem adds to what a human has to settle about the subject.
func (s *subject) tellProblem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.problem == "" {
		s.problem = text
	} else if !strings.Contains(s.problem, text) {
		s.problem += "; " + text
	}
}

// carrier is the operation that the lists of a subject go with; nil: none.
func (s *subject) carrier() *dirsync.Op {
	for _, op := range s.ops {
		switch op.Action {
		case dirsync.Create, dirsync.Recreate, dirsync.Adopt, dirsync.Restore, dirsync.Update:
			if op.Blocked == "" {
				return op
			}
		}
	}
	return nil
}

// sends reports whether an operation of the subject goes to Duo.
func (s *subject) sends() bool {
	return slices.ContainsFunc(s.ops, func(o *dirsync.Op) bool { return o.Blocked == "" })
}

// named reports whether a subject has, or is to have, one of these names.
func (s *subject) named(names map[string]bool) bool {
	return s.want != nil && dirsync.AnyFolded(s.want.Names(), names) || s.link != nil && dirsync.AnyFolded(s.link.Answered.Names(), names)
}

// joins reports whether the subject is put into a group, by its folded name.
func (s *subject) joins(group string) bool {
	return slices.ContainsFunc(s.ops, func(op *dirsync.Op) bool {
		return slices.ContainsFunc(op.Joins, func(m dirsync.Membership) bool { return dirsync.FoldName(m.Name) == group })
	})
}

// keepStatus makes the status that can't be told the one that it was.
func (s *subject) keepStatus() {
	if s.want.Unsure == nil || s.link == nil {
		return
	}
	if last, known := s.link.Asked[dirsync.FieldStatus]; known {
		s.want.Fields[dirsync.FieldStatus] = last
	} else {
		delete(s.want.Fields, dirsync.FieldStatus)
	}
}

// takeUp gives the operation that takes list changes up, a new one where there
// is none.
func (s *subject) takeUp() *dirsync.Op {
	if op := s.carrier(); op != nil {
		return op
	}
	s.add(dirsync.Op{Action: dirsync.Update, Reason: "changed in the directory", Asked: dirsync.Fields{}})
	return s.ops[len(s.ops)-1]
}

// belongings are what of the user is ours, before the operation.
func (s *subject) belongings(carrier *dirsync.Op) dirsync.Belongings {
	switch {
	case carrier != nil && carrier.Takes != nil:
		return *carrier.Takes
	case s.link != nil:
		return s.link.Belongings
	}
	return dirsync.Belongings{}
}

// ask notes that Duo holds what is asked for in a field, or will when the
// carrier is done.
func (s *subject) ask(carrier *dirsync.Op, field, value string) {
	if carrier != nil && s.link == nil || carrier != nil && carrier.Action == dirsync.Recreate {
		carrier.Asked[field] = value
		return
	}
	s.next.Asked[field] = value
}

// keepAsked carries over what was asked for in a field before: it is not, or not
// yet, as the directory wants it.
func keepAsked(s *subject, field string) {
	if s.link == nil || s.next == nil || s.next.Asked == nil {
		return
	}
	if last, known := s.link.Asked[field]; known && last != s.want.Fields[field] {
		s.next.Asked[field] = last
	}
}
