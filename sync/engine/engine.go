package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

// Engine runs one directory against one Duo account.
type Engine struct {
	Source  dirsync.Source
	Target  dirsync.Target
	Store   dirsync.Store
	Rules   Rules
	Binding dirsync.Binding
	// Flags end the commands that a report prints, so that they find this configuration
	// from any folder: a blank and --config FILE, or nothing.
	Flags string
	// Observer is told how the run goes on; nil: nobody.
	Observer dirsync.Observer
	// Now is the local clock; nil: time.Now.
	Now func() time.Time
	// Encode gives the report of a run in the form in which the store keeps it.
	Encode func(*dirsync.Run) ([]byte, error)
}

// Options are what one run was asked for.
type Options struct {
	RunID   string
	DryRun  bool
	Refresh bool   // read all of Duo, due or not
	Only    string // narrow the plan to this username; "" = everyone
	Adopt   string // adopt the Duo user of this name; "" = nobody
	Approve *dirsync.Approval
	// Exactly, when not nil, are the operations of a plan that was made before:
	// the run does these and nothing else, as far as they still hold.
	Exactly []*dirsync.Op
	// AsOf makes a dry run look at what would be due at that time; zero: now.
	AsOf time.Time
}

// runner is one run under way.
type runner struct {
	engine  *Engine
	opts    Options
	run     *dirsync.Run
	now     time.Time       // start of the run, by the local clock
	journal dirsync.Journal // nil in a dry run

	meta      dirsync.Meta
	snap      *snapshot
	groups    *groupBook
	told      map[string]dirsync.Told
	approvals []dirsync.Approval

	marks *markBook

	look     map[dirsync.SourceID]bool // people to look at though unchanged; Duo's side has
	names    map[uint64]bool           // hashes of all names in Duo; nil: not read
	switched bool                      // another server answered than last time

	census    *census
	contested map[dirsync.SourceID]bool
	subjects  []*subject
	bySource  map[dirsync.SourceID]*subject
	gone      map[dirsync.SourceID]bool // links whose person is missing from this read
	held      int                       // wanted names that others hold in Duo
	doubts    []*doubt
	deferred  []string // keys of groups that lost their people since these are missing
	// blindStatus: of more people than the floor it can't be told who is locked.
	blindStatus bool
	stamps      struct {
		byID map[dirsync.SourceID]string
		byDN map[string]string
	}
	plan     *dirsync.Plan
	partly   map[*dirsync.Op]bool      // what a partial guard holds, or let through
	scopeWho map[dirsync.SourceID]bool // people who are missing for a scope that is not accepted
	moved    []*dirsync.Operation      // of a plan that was made before: what has moved since
	idle     []*subject                // remembered as disabled and not in Duo
	used     []string                  // approvals
	failed   bool                      // an operation failed that the next run must try again
	// groupsTold are groups that Duo refused in this run.
	groupsTold map[string]dirsync.Told
}

// Run makes one run. It returns what is known of the run in any case; the error
// is Run.Err. A dry run asks the directory and Duo, and writes nothing anywhere.
func (e *Engine) Run(ctx context.Context, opts Options) *dirsync.Run {
	r := e.runner(opts)
	return r.finish(ctx, r.through(ctx))
}

func (e *Engine) runner(opts Options) *runner {
	r := &runner{engine: e, opts: opts, contested: map[dirsync.SourceID]bool{}, gone: map[dirsync.SourceID]bool{}, look: map[dirsync.SourceID]bool{}, plan: &dirsync.Plan{},
		groups: &groupBook{}, groupsTold: map[string]dirsync.Told{}}
	r.now = e.now()
	r.run = &dirsync.Run{ID: opts.RunID, DryRun: opts.DryRun, Only: opts.Only, Flags: e.Flags, Started: r.now}
	if opts.DryRun && !opts.AsOf.IsZero() {
		r.now = opts.AsOf
	}
	return r
}

