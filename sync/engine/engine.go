// Package engine makes a run: it reads the directory, decides what must happen in Duo,
// and carries that out, each phase a function from what it needs to what it found.
//
// The way of a run is [Engine.Run]: open → settle → refresh → read → diff → examine →
// decide → assemble → weigh → apply → record. What each phase finds is a type of run.go.
//
// # Terms
//
//   - person: one entry of the directory in scope, known by its id
//   - link: a person that is ours, with the Duo user and what we asked it to hold
//   - subject: a person or link that may need something in this run
//   - asked: what we last asked Duo to hold, field by field; answered: what Duo said it
//     holds. A change is the directory's wish now against asked; drift is Duo now against
//     answered
//   - missing: a link whose person is gone from the directory, or out of its scope
//   - let go: a link whose user is left alone for good
//   - mark: what keeps a user disabled by hand, whatever the directory says
//   - operation: one reviewable change as plain data; wave: operations that need nothing
//     of each other
//   - settled: an intent of an earlier run of which it is known what became of it
//   - told: a problem that was reported before, and is not reported as new again
//   - quiet: a change of a link that needs no call
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// Run makes one run. It returns what is known of the run in any case; the error
// is Run.Err. A dry run asks the directory and Duo, and writes nothing anywhere.
func (e *Engine) Run(ctx context.Context, opts Options) *dirsync.Run {
	r := e.run(opts)
	ctx = dirsync.AsOf(ctx, r.now)
	c := &course{}
	return r.end(ctx, c, r.through(ctx, c))
}

// through is the one way through the house: each phase takes what the ones before it
// found, and gives what it found itself.
func (r *run) through(ctx context.Context, c *course) (err error) {
	if c.state, err = r.open(ctx); err != nil { // the state, and what was told and approved before
		return err
	}
	if err = r.inTime(ctx, func(ctx context.Context) error { return r.look(ctx, c) }); err != nil {
		return r.noteOut(context.WithoutCancel(ctx), c, err)
	}
	c.done, err = r.apply(ctx, c) // unless this is a dry run, or held
	return err
}

// look finds out how everything is, and what is to be done.
func (r *run) look(ctx context.Context, c *course) (err error) {
	if err = r.settle(ctx, c.state); err != nil { // what an earlier run left open
		return err
	}
	if c.fresh, err = r.refresh(ctx, c.state); err != nil { // the snapshot from Duo, if due
		return err
	}
	if c.census, err = r.read(ctx, c.state, c.fresh); err != nil { // the whole directory
		return err
	}
	return r.prepare(ctx, c) // and weigh
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
		outcomes, err := st.absorb(ctx, intent, links, results[i])
		if err != nil {
			return err
		}
		if r.journal == nil {
			continue
		}
		if err := r.journal.Record(ctx, outcomes); err != nil {
			return err
		}
	}
	return nil
}

// inTime ends what only looks when sync.max_duration is over, wherever it is.
func (r *run) inTime(ctx context.Context, do func(context.Context) error) error {
	limited, cancel := r.withTime(ctx)
	defer cancel()
	err := do(limited)
	if err != nil && ctx.Err() == nil && isTimeUp(limited) {
		return dirsync.WithHint(fmt.Errorf("%w, before anything was written; it was at: %w", errTimeUp, err),
			"Raise sync.max_duration, or find out what is slow: the log has how long each phase took.")
	}
	return err
}

// withTime gives a context that ends, with errTimeUp as its cause, when sync.max_duration
// is over: a write under way is finished then, and nothing is waited for, neither between
// two tries of a call nor for a pause that Duo asked for.
func (r *run) withTime(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.Rules.MaxDuration <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, r.Rules.MaxDuration-r.wallClock().Sub(r.now), errTimeUp)
}

func isTimeUp(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errTimeUp) }

// prepare makes of what was read a plan, and weighs it.
func (r *run) prepare(ctx context.Context, c *course) (err error) {
	if c.groups, err = r.planGroups(ctx, c.state, c.census); err != nil {
		return err
	}
	if c.found, err = r.diff(ctx, c.state, c.fresh, c.census, c.groups); err != nil { // and a second look for who is missing
		return err
	}
	if c.evidence, err = r.examine(ctx, c.state, c.census, c.found); err != nil { // what of the read is not to be believed
		return err
	}
	if c.decided, err = r.decide(ctx, c); err != nil { // with what Duo holds now
		return err
	}
	if c.plan, err = r.assemble(ctx, c); err != nil {
		return err
	}
	c.verdicts = r.weigh(ctx, c)
	r.report.PlanID = c.plan.ID()
	r.report.ExpectedCalls, r.report.ExpectedDuration = r.Target.Forecast(c.plan.Plan)
	return nil
}

// What is seen of people in a complete read (dirsync.Seen) is written down before the plan is
// carried out: what becomes of the plan, or whether it is held, says nothing about them. That
// somebody is out is written down also where the run is held whole, or breaks off after the
// read; that somebody is in again is not.

