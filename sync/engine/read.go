package engine

import (
	"context"
	dirsync "duosync/sync"
	"errors"
	"fmt"
	"slices"
	"time"
)

// clockSlack is how far the clock may be behind that of an earlier run: a state may
// be used by several hosts in turn.
const clockSlack = 5 * time.Minute

// freshness is what is known of Duo's side before anybody is decided about.
type freshness struct {
	// recheck are people to look at though the directory has not changed: Duo's side has.
	recheck map[dirsync.SourceID]bool
	names   map[uint64]bool // hashes of all names in Duo; nil: not read
	// broken: Duo's list changed while it was read; it is read again in the next run.
	broken bool
}

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
	c := r.newCensus(st, fresh)
	n := 0
	info, err := r.Source.Read(ctx, func(p dirsync.Person) error {
		n++
		r.progress(n, expected)
		c.take(&p)
		return nil
	})
	r.report.Read = info
	r.report.Read.Read = n
	if err != nil {
		return c, fmt.Errorf("reading the directory: %w", err)
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

// reference is what earlier reads saw of the directory.
func (r *run) reference(st *state) dirsync.Reference {
	policy := r.policy()
	return policy.Reference(st.meta.Baseline, &r.Rules.Rules, &r.report.Read)
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
