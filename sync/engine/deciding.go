package engine

import (
	"context"
	dirsync "duosync/sync"
	"duosync/sync/mapping"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// decided is what was decided about everybody, one by one and between them.
type decided struct {
	subjects []*subject // by id
	idle     []*subject // remembered as disabled and not in Duo
	// strangers counts the wanted names that users who are not ours hold in Duo.
	strangers int
}

// subjects are those whom the run decides about, as far as it came.
func (c *course) subjects() []*subject {
	switch {
	case c.decided != nil:
		return c.decided.subjects
	case c.found != nil:
		return c.found.subjects
	}
	return nil
}

// deciding settles each subject on its own, then the names between them, then groups,
// phones and mails.
type deciding struct {
	*run
	*state
	*decided
	fresh    *freshness
	census   *census
	groups   *groupPlan
	found    *found
	evidence *evidence
}

// decide settles what happens to each subject.
func (r *run) decide(ctx context.Context, c *course) (*decided, error) {
	d := &deciding{run: r, state: c.state, fresh: c.fresh, census: c.census, groups: c.groups, found: c.found, evidence: c.evidence, decided: &decided{subjects: c.found.subjects}}
	if err := errors.Join(d.checkName("--only", r.opts.Only), d.checkName("--adopt", r.opts.Adopt)); err != nil {
		return nil, err
	}
	d.findHeirs()
	d.remembered()
	d.fewMails()
	r.phase("confirm")
	if err := d.fetch(ctx); err != nil {
		return nil, err
	}
	d.each()
	if err := inOrder(ctx, d.settleClaims, d.lists, d.putOff); err != nil {
		return nil, err
	}
	d.planMails()
	d.narrow()
	return d.decided, nil
}

// each decides about each subject on its own.
func (d *deciding) each() {
	doubted := d.evidence.Groups()
	for _, s := range d.subjects {
		if s.quiet {
			continue
		}
		s.adopted = s.want != nil && d.adopts(s.want)
		s.switched, s.notAccepted, s.blind = d.census.switched && d.opts.Only == "", d.notAccepted(s), d.evidence.BlindStatus
		s.lifted = s.link != nil && d.marks.lifted[s.link.User] != nil
		d.Rules.decide(s, d.now)
		if s.want != nil && s.next != nil { // what the place in the scope rests on, but for what is doubted
			s.next.Seen = seenWith(s.want.Seen, s.next.Seen, doubted)
		}
	}
}

// notAccepted reports whether a missing person may be missing only because another
// scope was not accepted yet: it was in scope under the accepted one.
func (d *deciding) notAccepted(s *subject) bool {
	policy, before := d.policy(), d.meta.Baseline
	if s.want != nil || s.link == nil || !policy.OtherScope(before) || s.link.Missing != nil && s.link.Missing.Scope == "" {
		return false
	}
	m := s.missing(d.now)
	return m.Why == dirsync.OutOfScope || policy.OtherPlace(before)
}

// checkName fails unless somebody in scope, or a user of ours, has the name that
// was asked for: a mistyped name must not look like success.
func (d *deciding) checkName(flag, name string) error {
	if _, claimed := d.census.names.first[hashName(dirsync.FoldName(name))]; claimed || name == "" {
		return nil
	}
	names := map[string]bool{dirsync.FoldName(name): true}
	if slices.ContainsFunc(d.subjects, func(s *subject) bool { return s.named(names) }) {
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("%s %s: nobody in scope has this username", flag, dirsync.Quote(name)),
		"Give the username as it is after mapping, and check sync.scope. Nothing was changed.")
}

// remembered drops the subjects of which everything was told before and
// nothing has changed since: they cost no call until the next refresh.
func (d *deciding) remembered() {
	d.subjects = slices.DeleteFunc(d.subjects, func(s *subject) bool {
		if s.link != nil && !d.report.Refreshed && d.protected(s) {
			d.report.Skipped++
			return true
		}
		back := s.want != nil && s.link != nil && s.link.Missing != nil
		if back || s.heir != nil || s.ancestor != nil || s.want != nil && s.want.Mark != nil || d.report.Refreshed || s.want != nil && d.adopts(s.want) || s.want == nil && d.opts.Adopt != "" {
			return false
		}
		if s.contested && s.link != nil && s.want.Fields[dirsync.FieldStatus] == s.link.Asked[dirsync.FieldStatus] {
			return true // frozen, and told under its name
		}
		told, ok := d.told[personKey(s.id)]
		if !ok || told.Hash != d.personHash(s) {
			return false
		}
		if told.Reason == "" { // disabled, and not in Duo
			d.report.Skipped++
			s.idle, s.skipped = true, true
			d.idle = append(d.idle, s)
			return true
		}
		d.conflict(dirsync.Conflict{Key: personKey(s.id), Hash: told.Hash, Username: told.Username, Sources: told.Sources, Reason: told.Reason})
		return true
	})
}

// protected reports whether a link's user is protected, as far as is known.
func (r *run) protected(s *subject) bool {
	protect := r.Rules.Protect
	return protect[dirsync.FoldName(s.link.Answered.Username)] || s.want != nil && protect[s.want.Name()]
}

func personKey(id dirsync.SourceID) string { return "person|" + string(id) }

// personHash digests what a problem of one person follows from.
func (r *run) personHash(s *subject) dirsync.Hash {
	f := dirsync.Fields{}
	if s.want != nil {
		f = maps.Clone(s.want.Fields)
		f[" problem"] = s.want.Problem
		if s.want.Unsure != nil {
			f[" problem"] += s.want.Unsure.Problem()
		}
		for i := range s.want.Phones {
			f[" phone "+s.want.Phones[i].Text()] = s.want.Phones[i].Kind
		}
	}
	f[" existing"] = string(r.Rules.Existing)
	f[" contested"] = strconv.FormatBool(s.contested)
	if s.link != nil {
		f[" user"] = s.link.User
	}
	return f.Hash()
}

// known reports whether the very same was told of a person before.
func (r *run) known(s *subject, problem string) bool {
	told, ok := r.told[personKey(s.id)]
	return ok && told.Hash == r.personHash(s) && told.Reason == problem
}

// adopts reports whether the run was asked to adopt the user of this name.
func (r *run) adopts(want *mapping.Desired) bool {
	return r.opts.Adopt != "" && dirsync.FoldName(r.opts.Adopt) == want.Name()
}

// asks reports whether Duo is asked for a link's user: it may be touched.
func (d *deciding) asks(s *subject) bool {
	switch {
	case s.heir != nil:
		return s.heir.want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled && (d.fresh.recheck[s.id] || s.link.Asked[dirsync.FieldStatus] != dirsync.StatusDisabled)
	case s.want != nil, d.fresh.recheck[s.id]:
		return true
	}
	return d.stepDue(s) && !s.waitsForRead(d.census.switched && d.opts.Only == "", s.missing(d.now))
}

// fetch asks Duo for what it holds now of each link that may be touched.
func (d *deciding) fetch(ctx context.Context) error {
	var users []string
	for _, s := range d.subjects {
		if s.link != nil && !s.quiet && d.asks(s) {
			s.asked = true
			users = append(users, s.link.User)
		}
	}
	if len(users) == 0 {
		return nil
	}
	accounts, err := d.Target.Fetch(ctx, users)
	if err != nil {
		return fmt.Errorf("reading %d users from Duo: %w", len(users), err)
	}
	for _, s := range d.subjects {
		if !s.asked {
			continue
		}
		if account, ok := accounts[s.link.User]; ok {
			s.live = &account
		}
	}
	return nil
}

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
			if !s.named(names) {
				continue
			}
			for _, op := range s.ops {
				for _, name := range append(op.Claims(), dirsync.FoldName(op.Name())) {
					if !names[name] {
						names[name], again = true, true
					}
				}
			}
		}
	}
	d.subjects = slices.DeleteFunc(d.subjects, func(s *subject) bool { return !s.named(names) })
	d.groups.ops = slices.DeleteFunc(d.groups.ops, func(op *dirsync.Op) bool {
		return !slices.ContainsFunc(d.subjects, func(s *subject) bool { return s.joins(op.Group.Key()) })
	})
	d.groups.quiet = nil
	d.report.Conflicts = slices.DeleteFunc(d.report.Conflicts, func(c dirsync.Conflict) bool { return !names[dirsync.FoldName(c.Username)] })
}

// with keeps of what was seen before the groups that are doubted now.
func seenWith(s dirsync.Seen, before dirsync.Seen, doubted []string) dirsync.Seen {
	for _, group := range before.Groups {
		if slices.Contains(doubted, group) && !slices.Contains(s.Groups, group) {
			s.Groups = append(slices.Clone(s.Groups), group)
		}
	}
	slices.Sort(s.Groups)
	return s
}
