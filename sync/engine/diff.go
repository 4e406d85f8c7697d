package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// diff turns what the census kept, and the links it did not see, into
// subjects. It takes the second look for each person about to be removed.
func (r *runner) diff(ctx context.Context) error {
	if err := r.contest(ctx); err != nil {
		return err
	}
	links, err := r.snap.load(ctx, r.keptIDs())
	if err != nil {
		return err
	}
	for _, want := range r.census.kept {
		if r.waitsForGroup(want, links[want.ID]) {
			r.census.unchanged++
			continue
		}
		s := &subject{id: want.ID, want: want, link: links[want.ID], contested: r.contested[want.ID]}
		s.keepStatus()
		r.subjects = append(r.subjects, s)
	}
	if err := r.lookAgain(ctx); err != nil {
		return err
	}
	slices.SortFunc(r.subjects, func(a, b *subject) int { return strings.Compare(string(a.id), string(b.id)) })
	return nil
}

// waitsForGroup reports whether a person of ours was kept for nothing but a group
// that will not become ours in this run, or was not read in it, either.
func (r *runner) waitsForGroup(want *mapping.Desired, link *dirsync.Link) bool {
	if link == nil || r.look[want.ID] || want.Problem != "" || want.Mark != nil {
		return false
	}
	b := link.Brief()
	return !b.Missing && !link.Due() && !b.LetGo && want.Same(b.Asked) && !slices.ContainsFunc(want.Groups(), r.groups.takesIn) &&
		!slices.ContainsFunc(link.Unread, r.groups.readAgain)
}

func (r *runner) keptIDs() []dirsync.SourceID {
	ids := make([]dirsync.SourceID, len(r.census.kept))
	for i, want := range r.census.kept {
		ids[i] = want.ID
	}
	return ids
}

