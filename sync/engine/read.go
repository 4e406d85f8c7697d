package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// open reads the state, and begins the run in it.
func (r *run) open(ctx context.Context) (*state, error) {
	s := &state{}
	var err error
	if s.meta, err = r.Store.Meta(ctx); err != nil {
		return nil, err
	}
	if !r.opts.DryRun && s.meta.Paused != nil {
		return nil, dirsync.WithHint(s.meta.Paused, "Dry runs go on; `duosync resume` lets writing go on.")
	}
	if !r.opts.DryRun {
		r.journal, err = r.Store.Begin(ctx, dirsync.RunStart{ID: r.report.ID, Started: r.now, Binding: r.Binding, By: r.By})
		if err != nil {
			return nil, err
		}
	}
	if r.told, err = r.Store.Told(ctx); err != nil {
		return nil, err
	}
	if s.approvals, err = r.Store.Approvals(ctx, r.now); err != nil {
		return nil, err
	}
	if r.opts.Approve != nil {
		s.approvals = append(s.approvals, *r.opts.Approve)
	}
	if s.marks, err = openMarks(ctx, r.Store); err != nil {
		return nil, err
	}
	if s.groups, err = openGroups(ctx, &r.Rules.Rules, r.Store); err != nil {
		return nil, err
	}
	if s.snap, err = openSnapshot(ctx, r.Store); err != nil {
		return nil, err
	}
	r.Target.Know(s.snap.owner(), s.snap.remembered(ctx))
	r.Target.Recall(s.meta.BulkRefusals())
	return s, nil
}

// clockSlack is how far the clock may be behind that of an earlier run: a state may
// be used by several hosts in turn.
const clockSlack = 5 * time.Minute

// refreshReason tells why a run reads all of Duo; "" where it does not.
func (r *run) refreshReason(meta *dirsync.Meta) string {
	switch {
	case r.opts.Refresh:
		return "flag"
	case meta.Refreshed.IsZero():
		return "first"
	case !r.now.Before(meta.Refreshed.Add(r.Rules.RefreshEvery)), !r.clockBehind(meta).IsZero():
		return "due"
	}
	return ""
}

// clockBehind gives the start of an earlier run where the clock is behind it, else
// zero. Either clock is wrong then, and no date that it gives is to be written down
// before that is known: Duo refuses a call from a clock that is.
func (r *run) clockBehind(meta *dirsync.Meta) time.Time {
	last := meta.Refreshed
	if b := meta.Baseline; b != nil && b.At.After(last) {
		last = b.At
	}
	if r.report.Started.Add(clockSlack).Before(last) {
		return last
	}
	return time.Time{}
}

// newFreshness has those looked at whose mark was taken back.
func newFreshness(st *state) *freshness {
	f := &freshness{recheck: map[dirsync.SourceID]bool{}}
	st.liftedPeople(f.recheck)
	return f
}

// liftedPeople adds the people whose mark was taken back to those who are looked at.
func (s *state) liftedPeople(recheck map[dirsync.SourceID]bool) {
	if len(s.marks.lifted) == 0 {
		return
	}
	for user, id := range s.snap.byUser() {
		if s.marks.lifted[user] != nil {
			recheck[id] = true
		}
	}
}

