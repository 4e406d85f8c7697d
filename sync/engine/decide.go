package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/mapping"
	"duosync/sync/printed"
)

// decide settles what happens to each subject. What was decided as far as it came is given
// beside an error, too.
func (r *run) decide(ctx context.Context, c *course) (*decided, error) {
	d := &deciding{run: r, state: c.state, fresh: c.fresh, census: c.census, groups: c.groups, found: c.found, evidence: c.evidence, decided: &decided{subjects: c.found.subjects}}
	if err := errors.Join(d.checkNames(ctx, "--only", r.opts.Only), d.checkNames(ctx, "--adopt", r.opts.Adopt...)); err != nil {
		return d.decided, err
	}
	d.findHeirs()
	d.remembered()
	d.fewMails()
	r.phase("confirm")
	d.at = r.wallClock()
	if err := d.fetch(ctx); err != nil {
		return d.decided, err
	}
	d.partHeirs()
	d.each()
	if err := inOrder(ctx, d.settleClaims, d.lists, d.putOff); err != nil {
		return d.decided, err
	}
	d.planMails()
	for _, s := range d.subjects {
		if s.Heir != nil {
			d.heirs = append(d.heirs, s)
		}
	}
	d.narrow()
	return d.decided, nil
}

// findHeirs finds who is missing under an old id and there under a new one. Nothing is
// done to them until somebody decides, but that who is locked is disabled. That the user is
// to be adopted is no decision yet: it counts once the user can go over.
func (d *deciding) findHeirs() {
	newcomers := d.newcomers()
	for _, s := range d.subjects {
		if s.Want != nil || s.Link == nil || s.Link.LetGo == dirsync.LetGoDeleted || d.protected(s) {
			continue
		}
		heir := newcomers[decide.NameOf(s.Link)]
		if heir == nil || !decide.IsHeir(s.Link, heir.Want) {
			continue
		}
		if d.found.Shadowed[heir.ID] != "" {
			d.subjects = append(d.subjects, heir)
		}
		s.Heir, heir.Ancestor = heir, s
		heir.Inherits = d.inherits(s)
	}
	d.subjects = slices.DeleteFunc(d.subjects, func(s *decide.Subject) bool { // they came for their heirs alone, see differ.letGo
		return s.Want == nil && s.Heir == nil && (s.Link.LetGo != "" && !d.fresh.recheck[s.ID] || d.found.Moved[s.ID] != "")
	})
}

// newcomers gives those who are not ours, by the username that each has alone. Who is shadowed
// for an alias is there all the same, and can't get a user.
func (d *deciding) newcomers() map[string]*decide.Subject {
	all := map[string]*decide.Subject{}
	add := func(s *decide.Subject) {
		name := s.Want.Name()
		if s.Link == nil && s.Want.Problem == "" && !d.found.Namesakes[name] && !d.Rules.Protect[name] && all[name] == nil {
			all[name] = s
		}
	}
	for _, s := range d.subjects {
		if s.Want != nil {
			add(s)
		}
	}
	for _, want := range d.found.Aliased {
		s := &decide.Subject{ID: want.ID, Want: want}
		s.Contested = true
		add(s)
	}
	return all
}

// inherits reports whether the user of a missing person is to go to their new entry in this
// run: where somebody asks for it, and else where the configuration does and nothing is
// known to be in the way.
func (d *deciding) inherits(former *decide.Subject) bool {
	want := former.Heir.Want
	switch {
	case former.Heir.Contested:
		return false
	case d.adopts(want), d.moves(former):
		return true
	case d.betweenDirectories(former):
		return false // whatever becomes of users who are not ours
	}
	return d.adoptsHeir(want) && (former.Hindrance() == "" || d.fresh.recheck[former.ID] && want.Unsure == nil)
}

// moves reports whether somebody has moved from one directory to another, in scope and active
// at the last complete run: the user goes over at once, unless a guard doubts that the person
// is missing. Of a directory that was taken out, or has another name now, nobody moves so; and
// where another server of one of the two answered than last time, the next read has to show the
// same.
func (d *deciding) moves(former *decide.Subject) bool {
	switched := (d.census.switchedOf(former.ID) || d.census.switchedOf(former.Heir.ID)) && d.opts.Only == ""
	return d.betweenDirectories(former) && !d.takenOut(former.ID) && !switched && former.WasIn() && former.Hindrance() == ""
}

