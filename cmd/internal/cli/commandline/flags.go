package commandline

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duosync/cmd/internal/config/strict"
	dirsync "duosync/sync"
)

// FlagError says what is wrong with the flags of a command, in place of pflag's words.
func FlagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(cmd, unknown)
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return dirsync.WithHint(fmt.Errorf("--%s needs a value", missing.GetFlag().Name), usageOf(missing.GetFlag()))
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return invalidValue(invalid)
	}
	return dirsync.WithHint(err, seeHelp(cmd))
}

func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	name, written := unknown.GetSpecifiedName(), "--"+unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); short != "" { // -dry-run
		name, written = short, "-"+short
	}
	var names []string
	add := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	slices.Sort(names)
	hint := seeHelp(cmd)
	if near := dirsync.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("Did you mean --%s? ", near) + hint
	}
	return dirsync.WithHint(fmt.Errorf("%s has no flag %s", cmd.CommandPath(), written), hint)
}

// invalidValue says what a flag takes. Values of our own say it themselves.
func invalidValue(invalid *pflag.InvalidValueError) error {
	flag, given := invalid.GetFlag(), dirsync.Quote(invalid.GetValue())
	switch flag.Value.Type() {
	case "int":
		return dirsync.WithHint(fmt.Errorf("--%s must be a whole number, not %s", flag.Name, given), fmt.Sprintf("Write --%s %s, say.", flag.Name, flag.DefValue))
	case "bool":
		return dirsync.WithHint(fmt.Errorf("--%s is true or false, not %s", flag.Name, given), fmt.Sprintf("Write --%s alone for true.", flag.Name))
	}
	err := invalid.Unwrap()
	return dirsync.WithHint(fmt.Errorf("--%s %w, not %s", flag.Name, err, given), dirsync.Hint(err))
}

// swallowed tells of a flag whose value was forgotten, and that has the next flag for it.
func swallowed(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if several, ok := f.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, value := range values {
			name, isFlag := strings.CutPrefix(value, "--")
			name, _, _ = strings.Cut(name, "=")
			if isFlag && name != "" && cmd.Flag(name) != nil {
				err = dirsync.WithHint(fmt.Errorf("--%s needs a value, and was given %s for it", f.Name, value), usageOf(f))
			}
		}
	})
	return err
}

func usageOf(f *pflag.Flag) string {
	name, usage := pflag.UnquoteUsage(f)
	return fmt.Sprintf("--%s %s: %s", f.Name, name, usage)
}

// RefuseEmpty refuses flags that are given and empty: an unset variable in somebody's script
// must not turn a run for one person into one for all.
func RefuseEmpty(flags *pflag.FlagSet, except ...string) error {
	var err error
	flags.Visit(func(f *pflag.Flag) {
		var values []string
		switch v := f.Value.(type) {
		case pflag.SliceValue:
			values = v.GetSlice()
		default:
			if f.Value.Type() == "string" {
				values = []string{f.Value.String()}
			}
		}
		if slices.Contains(values, "") && !slices.Contains(except, f.Name) {
			err = dirsync.WithHint(fmt.Errorf("--%s is empty", f.Name), "Leave it out, or give it a value.")
		}
	})
	return err
}

// Duration is a flag's value as the configuration writes durations: 30s, 24h, 30d.
func Duration(p *time.Duration, value time.Duration) pflag.Value {
	*p = value
	return (*duration)(p)
}

type duration time.Duration

func (d *duration) Set(text string) error {
	parsed, err := strict.ParseDuration(text)
	*d = duration(parsed)
	return err
}

func (d *duration) Type() string { return "duration" }

func (d *duration) String() string { return strict.DurationText(time.Duration(*d)) }

// Exclusive refuses two flags that are given together.
func Exclusive(cmd *cobra.Command, one, other string) error {
	if cmd.Flags().Changed(one) && cmd.Flags().Changed(other) {
		return dirsync.WithHint(fmt.Errorf("--%s and --%s do not go together", one, other), "Give one of them.")
	}
	return nil
}

// maxNames is the size in bytes above which a file is taken to be no list of names.
const maxNames = 16 << 20

// NamesIn reads a file of usernames, one a line. Blank lines do not count.
func NamesIn(path string) ([]string, error) {
	info, err := os.Stat(path)
	var data []byte
	switch {
	case err == nil && info.Size() > maxNames:
		err = fmt.Errorf("%s is too large for a list of usernames", path)
	case err == nil:
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, dirsync.WithHint(err, "Name a file that has one username a line.")
	}
	var names []string
	for line := range strings.Lines(strings.TrimPrefix(string(strict.UTF8(data)), "\ufeff")) {
		if name := strings.TrimSpace(line); name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, dirsync.WithHint(fmt.Errorf("%s has no username in it", path), "Write one username a line.")
	}
	return names, nil
}