// refresh reads all of Duo when that is due: users of ours whose account has
// changed, or is missing, are looked at though the directory has not changed.
func (r *run) refresh(ctx context.Context, st *state) (*freshness, error) {
	f := newFreshness(st)
	r.report.RefreshReason = r.refreshReason(&st.meta)
	if r.report.RefreshReason == "" {
		return f, nil
	}
	if last := r.clockBehind(&st.meta); !last.IsZero() {
		r.warn("the clock is behind an earlier run, which began at %s by its clock; all of Duo is read, for Duo refuses a wrong clock", last.UTC().Format(time.RFC3339))
	}
	r.phase("refresh")
	users := st.snap.byUser()
	names := map[uint64]bool{}
	present := make(map[dirsync.SourceID]bool, len(users))
	n := 0
	complete, err := r.Target.Inventory(ctx, func(a dirsync.Account) error {
		for _, name := range a.Names() {
			names[hashName(name)] = true
		}
		if id, ours := users[a.ID]; ours {
			present[id] = true
			if b, _ := st.snap.bits(id); b.Answered != a.Hash() {
				f.recheck[id] = true
			}
		}
		n++
		r.progress(n, 0)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading all users from Duo: %w", err)
	}
	r.report.Refreshed = true
	if !complete {
		r.warn("Duo's list of users changed while it was read; it is read again in the next run")
		f.broken = true
		return f, nil
	}
	f.names = names
	for _, id := range users {
		if !present[id] {
			f.recheck[id] = true // fetched by its id before anything is concluded
		}
	}
	return f, nil
}

// aFew is of how many people it is told at once that they were read: to tell it of each takes
// longer than it seems.
const aFew = 16

// read reads the whole directory, or fails.
func (r *run) read(ctx context.Context, st *state, fresh *freshness) (*census, error) {
	r.phase("read")
	expected := 0
	if before := st.meta.Baseline; before != nil {
		expected = before.InScope
	}
	var (
		c *census
		n int
	)
	info, err := dirsync.ReadWhole(ctx, r.Source, func(broken *dirsync.ReadAgain) func(dirsync.Person) error {
		r.warnBroken(broken, n)
		c, n = r.newCensus(st, fresh), 0
		var person dirsync.Person // one place for all
		return func(p dirsync.Person) error {
			if n++; n%aFew == 1 {
				r.progress(n, expected)
			}
			person = p
			c.take(&person)
			return nil
		}
	})
	r.report.Read = info
	r.report.Read.Read = n
	if err != nil {
		return c, fmt.Errorf("reading the directory: %w", err)
	}
	if err := r.resolve(ctx, st, c); err != nil {
		return c, err
	}
	r.progress(n, expected)
	r.report.Complete = true
	r.report.Warnings = append(r.report.Warnings, info.Warnings...)
	if err := r.namedGroups(ctx, st, &info); err != nil {
		return c, err
	}
	switch {
	case n == 0:
		return c, dirsync.WithHint(errors.New("the directory returned nobody"),
			"Check ldap.users.base_dns, ldap.users.filter and the read rights of ldap.bind_dn. Nothing was changed, and nothing is while nobody is found.")
	case c.inScope() == 0:
		return c, dirsync.WithHint(fmt.Errorf("none of the %d people that the directory returned is in scope", n),
			"Check sync.scope. Nothing was changed, and nothing is while nobody is in scope.")
	}
	return c, r.each(st, c)
}

// warnBroken tells of a server that broke off, after it had shown n people.
func (r *run) warnBroken(broken *dirsync.ReadAgain, n int) {
	if broken != nil {
		r.warn("%s broke off after %d people, who count for nothing; the directory was read from the beginning at the next server: %v", broken.Server, n, broken)
	}
}

// resolve settles which of several values of an attribute counts.
func (r *run) resolve(ctx context.Context, st *state, c *census) error {
	var ids []dirsync.SourceID
	for _, want := range c.kept {
		if len(want.Choices) > 0 {
			ids = append(ids, want.ID)
		}
	}
	links, err := st.snap.load(ctx, ids)
	if err != nil {
		return err
	}
	c.resolve(links)
	if names := c.names.lookalikes(); len(names) > 0 {
		r.warn("%d usernames differ from others by characters that nobody sees: %s", len(names), someNames(names))
	}
	return nil
}

// What is looked at directory by directory: whether somebody was read, which server answered,
// the groups that the configuration names. One that was taken out of the configuration can't
// be asked, and nothing is concluded from that.

// each looks at what was read of each directory by itself.
func (r *run) each(st *state, c *census) error {
	const few = 9 // people, of whom it tells nothing that none has a value
	for _, info := range r.report.Read.Each() {
		name, sight, of := info.Directory, c.sights[info.Directory], ""
		if name != "" {
			of = " of the directory " + name
		}
		ref, _ := st.meta.Baseline.Of(name)
		switch {
		case name == "" || sight.InScope > 0:
		case ref.InScope > 0 && info.Read == 0:
			return dirsync.WithHint(fmt.Errorf("the directory %s returned nobody", name),
				"Check users.base_dns and users.filter of that directory, and the read rights of its bind_dn. Nothing was changed, and nothing is while nobody is found. To do without the directory, take it out of directories.")
		case ref.InScope > 0:
			return dirsync.WithHint(fmt.Errorf("none of the %d people that the directory %s returned is in scope", info.Read, name),
				"Check sync.scope. Nothing was changed, and nothing is while nobody of it is in scope. To do without the directory, take it out of directories.")
		default:
			r.warn("nobody%s is in scope: %d people were read", of, info.Read)
		}
		if none := sight.Unfilled(); sight.InScope > few && ref.InScope == 0 && len(none) > 0 { // later min_attribute looks
			r.warn("nobody%s has a value of %s; where somebody should, correct the name in sync.mapping, or let the account of bind_dn read it", of, strings.Join(none, ", "))
		}
		if c.switched[name] = r.hasSwitched(st, info); c.switched[name] {
			r.warn("another server%s answered than last time (%s): removals, and what gives something to anybody, wait for two complete reads in a row", of, info.Identity)
		}
	}
	return nil
}

// namedGroups fails where a group that decides by its name is not there, or is there
// twice: whoever is in it would be let in, or out.
func (r *run) namedGroups(ctx context.Context, st *state, info *dirsync.ReadInfo) error {
	for _, group := range r.Rules.NamedGroups() {
		switch has := r.groupsOf(info, &group); {
		case len(has) > 1 && r.Rules.Directories.Named() && has[0] != has[1]:
			return dirsync.WithHint(fmt.Errorf("the directories %s have a group of the name %s, which %s asks for", strings.Join(slices.Compact(has), ", "), dirsync.Quote(group.Name), group.Key),
				fmt.Sprintf("Write which one is meant, as in %s/%s. Nothing was changed.", has[0], group.Name))
		case len(has) > 1:
			return dirsync.WithHint(fmt.Errorf("the directory has %d groups of the name %s, which decides who is in", len(has), dirsync.Quote(group.Name)),
				"Rename one of them, or narrow ldap.groups.base_dns. Nothing was changed, for whoever can make a group of that name could let people in.")
		}
	}
	for _, group := range r.Rules.NamedGroups() {
		if len(r.groupsOf(info, &group)) > 0 {
			continue
		}
		now, err := r.renamedTo(ctx, st, &group)
		if err != nil {
			return err
		}
		hint := "Check its name, ldap.groups and the read rights of ldap.bind_dn."
		if now != "" {
			hint = fmt.Sprintf("The group of before is called %s now: write that, or rename it back.", dirsync.Quote(now))
		}
		return dirsync.WithHint(fmt.Errorf("the group %s of %s does not exist in the directory", dirsync.Quote(group.Name), group.Key),
			hint+" Nothing was changed, and nothing is while it is missing.")
	}
	return nil
}

// groupsOf gives the directories of the groups that a name of the configuration means, in
// order: of several groups one after another.
func (r *run) groupsOf(info *dirsync.ReadInfo, group *mapping.NamedGroup) (directories []string) {
	for i := range info.Groups {
		if g := &info.Groups[i]; group.Is(r.Rules.Directories, g.Directory, g.Name) {
			directories = append(directories, g.Directory)
		}
	}
	return directories
}

// renamedTo gives the name that a group of the references has now; "" where it is not
// found by its id.
func (r *run) renamedTo(ctx context.Context, st *state, group *mapping.NamedGroup) (string, error) {
	for _, info := range r.report.Read.Each() {
		directory := info.Directory
		for key, g := range r.reference(st, info).Groups {
			if !group.Is(r.Rules.Directories, directory, g.Name) || g.ID == "" {
				continue
			}
			found, err := r.Source.LookupGroups(ctx, []dirsync.GroupEntry{g.Entry(directory)})
			if err != nil {
				return "", fmt.Errorf("looking for the group %s: %w", dirsync.Quote(group.Name), err)
			}
			now, there := found[key]
			if there && !group.Is(r.Rules.Directories, directory, now.Name) {
				return string(dirsync.IDIn(directory, dirsync.SourceID(now.Name))), nil
			}
		}
	}
	return "", nil
}

// hasSwitched reports whether another server answered than at the last complete read,
// or the same one as it was before.
func (r *run) hasSwitched(st *state, info *dirsync.ReadInfo) bool {
	before := st.meta.Baseline
	if _, known := before.Of(info.Directory); !known {
		return false
	}
	ref := r.reference(st, info)
	if ref.Identity == "" { // of a state of the first version
		now, _ := r.Rules.Directories.Get(info.Directory)
		return before.Server != info.Server && slices.Contains(now.Servers, before.Server)
	}
	back := ref.Marker.Behind(ref.Furthest) && !info.Marker.Behind(ref.Furthest) // from one that lags
	return ref.Identity != info.Identity || info.Marker.Behind(ref.Marker) || back
}