// keepSeen writes down what is seen of people now. next gives what is to be kept of it.
func (r *run) keepSeen(ctx context.Context, moved []movedSeen, next func(*dirsync.Link, dirsync.Seen) dirsync.Seen) error {
	for some := range slices.Chunk(moved, 500) {
		ids := make([]dirsync.SourceID, len(some))
		seen := map[dirsync.SourceID]movedSeen{}
		for i, m := range some {
			ids[i], seen[m.id] = m.id, m
		}
		links, err := r.Store.Load(ctx, ids)
		if err != nil {
			return fmt.Errorf("reading the snapshot: %w", err)
		}
		var outcomes []dirsync.Outcome
		for i := range links {
			link := &links[i]
			now := seen[link.ID].seen
			if seen[link.ID].gone {
				now = link.Seen
				now.In = false
			}
			if now = next(link, now); now.Hash() != link.Seen.Hash() {
				link.Seen = now
				outcomes = append(outcomes, dirsync.Outcome{Source: link.ID, Link: link})
			}
		}
		if len(outcomes) > 0 {
			if err := r.journal.Record(ctx, outcomes); err != nil {
				return err
			}
		}
	}
	return nil
}

// seenOf tells what is kept of what is seen once the plan was weighed.
func (r *run) seenOf(c *course) func(*dirsync.Link, dirsync.Seen) dirsync.Seen {
	undecided := map[dirsync.SourceID]bool{}
	for _, s := range c.heirs() {
		undecided[s.ID] = true
	}
	return func(link *dirsync.Link, seen dirsync.Seen) dirsync.Seen {
		if r.report.Stopped() || undecided[link.ID] {
			return onlyOut(link, seen)
		}
		directory := r.Rules.Directories.Of(link.ID)
		return decide.SeenWith(seen, link.Seen, c.verdicts.DoubtedGroups(directory), c.verdicts.Doubted(directory))
	}
}

// onlyOut keeps of what is seen that somebody is out.
func onlyOut(link *dirsync.Link, seen dirsync.Seen) dirsync.Seen {
	kept := link.Seen
	kept.In = kept.In && seen.In
	return kept
}

// noteOut writes down who was out in the read of a run that broke off for err after it.
func (r *run) noteOut(ctx context.Context, c *course, err error) error {
	if r.journal == nil || r.narrowed(c) || !r.report.Complete {
		return err
	}
	if noting := r.keepSeen(ctx, c.census.moved, onlyOut); noting != nil {
		return errors.Join(err, noting)
	}
	return err
}

// wentMissing are those who did not come by, and of whom the link does not say so: it does once
// the first step was taken. Whoever may have moved to another directory is not among them;
// whoever is in the same one under a new id is: no later move decides about that.
func (r *run) wentMissing(c *course) []movedSeen {
	there := map[dirsync.SourceID]bool{}
	for _, s := range c.decided.subjects {
		there[s.ID] = s.Want != nil || s.Heir != nil && r.betweenDirectories(s)
		for _, op := range s.Ops {
			there[op.From] = true
		}
	}
	var gone []movedSeen
	absent, _ := c.census.absent()
	for _, id := range absent {
		if b, known := c.state.snap.bits(id); known && !there[id] && !b.Missing {
			gone = append(gone, movedSeen{id: id, gone: true})
		}
	}
	return gone
}

// checkNames fails unless somebody in scope, or a user of ours, has each of the names that
// were asked for: a mistyped name must not look like success.
func (d *deciding) checkNames(ctx context.Context, flag string, names ...string) error {
	var unknown []string
	first := ""
	for _, name := range names {
		folded := dirsync.FoldName(name)
		if _, claimed := d.census.names.first[hashName(folded)]; claimed || name == "" {
			continue
		}
		if !slices.ContainsFunc(d.subjects, func(s *decide.Subject) bool { return s.Named(map[string]bool{folded: true}) }) {
			unknown, first = append(unknown, dirsync.Quote(name)), cmp.Or(first, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	what, meant := "nobody in scope has this username", ""
	if len(unknown) > 1 {
		what = "nobody in scope has these usernames"
	}
	if d.Meant != nil {
		meant = d.Meant(ctx, first)
	}
	return dirsync.WithHint(fmt.Errorf("%s %s: %s", flag, strings.Join(unknown, ", "), what),
		meant+"Give the username as it is after mapping, and check sync.scope. Nothing was changed.")
}

// askedAgain gives the flags with which the run has to be asked again for the adoptions that
// a guard holds, so that an approval finds them; nil: it holds none that was asked for.
func (r *run) askedAgain(g *dirsync.Guard) []string {
	var flags []string
	for _, op := range g.Ops {
		if name := dirsync.FoldName(op.Username); g.Held && op.Action == dirsync.Adopt && r.adopting[name] && !slices.Contains(flags, name) {
			flags = append(flags, "--adopt", name)
		}
	}
	if flags != nil && r.opts.Only != "" {
		flags = append([]string{"--only", r.opts.Only}, flags...)
	}
	return flags
}

func inOrder(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Audit is what the audit asks of runs; both are nil where the audit file is not required.
type Audit struct {
	// Ready fails where the audit file can't take the lines of so many operations. It is asked
	// before the first write and before each wave, and writes what is to be told already.
	Ready func(ctx context.Context, operations int) error
	// Still does the same by a look alone, before each call that gives.
	Still func(operations int) error
}

// unaudited gives why the audit file can't take the lines of so many operations, where it is
// required.
func (r *run) unaudited(ctx context.Context, operations int) error {
	if r.Audit == nil || r.Audit.Ready == nil || operations == 0 {
		return nil
	}
	return r.Audit.Ready(ctx, operations)
}
