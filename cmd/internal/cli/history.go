package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	dirsync "duosync/sync"
)

func newHistoryCommand(a *app) *cobra.Command {
	var opts formOptions
	var limit int
	cmd := &cobra.Command{
		Use:   "history [RUN|last]",
		Short: "List past runs, or show one with each of its operations",
		Long: `history lists the runs that the state remembers (state.keep_history), newest first; dry
runs leave no trace there. With RUN, the id of a run, how it begins, or "last" for the
newest, it shows that run's report; of a run that was killed, what it had written down.
It needs state.dsn and nothing else of the configuration, changes nothing and can be
used while a run is under way.

Exit status: 0 shown; 1 there is no such run, or the state can't be read.`,
		Example: `  duosync history --limit 50
  duosync history last --format json`,
		Args:              commandline.AtMostOne("RUN"),
		ValidArgsFunction: a.completeRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 {
				return dirsync.WithHint(errors.New("--limit must be at least 1"), "Give a whole number, such as 20, or leave it out.")
			}
			if len(args) == 0 {
				return a.list(cmd.Context(), opts, func(err error) form.Renderer { return report.NoHistory(err) },
					func(ctx context.Context, _ *spot, m *past.Moment) (form.Renderer, error) {
						return known(m.History(ctx, limit))
					})
			}
			return a.list(cmd.Context(), opts, problem, func(ctx context.Context, _ *spot, m *past.Moment) (form.Renderer, error) {
				return m.Report(ctx, args[0])
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "show no more than `N` runs")
	opts.addFlags(cmd.Flags(), "list")
	a.stateFlag(cmd.Flags())
	return cmd
}

// completeTime is how long a shell waits for what an argument can be.
const completeTime = 2 * time.Second

// completeRun tells a shell the ids of past runs, each with what became of it. Where the
// state can't be read it tells none: a shell has no place for messages.
func (a *app) completeRun(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	if len(args) > 0 {
		return nil, none
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
	defer cancel()
	at, err := a.spot()
	if err != nil {
		return nil, none
	}
	m, err := past.Open(ctx, at.DSN)
	if err != nil {
		return nil, none
	}
	defer m.Close() //nolint:errcheck // nothing was written
	history, err := m.History(ctx, 20)
	if err != nil || len(history.Runs) == 0 {
		return nil, none
	}
	found := []cobra.Completion{cobra.CompletionWithDesc("last", "the newest")}
	for _, run := range history.Runs {
		found = append(found, cobra.CompletionWithDesc(run.RunID, run.Outcome))
	}
	return found, none | cobra.ShellCompDirectiveKeepOrder
}
