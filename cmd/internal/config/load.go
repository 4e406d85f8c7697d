package config

import (
	"fmt"
	"os"
	"path/filepath"

	"duosync/cmd/internal/config/strict"
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

	doc *strict.Document
}

// Errors is everything that is wrong with a configuration file.
type Errors = strict.Errors

// usualFile is where a configuration is found without being named.
const usualFile = "/etc/duosync/config.yaml"

// Flags end a command in a shell so that it finds this configuration from any folder: a
// blank and --config with an absolute name, or nothing where the file is the usual one.
func (l *Loaded) Flags() string {
	file, err := filepath.Abs(l.File)
	if err != nil || file == usualFile {
		return ""
	}
	return " --config " + dirsync.ShellWord(file)
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
	loaded, err := Parse(path, data, env)
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
	config, valid := Default(), &validator{}
	doc, err := strict.Read(name, data, &config, strict.Options{
		Env: env, Secretive: isSecret, Forms: map[string]strict.Form{"expression": valid.expression},
	})
	if err != nil {
		return nil, err
	}
	valid.Document = doc
	if !doc.Broken("") {
		fillPreset(doc, &config)
		fillDirectories(doc, &config)
		refuseUnbuilt(doc, &config)
		valid.validate(&config)
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	if dsn := config.State.DSN.Reveal(); !isPostgres(dsn) {
		config.State.DSN = NewSecret(doc.Absolute(dsn))
	}
	return &Loaded{Config: config, File: name, Warnings: doc.Warnings(), doc: doc}, nil
}

// Show renders the effective configuration as YAML, each value with its origin
// as a comment. Secrets are hidden; everything else reads back as it is.
// Section ldap is left out where there are directories.
func Show(l *Loaded) []byte {
	return show(l, Secret.String)
}

func show(l *Loaded, secret func(Secret) string) []byte {
	return strict.Show(l.Config, l.doc.Source, secret, func(path string) bool {
		return path == "ldap" && len(l.Config.Directories) > 0
	})
}
