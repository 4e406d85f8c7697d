package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sirupsen/logrus"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/cli/statusline"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/version"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Stdio is the world around a command.
type Stdio struct {
	In       io.Reader // nil: the process's
	Out, Err io.Writer
	Env      func(name string) (string, bool)
	// OutTerminal and ErrTerminal report whether a person looks at them.
	OutTerminal, ErrTerminal bool
	// OutWidth gives the columns of the terminal that Out is, 0 where it does not tell; nil: none is.
	OutWidth func() int

	own bool // the command has the process for itself
}

// Process gives this process's own world.
func Process() Stdio {
	return Stdio{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv,
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		own:         true,
		OutWidth:    func() int { width, _, _ := term.GetSize(int(os.Stdout.Fd())); return width },
	}
}

// app is what all commands share.
type app struct {
	Stdio
	configPath string
	state      string // as --state names it; see spot
	logLevel   string
	logFormat  string
	by         string      // who asks, as --by names it; see who
	command    string      // that was given, without duosync
	flags      string      // of commands that are printed, once the configuration is read; see printed.Command
	timing     wire.Timing // zero; tests have others
}

// load reads the configuration.
func (a *app) load() (*config.Loaded, error) {
	path, err := a.configFile()
	if err != nil {
		return nil, err
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

// namedConfig gives the configuration that somebody has named, with --config or
// DUOSYNC_CONFIG; "": nobody has.
func (a *app) namedConfig() string {
	if a.configPath != "" {
		return a.configPath
	}
	path, _ := a.Env("DUOSYNC_CONFIG")
	return path
}

// configFile finds the configuration: the one that is named, else the first of the usual
// places.
func (a *app) configFile() (string, error) {
	if path := a.namedConfig(); path != "" {
		return path, nil
	}
	places := []string{"config.yaml", config.UsualFile}
	for _, place := range places {
		_, err := os.Stat(place)
		// A folder of somebody else's that can't be looked into, such as /root after runuser, has none.
		unseen := errors.Is(err, fs.ErrPermission) && !filepath.IsAbs(place)
		if !errors.Is(err, fs.ErrNotExist) && !unseen {
			return place, nil
		}
	}
	return "", dirsync.WithHint(fmt.Errorf("there is no configuration: none of %v exists", places),
		"Begin one with `duosync config init` and fill it in, or name a file with --config.")
}

// spot is the state that a command works on which needs nothing else.
type spot struct {
	wire.Spot
	config *config.Config // nil: it is not there, or has mistakes
}

// stateFlag adds --state to a command that needs the state alone.
func (a *app) stateFlag(f *pflag.FlagSet) {
	f.StringVar(&a.state, "state", "", "the state itself, as state.dsn has it (`DSN`), where no configuration tells it")
}

// spot finds the state: what --state names, else state.dsn of the configuration. Whatever
// else is wrong with the configuration is a warning.
func (a *app) spot() (*spot, error) {
	log, err := a.logger()
	if err != nil {
		return nil, err
	}
	s := &spot{Spot: wire.Spot{KeepHistory: config.Default().State.KeepHistory, Existing: true}}
	if a.state != "" {
		if s.DSN, err = config.StateNamed(a.state); err != nil {
			return nil, fmt.Errorf("--state: %w", err)
		}
	}
	path := a.namedConfig()
	if a.state == "" {
		if path, err = a.configFile(); err != nil {
			return nil, unplaced(err)
		}
	}
	if path != "" {
		a.flags = (&config.Loaded{File: path}).Flags()
		switch err := a.place(s, path, log); {
		case err == nil:
		case a.state != "":
			log.Warn(a.command + " goes on with --state alone: " + err.Error())
		case errors.Is(err, fs.ErrNotExist):
			return nil, unplaced(err)
		default:
			return nil, err
		}
	}
	if a.state != "" {
		a.flags += printed.StateFlag(s.DSN)
	}
	return s, nil
}

// unplaced has the advice that helps whoever looks for a state that is there, in place of
// that to begin a configuration.
func unplaced(err error) error {
	return dirsync.WithHint(errors.New(err.Error()), "Name the configuration with --config, or the state itself with --state.")
}

// place takes from a configuration what it tells of the state.
func (a *app) place(s *spot, path string, log *logrus.Logger) error {
	place, err := config.LoadPlace(path, a.Env)
	if err != nil {
		return err
	}
	warnings := place.Mistakes
	if whole := place.Whole; whole != nil {
		binding := wire.BindingOf(&whole.Config)
		s.config, s.Binding = &whole.Config, &binding
		warnings = whole.Warnings
	}
	if a.state == "" {
		s.DSN, s.KeepHistory = place.DSN.Reveal(), place.KeepHistory
	}
	alone := "state.dsn"
	if a.state != "" {
		alone = "--state"
	}
	for _, warning := range warnings {
		if place.Whole == nil {
			warning = a.command + " goes on with " + alone + " alone: " + warning
		}
		log.Warn(warning)
	}
	return nil
}

// setup gives what the parts of a run need besides the configuration.
func (a *app) setup() (wire.Setup, error) {
	log, err := a.logger()
	if err != nil {
		return wire.Setup{}, err
	}
	by, err := a.who()
	return wire.Setup{Log: log, Version: version.Number(), By: by, Command: a.command, Timing: a.timing}, err
}

// logger makes the one logger of a command.
func (a *app) logger() (*logrus.Logger, error) {
	log := logrus.New()
	log.SetOutput(a.Err)
	level, err := logrus.ParseLevel(a.logLevel)
	if err != nil {
		return nil, fmt.Errorf("--log-level: %w", commandline.Unknown("level", a.logLevel, []string{"error", "warning", "info", "debug"}))
	}
	log.SetLevel(level)
	switch a.logFormat {
	case "text":
		coloured := a.colour(a.ErrTerminal)
		log.SetFormatter(&harmless{Formatter: &logrus.TextFormatter{ForceColors: coloured, DisableColors: !coloured, FullTimestamp: true}, coloured: coloured})
	case "json":
		log.SetFormatter(&harmless{Formatter: &logrus.JSONFormatter{}})
	default:
		return nil, fmt.Errorf("--log-format: %w", commandline.Unknown("format", a.logFormat, []string{"text", "json"}))
	}
	return log, nil
}

// harmless is a form of messages in which no text from outside reaches a terminal as more than
// text. In JSON a character that is shown so is the same one.
type harmless struct {
	logrus.Formatter
	coloured bool // it has escapes of its own, and quotes all but the message
}

// Format implements logrus.Formatter.
func (f *harmless) Format(e *logrus.Entry) ([]byte, error) {
	if f.coloured {
		clean := *e
		clean.Message = form.CleanLines(e.Message)
		return f.Formatter.Format(&clean)
	}
	line, err := f.Formatter.Format(e)
	return []byte(form.CleanLines(string(line))), err
}

// colour reports whether output to a terminal is coloured (no-color.org).
func (a *app) colour(terminal bool) bool {
	value, set := a.Env("NO_COLOR")
	kind, _ := a.Env("TERM")
	return terminal && (!set || value == "") && kind != "dumb"
}

// look gives how the table looks on standard output.
func (a *app) look() form.Look {
	look := form.Look{Colour: a.colour(a.OutTerminal)}
	if a.OutTerminal && a.OutWidth != nil {
		look.Width = a.OutWidth()
	}
	look.Drawn = look.Width > 0 && a.unicode()
	return look
}

// unicode reports whether a terminal shows characters beyond ASCII, by the locale (locale(7)).
func (a *app) unicode() bool {
	if kind, _ := a.Env("TERM"); kind == "dumb" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale, _ := a.Env(name); locale != "" {
			_, charset, _ := strings.Cut(strings.ToLower(locale), ".")
			charset, _, _ = strings.Cut(charset, "@")
			return charset == "utf-8" || charset == "utf8"
		}
	}
	return false
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
