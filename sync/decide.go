package dirsync

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
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
	id   SourceID
	want *desired // nil: missing from the directory's scope
	link *Link    // nil: not ours
	live *Account // what Duo holds now; nil: nothing, where it was asked
	// asked: Duo was asked for the link's user.
	asked bool
	seen  *Whereabouts // the second look for a missing one
	// contested: another person claims the same name.
	contested bool

	ops  []*Op
	next *Link // the link as it is to be, apart from what ops add; nil: none
	// problem is what a human has to settle; it is told once.
	problem string
	wait    *Waiting
	skipped bool
	adopted bool        // the run was asked to adopt the Duo user of this name
	quiet   bool        // nothing but the link changes; Duo is not asked
	open    bool        // the lists are planned, too
	holder  *Account    // the user who is adopted
	former  *Belongings // of a user who is gone, and made anew
	was     *Link       // of that user
	claimed bool        // missing, and somebody else in the directory has the name
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
	return s.want.fields[FieldUsername]
}

func (s *subject) add(op Op) {
	op.Source = s.id
	if op.Username == "" {
		op.Username = s.username()
	}
	if op.User == "" && s.link != nil && op.Action != Create {
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
	case want.problem != "":
		s.add(Op{Action: Create, Username: want.fields[FieldUsername], Reason: reason, Blocked: want.problem})
		s.problem = want.problem
		return
	case r.Protect[want.name()]:
		s.skipped = true
		return
	case want.unsure != nil && !s.blind:
		problem := want.unsure.problem()
		s.add(Op{Action: Create, Username: want.fields[FieldUsername], Reason: reason, Blocked: problem})
		s.problem = problem
		return
	case want.unsure != nil: // created when it is known whether the person is locked
		want.fields[FieldStatus] = StatusActive
	case want.fields[FieldStatus] == StatusDisabled:
		// A user who is locked in the directory is not created: a licence saved.
		if r.Existing == ExistingReport && !s.adopted {
			s.skipped = true
			return
		}
		s.idle = true
	}
	s.open = true
	op := Op{Action: Create, Username: want.fields[FieldUsername], Reason: reason,
		Changes: created(want.fields), Asked: maps.Clone(want.fields)}
	if s.former != nil {
		op.Takes = s.former
	}
	s.add(op)
}

// created lists the fields that a new user gets, phones and groups apart.
func created(fields Fields) []Change {
	var changes []Change
	for _, name := range append(slices.Clone(FieldNames), FieldAliases) {
		if value := fields[name]; value != "" {
			changes = append(changes, Change{Field: name, After: value})
		}
	}
	return changes
}

// decideOurs is for a person in scope whose Duo user is ours.
func (r *Rules) decideOurs(s *subject) {
	link, live, want := s.link, s.live, s.want
	trashedByUs := link.Missing != nil && link.Missing.Step == Trash
	switch {
	case live == nil:
		r.decideVanished(s, trashedByUs || link.Missing != nil && link.Missing.Step == Delete)
		return
	case live.Synced:
		s.letGo(LetGoSynced, "Duo's own directory sync manages this user now; duosync leaves it alone")
		return
	case live.Status == StatusPendingDeletion && !trashedByUs:
		s.letGo(LetGoTrashed, "somebody else put this user into Duo's Trash; restore it in the Duo Admin Panel to have it kept in step again")
		return
	case r.Protect[FoldName(live.Username)], r.Protect[want.name()]:
		s.skipped = true
		return
	}

	next := s.next
	next.Answered = *live
	next.Missing = nil
	next.LetGo = ""
	next.Offered = nil
	next.Asked = make(Fields, len(want.fields))
	if live.Status == StatusPendingDeletion && want.unsure != nil {
		s.next = link // it stays in the Trash until it is known whether the person is locked
		s.problem = want.unsure.problem()
		return
	}
	s.open = !s.contested && want.problem == ""
	if !s.open {
		for _, field := range []string{FieldGroups, FieldPhones} {
			if last, known := link.Asked[field]; known {
				next.Asked[field] = last
			}
		}
	}
	update := r.changes(s)
	status, after, reason := r.decideStatus(s)
	if want.problem != "" {
		s.problem = want.problem
		s.add(Op{Action: Update, Reason: "changed in the directory", Blocked: want.problem})
	}

	if live.Status == StatusPendingDeletion { // ours: restore, and all else with it
		asked := Fields{}
		to := StatusActive
		if wanted, ours := want.fields[FieldStatus]; ours {
			to, asked[FieldStatus] = wanted, wanted
		}
		if link.ByHand {
			to = StatusDisabled // by others, before we put it into the Trash
		}
		next.Missing = link.whileOut() // until it is out of the Trash
		op := Op{Action: Restore, Username: live.Username, Reason: "back in the directory's scope", Asked: asked,
			Changes: append(update, Change{Field: FieldStatus, Before: live.Status, After: to})}
		for _, c := range update {
			if value, ours := want.fields[c.Field]; ours {
				op.Asked[c.Field] = value
			}
		}
		s.add(op)
		return
	}
	// A status of its own goes first and alone: a mail address that Duo
	// refuses must not keep a leaver in.
	if status != "" {
		asked := Fields{}
		if _, ours := want.fields[FieldStatus]; ours {
			asked[FieldStatus] = after
		}
		s.add(Op{Action: status, Reason: reason, Marked: status == Disable && want.mark != nil, Changes: []Change{{Field: FieldStatus, Before: live.Status, After: after}}, Asked: asked})
	}
	if len(update) > 0 {
		op := Op{Action: Update, Username: live.Username, Changes: update, Asked: Fields{}, Reason: "changed in the directory"}
		drift := true
		for _, c := range update {
			if value, ours := want.fields[c.Field]; ours {
				op.Asked[c.Field] = value
			}
			drift = drift && link.Asked[c.Field] == want.fields[c.Field]
		}
		if drift {
			op.Reason = "changed in Duo by hand"
		}
		s.add(op)
	}
}