// partHeirs ends the doubt about those whose user is gone from Duo, which is confirmed, or
// whom Duo's own sync keeps now: nothing is left that could be taken from the wrong one.
func (d *deciding) partHeirs() {
	for _, s := range d.subjects {
		if s.Heir == nil || !s.Asked || s.Doubtful != nil || s.Live != nil && !s.Live.Synced {
			continue
		}
		s.Heir.Ancestor, s.Heir.Inherits = nil, false
		s.Heir = nil
	}
}

// adoptsHeir reports whether the user of a missing person goes to their new entry at
// once.
func (r *run) adoptsHeir(want *mapping.Desired) bool {
	switch r.Rules.Existing {
	case decide.ExistingAdopt:
		return true
	case decide.ExistingAdoptIfEmailMatches:
		return want.Fields[dirsync.FieldEmail] != ""
	}
	return false
}

// remembered drops the subjects of which everything was told before and
// nothing has changed since: they cost no call until the next refresh.
func (d *deciding) remembered() {
	d.subjects = slices.DeleteFunc(d.subjects, func(s *decide.Subject) bool {
		if s.Link != nil && !d.report.Refreshed && d.protected(s) {
			d.skip(s, dirsync.SkippedProtected)
			return true
		}
		back := s.Want != nil && s.Link != nil && s.Link.Missing != nil
		if back || s.Heir != nil || s.Ancestor != nil || s.Want != nil && s.Want.Mark != nil || d.report.Refreshed || s.Want != nil && d.adopts(s.Want) || s.Want == nil && len(d.adopting) > 0 {
			return false
		}
		if s.Contested && s.Link != nil && sameButNames(s.Want.Fields, s.Link.Asked) {
			return true // the name is frozen, and told under itself
		}
		told, ok := d.told[personKey(s.ID)]
		if !ok || told.Hash != d.personHash(s) {
			return false
		}
		if told.Reason == "" { // disabled, and not in Duo
			s.Idle, s.Skipped = true, dirsync.SkippedLocked
			if s.Want != nil && d.Rules.Protect[s.Want.Name()] {
				s.Skipped = dirsync.SkippedProtected
			}
			d.skip(s, s.Skipped)
			d.idle = append(d.idle, s)
			return true
		}
		d.conflict(dirsync.Conflict{Key: personKey(s.ID), Hash: told.Hash, Username: told.Username, Sources: told.Sources, Reason: told.Reason, Remedy: printed.Reflag(told.Remedy, d.Flags)})
		return true
	})
}

// sameButNames reports whether two persons' fields differ in names at most.
func sameButNames(a, b dirsync.Fields) bool {
	a, b = maps.Clone(a), maps.Clone(b)
	for _, name := range []string{dirsync.FieldUsername, dirsync.FieldAliases} {
		delete(a, name)
		delete(b, name)
	}
	return maps.Equal(a, b)
}

