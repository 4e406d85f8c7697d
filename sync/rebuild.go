package dirsync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Rebuilt says what Rebuild found.
type Rebuilt struct {
	*Run // each pairing is an operation adopt, without a call
	// Known is how many users the state knew before, and Found how many of them are
	// in this account.
	Known, Found int
	// Differ counts the paired users who differ from the directory; the next run
	// updates them.
	Differ int
	// Strangers counts the users of the account with whom nobody in the directory's
	// scope was paired: they are not ours.
	Strangers int
}

// Rebuild pairs the directory's people with the account's users anew, by username,
// after the state was lost. Links that the state has still are kept. It writes the
// state only, and nothing to Duo. As it is not known any more who was created by
// us, everybody counts as adopted: nobody is ever deleted, and phones and
// memberships that are there are nobody's of ours.
//
// A dry run writes nothing.
func (e *Engine) Rebuild(ctx context.Context, opts Options) *Rebuilt {
	opts.Refresh = true
	r := e.runner(opts)
	b := &Rebuilt{Run: r.run}
	r.finish(ctx, inOrder(ctx, r.open, r.settle, r.read, r.rebuildGroups, r.contest,
		func(ctx context.Context) error { return r.pair(ctx, b) }))
	return b
}

// pair pairs the people of the census, each of whom has a desire, with the users.
func (r *runner) pair(ctx context.Context, b *Rebuilt) error {
	wanting := map[string]*desired{} // people who are not linked, by username
	for _, want := range r.census.kept {
		if _, linked := r.snap.index[want.id]; !linked && !r.contested[want.id] && want.problem == "" && !r.engine.Rules.Protect[want.name()] {
			wanting[want.name()] = want
		}
	}
	users := r.snap.byUser()
	b.Known = len(users)
	paired := map[string]Account{}
	n := 0
	r.phase("refresh")
	complete, err := r.engine.Target.Inventory(ctx, func(a Account) error {
		n++
		r.progress(n, 0)
		if users[a.ID] != "" {
			b.Found++
			return nil
		}
		if want := wanting[FoldName(a.Username)]; want != nil {
			paired[want.name()] = a
			return nil
		}
		b.Strangers++
		return nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("reading all users from Duo: %w", err)
	case !complete:
		return WithHint(errors.New("Duo's list of users changed while it was read"), "Try again in a quiet moment. Nothing was changed.")
	}
	r.run.Refreshed, r.run.RefreshReason = true, "flag"
	r.run.InScope, r.run.Unchanged = r.census.inScope, r.census.unchanged
	var outcomes []Outcome
	for _, name := range slices.Sorted(maps.Keys(paired)) {
		a, want := paired[name], wanting[name]
		switch {
		case a.Synced:
			r.unpaired(want, "Duo's own directory sync manages this user; it is not paired")
			continue
		case a.Status == StatusPendingDeletion:
			r.unpaired(want, "this user lies in Duo's Trash; restore it in the Duo Admin Panel to have it paired")
			continue
		}
		link := r.paired(want, a)
		if link.Asked.Hash() != want.fields.Hash() {
			b.Differ++
		}
		op := &Op{Action: Adopt, Username: a.Username, Source: want.id, User: a.ID, Reason: "paired by username; nothing is sent to Duo"}
		r.run.Operations = append(r.run.Operations, &Operation{Op: op, Result: ResultPlanned})
		outcomes = append(outcomes, Outcome{Source: want.id, Link: link})
	}
	outcomes = append(outcomes, r.groups.quiet...)
	if r.journal == nil {
		return nil
	}
	for part := range slices.Chunk(outcomes, 1000) {
		if err := r.journal.Record(ctx, part); err != nil {
			return err
		}
	}
	for _, o := range r.run.Operations {
		o.Result = ResultApplied
	}
	return nil
}

func (r *runner) unpaired(want *desired, why string) {
	r.conflict(Conflict{key: personKey(want.id), hash: r.personHash(&subject{id: want.id, want: want}), Username: want.label(), Sources: []SourceID{want.id}, Reason: why})
}

// paired is the link of a user as it is found: what Duo holds as the directory
// wants it counts as asked for.
func (r *runner) paired(want *desired, a Account) *Link {
	link := &Link{ID: want.id, User: a.ID, Origin: Adopted, Asked: Fields{}, Answered: a}
	for field, value := range want.fields {
		held := a.Field(field)
		same := sameValue(field, held, value)
		if IsList(field) {
			same = r.holdsAll(field, value, &a)
		}
		if field == FieldStatus && value != StatusDisabled && a.Status != value {
			// Disabled or locked out by others, as far as is known: that stays.
			same, link.ByHand = true, a.Status == StatusDisabled
		}
		if same {
			link.Asked[field] = value
		}
	}
	return link
}

// holdsAll reports whether an account has all that the directory wants of a list.
func (r *runner) holdsAll(field, want string, a *Account) bool {
	held := foldedSet(Items(a.Field(field)))
	if field == FieldAliases {
		held = foldedSet(a.Names())
	}
	return !slices.ContainsFunc(Items(want), func(item string) bool {
		return !held[FoldName(item)] && !(field == FieldGroups && r.groups.barred[FoldName(item)])
	})
}

// rebuildGroups links the account's groups that mirror the directory's by name.
func (r *runner) rebuildGroups(ctx context.Context) error {
	b := r.groups
	b.want(r.run.Read.Groups)
	if len(b.wanted) == 0 {
		return nil
	}
	live, err := r.engine.Target.Groups(ctx)
	if err != nil {
		return fmt.Errorf("reading the groups from Duo: %w", err)
	}
	for _, g := range live {
		key := FoldName(g.Name)
		want := b.wanted[key]
		if want == nil || b.links[key] != nil || g.Synced || g.Status == StatusBypass || b.twins[key] {
			continue
		}
		link := &GroupLink{ID: g.ID, Name: want.Name, Origin: Adopted, Sources: want.Sources}
		b.links[key] = link
		b.quiet = append(b.quiet, Outcome{Source: groupSource(key), Same: true, Group: link})
	}
	for key := range b.wanted {
		b.barred[key] = b.links[key] == nil
	}
	if len(b.quiet) > 0 {
		names := make([]string, len(b.quiet))
		for i, o := range b.quiet {
			names[i] = o.Group.Name
		}
		r.warn("groups paired by name: %s; whoever is in them already stays in", strings.Join(names, ", "))
	}
	return nil
}
