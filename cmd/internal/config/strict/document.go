package strict

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// Document is what is known of a file that was read: where each value stands or comes
// from, and every problem. Values are named by their key paths, such as
// ldap.users.filter, and items of a list as in ldap.urls[1].
type Document struct {
	file string // as the caller named it, for messages
	dir  string // folder of the file, for relative paths

	marks    map[string]mark
	origins  map[string]string // by key path, where it is not the file's line
	bad      map[string]bool   // key paths that have a problem
	problems []Problem
	warnings []string
	plain    bool // the file holds a secret's text
}

// mark is where a value stands in the file.
type mark struct {
	line, column int
	foreign      bool // (also) text that does not stand in the file
	bare         bool // one value without quotes
}

// Err gives all problems as [Errors], or nil.
func (d *Document) Err() error {
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, compare)
	return Errors(d.problems)
}

// Warn adds a warning.
func (d *Document) Warn(format string, args ...any) {
	d.warnings = append(d.warnings, fmt.Sprintf(format, args...))
}

// Warnings are for the admin; they are no problems.
func (d *Document) Warnings() []string { return d.warnings }

// Check reports err at a key path that has no problem yet; nil is none.
func (d *Document) Check(path string, err error) {
	if err != nil && !d.Broken(path) {
		d.report(path, err)
	}
}

// Missing reports that a value is not there though its partner is.
func (d *Document) Missing(path, partner, hint string) {
	if d.Broken(path) {
		return
	}
	at := d.place(partner)
	name := partner[strings.LastIndexByte(partner, '.')+1:]
	d.reportAt(path, at.line, at.column, "is missing, though "+name+" is given", hint)
}

// Explain adds a library's reason to a message, unless the value came out of the
// environment or a file: reasons quote the value, and that could be a secret in
// the wrong place.
func (d *Document) Explain(path, msg string, reason error) error {
	if reason == nil {
		return nil
	}
	if d.Foreign(path) {
		return errors.New(msg)
	}
	return fmt.Errorf("%s: %w", msg, reason)
}

// report notes a problem at the place of a key path.
func (d *Document) report(path string, err error) {
	at := d.place(path)
	d.reportAt(path, at.line, at.column, err.Error(), dirsync.Hint(err))
}

func (d *Document) reportAt(path string, line, column int, msg, hint string) {
	d.bad[path] = true
	d.problems = append(d.problems, Problem{File: d.file, Line: line, Column: column, Key: path, Msg: msg, Hint: hint})
}

// place finds the nearest written thing: the value, its file twin, its section,
// the start of the file.
func (d *Document) place(path string) mark {
	for {
		if m, ok := d.marks[path]; ok {
			return m
		}
		if m, ok := d.marks[Twin(path)]; ok {
			return m
		}
		if path == "" {
			return mark{line: 1, column: 1}
		}
		path = parent(path)
	}
}

// Broken reports whether path, or a section that it is in, has a problem. "" is the
// file as a whole.
func (d *Document) Broken(path string) bool {
	for ; path != ""; path = parent(path) {
		if d.bad[path] {
			return true
		}
	}
	return d.bad[""]
}

// BrokenBelow reports whether there is a mistake at a path, above or below it.
func (d *Document) BrokenBelow(path string) bool {
	for at := range d.bad {
		if strings.HasPrefix(at, path+".") {
			return true
		}
	}
	return d.Broken(path)
}

// Written reports whether the file has a value, or the file of a secret.
func (d *Document) Written(path string) bool {
	_, ok := d.marks[path]
	return ok
}

// Foreign reports whether a value came, in part, out of the environment or a file.
func (d *Document) Foreign(path string) bool { return d.marks[path].foreign }

// CutAtCommas reports whether a list of texts is on one line and has several items, all
// without quotes: of one text with commas in it there are as many items as parts.
func (d *Document) CutAtCommas(path string, items int) bool {
	first := d.marks[Item(path, 0)]
	for i := range items {
		if m, written := d.marks[Item(path, i)]; !written || !m.bare || m.line != first.line {
			return false
		}
	}
	return items > 1
}

// Plain reports whether the text of a secret stands in the file itself.
func (d *Document) Plain() bool { return d.plain }

// Absolute gives a file's name from the folder of the document.
func (d *Document) Absolute(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(d.dir, path)
}

// Supply notes where a value comes from that the file leaves out.
func (d *Document) Supply(path, origin string) { d.origins[path] = origin }

// Source says where the value of a key path comes from: "config.yaml:12", "env NAME",
// "secret file /etc/duosync/bind_password", what Supply was told, or "default".
func (d *Document) Source(path string) string {
	if origin := d.origins[path]; origin != "" {
		return strings.Map(oneLine, origin)
	}
	if m, ok := d.marks[path]; ok {
		return fmt.Sprintf("%s:%d", strings.Map(oneLine, d.file), m.line)
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