func (e *Engine) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// through is the one way through the house.
func (r *runner) through(ctx context.Context) error {
	return inOrder(ctx,
		r.open,    // the state, and what was told and approved before
		r.settle,  // what an earlier run left open
		r.refresh, // the snapshot from Duo, if due
		r.read,    // the whole directory
		r.planGroups,
		r.diff,    // and a second look for who is missing
		r.examine, // what of the read is not to be believed
		r.decide,  // with what Duo holds now
		r.weigh,   // plan and guard
		r.apply,   // unless this is a dry run, or held
	)
}

func inOrder(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) open(ctx context.Context) error {
	e := r.engine
	var err error
	if r.meta, err = e.Store.Meta(ctx); err != nil {
		return err
	}
	if !r.opts.DryRun && r.meta.Paused != nil {
		return dirsync.WithHint(r.meta.Paused, "Dry runs go on; `duosync resume` lets writing go on.")
	}
	if !r.opts.DryRun {
		r.journal, err = e.Store.Begin(ctx, dirsync.RunStart{ID: r.run.ID, Started: r.now, Binding: e.Binding})
		if err != nil {
			return err
		}
	}
	if r.told, err = e.Store.Told(ctx); err != nil {
		return err
	}
	if r.approvals, err = e.Store.Approvals(ctx, r.now); err != nil {
		return err
	}
	if r.opts.Approve != nil {
		r.approvals = append(r.approvals, *r.opts.Approve)
	}
	if r.marks, err = openMarks(ctx, e.Store); err != nil {
		return err
	}
	if r.groups, err = openGroups(ctx, &e.Rules, e.Store); err != nil {
		return err
	}
	if r.snap, err = openSnapshot(ctx, e.Store); err != nil {
		return err
	}
	r.lookAtLifted()
	return nil
}

// settle finds out what became of calls whose outcome an earlier run could not
// write down.
func (r *runner) settle(ctx context.Context) error {
	intents, err := r.engine.Store.Open(ctx)
	if err != nil || len(intents) == 0 {
		return err
	}
	r.phase("settle")
	results, err := r.engine.Target.Settle(ctx, intents)
	if err != nil {
		return fmt.Errorf("settling %d operations that an earlier run left open: %w", len(intents), err)
	}
	var ids []dirsync.SourceID
	for _, intent := range intents {
		ids = append(ids, intent.Op.Source)
	}
	links, err := r.snap.load(ctx, ids)
	if err != nil {
		return err
	}
	for i, intent := range intents {
		r.warn("an earlier run was interrupted at %s of %s; it was %s", intent.Op.Action, dirsync.Quote(intent.Op.Username), fateWords(results[i].Fate))
		for _, outcome := range r.settleOne(intent, links, results[i]) {
			if r.journal == nil {
				continue
			}
			if err := r.journal.Record(ctx, []dirsync.Outcome{outcome}); err != nil {
				return err
			}
		}
	}
	return nil
}

// settleOne gives what a settled intent means for the state, and takes it over.
func (r *runner) settleOne(intent dirsync.Intent, links map[dirsync.SourceID]*dirsync.Link, res dirsync.Result) []dirsync.Outcome {
	id := intent.Op.Source
	if intent.Op.OnGroup() {
		outcome := r.groups.settled(res)
		outcome.Seq = intent.Seq
		return []dirsync.Outcome{outcome}
	}
	outcome := settled(intent.Op, links[id], res)
	outcome.Seq = intent.Seq
	if !outcome.Same {
		links[id] = outcome.Link
		r.snap.put(id, outcome.Link)
	}
	outcomes := handover(res)
	for _, o := range outcomes {
		r.snap.put(o.Source, nil)
	}
	return append(outcomes, outcome)
}

