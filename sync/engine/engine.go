package engine

import (
	"context"
	dirsync "duosync/sync"
	"duosync/sync/guard"
	"time"
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

// Run makes one run. It returns what is known of the run in any case; the error
// is Run.Err. A dry run asks the directory and Duo, and writes nothing anywhere.
func (e *Engine) Run(ctx context.Context, opts Options) *dirsync.Run {
	r := e.run(opts)
	c := &course{}
	return r.end(ctx, c, r.through(ctx, c))
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
	done     *application    // apply
}

// through is the one way through the house: each phase takes what the ones before it
// found, and gives what it found itself.
func (r *run) through(ctx context.Context, c *course) (err error) {
	if c.state, err = r.open(ctx); err != nil { // the state, and what was told and approved before
		return err
	}
	if err = r.settle(ctx, c.state); err != nil { // what an earlier run left open
		return err
	}
	if c.fresh, err = r.refresh(ctx, c.state); err != nil { // the snapshot from Duo, if due
		return err
	}
	if c.census, err = r.read(ctx, c.state, c.fresh); err != nil { // the whole directory
		return err
	}
	if err = r.prepare(ctx, c); err != nil { // and weigh
		return err
	}
	c.done, err = r.apply(ctx, c) // unless this is a dry run, or held
	return err
}

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
	if c.verdicts, err = r.weigh(ctx, c); err != nil {
		return err
	}
	r.report.PlanID = c.plan.ID()
	r.report.ExpectedCalls, r.report.ExpectedDuration = r.Target.Forecast(c.plan.Plan)
	return nil
}

func inOrder(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}
