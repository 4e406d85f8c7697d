package engine

import (
	"context"
	"fmt"
	"time"

	dirsync "duosync/sync"
)

// clockSlack is how far the clock may be behind that of an earlier run: a state may
// be used by several hosts in turn.
const clockSlack = 5 * time.Minute

// refreshReason tells why a run reads all of Duo; "" where it does not.
func (r *runner) refreshReason() string {
	switch {
	case r.opts.Refresh:
		return "flag"
	case r.meta.Refreshed.IsZero():
		return "first"
	case !r.now.Before(r.meta.Refreshed.Add(r.engine.Rules.RefreshEvery)), !r.clockBehind().IsZero():
		return "due"
	}
	return ""
}

// clockBehind gives the start of an earlier run where the clock is behind it, else
// zero. Either clock is wrong then, and no date that it gives is to be written down
// before that is known: Duo refuses a call from a clock that is.
func (r *runner) clockBehind() time.Time {
	last := r.meta.Refreshed
	if b := r.meta.Baseline; b != nil && b.At.After(last) {
		last = b.At
	}
	if r.run.Started.Add(clockSlack).Before(last) {
		return last
	}
	return time.Time{}
}

// refresh reads all of Duo when that is due: users of ours whose account has
// changed, or is missing, are looked at though the directory has not changed.
func (r *runner) refresh(ctx context.Context) error {
	r.run.RefreshReason = r.refreshReason()
	if r.run.RefreshReason == "" {
		return nil
	}
	if last := r.clockBehind(); !last.IsZero() {
		r.warn("the clock is behind an earlier run, which began at %s by its clock; all of Duo is read, for Duo refuses a wrong clock", last.UTC().Format(time.RFC3339))
	}
	r.phase("refresh")
	users := r.snap.byUser()
	names := map[uint64]bool{}
	present := make(map[dirsync.SourceID]bool, len(users))
	n := 0
	complete, err := r.engine.Target.Inventory(ctx, func(a dirsync.Account) error {
		for _, name := range a.Names() {
			names[hashName(name)] = true
		}
		if id, ours := users[a.ID]; ours {
			present[id] = true
			if r.snap.briefs[r.snap.index[id]].Answered != a.Hash() {
				r.look[id] = true
			}
		}
		n++
		r.progress(n, 0)
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading all users from Duo: %w", err)
	}
	r.run.Refreshed = true
	if !complete {
		r.warn("Duo's list of users changed while it was read; it is read again in the next run")
		r.failed = true
		return nil
	}
	r.names = names
	for _, id := range users {
		if !present[id] {
			r.look[id] = true // fetched by its id before anything is concluded
		}
	}
	return nil
}
