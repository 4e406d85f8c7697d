// Package check finds out whether all that a run needs is in order, and changes nothing.
package check

import (
	"context"
	"slices"
	"sync"

	"duosync/cmd/internal/audit"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/wire"
	"duosync/sync/printed"
)

// Configuration is the check of the configuration, which comes first.
const Configuration = "configuration"

// Audit is the check of the audit file, where there is to be one.
const Audit = "audit"

// auditFile looks whether the audit file could be written now. Nothing of that look stays.
func auditFile(found *findings, c *config.Audit) {
	if c.File == "" {
		return
	}
	detail, err := audit.Look(c)
	if err != nil {
		found.fail(Audit, err, "Give the account of duosync the right to write audit.file and its folder.")
		return
	}
	found.ok(Audit, "%s", detail)
}

// All makes all checks of the configuration that load gives. The directory, Duo and the
// state are looked at side by side.
func All(ctx context.Context, load func() (*config.Loaded, error), setup wire.Setup) *Document {
	var found findings
	loaded, err := load()
	if err != nil {
		found.fail(Configuration, err, "correct what each line says; config.example.yaml shows every key with its default")
		return &Document{Checks: found.checks}
	}
	cfg := &loaded.Config
	rules, err := wire.Rules(cfg)
	if err != nil {
		found.fail(Configuration, err, "correct section sync")
		return &Document{Checks: found.checks}
	}
	found.ok(Configuration, "%s can be read", loaded.File)
	for _, warning := range loaded.Warnings {
		found.note(Configuration, "put this right; it stops nothing", "%s", warning)
	}

	singles := cfg.Each()
	directories := make([]ldapCheck, len(singles))
	for i := range singles {
		own := rules
		own.Rules = *rules.In(singles[i].Name)
		directories[i] = ldapCheck{name: singles[i].Name, config: &singles[i], rules: &own, setup: setup}
	}
	duo := duoCheck{config: cfg, setup: setup}
	state := stateCheck{config: cfg, rules: &rules, flags: loaded.Flags()}
	var group sync.WaitGroup
	group.Go(func() {
		for i := range directories {
			directories[i].run(ctx, slices.ContainsFunc(directories[:i], directories[i].sameRefused))
		}
	})
	group.Go(func() { duo.run(ctx) })
	group.Go(func() { state.run(ctx) })
	group.Wait()
	if duo.counted && state.read {
		compareUsers(&duo.findings, duo.users, state.links)
	}
	for i := range directories {
		found.checks = append(found.checks, directories[i].named()...)
	}
	for _, part := range []findings{between(directories, &rules), duo.findings, state.findings} {
		found.checks = append(found.checks, part.checks...)
	}
	auditFile(&found, &cfg.Audit)
	for i := range found.checks {
		c := &found.checks[i]
		c.Detail, c.Hint = printed.Runnable(c.Detail, loaded.Flags()), printed.Runnable(c.Hint, loaded.Flags())
	}
	unwell := state.unwell
	if text := contradicted(directories); text != "" {
		unwell = append([]string{text}, unwell...)
	}
	return &Document{Checks: found.checks, unwell: unwell}
}
