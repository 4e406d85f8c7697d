package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/guard"
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
	return s, nil
}

// settle finds out what became of calls whose outcome an earlier run could not
// write down.
func (r *run) settle(ctx context.Context, st *state) error {
	intents, err := r.Store.Open(ctx)
	if err != nil || len(intents) == 0 {
		return err
	}
	var ids []dirsync.SourceID
	for _, intent := range intents {
		ids = append(ids, intent.Op.Source)
	}
	links, err := st.snap.load(ctx, ids)
	if err != nil {
		return err
	}
	for i := range intents {
		if link := links[intents[i].Op.Source]; link != nil && link.User == intents[i].Op.User {
			intents[i].Known = link.Remembered()
		}
	}
	r.phase("settle")
	results, err := r.Target.Settle(ctx, intents)
	if err != nil {
		return fmt.Errorf("settling %d operations that an earlier run left open: %w", len(intents), err)
	}
	for i, intent := range intents {
		r.warn("an earlier run left open what became of %s of %s; %s", intent.Op.Action, dirsync.Quote(intent.Op.Username), decide.FoundWords(&results[i]))
		r.warnKept(results[i])
		outcomes := st.absorb(intent, links, results[i])
		if r.journal == nil {
			continue
		}
		if err := r.journal.Record(ctx, outcomes); err != nil {
			return err
		}
	}
	return nil
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
			if st.snap.briefs[st.snap.index[id]].Answered != a.Hash() {
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
		return func(p dirsync.Person) error {
			n++
			r.progress(n, expected)
			c.take(&p)
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
	r.report.Complete = true
	r.report.Warnings = append(r.report.Warnings, info.Warnings...)
	if err := r.namedGroups(ctx, st, &info); err != nil {
		return c, err
	}
	switch {
	case n == 0:
		return c, dirsync.WithHint(errors.New("the directory returned nobody"),
			"Check ldap.users.base_dns, ldap.users.filter and the read rights of ldap.bind_dn. Nothing was changed, and nothing is while nobody is found.")
	case c.sight.InScope == 0:
		return c, dirsync.WithHint(fmt.Errorf("none of the %d people that the directory returned is in scope", n),
			"Check sync.scope. Nothing was changed, and nothing is while nobody is in scope.")
	}
	if c.switched = r.hasSwitched(st, &info); c.switched {
		r.warn("another server answered than last time (%s): removals, and what gives something to anybody, wait for two complete reads in a row", info.Identity)
	}
	return c, nil
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

// namedGroups fails where a group that decides by its name is not there, or is there
// twice: whoever is in it would be let in, or out.
func (r *run) namedGroups(ctx context.Context, st *state, info *dirsync.ReadInfo) error {
	rules := &r.Rules
	for _, group := range rules.NamedGroups() {
		if info.CountGroups(group.Name) > 0 {
			continue
		}
		now, err := r.renamedTo(ctx, st, group.Name)
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
	for _, name := range rules.ScopeGroups() {
		if n := info.CountGroups(name); n > 1 {
			return dirsync.WithHint(fmt.Errorf("the directory has %d groups of the name %s, which decides who is in", n, dirsync.Quote(name)),
				"Rename one of them, or narrow ldap.groups.base_dns. Nothing was changed, for whoever can make a group of that name could let people in.")
		}
	}
	return nil
}

// renamedTo gives the name that a group of the references has now; "" where it is not
// found by its id.
func (r *run) renamedTo(ctx context.Context, st *state, name string) (string, error) {
	for key, g := range r.reference(st).Groups {
		if !dirsync.SameGroup(g.Name, name) || g.ID == "" {
			continue
		}
		found, err := r.Source.LookupGroups(ctx, []dirsync.GroupEntry{g.Entry()})
		if err != nil {
			return "", fmt.Errorf("looking for the group %s: %w", dirsync.Quote(name), err)
		}
		if now := found[key].Name; !dirsync.SameGroup(now, name) {
			return now, nil
		}
	}
	return "", nil
}

// hasSwitched reports whether another server answered than at the last complete read,
// or the same one as it was before.
func (r *run) hasSwitched(st *state, info *dirsync.ReadInfo) bool {
	before := st.meta.Baseline
	if before == nil {
		return false
	}
	ref := r.reference(st)
	if ref.Identity == "" { // of a state of the first version
		return before.Server != info.Server && slices.Contains(r.Rules.Servers, before.Server)
	}
	back := ref.Marker.Behind(ref.Furthest) && !info.Marker.Behind(ref.Furthest) // from one that lags
	return ref.Identity != info.Identity || info.Marker.Behind(ref.Marker) || back
}

// reference is what earlier reads saw of the directory.
func (r *run) reference(st *state) dirsync.Reference {
	policy := r.policy()
	return policy.Reference(st.meta.Baseline, &r.Rules.Rules, &r.report.Read)
}

// policy is what the configuration asks of guards.
func (r *run) policy() *guard.Policy {
	return &guard.Policy{Limits: r.Rules.Limits, Scope: r.Rules.Scope, Place: r.Rules.Place, Narrower: r.Rules.Narrower, Former: r.Rules.Former, Mapping: r.Rules.Digest, Directory: r.Rules.Directory, Adopts: r.Rules.Existing != decide.ExistingReport}
}
