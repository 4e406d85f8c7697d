// Package form gives a document the forms that can be asked for with --format, of which
// form.go has the one list. It knows nothing of what the document is about, and makes every
// text in it harmless.
package form

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// Format is a form of a document.
type Format string

// The forms that can be asked for with --format.
const (
	Table    Format = "table"    // plain text for a terminal or a mail, up to 79 columns wide
	JSON     Format = "json"     // one object
	Markdown Format = "markdown" // CommonMark with GitHub's tables
	HTML     Format = "html"     // one page that needs nothing else
	CSV      Format = "csv"      // RFC 4180, UTF-8, with a header
)

// Renderer is a document in any form. Only the table is ever coloured.
type Renderer interface {
	Write(out io.Writer, format Format, colour bool) error
}

// Content is what a document has to say. Its JSON form is the document itself, as an
// object; all other forms are made of a page or a sheet.
type Content interface {
	Page() *Page   // for people
	Sheet() *Sheet // for spreadsheets
}

// A writer renders a document in one form. Only the table is ever coloured.
type writer func(out io.Writer, c Content, colour bool) error

// writers has an entry for each form, in the order in which they are told.
var writers = []struct {
	format Format
	write  writer
}{
	{Table, func(out io.Writer, c Content, colour bool) error { return writeText(out, c.Page(), painter{colour}) }},
	{JSON, func(out io.Writer, c Content, _ bool) error { return WriteJSON(out, c) }},
	{Markdown, func(out io.Writer, c Content, _ bool) error { return writeMarkdown(out, c.Page()) }},
	{HTML, func(out io.Writer, c Content, _ bool) error { return writeHTML(out, c.Page()) }},
	{CSV, func(out io.Writer, c Content, _ bool) error { return writeCSV(out, c.Sheet()) }},
}

// Formats lists the forms.
func Formats() []Format {
	var all []Format
	for _, w := range writers {
		all = append(all, w.format)
	}
	return all
}

// Parse reads a form's name. Where only some forms are to be had, it is one of those.
func Parse(name string, only ...Format) (Format, error) {
	formats, here := Formats(), ""
	if len(only) > 0 {
		formats, here = only, " here"
	}
	if slices.Contains(formats, Format(name)) {
		return Format(name), nil
	}
	names := make([]string, len(formats))
	for i, format := range formats {
		names[i] = string(format)
	}
	hint := "There are " + strings.Join(names, ", ") + "."
	if near := dirsync.Nearest(name, names); near != "" {
		hint = "Did you mean " + near + "? " + hint
	}
	return "", dirsync.WithHint(fmt.Errorf("there is no format %s%s", dirsync.Quote(name), here), hint)
}

// OfFile gives the form that the ending of a file's name tells; "": none.
func OfFile(path string) Format {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		return JSON
	case ".md", ".markdown":
		return Markdown
	case ".html", ".htm":
		return HTML
	case ".csv":
		return CSV
	}
	return ""
}

// Write renders a document. Only the table is ever coloured.
func Write(out io.Writer, c Content, format Format, colour bool) error {
	for _, w := range writers {
		if w.format == format {
			return w.write(out, c, colour)
		}
	}
	return fmt.Errorf("there is no format %q; there are %v", format, Formats())
}
