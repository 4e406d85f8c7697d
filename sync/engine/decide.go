package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
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
	id   dirsync.SourceID
	want *mapping.Desired // nil: missing from the directory's scope
	link *dirsync.Link    // nil: not ours
	live *dirsync.Account // what Duo holds now; nil: nothing, where it was asked
	// asked: Duo was asked for the link's user.
	asked bool
	seen  *dirsync.Whereabouts // the second look for a missing one
	// contested: another person claims the same name.
	contested bool

	ops  []*dirsync.Op
	next *dirsync.Link // the link as it is to be, apart from what ops add; nil: none
	// problem is what a human has to settle; it is told once.
	problem string
	wait    *dirsync.Waiting
	skipped bool
	adopted bool                // the run was asked to adopt the Duo user of this name
	quiet   bool                // nothing but the link changes; Duo is not asked
	open    bool                // the lists are planned, too
	holder  *dirsync.Account    // the user who is adopted
	former  *dirsync.Belongings // of a user who is gone, and made anew
	was     *dirsync.Link       // of that user
	claimed bool                // missing, and somebody else in the directory has the name
	// heir is the entry of a missing person under a new id, and ancestor the missing one
	// of such an entry.
	heir, ancestor *subject
	switched       bool // removals wait for a second complete read
	lifted         bool // the user was disabled for a mark that was taken back
	handed         bool // missing, and the user goes to somebody else
	done           bool // missing, and disabled already: the step needs no call
	notAccepted    bool // missing, perhaps, for a scope that is not accepted
	blind          bool // nobody's status is believed in this run
	idle           bool // disabled: there is something to do only if Duo has the user
	retry          bool // an operation is still to be done
	later          bool // joins are left for later, without a word
	warnings       []string
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

// decide settles what happens to one subject, names apart: whether a wanted
// name is free is looked at afterwards, over all subjects (see claims.go).
func (r *Rules) decide(s *subject, now time.Time) {
	if s.link != nil {
		next := *s.link
		s.next = &next
	}
	switch {
	case s.want == nil:
		r.decideMissing(s, now)
	case s.link == nil:
		r.decideNew(s, "in the directory's scope")
	default:
		r.decideOurs(s)
	}
}

// decideNew is for a person who is not ours yet.
func (r *Rules) decideNew(s *subject, reason string) {
	want := s.want
	switch {
	case s.contested, s.ancestor != nil:
		return
	case want.Problem != "":
		s.add(dirsync.Op{Action: dirsync.Create, Username: want.Fields[dirsync.FieldUsername], Reason: reason, Blocked: want.Problem})
		s.problem = want.Problem
		return
	case r.Protect[want.Name()]:
		s.skipped = true
		return
	case want.Unsure != nil && !s.blind:
		problem := want.Unsure.Problem()
		s.add(dirsync.Op{Action: dirsync.Create, Username: want.Fields[dirsync.FieldUsername], Reason: reason, Blocked: problem})
		s.problem = problem
		return
	case want.Unsure != nil: // created when it is known whether the person is locked
		want.Fields[dirsync.FieldStatus] = dirsync.StatusActive
	case want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled:
		// A user who is locked in the directory is not created: a licence saved.
		if r.Existing == ExistingReport && !s.adopted {
			s.skipped = true
			return
		}
		s.idle = true
	}
	s.open = true
	op := dirsync.Op{Action: dirsync.Create, Username: want.Fields[dirsync.FieldUsername], Reason: reason,
		Changes: created(want.Fields), Asked: maps.Clone(want.Fields)}
	if s.former != nil {
		op.Takes = s.former
	}
	s.add(op)
}

// created lists the fields that a new user gets, phones and groups apart.
func created(fields dirsync.Fields) []dirsync.Change {
	var changes []dirsync.Change
	for _, name := range append(slices.Clone(dirsync.FieldNames), dirsync.FieldAliases) {
		if value := fields[name]; value != "" {
			changes = append(changes, dirsync.Change{Field: name, After: value})
		}
	}
	return changes
}

