package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/explain"
	"duosync/cmd/internal/report/form"
	dirsync "duosync/sync"
)

// wantedUser says what a user can be named by.
const wantedUser = "Give a directory id, a DN, a mail address, a username, or a Duo user id."

func newExplainCommand(a *app) *cobra.Command {
	var opts formOptions
	cmd := &cobra.Command{
		Use:   "explain USER",
		Short: "Tell all about one user: why in or out, what Duo holds, what the next run does",
		Long: `explain answers why a user is as it is: where the directory has it, which rule puts it
in or out of scope, each field before and after mapping, what duosync remembers, what
Duo holds now, what the next run does and why, what holds that back, and what past runs
did. USER is one user by directory id, DN, mail address or username (before or after
mapping, an alias, or a former one), or by Duo username, alias or user id. It makes the
dry run that the next run would be, changes nothing and takes no lock.

Exit status: 0 the user was found somewhere; 1 nobody was found, or several people;
or not all could be found out.`,
		Example: `  duosync explain alice
  duosync explain uid=alice,ou=Users,dc=WSO2,dc=ORG --format json`,
		Args: commandline.One("USER", wantedUser),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runExplain(cmd.Context(), opts, args[0]) },
	}
	opts.addFlags(cmd.Flags(), "answer")
	return cmd
}

func (a *app) runExplain(ctx context.Context, opts formOptions, user string) error {
	if strings.TrimSpace(user) == "" {
		return dirsync.WithHint(errors.New("USER is empty"), wantedUser)
	}
	failed := func(err error) form.Renderer { return explain.Unknown(user, err) }
	return a.show(ctx, opts, failed, func(ctx context.Context, j *job) (form.Renderer, error) {
		doc, err := explain.User(ctx, j.Loaded, j.Setup, user, j.line)
		if ctx.Err() != nil {
			return nil, errors.New("interrupted")
		}
		return known(doc, err)
	})
}
