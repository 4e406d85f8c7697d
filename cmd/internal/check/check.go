// Package check finds out whether all that a run needs is in order, and changes nothing.
package check

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
)

// Configuration is the check of the configuration, which comes first.
const Configuration = "configuration"

// All makes all checks of the configuration that load gives. The directory, Duo and the
// state are looked at side by side.
func All(ctx context.Context, load func() (*config.Loaded, error), setup wire.Setup) *Document {
	var found findings
	loaded, err := load()
	if err != nil {
		found.fail(Configuration, err, "correct what each line says; config.example.yaml shows every key with its default")
		return &Document{found.checks}
	}
	cfg := &loaded.Config
	rules, err := wire.Rules(cfg)
	if err != nil {
		found.fail(Configuration, err, "correct section sync")
		return &Document{found.checks}
	}
	found.ok(Configuration, "%s can be read", loaded.File)
	for _, warning := range loaded.Warnings {
		found.note(Configuration, "put this right; it stops nothing", "%s", warning)
	}

	ldap := ldapCheck{config: cfg, rules: &rules, log: setup.Log}
	duo := duoCheck{config: cfg, setup: setup}
	state := stateCheck{config: cfg}
	var group sync.WaitGroup
	group.Go(func() { ldap.run(ctx) })
	group.Go(func() { duo.run(ctx) })
	group.Go(func() { state.run(ctx) })
	group.Wait()
	if duo.counted && state.read {
		compareUsers(&duo.findings, duo.users, state.links)
	}
	for _, part := range []findings{ldap.findings, duo.findings, state.findings} {
		found.checks = append(found.checks, part.checks...)
	}
	return &Document{found.checks}
}

// findings are checks in their order.
type findings struct{ checks []Check }

func (f *findings) ok(name, detail string, args ...any) { f.note(name, "", detail, args...) }

// note is a check that passed with something worth knowing.
func (f *findings) note(name, hint, detail string, args ...any) {
	f.checks = append(f.checks, Check{Name: name, OK: true, Detail: fmt.Sprintf(detail, args...), Hint: hint})
}

// fail is a check that failed. What to do is the error's own advice, else
// otherwise.
func (f *findings) fail(name string, err error, otherwise string) {
	hint := dirsync.Hint(err)
	if hint == "" {
		hint = otherwise
	}
	f.checks = append(f.checks, Check{Name: name, Detail: strings.ReplaceAll(err.Error(), "\n", "; "), Hint: hint})
}

// skip tells of checks that could not be made since another one failed.
func (f *findings) skip(failed string, names ...string) {
	for _, name := range names {
		f.checks = append(f.checks, Check{
			Name: name, Detail: "not checked: " + failed + " comes first", Hint: "put that right and check again", Skipped: true,
		})
	}
}
