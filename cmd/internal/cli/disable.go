package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/byhand"
	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

type disableOptions struct{ reason string }

func newDisableCommand(a *app) *cobra.Command {
	var opts disableOptions
	cmd := &cobra.Command{
		Use:   "disable USER --reason TEXT",
		Short: "Disable an urgent leaver in Duo at once, and keep the user disabled",
		Long: `disable is for somebody who must not log in from now on, whatever the directory says: it
notes that in the state, looks at the user in Duo, and disables it. Until duosync
enable USER no run creates, enables, restores or takes over this user, or puts it into a
group. It needs neither the directory nor the lock, works while a run is held, paused or
under way, and no limit weighs it. USER is the username in Duo, the Duo user id or the
directory id of somebody who is duosync's own; while the state knows nobody, a Duo user
of exactly that name.

Exit status: 0 the user is disabled; 1 there is no such user, it is not duosync's own
or protected; or Duo could not be asked or has refused. The message says whether the
note was made; where it was, the next run disables the user.`,
		Example: `  duosync disable jdoe --reason "dismissed, ticket 4711"
  duosync disable DU1A2B3C4D5E6F7G8H9I --reason "phone stolen" --by ann`,
		Args: commandline.One("USER", "USER is the username in Duo, the Duo user id or the directory id."),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runDisable(cmd.Context(), args[0], opts) },
	}
	cmd.Flags().StringVar(&opts.reason, "reason", "", "`WHY`, for whoever meets the mark; required")
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}

func (a *app) runDisable(ctx context.Context, name string, opts disableOptions) error {
	if name = strings.TrimSpace(name); name == "" {
		return errors.New("USER is empty")
	}
	if strings.TrimSpace(opts.reason) == "" {
		return dirsync.WithHint(errors.New("--reason is missing"), `Say why, for whoever meets the mark later: --reason "dismissed, ticket 4711"`)
	}
	loaded, err := a.load()
	if err != nil {
		return err
	}
	setup, err := a.setup()
	if err != nil {
		return err
	}
	mark, err := byhand.Disable(ctx, &loaded.Config, setup, name, strings.TrimSpace(opts.reason))
	if mark != nil {
		_, failed := fmt.Fprintf(a.Out, "%s (%s) is disabled in Duo. No run lets this user in again until: %s\n", form.Clean(mark.Username), mark.User, form.Clean(printed.Command(a.flags, "enable", mark.Username)))
		err = errors.Join(err, failed)
	}
	return err
}

func newEnableCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "enable USER",
		Short: "Take back what duosync disable has noted; the next run decides",
		Long: `enable takes the mark of duosync disable away. It makes no call to Duo: the next run
enables the user, if the directory says so and no guard holds that. USER is the username
in Duo, the Duo user id or the directory id; duosync due lists the marks.

Exit status: 0 the mark is gone; 1 there was none.`,
		Example: `  duosync enable jdoe
  duosync enable DU1A2B3C4D5E6F7G8H9I --by ann`,
		Args: commandline.One("USER", "`duosync due` lists who is kept disabled."),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runEnable(cmd.Context(), args[0]) },
	}
	a.byFlag(cmd.Flags(), loggedIn)
	return cmd
}

func (a *app) runEnable(ctx context.Context, name string) error {
	loaded, err := a.load()
	if err != nil {
		return err
	}
	by, err := a.who()
	if err != nil {
		return err
	}
	mark, err := byhand.Enable(ctx, &loaded.Config, strings.TrimSpace(name), by)
	if mark != nil {
		_, failed := fmt.Fprintf(a.Out, "%s (%s) is no longer kept disabled. It was since %s, by %s: %s\nNothing was sent to Duo: the next run decides, by the directory.\n",
			form.Clean(mark.Username), mark.User, phrase.ShortTime(mark.Since), form.Clean(mark.By), form.Clean(mark.Reason))
		err = errors.Join(err, failed)
	}
	return err
}
