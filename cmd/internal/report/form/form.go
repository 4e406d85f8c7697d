// Package form gives a document the forms that can be asked for with --format, of which
// form.go has the one list: of a page (page.go) or of a sheet (sheet.go), each text through
// harmless.go. JSON alone is the document itself. It knows nothing of what that is about.
package form

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Format is a form of a document.
type Format string

// The forms that can be asked for with --format.
const (
	Table    Format = "table"    // plain text for a terminal, as wide as that is, or a mail
	JSON     Format = "json"     // one object
	Markdown Format = "markdown" // CommonMark with GitHub's tables
	HTML     Format = "html"     // one page that needs nothing else
	CSV      Format = "csv"      // RFC 4180, UTF-8, with a header
)

// Look is how the table looks; no other form knows of it. Its zero value is for a mail, a
// ticket or a file.
type Look struct {
	Colour bool
	Width  int  // of the terminal in columns; 0: there is none
	Drawn  bool // it shows bars: characters beyond ASCII
	Brief  bool // nothing but the summary
}

// Renderer is a document in any form.
type Renderer interface {
	Write(out io.Writer, format Format, look Look) error
}

// Content is what a document has to say. Its JSON form is the document itself, as an
// object; all other forms are made of a page or a sheet.
type Content interface {
	Page() *Page   // for people
	Sheet() *Sheet // for spreadsheets
}

// A writer renders a document in one form.
type writer func(out io.Writer, c Content, look Look) error

// writers has an entry for each form, in the order in which they are told.
var writers = []struct {
	format Format
	write  writer
}{
	{Table, func(out io.Writer, c Content, look Look) error { return writeText(out, c.Page(), look) }},
	{JSON, func(out io.Writer, c Content, _ Look) error { return WriteJSON(out, c) }},
	{Markdown, func(out io.Writer, c Content, _ Look) error { return writeMarkdown(out, c.Page()) }},
	{HTML, func(out io.Writer, c Content, _ Look) error { return writeHTML(out, c.Page()) }},
	{CSV, func(out io.Writer, c Content, _ Look) error { return writeCSV(out, c.Sheet()) }},
}

// Formats lists the forms.
func Formats() []Format {
	var all []Format
	for _, w := range writers {
		all = append(all, w.format)
	}
	return all
}

// Parse reads a form's name. ok is false where it is none, or where only some forms are to be
// had, none of those.
func Parse(name string, only ...Format) (format Format, ok bool) {
	if len(only) == 0 {
		only = Formats()
	}
	return Format(name), slices.Contains(only, Format(name))
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

// Write renders a document.
func Write(out io.Writer, c Content, format Format, look Look) error {
	for _, w := range writers {
		if w.format == format {
			return w.write(out, c, look)
		}
	}
	return fmt.Errorf("there is no format %q; there are %v", format, Formats())
}
