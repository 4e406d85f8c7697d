package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	dirsync "duosync/sync"
)

// one wants exactly one argument, by its name in the usage line. hint says what to give.
func one(name, hint string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return dirsync.WithHint(fmt.Errorf("%s is missing: `duosync %s`", name, cmd.Use), hint)
		}
		return atMostOne(name)(cmd, args)
	}
}

// atMostOne wants one argument or none.
func atMostOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= 1 {
			return nil
		}
		words := make([]string, len(args))
		for i, arg := range args {
			words[i] = dirsync.Quote(arg)
		}
		return dirsync.WithHint(fmt.Errorf("one %s is wanted, not %d: %s", name, len(args), strings.Join(words, ", ")),
			"Give them one by one: `duosync "+cmd.Use+"`. What has blanks in it needs quotes around it.")
	}
}