// changes lists the fields, status apart, in which Duo differs from what the
// directory wants, and carries the others over into next.Asked.
func (r *Rules) changes(s *subject) []Change {
	var changes []Change
	for _, field := range FieldNames {
		value, ours := s.want.fields[field]
		if !ours || field == FieldStatus {
			continue
		}
		last, known := s.link.Asked[field]
		held := s.live.Field(field)
		drifted := held != s.link.Answered.Field(field)
		unchanged := known && last == value
		switch {
		case s.contested || s.want.problem != "":
			if known && !drifted { // frozen as it is; drift is mended afterwards
				s.next.Asked[field] = last
			}
		case sameValue(field, held, value), unchanged && !drifted: // or Duo's own form of it
			s.next.Asked[field] = value
		case unchanged && r.ReportDrift(field):
			s.next.Asked[field] = value
			s.warn("%s: %s was changed in Duo to %s; the configuration asks to report it only", s.username(), field, Quote(held))
		default:
			changes = append(changes, Change{Field: field, Before: held, After: value})
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
func (r *Rules) aliasChange(s *subject) *Change {
	want, ours := s.want.fields[FieldAliases]
	asked, known := s.link.Asked[FieldAliases]
	s.next.Aliases = s.live.stillHeld(s.link.Aliases)
	if s.contested || s.want.problem != "" {
		if ours && known {
			s.next.Asked[FieldAliases] = asked
		}
		return nil
	}
	held := Items(s.live.Field(FieldAliases))
	wanted, given := foldedSet(Items(want)), foldedSet(s.link.Aliases)
	becomes := ""
	if _, mapped := s.want.fields[FieldUsername]; mapped && s.want.name() != FoldName(s.live.Username) {
		becomes = s.want.name()
	}
	var after, missing []string
	have := map[string]bool{}
	for _, alias := range held {
		if name := FoldName(alias); name != becomes && (!ours || wanted[name] || !given[name]) {
			after = append(after, alias)
			have[name] = true
		}
	}
	for _, alias := range Items(want) {
		if !have[FoldName(alias)] {
			missing = append(missing, alias)
		}
	}
	kept := len(after)
	switch {
	case len(missing) == 0 && kept == len(held):
		if ours {
			s.next.Asked[FieldAliases] = want
		}
		return nil
	case known && asked == want && kept == len(held) && r.ReportDrift(FieldAliases):
		s.next.Asked[FieldAliases] = want
		s.warn("%s: the aliases %s were taken away in Duo; the configuration asks to report it only", s.username(), strings.Join(missing, ", "))
		return nil
	case kept+len(missing) > MaxAliases:
		s.tellProblem("Duo holds %d aliases a user at most, and others have given %d; not added: %s", MaxAliases, kept, strings.Join(missing, ", "))
		missing = missing[:max(MaxAliases-kept, 0)]
		if known {
			s.next.Asked[FieldAliases] = asked
		}
		if len(missing) == 0 && kept == len(held) {
			return nil
		}
	}
	if known && asked != want {
		s.next.Asked[FieldAliases] = asked
	}
	return &Change{Field: FieldAliases, Before: ListOf(held), After: ListOf(append(after, missing...))}
}

// stillHeld leaves of the aliases that we gave those that the user has.
func (a *Account) stillHeld(aliases []string) []string {
	held := foldedSet(a.Aliases)
	return slices.DeleteFunc(slices.Clone(aliases), func(name string) bool { return !held[name] })
}

func foldedSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[FoldName(name)] = true
	}
	return set
}

func sameValue(field, a, b string) bool {
	if field == FieldUsername {
		return FoldName(a) == FoldName(b)
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
			s.former = &Belongings{Phones: s.link.Phones}
		}
		s.was = s.link
		s.link, s.next = nil, nil
		r.decideNew(s, "back in the directory's scope; the user has been removed from Duo since")
	case r.ReportDrift(""):
		s.letGo(LetGoDeleted, "somebody deleted this user in Duo; the configuration asks to report it only")
	case s.contested:
		if status, ours := s.want.fields[FieldStatus]; ours {
			s.next.Asked = merged(s.link.Asked, Fields{FieldStatus: status})
		}
	case s.want.problem != "":
		s.add(Op{Action: Recreate, Reason: "deleted in Duo by hand", Blocked: s.want.problem})
		s.problem = s.want.problem
	case s.want.fields[FieldStatus] == StatusDisabled, s.want.unsure != nil, r.Protect[s.want.name()], r.Protect[FoldName(name)]:
		s.skipped = true
		if len(s.link.Phones) > 0 {
			s.add(orphans(s))
		} else {
			s.next = nil
		}
	default:
		s.next.Asked = Fields{} // unknown until it is there again
		s.next.Joined = nil
		s.open = true
		s.add(Op{Action: Recreate, Username: s.want.fields[FieldUsername], Reason: "deleted in Duo by hand",
			Changes: created(s.want.fields), Asked: maps.Clone(s.want.fields)})
	}
}

func merged(a, b Fields) Fields {
	m := make(Fields, len(a)+len(b))
	maps.Copy(m, a)
	maps.Copy(m, b)
	return m
}
