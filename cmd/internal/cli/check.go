package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

type checkOptions struct{ format, output string }

func (o *checkOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.format, "format", string(report.Table), fmt.Sprintf("`FORM` of the result: %v", report.Formats()))
	f.StringVar(&o.output, "output", "", "write the result to this `FILE`")
}

func newCheckCommand(a *app) *cobra.Command {
	var opts checkOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Try everything that a run needs, and change nothing",
		Long: `check is the preflight: it tries the configuration, each LDAP server, the login,
the bases and the search, shows one person before and after mapping, looks for
attributes that come back for nobody, for limits of the server and for locks; then
Duo's host, clock, keys and rights, and the state. Each line is ok, or says what
to do.

It changes nothing: the right to write to Duo is proved by a request that Duo must
refuse.

Exit status: 0 all is well; 1 a check failed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runCheck(cmd.Context(), opts) },
	}
	opts.addFlags(cmd.Flags())
	return cmd
}

func (a *app) runCheck(ctx context.Context, opts checkOptions) error {
	format, err := report.ParseFormat(opts.format)
	if err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	log, err := a.logger()
	if err != nil {
		return err
	}
	found := a.check(ctx, log)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	out, err := a.output(opts.output)
	if err != nil {
		return err
	}
	err = report.Checks(found).Write(out, format, opts.output == "" && a.colour(a.OutTerminal))
	return errors.Join(verdict(found), err, out.Close())
}

// verdict is an error that tells of the first check that failed.
func verdict(checks []report.Check) error {
	var first *report.Check
	failed := 0
	for i, c := range checks {
		if c.OK || c.Skipped {
			continue
		}
		if failed++; first == nil {
			first = &checks[i]
		}
	}
	switch failed {
	case 0:
		return nil
	case 1:
		return dirsync.WithHint(fmt.Errorf("a check failed: %s: %s", first.Name, first.Detail), first.Hint)
	}
	return dirsync.WithHint(fmt.Errorf("%d checks failed, the first is %s: %s", failed, first.Name, first.Detail), first.Hint)
}

const checkConfiguration = "configuration"

// check makes all checks. The directory, Duo and the state are looked at side by
// side.
func (a *app) check(ctx context.Context, log *logrus.Logger) []report.Check {
	var found findings
	loaded, err := a.load()
	if err != nil {
		found.fail(checkConfiguration, err, "correct what each line says; config.example.yaml shows every key with its default")
		return found.checks
	}
	cfg := &loaded.Config
	rules, err := rules(cfg)
	if err != nil {
		found.fail(checkConfiguration, err, "correct section sync")
		return found.checks
	}
	found.ok(checkConfiguration, "%s can be read", loaded.File)
	for _, warning := range loaded.Warnings {
		found.note(checkConfiguration, "put this right; it stops nothing", "%s", warning)
	}

	ldap := ldapCheck{config: cfg, rules: &rules, log: log}
	duo := duoCheck{config: cfg, log: log}
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
	return found.checks
}

// findings are checks in their order.
type findings struct{ checks []report.Check }

func (f *findings) ok(name, detail string, args ...any) { f.note(name, "", detail, args...) }

// note is a check that passed with something worth knowing.
func (f *findings) note(name, hint, detail string, args ...any) {
	f.checks = append(f.checks, report.Check{Name: name, OK: true, Detail: fmt.Sprintf(detail, args...), Hint: hint})
}

// fail is a check that failed. What to do is the error's own advice, else
// otherwise.
func (f *findings) fail(name string, err error, otherwise string) {
	hint := dirsync.Hint(err)
	if hint == "" {
		hint = otherwise
	}
	f.checks = append(f.checks, report.Check{Name: name, Detail: strings.ReplaceAll(err.Error(), "\n", "; "), Hint: hint})
}

// skip tells of checks that could not be made since another one failed.
func (f *findings) skip(failed string, names ...string) {
	for _, name := range names {
		f.checks = append(f.checks, report.Check{
			Name: name, Detail: "not checked: " + failed + " comes first", Hint: "put that right and check again", Skipped: true,
		})
	}
}

// quantity is a number with its word, in the singular or plural.
func quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// span is a length of time as one says it: the two largest units at most.
func span(d time.Duration) string {
	switch d = d.Abs(); {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%ds", int(d.Seconds()))
}