// decideOurs is for a person in scope whose Duo user is ours.
func (r *Rules) decideOurs(s *subject) {
	link, live, want := s.link, s.live, s.want
	trashedByUs := link.Missing != nil && link.Missing.Step == dirsync.Trash
	switch {
	case live == nil:
		r.decideVanished(s, trashedByUs || link.Missing != nil && link.Missing.Step == dirsync.Delete)
		return
	case live.Synced:
		s.letGo(dirsync.LetGoSynced, "Duo's own directory sync manages this user now; duosync leaves it alone")
		return
	case live.Status == dirsync.StatusPendingDeletion && !trashedByUs:
		s.letGo(dirsync.LetGoTrashed, "somebody else put this user into Duo's Trash; restore it in the Duo Admin Panel to have it kept in step again")
		return
	case r.Protect[dirsync.FoldName(live.Username)], r.Protect[want.Name()]:
		s.skipped = true
		return
	}

	next := s.next
	next.Answered = *live
	next.Missing = nil
	next.LetGo = ""
	next.Offered = nil
	next.Asked = make(dirsync.Fields, len(want.Fields))
	if live.Status == dirsync.StatusPendingDeletion && want.Unsure != nil {
		s.next = link // it stays in the Trash until it is known whether the person is locked
		s.problem = want.Unsure.Problem()
		return
	}
	s.open = !s.contested && want.Problem == ""
	if !s.open {
		for _, field := range []string{dirsync.FieldGroups, dirsync.FieldPhones} {
			if last, known := link.Asked[field]; known {
				next.Asked[field] = last
			}
		}
	}
	update := r.changes(s)
	status, after, reason := r.decideStatus(s)
	if want.Problem != "" {
		s.problem = want.Problem
		s.add(dirsync.Op{Action: dirsync.Update, Reason: "changed in the directory", Blocked: want.Problem})
	}

	if live.Status == dirsync.StatusPendingDeletion { // ours: restore, and all else with it
		asked := dirsync.Fields{}
		to := dirsync.StatusActive
		if wanted, ours := want.Fields[dirsync.FieldStatus]; ours {
			to, asked[dirsync.FieldStatus] = wanted, wanted
		}
		if link.ByHand {
			to = dirsync.StatusDisabled // by others, before we put it into the Trash
		}
		next.Missing = whileOut(link) // until it is out of the Trash
		op := dirsync.Op{Action: dirsync.Restore, Username: live.Username, Reason: "back in the directory's scope", Asked: asked,
			Changes: append(update, dirsync.Change{Field: dirsync.FieldStatus, Before: live.Status, After: to})}
		for _, c := range update {
			if value, ours := want.Fields[c.Field]; ours {
				op.Asked[c.Field] = value
			}
		}
		s.add(op)
		return
	}
	// A status of its own goes first and alone: a mail address that Duo
	// refuses must not keep a leaver in.
	if status != "" {
		asked := dirsync.Fields{}
		if _, ours := want.Fields[dirsync.FieldStatus]; ours {
			asked[dirsync.FieldStatus] = after
		}
		s.add(dirsync.Op{Action: status, Reason: reason, Marked: status == dirsync.Disable && want.Mark != nil, Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: live.Status, After: after}}, Asked: asked})
	}
	if len(update) > 0 {
		op := dirsync.Op{Action: dirsync.Update, Username: live.Username, Changes: update, Asked: dirsync.Fields{}, Reason: "changed in the directory"}
		drift := true
		for _, c := range update {
			if value, ours := want.Fields[c.Field]; ours {
				op.Asked[c.Field] = value
			}
			drift = drift && link.Asked[c.Field] == want.Fields[c.Field]
		}
		if drift {
			op.Reason = "changed in Duo by hand"
		}
		s.add(op)
	}
}

// changes lists the fields, status apart, in which Duo differs from what the
// directory wants, and carries the others over into next.Asked.
func (r *Rules) changes(s *subject) []dirsync.Change {
	var changes []dirsync.Change
	for _, field := range dirsync.FieldNames {
		value, ours := s.want.Fields[field]
		if !ours || field == dirsync.FieldStatus {
			continue
		}
		last, known := s.link.Asked[field]
		held := s.live.Field(field)
		drifted := held != s.link.Answered.Field(field)
		unchanged := known && last == value
		switch {
		case s.contested || s.want.Problem != "":
			if known && !drifted { // frozen as it is; drift is mended afterwards
				s.next.Asked[field] = last
			}
		case sameValue(field, held, value), unchanged && !drifted: // or Duo's own form of it
			s.next.Asked[field] = value
		case unchanged && r.ReportDrift(field):
			s.next.Asked[field] = value
			s.warn("%s: %s was changed in Duo to %s; the configuration asks to report it only", s.username(), field, dirsync.Quote(held))
		default:
			changes = append(changes, dirsync.Change{Field: field, Before: held, After: value})
			if known && !unchanged { // drift: unknown until it is mended
				s.next.Asked[field] = last
			}
		}
	}
	if c := r.aliasChange(s); c != nil {
		changes = append(changes, *c)
	}
	return changes
}