func (r *runner) read(ctx context.Context) error {
	r.phase("read")
	expected := 0
	if before := r.meta.Baseline; before != nil {
		expected = before.InScope
	}
	r.census = r.newCensus()
	n := 0
	info, err := r.engine.Source.Read(ctx, func(p dirsync.Person) error {
		n++
		r.progress(n, expected)
		r.census.take(&p)
		return nil
	})
	r.run.Read = info
	r.run.Read.Read = n
	if err != nil {
		return fmt.Errorf("reading the directory: %w", err)
	}
	r.run.Complete = true
	r.run.Warnings = append(r.run.Warnings, info.Warnings...)
	if err := r.namedGroups(ctx, &info); err != nil {
		return err
	}
	switch {
	case n == 0:
		return dirsync.WithHint(errors.New("the directory returned nobody"),
			"Check ldap.users.base_dns, ldap.users.filter and the read rights of ldap.bind_dn. Nothing was changed, and nothing is while nobody is found.")
	case r.census.inScope == 0:
		return dirsync.WithHint(fmt.Errorf("none of the %d people that the directory returned is in scope", n),
			"Check sync.scope. Nothing was changed, and nothing is while nobody is in scope.")
	}
	if r.switched = r.hasSwitched(&info); r.switched {
		r.warn("another server answered than last time (%s): removals, and what gives something to anybody, wait for two complete reads in a row", info.Identity)
	}
	return nil
}

