package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// licence is what a module in a program is given under.
type licence struct {
	path, version string
	names         []string // SPDX
	texts         []string // whole, notices included
}

// fileOf are the names of files with a licence or a notice.
var fileOf = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|unlicense)([-.].*)?$`)

// aboutOthers are the names of files that tell of other projects' licences.
var aboutOthers = regexp.MustCompile(`(?i)3rd|third`)

// licencesOf gives those of all modules in a program, Go's own library included. The modules
// must be in the module cache, as they are after a build.
func licencesOf(binary string) ([]licence, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output() //nolint:noctx // it answers at once
	if err != nil {
		return nil, err
	}
	all := []licence{{path: "std", version: info.GoVersion}}
	if err := all[0].read(strings.TrimSpace(string(root))); err != nil {
		return nil, err
	}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		found, err := exec.Command("go", "mod", "download", "-json", module.Path+"@"+module.Version).Output() //nolint:noctx,gosec // of our own program
		if err != nil {
			return nil, fmt.Errorf("%s: %w", module.Path, err)
		}
		var at struct{ Dir string }
		if err := json.Unmarshal(found, &at); err != nil {
			return nil, err
		}
		l := licence{path: module.Path, version: module.Version}
		if err := l.read(at.Dir); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// read reads the files of a module's folder. A module without a licence must not be shipped.
func (l *licence) read(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !fileOf.MatchString(entry.Name()) || entry.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		l.texts = append(l.texts, string(text))
		if aboutOthers.MatchString(entry.Name()) {
			continue // modules of their own, where they are part of the program
		}
		for _, match := range licensecheck.Scan(text).Match {
			if !match.IsURL && !slices.Contains(l.names, match.ID) {
				l.names = append(l.names, match.ID)
			}
		}
	}
	if len(l.names) == 0 {
		return fmt.Errorf("%s: no known licence in %s", l.path, dir)
	}
	return nil
}

// writeLicences writes a list of the modules with their licences, and then the texts.
func writeLicences(binary, path string) error {
	all, err := licencesOf(binary)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("duosync is given under the Apache License, Version 2.0; see LICENSE. It is built with these modules:\n\n")
	for _, l := range all {
		fmt.Fprintf(&out, "%s %s: %s\n", l.path, l.version, strings.Join(l.names, " AND "))
	}
	for _, l := range all {
		fmt.Fprintf(&out, "\n%s\n%s %s\n\n%s", strings.Repeat("=", 80), l.path, l.version, strings.Join(l.texts, "\n"))
	}
	return os.WriteFile(path, out.Bytes(), 0o644) //nolint:gosec // for everybody to read
}
