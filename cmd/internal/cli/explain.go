package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/expression"
)

type explainOptions struct{ format, output string }

func (o *explainOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.format, "format", string(report.Table), fmt.Sprintf("`FORM` of the answer: %v", report.Formats()))
	f.StringVar(&o.output, "output", "", "write the answer to this `FILE`")
}

func newExplainCommand(a *app) *cobra.Command {
	var opts explainOptions
	cmd := &cobra.Command{
		Use:   "explain USER",
		Short: "Tell all about one user: why in or out, what Duo holds, what the next run does",
		Long: `explain answers why a user is as it is: where the directory has it, which rule puts
it in or out of scope, each field before and after mapping, what duosync remembers,
what Duo holds now, what the next run does and why, what holds that back, and what
past runs did.

USER is one user by directory id, DN, mail address or username (before or after
mapping, or an alias), or by Duo username, alias or user id.

It makes the dry run that the next run would be: it reads the whole directory once,
and asks Duo. It changes nothing, takes no lock and can be used while a run is under
way.

Exit status: 0 the user was found somewhere; 1 nobody was found, or several people;
or not all could be found out.`,
		Example: `  duosync explain alice
  duosync explain alice@example.com --format markdown
  duosync explain uid=alice,ou=Users,dc=WSO2,dc=ORG --format json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runExplain(cmd.Context(), opts, args[0]) },
	}
	opts.addFlags(cmd.Flags())
	return cmd
}

func (a *app) runExplain(ctx context.Context, opts explainOptions, user string) error {
	format, err := report.ParseFormat(opts.format)
	if err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	if strings.TrimSpace(user) == "" {
		return dirsync.WithHint(errors.New("USER is empty"), "Give a directory id, a DN, a mail address, a username, or a Duo user id.")
	}
	loaded, err := a.load()
	if err != nil {
		return err
	}
	out, err := a.output(opts.output)
	if err != nil {
		return err
	}
	doc, err := a.explain(ctx, loaded, user)
	if ctx.Err() != nil {
		doc, err = nil, errors.New("interrupted")
	}
	if doc == nil && format == report.JSON {
		doc = report.NewExplanation(user)
		doc.Error = report.Explain(err)
	}
	if doc != nil {
		err = errors.Join(err, doc.Write(out, format, opts.output == "" && a.colour(a.OutTerminal)))
	}
	return errors.Join(err, out.Close())
}

// explainer finds all out about one user.
type explainer struct {
	*parts
	past  *past
	asked *asked
	x     *dirsync.Explanation
	doc   *report.Explanation

	// account is the Duo user who has USER as a name or id; nil: nobody.
	account *dirsync.Account
	duoErr  error // why Duo could not be asked for USER
}

// explain gives what is known of a user; nil where that is nothing. The error says
// why nobody is explained, or what could not be found out.
func (a *app) explain(ctx context.Context, loaded *config.Loaded, user string) (doc *report.Explanation, err error) {
	p, err := a.assemble(loaded)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := p.readMore(); err != nil {
		return nil, err
	}
	dsn := p.config.State.DSN.Reveal()
	past := &past{config: p.config, at: time.Now()}
	if past.holder, err = state.Holder(dsn); err != nil {
		return nil, err
	}
	if past.DB, err = state.OpenReadOnly(ctx, dsn); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, past.Close()) }()
	if err := past.Check(ctx, p.binding); err != nil {
		return nil, err
	}
	asked, err := newAsked(user, &p.rules)
	if err != nil {
		return nil, err
	}
	line := a.progress()
	defer line.Close()
	e := &explainer{parts: p, past: past, asked: asked, doc: report.NewExplanation(user)}
	e.doc.Warnings = append(e.doc.Warnings, past.Warnings()...)
	if err := e.search(ctx, line); err != nil {
		return nil, err
	}
	return e.answer(ctx)
}

// readMore has some more attributes read than the mapping needs: those by which
// people are asked for.
func (p *parts) readMore() error {
	wider := p.rules
	wider.Aliases = append([]dirsync.Expression{}, p.rules.Aliases...)
	for _, name := range append(loginAttributes(), mailAttribute) {
		e, err := expression.Parse(name)
		if err != nil {
			return err
		}
		wider.Aliases = append(wider.Aliases, e)
	}
	more, err := source(p.config, &wider, p.log)
	if err != nil {
		return err
	}
	err = p.source.Close()
	p.source = more
	return err
}
