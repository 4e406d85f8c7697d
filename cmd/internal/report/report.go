// Package report renders a run for people and for scripts. The JSON form is an
// interface: its words and keys are kept.
package report

import (
	"fmt"
	"io"
	"slices"

	dirsync "duosync/sync"
)

// Format is a form of a report.
type Format string

// The forms that can be asked for with --format.
const (
	Table Format = "table"
	JSON  Format = "json"
)

// Formats lists the forms.
func Formats() []Format { return []Format{Table, JSON} }

// ParseFormat reads a form's name.
func ParseFormat(name string) (Format, error) {
	if f := Format(name); slices.Contains(Formats(), f) {
		return f, nil
	}
	return "", fmt.Errorf("there is no format %q; there are %v", name, Formats())
}

// Write renders a run.
func Write(w io.Writer, run *dirsync.Run, format Format, colour bool) error {
	if format == JSON {
		data, err := Encode(run)
		if err != nil {
			return err
		}
		_, err = w.Write(append(data, '\n'))
		return err
	}
	return table(w, run, colour)
}
