package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"duosync/cmd/internal/config/strict"
	"duosync/state/dsn"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Loaded is a checked configuration and where its values come from.
type Loaded struct {
	// Config holds the values, with presets filled in and paths made absolute.
	Config Config
	// File is the name of the configuration file, as it was given.
	File string
	// Warnings are for the admin; they don't keep duosync from running.
	Warnings []string

	doc *strict.Document
}

// Errors is everything that is wrong with a configuration file.
type Errors = strict.Errors

// UsualFile is where a configuration is found without being named.
const UsualFile = "/etc/duosync/config.yaml"

// Flags end a command in a shell so that it finds this configuration from any folder: a
// blank and --config with an absolute name, or nothing where the file is the usual one.
func (l *Loaded) Flags() string {
	file, err := filepath.Abs(l.File)
	if err != nil || file == UsualFile {
		return ""
	}
	return " --config " + printed.ShellWord(file)
}

// Load reads and checks the configuration file at path. env looks up
// environment variables, like [os.LookupEnv]. Mistakes in the file, and in the files of
// certificates that it names, are returned as [Errors].
func Load(path string, env func(string) (string, bool)) (*Loaded, error) {
	data, err := readConfiguration(path)
	if err != nil {
		return nil, err
	}
	loaded, _, _, err := parse(path, data, env, (*validator).validateFiles)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && loaded.doc.Plain() && strict.OpenToAll(info) {
		loaded.Warnings = append(loaded.Warnings,
			fmt.Sprintf("%s holds a secret and can be read by every account of this machine; run chmod o-r on it, or move the secret to a file of its own", path))
	}
	return loaded, nil
}

// Parse checks the text of a configuration file. name stands in messages, and
// its folder is where relative paths start; the file itself is not opened, only
// those that hold a secret (…_file). Mistakes are returned as [Errors].
func Parse(name string, data []byte, env func(string) (string, bool)) (*Loaded, error) {
	loaded, _, _, err := parse(name, data, env, noMore)
	return loaded, err
}

// parse gives beside the mistakes what could be read, with the defaults of all else, and
// what is known of the file; nil: it is no YAML. more is one more check in the end.
func parse(name string, data []byte, env func(string) (string, bool), more func(*validator, *Config)) (*Loaded, *Config, *strict.Document, error) {
	config, valid := Default(), &validator{}
	doc, err := strict.Read(name, data, &config, strict.Options{
		Env: env, Secretive: isSecret, Forms: map[string]strict.Form{"expression": valid.expression},
	})
	if err != nil {
		return nil, &config, nil, err
	}
	valid.Document = doc
	if !doc.Broken("") {
		fillPreset(doc, &config)
		fillDirectories(doc, &config)
		tidyFilters(&config)
		refuseUnbuilt(doc, &config)
		valid.validate(&config)
		more(valid, &config)
	}
	if err := doc.Err(); err != nil {
		return nil, &config, doc, err
	}
	config.State.DSN = absoluteDSN(doc, config.State.DSN)
	return &Loaded{Config: config, File: name, Warnings: doc.Warnings(), doc: doc}, &config, doc, nil
}

// absoluteDSN gives the name of a state's file from the folder of the document.
func absoluteDSN(doc *strict.Document, dsn Secret) Secret {
	if text := dsn.Reveal(); !isPostgres(text) {
		return NewSecret(doc.Absolute(text))
	}
	return dsn
}

// Show renders the effective configuration as YAML, each value with its origin
// as a comment. Secrets are hidden, but not the name of a file in state.dsn or a proxy
// without a password; everything else reads back as it is.
// Section ldap is left out where there are directories.
func Show(l *Loaded) []byte {
	return show(l, func(path string, s Secret) string {
		if mayBeShown(path, s.Reveal()) && !strings.HasPrefix(l.doc.Source(path), "secret file ") {
			return s.Reveal()
		}
		return s.String()
	})
}

func show(l *Loaded, secret func(path string, s Secret) string) []byte {
	return strict.Show(l.Config, l.doc.Source, secret, func(path string) bool {
		return path == "ldap" && len(l.Config.Directories) > 0
	})
}

// Place is where the state is: all that some commands need of a configuration.
type Place struct {
	DSN         Secret
	KeepHistory time.Duration
	// File is the name of the configuration file, as it was given.
	// Whole is the whole configuration; nil where something is wrong with it, as Mistakes
	// tell.
	Whole    *Loaded
	Mistakes []string
}