// fetch asks Duo for what it holds now of each link that may be touched.
func (d *deciding) fetch(ctx context.Context) error {
	users := map[string]dirsync.Remembered{}
	for _, s := range d.subjects {
		if s.Link != nil && !s.Quiet && d.asks(s) {
			s.Asked = true
			users[s.Link.User] = s.Link.Remembered()
		}
	}
	if len(users) == 0 {
		return nil
	}
	accounts, doubtful, err := d.Target.Fetch(ctx, users)
	if err != nil {
		return fmt.Errorf("reading %d users from Duo: %w", len(users), err)
	}
	for _, s := range d.subjects {
		if !s.Asked {
			continue
		}
		if doubt := doubtful[s.Link.User]; doubt != nil {
			s.Doubtful = doubt
			d.fresh.broken = true // a refresh in this run is not done
		}
		if account, ok := accounts[s.Link.User]; ok {
			s.Live = &account
			if account.ID != s.Link.User {
				if err := d.relink(ctx, s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// relink gives a link the id under which its user is found; the one that it had was never
// that user's. That is so whatever becomes of the run, and is written down at once. Another
// link that has that id makes way, see snapshot.makeWay.
func (d *deciding) relink(ctx context.Context, s *decide.Subject) error {
	outcomes, err := d.snap.makeWay(ctx, s.ID, s.Live.ID, unwritten)
	if err != nil {
		return err
	}
	link := *s.Link
	s.Warn("%s: Duo has this user under the id %s, and not under %s, which it had answered; it is known by that from now on", s.Username(), s.Live.ID, link.User)
	link.User, link.Answered.ID = s.Live.ID, s.Live.ID
	s.Link = &link
	d.snap.put(s.ID, &link)
	if d.journal == nil {
		return nil
	}
	return d.journal.Record(ctx, append(outcomes, dirsync.Outcome{Source: s.ID, Link: &link}))
}

// asks reports whether Duo is asked for a link's user: it may be touched.
func (d *deciding) asks(s *decide.Subject) bool {
	switch {
	case s.Heir != nil && (d.fresh.recheck[s.ID] || s.Heir.Inherits || s.Link.Answered.Synced):
		return true
	case s.Heir != nil:
		return s.ToDisable() && s.Link.Asked[dirsync.FieldStatus] != dirsync.StatusDisabled
	case s.Want != nil, d.fresh.recheck[s.ID]:
		return true
	}
	if d.Rules.Locked(s) && s.Link.Asked[dirsync.FieldStatus] != dirsync.StatusDisabled && d.notAccepted(d.state, s) {
		return true
	}
	return d.stepDue(s) && !s.WaitsForRead(d.census.switchedOf(s.ID) && d.opts.Only == "", s.Missing(d.now))
}

// each decides about each subject on its own.
func (d *deciding) each() {
	for _, s := range d.subjects {
		if s.Quiet {
			continue
		}
		s.Adopted = s.Want != nil && d.adopts(s.Want)
		directory := d.Rules.Directories.Of(s.ID)
		s.Switched, s.NotAccepted, s.Blind = d.census.switched[directory] && d.opts.Only == "", d.notAccepted(d.state, s), d.evidence.BlindStatus[directory]
		if s.Link != nil {
			s.Mark = cmp.Or(d.marks.byUser[s.Link.User], d.marks.lifted[s.Link.User])
		}
		d.Rules.Decide(s, d.now)
		switch {
		case s.Next == nil:
		case s.Want != nil: // what the place in the scope rests on, but for what is doubted
			s.Next.Seen = decide.SeenWith(s.Want.Seen, s.Next.Seen, d.evidence.Groups(directory), d.evidence.Any(directory))
		case s.Heir == nil || !d.betweenDirectories(s):
			s.Next.Seen.In = false
		}
	}
}

// notAccepted reports whether a missing person may be missing only because another
// scope was not accepted yet: it was in scope under the accepted one. Of a directory that was
// taken out that is so of everybody of whom it was not approved.
func (r *run) notAccepted(st *state, s *decide.Subject) bool {
	policy, before, directory := r.policy(), st.meta.Baseline, r.Rules.Directories.Of(s.ID)
	now, configured := r.Rules.Directories.Get(directory)
	if s.Scope = now.Scope; !configured && s.Want == nil && s.Link != nil {
		s.Scope, s.TakenOut = takenOutScope, true
		return s.Link.Missing == nil || !s.Link.Missing.Approved
	}
	if s.Want != nil || s.Link == nil || !policy.OtherScope(before, directory) || s.Link.Missing != nil && s.Link.Missing.Scope == "" {
		return false
	}
	m := s.Missing(r.now)
	return m.Why == dirsync.OutOfScope || policy.OtherPlace(before, directory)
}

// takenOutScope stands for the fingerprint of a directory that was taken out.
const takenOutScope = "taken out"

// narrow leaves of the subjects the one person that the run was asked for, and
// whoever gives up a name that it needs.
func (d *deciding) narrow() {
	if d.opts.Only == "" {
		return
	}
	names := map[string]bool{dirsync.FoldName(d.opts.Only): true}
	for again := true; again; {
		again = false
		for _, s := range d.subjects {
			if !s.Named(names) {
				continue
			}
			for _, op := range s.Ops {
				for _, name := range append(op.Claims(), dirsync.FoldName(op.Name())) {
					if !names[name] {
						names[name], again = true, true
					}
				}
			}
		}
	}
	d.subjects = slices.DeleteFunc(d.subjects, func(s *decide.Subject) bool { return !s.Named(names) })
	d.groups.ops = slices.DeleteFunc(d.groups.ops, func(op *dirsync.Op) bool {
		return !slices.ContainsFunc(d.subjects, func(s *decide.Subject) bool { return s.Joins(op.Group.Key()) })
	})
	d.groups.quiet = nil
	d.report.Conflicts = slices.DeleteFunc(d.report.Conflicts, func(c dirsync.Conflict) bool { return !names[dirsync.FoldName(c.Username)] })
}
