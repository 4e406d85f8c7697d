package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/guard"
	"duosync/sync/mapping"
)

// Engine runs one directory against one Duo account.
type Engine struct {
	Source  dirsync.Source
	Target  dirsync.Target
	Store   dirsync.Store
	Rules   decide.Rules
	Binding dirsync.Binding
	// By is who asks for the runs, and Command the command of duosync that makes them.
	By, Command string
	// Flags end the commands that a report prints, so that they find this configuration
	// from any folder: a blank and --config FILE, or nothing.
	Flags string
	// Meant says in a sentence, with a blank behind it, who may be meant by a username that
	// nobody has, or nothing; nil: nobody knows.
	Meant func(ctx context.Context, name string) string
	// Observer is told how the run goes on; nil: nobody.
	Observer dirsync.Observer
	// Now is the local clock; nil: time.Now.
	Now func() time.Time
	// Encode puts the report of a run, in the form in which the store keeps it, into its end.
	Encode func(*dirsync.Run, *dirsync.RunEnd) error
	// Audit is what the audit asks of runs; nil: there is none.
	Audit *Audit
}

// Options are what one run was asked for.
type Options struct {
	RunID   string
	DryRun  bool
	Refresh bool     // read all of Duo, due or not
	Only    string   // narrow the plan to this username; "" = everyone
	Adopt   []string // adopt the Duo users of these names
	Approve *dirsync.Approval
	// Exactly, when not nil, are the operations of a plan that was made before:
	// the run does these and nothing else, as far as they still hold.
	Exactly []*dirsync.Op
	// Again is, for an undo, the command between backticks that does what was left of it: no
	// later run does; "" stands for the run's own next one.
	Again string
	// AsOf makes a dry run look at what would be due at that time; zero: now.
	AsOf time.Time
}

// run is one run under way: what it was asked for, and what it tells. The phases get
// all else from those before them.
type run struct {
	*Engine
	opts     Options
	adopting map[string]bool // the folded names of opts.Adopt
	now      time.Time       // its start by the local clock, or the time as of which a dry run looks
	report   *dirsync.Run
	journal  dirsync.Journal         // nil in a dry run
	told     map[string]dirsync.Told // before this run
}

func (e *Engine) run(opts Options) *run {
	r := &run{Engine: e, opts: opts, adopting: map[string]bool{}, now: e.wallClock()}
	for _, name := range opts.Adopt {
		r.adopting[dirsync.FoldName(name)] = true
	}
	r.report = &dirsync.Run{ID: opts.RunID, DryRun: opts.DryRun, Only: opts.Only, By: e.By, Command: e.Command, Flags: e.Flags, Started: r.now,
		Account: e.Binding.Host, Directory: e.Binding.Where()}
	if opts.DryRun && !opts.AsOf.IsZero() {
		r.now = opts.AsOf
	}
	return r
}

func (e *Engine) wallClock() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// narrowed reports whether the run is about some people only. Such a run moves no
// baseline and no counter.
func (r *run) narrowed(c *course) bool {
	return r.opts.Only != "" || r.opts.Exactly != nil || c.census == nil
}

func (r *run) warn(format string, args ...any) {
	r.report.Warnings = append(r.report.Warnings, fmt.Sprintf(format, args...))
}

// conflict notes a conflict. It is new unless the very same was told before.
func (r *run) conflict(c dirsync.Conflict) {
	told, ok := r.told[c.Key]
	c.New = !ok || told.Hash != c.Hash
	r.report.Conflicts = append(r.report.Conflicts, c)
}

func (r *run) phase(name string) {
	if o := r.Observer; o != nil {
		o.Phase(name)
	}
}

func (r *run) progress(done, total int) {
	if o := r.Observer; o != nil {
		o.Progress(done, total)
	}
}

// tellBulk tells once of the calls for many operations at once that Duo refuses.
func (r *run) tellBulk(before *dirsync.Meta) {
	for _, b := range r.Target.BulkRefusals() {
		if !slices.ContainsFunc(before.BulkRefusals(), b.IsSame) {
			r.warn("%s", b.Words())
		}
	}
}

// adopts reports whether the run was asked to adopt the user of the person's name.
func (r *run) adopts(want *mapping.Desired) bool {
	return r.adopting[want.Name()]
}

// protected reports whether a link's user is protected, as far as is known.
func (r *run) protected(s *decide.Subject) bool {
	protect := r.Rules.Protect
	return protect[dirsync.FoldName(s.Link.Answered.Username)] || s.Want != nil && protect[s.Want.Name()]
}

// known reports whether the very same was told of a person before.
func (r *run) known(s *decide.Subject, problem string) bool {
	told, ok := r.told[personKey(s.ID)]
	return ok && told.Hash == r.personHash(s) && strings.Contains(told.Reason, problem)
}

// untell forgets what was told of somebody who is in step, where it follows from something
// else than is wanted now: the value that was refused, say, is what it was before again.
func (r *run) untell(s *decide.Subject) {
	if told, ok := r.told[personKey(s.ID)]; ok && told.Hash != r.personHash(s) {
		delete(r.told, personKey(s.ID))
	}
}

// untellAway forgets what was told of people who are not ours, and in scope no more.
func (r *run) untellAway(c *census) {
	here := map[dirsync.SourceID]bool{}
	for _, want := range c.kept {
		here[want.ID] = true
	}
	for id := range c.told {
		if _, ours := c.snap.known.Find(id); !ours && !here[id] {
			delete(r.told, personKey(id))
		}
	}
}