// LoadNotify reads of the configuration file at path how people are told. Whatever else is wrong
// with it is no error, and one of mistakes.
func LoadNotify(path string, env func(string) (string, bool)) (c *Config, mistakes []string, err error) {
	data, err := readConfiguration(path)
	if err != nil {
		return nil, nil, err
	}
	loaded, config, doc, err := parse(path, data, env, noMore)
	if err == nil {
		return &loaded.Config, loaded.Warnings, nil
	}
	problems, ok := errors.AsType[Errors](err)
	if doc == nil || !ok || doc.BrokenBelow("notify") {
		return nil, nil, err
	}
	for _, p := range problems {
		mistakes = append(mistakes, p.Error())
	}
	config.State.DSN = absoluteDSN(doc, config.State.DSN)
	return config, mistakes, nil
}

// LoadPlace reads of the configuration file at path where the state is. Whatever else is
// wrong with it is no error, as long as it can't be about that.
func LoadPlace(path string, env func(string) (string, bool)) (*Place, error) {
	data, err := readConfiguration(path)
	if err != nil {
		return nil, err
	}
	loaded, config, doc, err := parse(path, data, env, noMore)
	if err == nil {
		return &Place{DSN: loaded.Config.State.DSN, KeepHistory: loaded.Config.State.KeepHistory, Whole: loaded}, nil
	}
	if doc == nil { // it is no YAML: the section may be some, by itself
		alone, only := stateLines(data)
		if !only {
			return nil, noPlace(err)
		}
		var again error
		if _, config, doc, again = parse(path, alone, env, noMore); doc == nil {
			if again.Error() == err.Error() { // what is broken is that section
				again = nil
			}
			return nil, noPlace(errors.Join(err, again))
		}
		if !doc.Written("state.dsn") && !doc.Written(strict.Twin("state.dsn")) {
			return nil, noPlace(err)
		}
	}
	if doc.Broken("state.dsn") {
		return nil, noPlace(err)
	}
	place := &Place{DSN: absoluteDSN(doc, config.State.DSN), KeepHistory: config.State.KeepHistory}
	problems, ok := errors.AsType[Errors](err)
	if !ok {
		return nil, err
	}
	for _, p := range problems {
		place.Mistakes = append(place.Mistakes, p.Error())
	}
	return place, nil
}

func noPlace(err error) error {
	return dirsync.WithHint(fmt.Errorf("it can't be told where the state is:\n%w", err),
		"Mend state.dsn, or name the state itself with --state.")
}

// stateLines empties all lines of a file but those of its section state, so that what is
// left stands in its lines. only is false unless there is exactly one such section.
func stateLines(data []byte) (alone []byte, only bool) {
	lines := bytes.Split(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\n"))
	sections, within := 0, false
	for i, line := range lines {
		if begins := bytes.HasPrefix(line, []byte("state:")); begins || len(line) > 0 && !bytes.ContainsAny(line[:1], " #\r") {
			if within = begins; begins {
				sections++
			}
		}
		if !within {
			lines[i] = nil
		}
	}
	return bytes.Join(lines, []byte("\n")), sections == 1
}

// StateNamed gives the state that a command line names, as state.dsn would. It is refused
// where it holds a password: every account of a machine sees the command lines.
func StateNamed(text string) (string, error) {
	where, err := dsn.Parse(text)
	switch {
	case err != nil:
		return "", err
	case where.Server != nil && len(where.Server.Passwords()) > 0:
		return "", dirsync.WithHint(errors.New("holds a password, and every account of this machine can see the command line"),
			"Leave the password out, and give it in the variable PGPASSWORD or in ~/.pgpass.")
	case where.Server != nil:
		return text, nil
	}
	return where.Path()
}

// readConfiguration reads the file at path.
func readConfiguration(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err == nil {
		return strict.UTF8(data), nil
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, dirsync.WithHint(fmt.Errorf("read the configuration: %w", err), "run duosync as the account of its service (sudo -u duosync …), or give this one the right to read the file and to look into its folder")
	case errors.Is(err, syscall.EISDIR):
		return nil, dirsync.WithHint(fmt.Errorf("read the configuration: %w", err), "name the file in it with --config")
	}
	return nil, dirsync.WithHint(fmt.Errorf("read the configuration: %w", err), "name the file with --config, or write a first one with `duosync config init`")
}

// noMore is no further check.
func noMore(*validator, *Config) {}