// contest finds the people who claim one and the same name, and freezes them.
func (r *runner) contest(ctx context.Context) error {
	var ids []dirsync.SourceID // of unchanged claimants, whose name stands in their link
	for _, claimants := range r.census.contested {
		for _, c := range claimants {
			if c >= 0 {
				ids = append(ids, r.snap.briefs[c].ID)
			}
		}
	}
	links, err := r.snap.load(ctx, ids)
	if err != nil {
		return err
	}
	names := map[string][]dirsync.SourceID{}
	for _, hash := range r.census.contestedNames() {
		for _, c := range r.census.contested[hash] {
			var id dirsync.SourceID
			var claimed []string
			if c < 0 {
				id, claimed = r.census.kept[^c].ID, r.census.kept[^c].Names()
			} else if link := links[r.snap.briefs[c].ID]; link != nil {
				id, claimed = link.ID, askedNames(link)
			}
			for _, name := range claimed {
				if hashName(name) == hash {
					names[name] = append(names[name], id)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		ids := names[name]
		if len(ids) < 2 {
			continue // two names with one hash
		}
		slices.Sort(ids)
		for _, id := range ids {
			r.contested[id] = true
		}
		r.conflict(dirsync.Conflict{Key: "name|" + name, Hash: hashIDs(ids), Username: name, Sources: ids,
			Reason: fmt.Sprintf("%d people claim this name in the directory; give each a name of its own", len(ids))})
	}
	return nil
}

// askedNames returns the folded username and aliases that we last asked for.
func askedNames(l *dirsync.Link) []string {
	d := mapping.Desired{Fields: l.Asked}
	return d.Names()
}

func hashIDs(ids []dirsync.SourceID) dirsync.Hash {
	f := make(dirsync.Fields, len(ids))
	for i, id := range ids {
		f[strconv.Itoa(i)] = string(id)
	}
	return f.Hash()
}

// lookAgain makes a subject of each missing link. Those that may come up for a
// step now, or are missing for the first time, are searched for by id over the
// whole suffix: one that is still in scope was moved while the read went on.
func (r *runner) lookAgain(ctx context.Context) error {
	absent := r.census.absent()
	links, err := r.snap.load(ctx, absent)
	if err != nil {
		return err
	}
	var missing []*subject
	var doubtful []dirsync.SourceID
	for _, id := range absent {
		link := links[id]
		if link == nil || r.engine.Rules.Exclude(dirsync.FoldName(link.Asked[dirsync.FieldUsername]), "") {
			continue // excluded: left alone, whether in the directory or not
		}
		_, claimed := r.census.claims[hashName(dirsync.FoldName(link.Answered.Username))]
		s := &subject{id: id, link: link, claimed: claimed}
		missing = append(missing, s)
		r.gone[id] = true
		if r.doubtful(s) {
			doubtful = append(doubtful, id)
		}
	}
	if len(doubtful) == 0 {
		r.subjects = append(r.subjects, missing...)
		return nil
	}
	r.phase("confirm")
	found, err := r.engine.Source.Lookup(ctx, doubtful)
	if err != nil {
		return fmt.Errorf("looking again for %d people who were not in the read: %w", len(doubtful), err)
	}
	for _, s := range missing {
		where, asked := found[s.id]
		if !asked && r.doubtful(s) {
			return fmt.Errorf("looking again for people: the directory said nothing of %s", s.id)
		}
		if asked {
			s.seen = &where
		}
		if p := where.Person; p != nil && p.Unsure != nil && p.Unsure.Groups && !r.engine.Rules.Selected(p) {
			r.census.excluded++
			delete(r.gone, s.id)
			continue // nobody is taken for out of scope whose groups can't be told
		}
		if where.Person != nil && r.engine.Rules.Selected(where.Person) {
			want := r.engine.Rules.Desire(where.Person)
			r.engine.Rules.DesireGiven(where.Person, &want)
			delete(r.gone, s.id)
			if r.engine.Rules.Excluded(where.Person, want.Name()) {
				r.census.excluded++
				continue
			}
			r.marks.force(&want, s.link.User)
			want.Seen = r.census.seenOf(where.Person)
			r.census.count(where.Person, &want)
			s.contested = r.claimedByOther(&want)
			s.want = &want
			s.keepStatus()
		}
		if where.Present && r.engine.Rules.Exclude("", where.DN) || where.Person != nil && mapping.InAny(where.Person.Groups, r.engine.Rules.ExcludeGroups) {
			continue
		}
		r.subjects = append(r.subjects, s)
	}
	return nil
}

// claimedByOther reports whether somebody in the read claims the name of a
// person that only the second look found; then the person waits for the next
// run, which sees both.
func (r *runner) claimedByOther(want *mapping.Desired) bool {
	return slices.ContainsFunc(want.Names(), func(name string) bool {
		i, taken := r.census.claims[hashName(name)]
		return taken && (i < 0 || r.snap.briefs[i].ID != want.ID)
	})
}

// doubtful reports whether a missing link needs the second look in this run.
func (r *runner) doubtful(s *subject) bool {
	if s.link.Missing == nil || r.run.Refreshed {
		return true
	}
	return r.stepDue(s)
}

// stepDue reports whether a removal step of a missing link is due now, as far
// as is known.
func (r *runner) stepDue(s *subject) bool {
	m := s.missing(r.now)
	_, due, ok := r.engine.Rules.step(s, &m)
	return ok && !due.After(r.now)
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

// remembered drops the subjects of which everything was told before and
// nothing has changed since: they cost no call until the next refresh.
func (r *runner) remembered() {
	r.subjects = slices.DeleteFunc(r.subjects, func(s *subject) bool {
		if s.link != nil && !r.run.Refreshed && r.protected(s) {
			r.run.Skipped++
			return true
		}
		back := s.want != nil && s.link != nil && s.link.Missing != nil
		if back || s.heir != nil || s.ancestor != nil || s.want != nil && s.want.Mark != nil || r.run.Refreshed || s.want != nil && r.adopts(s.want) || s.want == nil && r.opts.Adopt != "" {
			return false
		}
		if s.contested && s.link != nil && s.want.Fields[dirsync.FieldStatus] == s.link.Asked[dirsync.FieldStatus] {
			return true // frozen, and told under its name
		}
		told, ok := r.told[personKey(s.id)]
		if !ok || told.Hash != r.personHash(s) {
			return false
		}
		if told.Reason == "" { // disabled, and not in Duo
			r.run.Skipped++
			s.idle, s.skipped = true, true
			r.idle = append(r.idle, s)
			return true
		}
		r.conflict(dirsync.Conflict{Key: personKey(s.id), Hash: told.Hash, Username: told.Username, Sources: told.Sources, Reason: told.Reason})
		return true
	})
}

// protected reports whether a link's user is protected, as far as is known.
func (r *runner) protected(s *subject) bool {
	protect := r.engine.Rules.Protect
	return protect[dirsync.FoldName(s.link.Answered.Username)] || s.want != nil && protect[s.want.Name()]
}

func personKey(id dirsync.SourceID) string { return "person|" + string(id) }

// personHash digests what a problem of one person follows from.
func (r *runner) personHash(s *subject) dirsync.Hash {
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
	f[" existing"] = string(r.engine.Rules.Existing)
	f[" contested"] = strconv.FormatBool(s.contested)
	if s.link != nil {
		f[" user"] = s.link.User
	}
	return f.Hash()
}

// asks reports whether Duo is asked for a link's user: it may be touched.
func (r *runner) asks(s *subject) bool {
	switch {
	case s.heir != nil:
		return s.heir.want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled && (r.look[s.id] || s.link.Asked[dirsync.FieldStatus] != dirsync.StatusDisabled)
	case s.want != nil, r.look[s.id]:
		return true
	}
	return r.stepDue(s) && !s.waitsForRead(r.switched && r.opts.Only == "", s.missing(r.now))
}

// fetch asks Duo for what it holds now of each link that may be touched.
func (r *runner) fetch(ctx context.Context) error {
	var users []string
	for _, s := range r.subjects {
		if s.link != nil && !s.quiet && r.asks(s) {
			s.asked = true
			users = append(users, s.link.User)
		}
	}
	if len(users) == 0 {
		return nil
	}
	accounts, err := r.engine.Target.Fetch(ctx, users)
	if err != nil {
		return fmt.Errorf("reading %d users from Duo: %w", len(users), err)
	}
	for _, s := range r.subjects {
		if !s.asked {
			continue
		}
		if account, ok := accounts[s.link.User]; ok {
			s.live = &account
		}
	}
	return nil
}

// conflict notes a conflict. It is new unless the very same was told before.
func (r *runner) conflict(c dirsync.Conflict) {
	told, ok := r.told[c.Key]
	c.New = !ok || told.Hash != c.Hash
	r.run.Conflicts = append(r.run.Conflicts, c)
}
