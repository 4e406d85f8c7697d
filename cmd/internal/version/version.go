// Package version says which duosync this is: its number, the commit it was made of, and when
// that was.
package version

import (
	_ "embed"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// file has the number of the version that these sources are, or become.
//
//go:embed VERSION
var file string

// What the build stamps (-X). Where it leaves something out, what Go noted of the repository
// stands in for it.
var (
	number = "" // in place of the file
	commit = ""
	date   = "" // of the commit, RFC 3339 or its day
)

// Number is the number of this version, such as 0.2.0.
func Number() string {
	if number != "" {
		return number
	}
	return strings.TrimSpace(file)
}

// Line is what duosync says of itself: number, commit, day of the commit, Go, system. What is
// not known is left out.
func Line() string { return line(Number(), source(commit, date, debug.ReadBuildInfo)) }

func line(number string, source []string) string {
	parts := append(source, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	return fmt.Sprintf("duosync %s (%s)\n", number, strings.Join(parts, ", "))
}

// source tells of what sources the program was made: the commit and its day.
func source(commit, date string, read func() (*debug.BuildInfo, bool)) []string {
	changed := ""
	if commit == "" {
		info, ok := read()
		if !ok {
			return nil
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = s.Value
			case "vcs.time":
				date = s.Value
			case "vcs.modified":
				if s.Value == "true" {
					changed = " and changes"
				}
			}
		}
	}
	if commit == "" {
		return nil
	}
	if len(commit) == 40 { // all of it
		commit = commit[:12]
	}
	parts := []string{"commit " + commit + changed}
	if at, err := time.Parse(time.RFC3339, date); err == nil {
		date = at.UTC().Format(time.DateOnly)
	}
	if date != "" {
		parts = append(parts, date)
	}
	return parts
}
