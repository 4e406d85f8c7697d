package cli

import (
	"context"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/demo"
	dirsync "duosync/sync"
)

func newDemoCommand(a *app) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job on a built-in directory and a simulated Duo",
		Long: `demo runs the real thing, over real LDAP and real TLS, against a directory that looks
like WSO2 Identity Server's user store and a simulated Duo account, both built in. It
writes the JSON report of each stage into DIR and touches nothing else.

Exit status: 0 it went as told; 1 it did not.`,
		Example: `  duosync demo
  duosync demo --dir /tmp/duosync-demo`,
		Args: commandline.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context(), dir) },
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder for reports and configuration (default: a new temporary one)")
	return cmd
}

func (a *app) runDemo(ctx context.Context, dir string) error {
	return demo.Play(ctx, demo.Options{
		Dir: dir, Out: a.Out, Look: a.look(), Env: a.Env, Setup: a.setup,
		Watch: func() (dirsync.Observer, func()) {
			line := a.statusLine()
			return line, line.Close
		},
	})
}
