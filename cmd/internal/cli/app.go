package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"duosync/cmd/internal/cli/statusline"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
)

// Stdio is the world around a command.
type Stdio struct {
	In       io.Reader // nil: the process's
	Out, Err io.Writer
	Env      func(name string) (string, bool)
	// OutTerminal and ErrTerminal report whether a person looks at them.
	OutTerminal, ErrTerminal bool

	own bool // the command has the process for itself
}

// Process gives this process's own world.
func Process() Stdio {
	return Stdio{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv,
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		own:         true,
	}
}

// app is what all commands share.
type app struct {
	Stdio
	configPath string
	logLevel   string
	logFormat  string
	by         string      // who asks, as --by names it; see who
	command    string      // that was given, without duosync
	flags      string      // of commands that are printed, once the configuration is read; see dirsync.Command
	timing     wire.Timing // zero; tests have others
}

// load reads the configuration: --config, else DUOSYNC_CONFIG, else the first
// of the usual places.
func (a *app) load() (*config.Loaded, error) {
	path := a.configPath
	if path == "" {
		path, _ = a.Env("DUOSYNC_CONFIG")
	}
	if path == "" {
		places := []string{"config.yaml", "/etc/duosync/config.yaml"}
		for _, place := range places {
			if _, err := os.Stat(place); !errors.Is(err, fs.ErrNotExist) {
				path = place
				break
			}
		}
		if path == "" {
			return nil, dirsync.WithHint(fmt.Errorf("there is no configuration: none of %v exists", places),
				"Begin one with `duosync config init` and fill it in, or name a file with --config.")
		}
	}
	loaded, err := config.Load(path, a.Env)
	if err != nil {
		return nil, err
	}
	a.flags = loaded.Flags()
	log, err := a.logger()
	if err != nil {
		return nil, err
	}
	for _, warning := range loaded.Warnings {
		log.Warn(warning)
	}
	return loaded, nil
}

// setup gives what the parts of a run need besides the configuration.
func (a *app) setup() (wire.Setup, error) {
	log, err := a.logger()
	if err != nil {
		return wire.Setup{}, err
	}
	by, err := a.who()
	return wire.Setup{Log: log, Version: Version(), By: by, Command: a.command, Timing: a.timing}, err
}

// logger makes the one logger of a command.
func (a *app) logger() (*logrus.Logger, error) {
	log := logrus.New()
	log.SetOutput(a.Err)
	level, err := logrus.ParseLevel(a.logLevel)
	if err != nil {
		return nil, fmt.Errorf("--log-level: there is no level %q; there are error, warning, info and debug", a.logLevel)
	}
	log.SetLevel(level)
	switch a.logFormat {
	case "text":
		log.SetFormatter(&logrus.TextFormatter{DisableColors: !a.colour(a.ErrTerminal), FullTimestamp: true})
	case "json":
		log.SetFormatter(&logrus.JSONFormatter{})
	default:
		return nil, fmt.Errorf("--log-format: there is no format %q; there are text and json", a.logFormat)
	}
	return log, nil
}

// colour reports whether output to a terminal is coloured (no-color.org).
func (a *app) colour(terminal bool) bool {
	value, set := a.Env("NO_COLOR")
	kind, _ := a.Env("TERM")
	return terminal && (!set || value == "") && kind != "dumb"
}

// statusLine begins a status line, which is silent unless somebody looks at it.
func (a *app) statusLine() *statusline.Line {
	if !a.ErrTerminal {
		return statusline.New(nil)
	}
	return statusline.New(a.Err)
}

// Who asks where nobody is named: of the commands, and of the runs on a schedule.
const (
	loggedIn  = "the login name"
	scheduled = "schedule"
)

// byFlag adds the name of who asks to a command that changes something, or makes a run.
func (a *app) byFlag(f *pflag.FlagSet, otherwise string) {
	f.StringVar(&a.by, "by", "", fmt.Sprintf("`NAME` of who asks for it (default: %s)", otherwise))
}

// mostBy is how many characters a name has at most: it stands in lines of reports.
const mostBy = 100

// who gives the name of who asks: what --by says, else the login name.
func (a *app) who() (string, error) {
	if a.by == "" {
		return a.loginName(), nil
	}
	by := strings.TrimSpace(a.by)
	if by == "" || utf8.RuneCountInString(by) > mostBy || strings.ContainsFunc(by, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", dirsync.WithHint(errors.New("--by is no name"), fmt.Sprintf("Give the name of a person or job, of %d characters at most, in one line.", mostBy))
	}
	return by, nil
}

// loginName gives who is logged in, as far as this machine knows: whoever used sudo, the
// name of this user, or its number where it has none, as in a container.
func (a *app) loginName() string {
	if name, set := a.Env("SUDO_USER"); set && name != "" {
		return name
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}

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
