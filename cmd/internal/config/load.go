package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	dirsync "duosync/sync"
)

// Loaded is a checked configuration and where its values come from.
type Loaded struct {
	// Config holds the values, with presets filled in and paths made absolute.
	Config Config
	// File is the name of the configuration file, as it was given.
	File string
	// Warnings are for the admin; they don't keep duosync from running.
	Warnings []string

	marks   map[string]mark
	origins map[string]string
}

// usualFile is where a configuration is found without being named.
const usualFile = "/etc/duosync/config.yaml"

// Flags end a command in a shell so that it finds this configuration from any folder: a
// blank and --config with an absolute name, or nothing where the file is the usual one.
func (l *Loaded) Flags() string {
	file, err := filepath.Abs(l.File)
	if err != nil || file == usualFile {
		return ""
	}
	if strings.ContainsFunc(file, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+:@%", r)
	}) {
		file = "'" + strings.ReplaceAll(file, "'", `'\''`) + "'"
	}
	return " --config " + file
}

// Load reads and checks the configuration file at path. env looks up
// environment variables, like [os.LookupEnv]. Mistakes in the file are returned
// as [Errors].
func Load(path string, env func(string) (string, bool)) (*Loaded, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, dirsync.WithHint(fmt.Errorf("read the configuration: %w", err),
			"name the file with --config, or write a first one with `duosync config init`")
	}
	loaded, plain, err := parse(path, data, env)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && plain && readableByAll(info) {
		loaded.Warnings = append(loaded.Warnings,
			fmt.Sprintf("%s holds a secret and can be read by every account of this machine; run chmod o-r on it, or move the secret to a file of its own", path))
	}
	return loaded, nil
}

// Parse checks the text of a configuration file. name stands in messages, and
// its folder is where relative paths start; the file itself is not opened, only
// those that hold a secret (…_file). Mistakes are returned as [Errors].
func Parse(name string, data []byte, env func(string) (string, bool)) (*Loaded, error) {
	loaded, _, err := parse(name, data, env)
	return loaded, err
}

// parse is Parse, and says whether a secret stands in the text itself.
func parse(name string, data []byte, env func(string) (string, bool)) (l *Loaded, plain bool, err error) {
	absolute, err := filepath.Abs(name)
	if err != nil {
		return nil, false, fmt.Errorf("find the folder of %s: %w", name, err)
	}
	tree, problem := parseYAML(name, data)
	if problem != nil {
		return nil, false, Errors{*problem}
	}
	r := &reader{
		file: name, dir: filepath.Dir(absolute), lines: strings.Split(string(data), "\n"), env: env,
		marks: make(map[string]mark), origins: make(map[string]string), bad: make(map[string]bool),
	}
	c := Default()
	if tree != nil {
		r.root(tree, &c)
	}
	if !r.bad[""] {
		r.fill(&c)
		r.refuseUnbuilt(&c)
		r.validate(&c)
	}
	if len(r.problems) > 0 {
		sortProblems(r.problems)
		return nil, false, Errors(r.problems)
	}
	if dsn := c.State.DSN.Reveal(); !isPostgres(dsn) {
		c.State.DSN = NewSecret(r.absolute(dsn))
	}
	return &Loaded{Config: c, File: name, Warnings: r.warnings, marks: r.marks, origins: r.origins}, r.plain, nil
}

// root reads the whole file, which is a section like any other.
func (r *reader) root(n *yaml.Node, c *Config) {
	v := reflect.ValueOf(c).Elem()
	r.value("", n, v, field{typ: v.Type()})
}

// absolute gives a file's name from the folder of the configuration file.
func (r *reader) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.dir, path)
}

// Source says where the value of a key path such as ldap.bind_password comes
// from: "default", "preset wso2is", "config.yaml:12", "env NAME" or "secret file
// /etc/duosync/bind_password". A path that is no key gives "".
func (l *Loaded) Source(path string) string {
	if !slices.Contains(allLeaves(), path) {
		return ""
	}
	return l.source(path)
}

func (l *Loaded) source(path string) string {
	if origin := l.origins[path]; origin != "" {
		return strings.Map(oneLine, origin)
	}
	if m, ok := l.marks[path]; ok {
		return fmt.Sprintf("%s:%d", strings.Map(oneLine, l.File), m.line)
	}
	return "default"
}

// oneLine keeps a file's name from leaving its comment.
func oneLine(r rune) rune {
	if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
		return '?'
	}
	return r
}
