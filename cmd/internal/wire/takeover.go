package wire

import (
	"context"
	"fmt"
	"strings"

	"duosync/cmd/internal/config"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/naming"
)

// nameNow gives the name that the one directory of a state has in the configuration now; ""
// where the state is used as it is. Where several could be that directory, it is the one by
// which it is decided as before who is in.
func nameNow(ctx context.Context, there dirsync.Directories, now dirsync.Binding, store dirsync.Store) (naming.Name, error) {
	meta, err := store.Meta(ctx)
	if err != nil || meta.Binding == nil || meta.Binding.Directories != nil || now.Directories == nil {
		return "", err
	}
	bound := *meta.Binding
	if bound.Host != now.Host || bound.Key != now.Key {
		return "", nil // which is refused as it is
	}
	var names, accepted []string
	for _, d := range there {
		if now.Directories[d.Name] != bound.Directory {
			continue
		}
		names = append(names, d.Name)
		if meta.Baseline != nil && meta.Baseline.Scope == d.Scope {
			accepted = append(accepted, d.Name)
		}
	}
	switch {
	case len(names) == 1:
		return naming.Name(names[0]), nil
	case len(accepted) == 1:
		return naming.Name(accepted[0]), nil
	case len(names) == 0:
		return "", dirsync.WithHint(fmt.Errorf("%w: its directory is %q, and none of the directories of the configuration is that one", state.ErrBinding, bound.Directory),
			"Let it be one of them, with a name, or set state.dsn to a state of its own.")
	}
	return "", dirsync.WithHint(fmt.Errorf("the state is of one directory without a name, which can be any of these: %s", strings.Join(names, ", ")),
		"Write the one alone into directories, as it was in section ldap, run once, and add the others then.")
}

// named gives the store as the engine sees it, with the name that its one directory has now. It
// is written into a state that is open for runs; a dry run sees it as it will be.
func (p *Parts) named(ctx context.Context, store *state.DB, dry bool) (dirsync.Store, error) {
	given, err := nameNow(ctx, p.Rules.Directories, p.Binding, store)
	switch {
	case err != nil:
		return nil, err
	case given == "":
		return store, nil
	case dry:
		return naming.Named(store, given, p.Binding), nil
	}
	ended, err := store.TakeOver(ctx, given, p.Binding)
	if err != nil {
		return nil, err
	}
	p.Log.Infof("the state's directory is called %s from now on; nothing in Duo changes for it", given)
	if ended > 0 {
		p.Log.Warnf("%d approvals that were given before the directory was called %s have ended, and so have plan files: approve anew what the next run holds", ended, given)
	}
	return store, nil
}

// Check fails unless a state is this configuration's, or will be once its one directory has
// got its name.
func (p *Parts) Check(ctx context.Context, store *state.DB) error {
	_, err := Owner(ctx, p.Config, &p.Rules, store)
	return err
}

// Owner fails as [Parts.Check] does, and gives the name that the next run gives to the state's
// directory; "" where it has one, or needs none.
func Owner(ctx context.Context, cfg *config.Config, rules *decide.Rules, store *state.DB) (naming.Name, error) {
	binding := BindingOf(cfg)
	given, err := nameNow(ctx, rules.Directories, binding, store)
	if err != nil || given != "" {
		return given, err
	}
	return "", store.Check(ctx, binding)
}
