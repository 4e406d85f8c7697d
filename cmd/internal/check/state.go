package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/wire"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/printed"
)

// The checks of the state, in their order.
const (
	StateFile  = "state file"
	StateLock  = "state lock"
	StateOwner = "state owner"
	StateOpen  = "state journal"
	StateRuns  = "state last run"
	// StateAttention is there only where somebody needs a human.
	StateAttention = "state attention"
)

// stateCheck looks at the state through a private copy, as a dry run does.
type stateCheck struct {
	findings

	config *config.Config
	rules  *decide.Rules
	flags  string // of commands

	read   bool // links is what the state has
	links  int
	unwell []string // see Document
}

func (c *stateCheck) run(ctx context.Context) {
	dsn := c.config.State.DSN.Reveal()
	unusable := func(err error, advice string) {
		c.fail(StateFile, err, advice)
		c.skip(StateFile, StateLock, StateOwner, StateOpen, StateRuns)
	}
	condition, err := state.Examine(dsn)
	if err != nil {
		unusable(err, "set state.dsn to a file in a folder that this user can write")
		return
	}
	store, err := state.OpenReadOnly(ctx, dsn)
	if err != nil {
		unusable(err, "set state.dsn to a state of this duosync")
		return
	}
	defer func() { _ = store.Close() }() // a copy, which is not needed any more
	meta, err := store.Meta(ctx)
	if err == nil {
		c.links, err = store.CountLinks(ctx)
	}
	if err != nil {
		unusable(err, "restore the state from a backup")
		return
	}
	c.read = true
	c.file(condition, store, &meta)
	c.lock(condition)
	c.owner(ctx, store, &meta)
	if condition.Exists {
		c.open(ctx, store, &meta)
		c.stands(ctx, past.Of(store, time.Now(), condition.Holder, c.flags), &meta)
	}
}

// stands tells how the last run went, and who needs a human, as it found them.
func (c *stateCheck) stands(ctx context.Context, m *past.Moment, meta *dirsync.Meta) {
	standing, err := m.Standing(ctx)
	if err != nil {
		c.fail(StateRuns, err, "restore the state from a backup")
		return
	}
	c.unwell = standing.Unwell()
	if err := c.runs(ctx, m, meta, standing); err != nil {
		c.fail(StateRuns, err, "restore the state from a backup")
	}
	if needs := report.NeedsAttention(report.AttentionOf(standing.Attention)); needs != "" {
		c.unwell = append(c.unwell, needs)
		c.note(StateAttention, "each with its reason: `duosync due`", "%s; they are not as the directory asks for, and stay so until you act", needs)
	}
}

func (c *stateCheck) file(condition state.Condition, store *state.DB, meta *dirsync.Meta) {
	if !condition.Exists {
		c.ok(StateFile, "%s is not there yet; the first run makes it", condition.Path)
		return
	}
	c.ok(StateFile, "%s can be read and written; it has %s", condition.Path, phrase.Quantity(c.links, "user", "users"))
	for _, warning := range store.Warnings() {
		c.note(StateFile, "put this right; it stops nothing", "%s", warning)
	}
}

func (c *stateCheck) lock(condition state.Condition) {
	if condition.Holder != "" {
		c.fail(StateLock, fmt.Errorf("the state is in use: %s", condition.Holder),
			"wait until that run has ended; the lock goes with its process")
		return
	}
	c.ok(StateLock, "no run is under way")
}

func (c *stateCheck) owner(ctx context.Context, store *state.DB, meta *dirsync.Meta) {
	b := wire.BindingOf(c.config)
	what := "directory"
	if b.Directories != nil {
		what = "its directories"
	}
	switch naming, err := wire.Owner(ctx, c.config, c.rules, store); {
	case err != nil:
		c.fail(StateOwner, err, "set state.dsn to a state of its own")
	case naming != "":
		c.note(StateOwner, "nothing to do: no user changes for it", "it belongs to this Duo account (%s) and to one directory without a name (%s); the next run calls it %s", b.Host, meta.Binding.Directory, naming)
	case meta.Binding == nil:
		c.ok(StateOwner, "nobody's yet; the first run binds it to %s and %s", b.Host, b.Where())
	default:
		c.ok(StateOwner, "it belongs to this Duo account (%s) and %s (%s)", b.Host, what, b.Where())
	}
}

// open tells of what waits for a run or a human.
func (c *stateCheck) open(ctx context.Context, store *state.DB, meta *dirsync.Meta) {
	intents, err1 := store.Open(ctx)
	approvals, err2 := store.Approvals(ctx, time.Now())
	if err := errors.Join(err1, err2); err != nil {
		c.fail(StateOpen, err, "restore the state from a backup")
		return
	}
	quiet := true
	tell := func(hint, detail string, args ...any) {
		quiet = false
		c.note(StateOpen, hint, detail, args...)
	}
	if meta.Paused != nil {
		tell("let writing go on with `duosync resume`", "%v", meta.Paused)
	}
	if n := len(intents); n > 0 {
		tell("nothing to do: the next run asks Duo what became of it", "an earlier run was cut off: the outcome of %s is not known",
			phrase.Quantity(n, "operation", "operations"))
	}
	for _, approval := range approvals {
		tell("the next run that is held for just that uses it", "an approval is not used yet: %s, good until %s", approval.ID, approval.Until.UTC().Format(time.RFC3339))
	}
	if quiet {
		c.ok(StateOpen, "nothing: no pause, no operation of unknown outcome, no approval")
	}
}

// runs tells of the last run, also of one under way, and of what the one before left.
func (c *stateCheck) runs(ctx context.Context, m *past.Moment, meta *dirsync.Meta, standing *past.Standing) error {
	runs, err := m.Runs(ctx, 1)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		c.ok(StateRuns, "there was none yet")
		return nil
	}
	last := runs[0]
	detail := fmt.Sprintf("%s, begun %s ago: %s", last.ID, phrase.Span(time.Since(last.Started)), outcomeOf(&last))
	if meta.Baseline == nil {
		c.note(StateRuns, "look at what keeps runs from ending well: `duosync sync --dry-run`", "%s; no run was good yet", detail)
		return nil
	}
	detail += fmt.Sprintf("; the last good run was %s ago", phrase.Span(time.Since(meta.Baseline.At)))
	switch over := standing.Over; {
	case last.Outcome == dirsync.OutcomeFailed || last.Outcome == dirsync.OutcomeHeld:
		c.note(StateRuns, "look at why: `"+printed.Command("", "history", last.ID)+"`", "%s", detail)
	case over != nil && over.RunID != last.ID && (over.Outcome == dirsync.OutcomeFailed || over.Outcome == dirsync.OutcomeHeld):
		c.note(StateRuns, "look at why: `"+printed.Command("", "history", over.RunID)+"`", "%s; the last run over all people, %s, %s", detail, over.RunID, heldOrFailed(over))
	default:
		c.ok(StateRuns, "%s", detail)
	}
	return nil
}

func heldOrFailed(doc *report.Document) string {
	if doc.Outcome == dirsync.OutcomeHeld {
		return "was held by a guard"
	}
	return "failed"
}

func outcomeOf(run *state.Run) string {
	switch {
	case run.Interrupted():
		return "it was cut off"
	case run.Outcome == "":
		return "it goes on"
	}
	return run.Outcome
}
