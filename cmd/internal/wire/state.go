package wire

import (
	"cmp"
	"context"
	"errors"
	"time"

	"duosync/cmd/internal/audit"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/engine"
	"duosync/sync/printed"
)

// openState opens the state for a run: a dry run gets a private copy.
func (p *Parts) openState(ctx context.Context, dryRun bool) (*state.DB, error) {
	dsn := p.Config.State.DSN.Reveal()
	if dryRun {
		return state.OpenReadOnly(ctx, dsn)
	}
	return state.Open(ctx, dsn, state.Options{
		KeepHistory: p.Config.State.KeepHistory, Now: p.Timing.Now,
		CallTime: cmp.Or(p.Timing.Call, p.Target.OperationTime()), Audit: p.Config.Audit.File != "",
	})
}

// Spot is a state by itself, for a change beside the runs.
type Spot struct {
	DSN         string
	KeepHistory time.Duration
	// Binding is whose state it must be; nil: anybody's.
	Binding *dirsync.Binding
	// Existing: one that is not there is not made, see [state.Options].
	Existing bool
}

// SpotOf gives the state of a configuration.
func SpotOf(cfg *config.Config) *Spot {
	binding := BindingOf(cfg)
	return &Spot{DSN: cfg.State.DSN.Reveal(), KeepHistory: cfg.State.KeepHistory, Binding: &binding}
}

// Change opens the state beside a run that may be under way, for one change.
func (s *Spot) Change(ctx context.Context, do func(*state.DB) error) error {
	db, err := state.OpenBeside(ctx, s.DSN, state.Options{KeepHistory: s.KeepHistory, Existing: s.Existing})
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// ChangeOwn does as Change, where the state is whose it must be.
func (s *Spot) ChangeOwn(ctx context.Context, do func(*state.DB) error) error {
	return s.Change(ctx, func(db *state.DB) error {
		if s.Binding != nil {
			if err := db.Check(ctx, *s.Binding); err != nil {
				return err
			}
		}
		return do(db)
	})
}

// ExamineState looks whether the state can be read and written, and tells what can be told
// of it beside. It opens no state and takes no lock.
func ExamineState(loaded *config.Loaded) (state.Condition, error) {
	return state.Examine(loaded.Config.State.DSN.Reveal())
}

// Bench is what a run, and what a command of another kind works with.
type Bench struct {
	*Parts
	Store  *state.DB
	Engine *engine.Engine

	trail *audit.Trail // nil: nothing is told
	told  bool         // the log has what is not
}

// WithBench opens the state, for reading only where dry is set, and puts an engine
// together for do. It does not look whose state it is. What the state warns of is logged
// before and after.
func WithBench(ctx context.Context, loaded *config.Loaded, setup Setup, dry bool, observer dirsync.Observer, do func(*Bench) error) (err error) {
	p, err := Assemble(loaded, setup)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	store, err := p.openState(ctx, dry)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	told := 0
	warn := func() {
		warnings := store.Warnings()
		for _, warning := range warnings[told:] {
			p.Log.Warn(printed.Runnable(warning, p.Flags))
		}
		told = len(warnings)
	}
	warn()
	seen, err := p.named(ctx, store, dry)
	if err != nil {
		return err
	}
	bench := &Bench{Parts: p, Store: store}
	if !dry {
		if err := bench.recallTroubles(ctx); err != nil {
			return err
		}
		bench.trail = audit.New(&p.Config.Audit, p.Binding.Host, store)
	}
	bench.tell(ctx) // what people asked for since the last run, and that the audit begins; it is told again below
	bench.Engine = p.Engine(seen, observer, bench.trail)
	bench.Engine.Meant = func(ctx context.Context, name string) string { return past.MeantBy(ctx, store, name) }
	err = do(bench)
	warn()
	if problem := bench.tell(ctx); problem != "" && !bench.told {
		p.Log.Warn(printed.Runnable(problem, p.Flags))
	}
	if !dry {
		err = errors.Join(err, bench.keepTroubles(ctx))
	}
	return err
}

// tell writes what the audit has to tell and is not written yet, and says why where it can't.
// What the state has to tell is told also where no run began: a pause, an approval; but not that
// of another account.
func (b *Bench) tell(ctx context.Context) (problem string) {
	ctx = context.WithoutCancel(ctx)
	if b.trail == nil || b.Store.Check(ctx, b.Binding) != nil {
		return ""
	}
	b.trail.Flush(ctx)
	return audit.Warning(b.trail.Problem())
}

// recallTroubles takes over which channels could not be told, for the report of the run.
func (b *Bench) recallTroubles(ctx context.Context) error {
	troubles, err := past.TroublesOf(ctx, b.Store)
	for i := range troubles {
		if t := &troubles[i]; t.What != state.TroubleAudit && b.channel(t.What) {
			b.troubles = append(b.troubles, t.Warning())
		}
	}
	return err
}

// channel reports whether the configuration has a channel.
func (b *Bench) channel(name string) bool {
	n := &b.Config.Notify
	return name == state.TroubleWebhook && !n.WebhookURL.IsEmpty() || name == state.TroubleEmail && !n.Email.SMTPURL.IsEmpty()
}

// keepTroubles keeps for others to tell whether the audit file could be written, and forgets the
// trouble of what is switched off.
func (b *Bench) keepTroubles(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if b.Store.Check(ctx, b.Binding) != nil {
		return nil
	}
	why := ""
	if err := b.trail.Problem(); err != nil {
		why = err.Error()
	}
	err := b.Store.Trouble(ctx, state.TroubleAudit, why)
	for _, name := range []string{state.TroubleWebhook, state.TroubleEmail} {
		if !b.channel(name) {
			err = errors.Join(err, b.Store.Trouble(ctx, name, ""))
		}
	}
	return err
}
