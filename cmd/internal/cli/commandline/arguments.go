// Package commandline reads what people type after duosync, and says in plain words what
// is wrong with it: arguments, flags and their values, commands that there are not and
// those that were meant.
package commandline

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	dirsync "duosync/sync"
)

// None wants no argument.
func None(cmd *cobra.Command, args []string) error {
	if err := swallowed(cmd); err != nil {
		return err
	}
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return unknownCommand(cmd, args[0])
	}
	return dirsync.WithHint(fmt.Errorf("%s takes no argument, and was given %s", cmd.CommandPath(), quoted(args)), seeHelp(cmd))
}

// One wants exactly one argument, by its name in the usage line. hint says what to give.
func One(name, hint string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := swallowed(cmd); err != nil {
			return err
		}
		if len(args) == 0 {
			return dirsync.WithHint(fmt.Errorf("%s is missing: `duosync %s`", name, cmd.Use), hint)
		}
		return AtMostOne(name)(cmd, args)
	}
}

// AtMostOne wants one argument or none.
func AtMostOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := swallowed(cmd); err != nil {
			return err
		}
		if len(args) <= 1 {
			return nil
		}
		return dirsync.WithHint(fmt.Errorf("one %s is wanted, not %d: %s", name, len(args), quoted(args)),
			"Give them one by one. What has blanks in it needs quotes around it.")
	}
}

func quoted(args []string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = dirsync.Quote(arg)
	}
	return strings.Join(words, ", ")
}

// Find gives the command that args mean, and an error for one that there is not.
func Find(root *cobra.Command, args []string) (*cobra.Command, error) {
	cmd, rest, err := root.Find(args)
	if err != nil {
		return nil, unknownCommand(root, firstWord(root, args))
	}
	if words := wordsOf(cmd, rest); cmd.HasSubCommands() && len(words) > 0 {
		return nil, unknownCommand(cmd, words[0])
	}
	return cmd, nil
}

// firstWord gives the first of args that is neither a flag nor the value of one.
func firstWord(cmd *cobra.Command, args []string) string {
	if words := wordsOf(cmd, args); len(words) > 0 {
		return words[0]
	}
	return ""
}

// wordsOf gives those of args that are neither flags nor their values.
func wordsOf(cmd *cobra.Command, args []string) (words []string) {
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "--")
		switch {
		case !isFlag && !strings.HasPrefix(args[i], "-"):
			words = append(words, args[i])
		case isFlag && name == "":
			return append(words, args[i+1:]...)
		case isFlag && !strings.Contains(name, "="):
			if f := cmd.Flag(name); f != nil && f.NoOptDefVal == "" {
				i++ // its value
			}
		}
	}
	return words
}

func unknownCommand(parent *cobra.Command, name string) error {
	var names []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			names = append(names, c.Name())
		}
	}
	hint := seeHelp(parent)
	if near := dirsync.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("Did you mean `%s %s`? ", parent.CommandPath(), near) + hint
	}
	return dirsync.WithHint(fmt.Errorf("there is no command %s of %s", dirsync.Quote(name), parent.CommandPath()), hint)
}

// Unknown says that there is no such one of a kind, such as a format, and which there are.
func Unknown[S ~string](kind, given string, there []S) error {
	names := make([]string, len(there))
	for i, name := range there {
		names[i] = string(name)
	}
	hint := "There are " + strings.Join(names, ", ") + "."
	if near := dirsync.Nearest(given, names); near != "" {
		hint = fmt.Sprintf("Did you mean %s? ", near) + hint
	}
	return dirsync.WithHint(fmt.Errorf("there is no %s %s", kind, dirsync.Quote(given)), hint)
}

// seeHelp says where a command is described. It stands without backticks: help needs no
// configuration.
func seeHelp(cmd *cobra.Command) string { return "See: " + cmd.CommandPath() + " --help" }