func personKey(id dirsync.SourceID) string { return dirsync.PersonKey + string(id) }

// personHash digests what a problem of one person follows from.
func (r *run) personHash(s *decide.Subject) dirsync.Hash {
	f := dirsync.Fields{}
	if s.Want != nil {
		f = maps.Clone(s.Want.Fields)
		f[" problem"] = strings.Join(append(s.Want.Faulty(), s.Want.Problem), "; ")
		if s.Want.Unsure != nil {
			f[" problem"] += s.Want.Unsure.Problem()
		}
		if unread := s.Want.UnreadPhones; len(unread) > 0 {
			f[" unread phones"] = strings.Join(unread, "; ")
		}
		for i := range s.Want.Phones {
			f[" phone "+s.Want.Phones[i].Text()] = s.Want.Phones[i].Kind
		}
	}
	f[" existing"] = string(r.Rules.Existing)
	f[" contested"] = strconv.FormatBool(s.Contested)
	if s.Link != nil {
		f[" user"] = s.Link.User
	}
	return f.Hash()
}

// course is what the phases of a run found, one after another. Each is set once, by
// the phase that its comment names, and read by those after it.
type course struct {
	state    *state          // open, settle
	fresh    *freshness      // refresh
	census   *census         // read
	groups   *groupPlan      // planGroups
	found    *found          // diff
	evidence *evidence       // examine
	decided  *decided        // decide
	plan     *planned        // assemble
	verdicts *guard.Verdicts // weigh
	done     *applied        // apply
	aside    bool            // undo or rebuild: a journey beside the runs, which weighs nothing
}

// state is the store as the run found it, with what the run has learnt since.
type state struct {
	meta      dirsync.Meta
	snap      *snapshot
	groups    *groupLinks
	marks     *marks
	approvals []dirsync.Approval
}

// freshness is what is known of Duo's side before anybody is decided about.
type freshness struct {
	// recheck are people to look at though the directory has not changed: Duo's side has.
	recheck map[dirsync.SourceID]bool
	names   map[uint64]bool // hashes of all names in Duo; nil: not read
	// broken: Duo's list changed while it was read; it is read again in the next run.
	broken bool
}

// found are those who may need something, or are missing.
type found struct {
	*decide.Contest
	subjects []*decide.Subject         // by id
	gone     map[dirsync.SourceID]bool // links whose person is missing from this read
}

// evidence is what of a read is not believed, and what the directory was asked about it.
type evidence struct {
	*guard.Doubts
	answers map[string]guard.Answers // by directory
}

// decided is what was decided about everybody, one by one and between them.
type decided struct {
	subjects []*decide.Subject // by id
	idle     []*decide.Subject // remembered as disabled and not in Duo
	heirs    []*decide.Subject // missing, there under a new id, and undecided
	// strangers counts the wanted names that users who are not ours hold in Duo.
	strangers int
	at        time.Time // when Duo was asked for what it holds
}

// planned is the plan of a run.
type planned struct {
	*dirsync.Plan
	moved []*dirsync.Operation // of a plan that was made before: what has moved since
}

// applied is what became of a plan.
type applied struct {
	retry  map[*decide.Subject]bool // an operation is still to be done
	failed bool                     // one failed that the next run must try again
	// refused are groups that Duo refused in this run.
	refused map[string]dirsync.Told
	// before is the problem of a person before an operation was refused, which may be
	// tried once more.
	before    map[*dirsync.Op]string
	unwritten error // why the audit file, which is required, could not be written
}

// subjects are those whom the run decides about, as far as it came.
func (c *course) subjects() []*decide.Subject {
	switch {
	case c.decided != nil:
		return c.decided.subjects
	case c.found != nil:
		return c.found.subjects
	}
	return nil
}

// idle are those who are remembered as disabled and not in Duo.
func (c *course) idle() []*decide.Subject {
	if c.decided == nil {
		return nil
	}
	return c.decided.idle
}

// heirs are those who are missing, there under a new id, and undecided.
func (c *course) heirs() []*decide.Subject {
	if c.decided == nil {
		return nil
	}
	return c.decided.heirs
}

// failed reports whether something failed that the next run must try again.
func (c *course) failed() bool {
	return c.fresh != nil && c.fresh.broken || c.done != nil && c.done.failed
}

// retried reports whether an operation of a subject is still to be done.
func (c *course) retried(s *decide.Subject) bool { return c.done != nil && c.done.retry[s] }

// sourcesOf gives whom the operations with a result are about.
func sourcesOf(report *dirsync.Run, result string) map[dirsync.SourceID]bool {
	who := map[dirsync.SourceID]bool{}
	for _, o := range report.Operations {
		if o.Result == result {
			who[o.Source] = true
		}
	}
	return who
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

func outcome(run *dirsync.Run) string {
	switch {
	case run.Err != nil:
		return dirsync.OutcomeFailed
	case run.Held():
		return dirsync.OutcomeHeld
	case run.NewFailures():
		return dirsync.OutcomePartial
	case !run.Pending(), !run.DryRun && run.Count(dirsync.ResultApplied) == 0:
		return dirsync.OutcomeNoChanges
	case run.DryRun:
		return dirsync.OutcomePlanned
	}
	return dirsync.OutcomeApplied
}