// namedGroups fails where a group that decides by its name is not there, or is there
// twice: whoever is in it would be let in, or out.
func (r *runner) namedGroups(ctx context.Context, info *dirsync.ReadInfo) error {
	rules := &r.engine.Rules
	for _, group := range rules.NamedGroups() {
		if info.CountGroups(group.Name) > 0 {
			continue
		}
		now, err := r.renamedTo(ctx, group.Name)
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
func (r *runner) renamedTo(ctx context.Context, name string) (string, error) {
	for key, g := range r.reference().Groups {
		if !dirsync.SameGroup(g.Name, name) || g.ID == "" {
			continue
		}
		found, err := r.engine.Source.LookupGroups(ctx, []dirsync.GroupEntry{g.Entry()})
		if err != nil {
			return "", fmt.Errorf("looking for the group %s: %w", dirsync.Quote(name), err)
		}
		if now := found[key].Name; !dirsync.SameGroup(now, name) {
			return now, nil
		}
	}
	return "", nil
}

// decide settles each subject on its own, then the names between them.
func (r *runner) decide(ctx context.Context) error {
	if err := errors.Join(r.checkName("--only", r.opts.Only), r.checkName("--adopt", r.opts.Adopt)); err != nil {
		return err
	}
	r.findHeirs()
	r.remembered()
	r.fewMails()
	r.phase("confirm")
	if err := r.fetch(ctx); err != nil {
		return err
	}
	for _, s := range r.subjects {
		if s.quiet {
			continue
		}
		s.adopted = s.want != nil && r.adopts(s.want)
		s.switched, s.notAccepted, s.blind = r.switched && r.opts.Only == "", r.notAccepted(s), r.blindStatus
		s.lifted = s.link != nil && r.marks.lifted[s.link.User] != nil
		r.engine.Rules.decide(s, r.now)
		r.see(s)
	}
	if err := r.settleClaims(ctx); err != nil {
		return err
	}
	if err := r.lists(ctx); err != nil {
		return err
	}
	if err := r.putOff(ctx); err != nil {
		return err
	}
	r.planMails()
	r.narrow()
	return nil
}

// see notes what the person's place in the scope rests on, but for what is doubted.
func (r *runner) see(s *subject) {
	if s.want == nil || s.next == nil {
		return
	}
	var doubted []string
	for _, d := range r.doubts {
		doubted = append(doubted, slices.Concat(d.groups, d.former)...)
	}
	s.next.Seen = seenWith(s.want.Seen, s.next.Seen, doubted)
}

// checkName fails unless somebody in scope, or a user of ours, has the name that
// was asked for: a mistyped name must not look like success.
func (r *runner) checkName(flag, name string) error {
	if _, claimed := r.census.claims[hashName(dirsync.FoldName(name))]; claimed || name == "" {
		return nil
	}
	names := map[string]bool{dirsync.FoldName(name): true}
	if slices.ContainsFunc(r.subjects, func(s *subject) bool { return s.named(names) }) {
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("%s %s: nobody in scope has this username", flag, dirsync.Quote(name)),
		"Give the username as it is after mapping, and check sync.scope. Nothing was changed.")
}

// narrow leaves of the subjects the one person that the run was asked for, and
// whoever gives up a name that it needs.
func (r *runner) narrow() {
	if r.opts.Only == "" {
		return
	}
	names := map[string]bool{dirsync.FoldName(r.opts.Only): true}
	for again := true; again; {
		again = false
		for _, s := range r.subjects {
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
	r.subjects = slices.DeleteFunc(r.subjects, func(s *subject) bool { return !s.named(names) })
	r.groups.ops = slices.DeleteFunc(r.groups.ops, func(op *dirsync.Op) bool {
		return !slices.ContainsFunc(r.subjects, func(s *subject) bool { return s.joins(op.Group.Key()) })
	})
	r.groups.quiet = nil
	r.run.Conflicts = slices.DeleteFunc(r.run.Conflicts, func(c dirsync.Conflict) bool { return !names[dirsync.FoldName(c.Username)] })
}

// named reports whether a subject has, or is to have, one of these names.
func (s *subject) named(names map[string]bool) bool {
	return s.want != nil && dirsync.AnyFolded(s.want.Names(), names) || s.link != nil && dirsync.AnyFolded(s.link.Answered.Names(), names)
}

// joins reports whether the subject is put into a group, by its folded name.
func (s *subject) joins(group string) bool {
	return slices.ContainsFunc(s.ops, func(op *dirsync.Op) bool {
		return slices.ContainsFunc(op.Joins, func(m dirsync.Membership) bool { return dirsync.FoldName(m.Name) == group })
	})
}

// weigh makes the plan of what was decided, and weighs it.
func (r *runner) weigh(ctx context.Context) error {
	r.run.InScope = r.census.inScope
	r.run.Unchanged = r.census.unchanged
	ops := slices.Clone(r.groups.ops)
	for _, s := range r.subjects {
		r.gather(s)
		for _, op := range s.ops {
			if op.Blocked == "" {
				ops = append(ops, op)
			}
		}
	}
	r.plan = assembly.Plan(ops)
	if r.opts.Exactly != nil {
		if err := r.keepExactly(ctx, r.opts.Exactly); err != nil {
			return err
		}
	}
	if err := r.guard(ctx); err != nil { // which may split operations
		return err
	}
	r.run.PlanID = r.plan.ID()
	r.run.ExpectedCalls, r.run.ExpectedDuration = r.engine.Target.Forecast(r.plan)
	return nil
}

// gather puts what was decided for one subject into the run, its operations
// apart.
func (r *runner) gather(s *subject) {
	for _, text := range s.warnings {
		r.warn("%s", text)
	}
	if s.want != nil && s.sends() {
		for _, text := range s.want.Warnings {
			r.warn("%s", text)
		}
	}
	if s.wait != nil {
		r.run.Waiting = append(r.run.Waiting, *s.wait)
	}
	if s.skipped {
		r.run.Skipped++
	}
	blocked := slices.ContainsFunc(s.ops, func(o *dirsync.Op) bool { return o.Blocked != "" })
	if s.problem != "" && !blocked {
		r.conflict(dirsync.Conflict{Key: personKey(s.id), Hash: r.personHash(s), Username: s.username(), Sources: []dirsync.SourceID{s.id}, Reason: s.problem})
	}
	if s.want != nil && len(s.ops) == 0 && s.problem == "" && !s.skipped && !s.contested {
		r.run.Unchanged++
	}
}

// narrowed reports whether the run is about some people only. Such a run moves no
// baseline and no counter.
func (r *runner) narrowed() bool {
	return r.opts.Only != "" || r.opts.Exactly != nil || r.census == nil
}

func (r *runner) warn(format string, args ...any) {
	r.run.Warnings = append(r.run.Warnings, fmt.Sprintf(format, args...))
}

func (r *runner) phase(name string) {
	if o := r.engine.Observer; o != nil {
		o.Phase(name)
	}
}

func (r *runner) progress(done, total int) {
	if o := r.engine.Observer; o != nil {
		o.Progress(done, total)
	}
}