// aliasChange is the change of the aliases, nil where there is none. Aliases that
// others gave the user stay, but for one that becomes the username.
func (r *Rules) aliasChange(s *subject) *dirsync.Change {
	want, ours := s.want.Fields[dirsync.FieldAliases]
	asked, known := s.link.Asked[dirsync.FieldAliases]
	s.next.Aliases = stillHeld(s.live, s.link.Aliases)
	if s.contested || s.want.Problem != "" {
		if ours && known {
			s.next.Asked[dirsync.FieldAliases] = asked
		}
		return nil
	}
	held := dirsync.Items(s.live.Field(dirsync.FieldAliases))
	wanted, given := dirsync.FoldedSet(dirsync.Items(want)), dirsync.FoldedSet(s.link.Aliases)
	becomes := ""
	if _, mapped := s.want.Fields[dirsync.FieldUsername]; mapped && s.want.Name() != dirsync.FoldName(s.live.Username) {
		becomes = s.want.Name()
	}
	var after, missing []string
	have := map[string]bool{}
	for _, alias := range held {
		if name := dirsync.FoldName(alias); name != becomes && (!ours || wanted[name] || !given[name]) {
			after = append(after, alias)
			have[name] = true
		}
	}
	for _, alias := range dirsync.Items(want) {
		if !have[dirsync.FoldName(alias)] {
			missing = append(missing, alias)
		}
	}
	kept := len(after)
	switch {
	case len(missing) == 0 && kept == len(held):
		if ours {
			s.next.Asked[dirsync.FieldAliases] = want
		}
		return nil
	case known && asked == want && kept == len(held) && r.ReportDrift(dirsync.FieldAliases):
		s.next.Asked[dirsync.FieldAliases] = want
		s.warn("%s: the aliases %s were taken away in Duo; the configuration asks to report it only", s.username(), strings.Join(missing, ", "))
		return nil
	case kept+len(missing) > dirsync.MaxAliases:
		s.tellProblem("Duo holds %d aliases a user at most, and others have given %d; not added: %s", dirsync.MaxAliases, kept, strings.Join(missing, ", "))
		missing = missing[:max(dirsync.MaxAliases-kept, 0)]
		if known {
			s.next.Asked[dirsync.FieldAliases] = asked
		}
		if len(missing) == 0 && kept == len(held) {
			return nil
		}
	}
	if known && asked != want {
		s.next.Asked[dirsync.FieldAliases] = asked
	}
	return &dirsync.Change{Field: dirsync.FieldAliases, Before: dirsync.ListOf(held), After: dirsync.ListOf(append(after, missing...))}
}

// stillHeld leaves of the aliases that we gave those that the user has.
func stillHeld(a *dirsync.Account, aliases []string) []string {
	held := dirsync.FoldedSet(a.Aliases)
	return slices.DeleteFunc(slices.Clone(aliases), func(name string) bool { return !held[name] })
}

func sameValue(field, a, b string) bool {
	if field == dirsync.FieldUsername {
		return dirsync.FoldName(a) == dirsync.FoldName(b)
	}
	return a == b
}

// decideVanished is for a person in scope whose Duo user does not exist.
func (r *Rules) decideVanished(s *subject, removedByUs bool) {
	name := s.username()
	s.next.Missing = nil
	switch {
	case removedByUs:
		if len(s.link.Phones) > 0 {
			s.former = &dirsync.Belongings{Phones: s.link.Phones}
		}
		s.was = s.link
		s.link, s.next = nil, nil
		r.decideNew(s, "back in the directory's scope; the user has been removed from Duo since")
	case r.ReportDrift(""):
		s.letGo(dirsync.LetGoDeleted, "somebody deleted this user in Duo; the configuration asks to report it only")
	case s.contested:
		if status, ours := s.want.Fields[dirsync.FieldStatus]; ours {
			s.next.Asked = merged(s.link.Asked, dirsync.Fields{dirsync.FieldStatus: status})
		}
	case s.want.Problem != "":
		s.add(dirsync.Op{Action: dirsync.Recreate, Reason: "deleted in Duo by hand", Blocked: s.want.Problem})
		s.problem = s.want.Problem
	case s.want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled, s.want.Unsure != nil, r.Protect[s.want.Name()], r.Protect[dirsync.FoldName(name)]:
		s.skipped = true
		if len(s.link.Phones) > 0 {
			s.add(orphans(s))
		} else {
			s.next = nil
		}
	default:
		s.next.Asked = dirsync.Fields{} // unknown until it is there again
		s.next.Joined = nil
		s.open = true
		s.add(dirsync.Op{Action: dirsync.Recreate, Username: s.want.Fields[dirsync.FieldUsername], Reason: "deleted in Duo by hand",
			Changes: created(s.want.Fields), Asked: maps.Clone(s.want.Fields)})
	}
}

func merged(a, b dirsync.Fields) dirsync.Fields {
	m := make(dirsync.Fields, len(a)+len(b))
	maps.Copy(m, a)
	maps.Copy(m, b)
	return m
}
