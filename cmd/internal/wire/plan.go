package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/planfile"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// keepPlan writes the plan of a dry run into the file that was opened for it.
func (p *Parts) keepPlan(ctx context.Context, store *state.DB, run *dirsync.Run, opts *RunOptions) error {
	if opts.Keep == nil || run.Err != nil {
		return nil
	}
	key, err := planfile.NewKey(p.Config.Duo.SecretKey.Reveal())
	if err != nil {
		return err
	}
	plan := planfile.Of(run)
	plan.Version, plan.Binding = p.Version, p.Binding
	plan.Options = planfile.Options{Refresh: opts.Refresh, Only: opts.Only, Adopt: opts.Adopt}
	if plan.Settings, err = settings(p.Config, key); err != nil {
		return err
	}
	runs, err := store.Runs(ctx, 1)
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		plan.State = markOf(&runs[0])
	}
	if opts.Redact {
		plan = plan.Redact(key)
	}
	file, err := plan.Seal(key)
	if err != nil {
		return err
	}
	_, err = opts.Keep.Write(file) // its errors say which file that is
	return err
}

// settings digests the sections that a plan is bound to.
func settings(cfg *config.Config, key planfile.Key) (map[string]string, error) {
	sections := map[string]any{"sync": cfg.Sync}
	for _, d := range cfg.Each() {
		if d.Name == "" {
			sections["ldap"] = d.LDAP
			continue
		}
		sections["directories."+d.Name] = d.LDAP
		sections["directories."+d.Name+".mapping"] = d.Sync.Mapping
	}
	if names := cfg.Names(); names != nil {
		sections["directories"] = names // their order is that of precedence
	}
	return key.Settings(sections)
}

func markOf(run *state.Run) planfile.Mark {
	return planfile.Mark{Run: run.ID, Started: run.Started.UTC(), Finished: run.Finished.UTC()}
}

// maxPlan is the size in bytes above which a file is taken to be no plan. One with
// a million operations is smaller.
const maxPlan = 2 << 30

// readPlan reads the plan that is to be applied, and checks that it is for this
// account, these settings and this state. It writes nothing and asks neither Duo
// nor the directory. No file is no plan.
func readPlan(ctx context.Context, cfg *config.Config, path string) (*planfile.Plan, error) {
	if path == "" {
		return nil, nil
	}
	file, err := readFile(path)
	if err != nil {
		return nil, err
	}
	key, err := planfile.NewKey(cfg.Duo.SecretKey.Reveal())
	if err != nil {
		return nil, err
	}
	plan, err := planfile.Read(file, key, BindingOf(cfg))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	now, err := settings(cfg, key)
	if err != nil {
		return nil, err
	}
	if err := plan.Under(now); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	store, err := state.OpenReadOnly(ctx, cfg.State.DSN.Reveal())
	if err != nil {
		return nil, err
	}
	return plan, errors.Join(knownTo(ctx, store, plan), store.Close())
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, dirsync.WithHint(err, "Name the file that `duosync sync --dry-run --plan-out FILE` wrote.")
	}
	data, err := io.ReadAll(io.LimitReader(file, maxPlan+1))
	if len(data) > maxPlan {
		err = dirsync.WithHint(fmt.Errorf("%s is too large for a plan", path), planfile.Anew)
	}
	return data, errors.Join(err, file.Close())
}

// knownTo fails unless the state is the one that the plan was made of, and no older.
func knownTo(ctx context.Context, store *state.DB, plan *planfile.Plan) error {
	run, known, err := store.Run(ctx, plan.State.Run)
	if err != nil {
		return err
	}
	var now planfile.Mark
	if known {
		now = markOf(run)
	}
	return plan.Known(now, known)
}

// exactly makes a run carry out the operations of a plan, with the options under
// which they were planned.
func exactly(options *engine.Options, plan *planfile.Plan) {
	options.Exactly = plan.Ops()
	options.Refresh = plan.Options.Refresh
	if options.Adopt = plan.Options.Adopt; len(options.Adopt) > 0 {
		// Beside a state that knows nobody, one person can be adopted by name only.
		options.Only = plan.Options.Only
	}
}
