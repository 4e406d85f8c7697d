// Package report renders what commands have to say: a run, the history of runs,
// and what is due. Each has a document, the JSON form, which is an interface
// whose words and keys are kept; all other forms are made of the document, so
// that a run read back from the state looks as it did at its end.
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
	Table    Format = "table"    // plain text for a terminal or a mail, up to 79 columns wide
	JSON     Format = "json"     // one object
	Markdown Format = "markdown" // CommonMark with GitHub's tables
	HTML     Format = "html"     // one page that needs nothing else
	CSV      Format = "csv"      // RFC 4180, UTF-8, with a header
)

// Formats lists the forms.
func Formats() []Format { return []Format{Table, JSON, Markdown, HTML, CSV} }

// ParseFormat reads a form's name.
func ParseFormat(name string) (Format, error) {
	if f := Format(name); slices.Contains(Formats(), f) {
		return f, nil
	}
	return "", fmt.Errorf("there is no format %q; there are %v", name, Formats())
}

// Write renders a run. Only the table is ever coloured.
func Write(w io.Writer, run *dirsync.Run, format Format, colour bool) error {
	return Of(run).Write(w, format, colour)
}

// Renderer is what a command has to say, in any form.
type Renderer interface {
	Write(w io.Writer, format Format, colour bool) error
}

// A content is something to report, in all its forms.
type content interface {
	encode() ([]byte, error) // JSON without a line break at its end
	page() *page
	sheet() *sheet
}

func write(w io.Writer, c content, format Format, colour bool) error {
	switch format {
	case JSON:
		data, err := c.encode()
		if err != nil {
			return err
		}
		_, err = w.Write(append(data, '\n'))
		return err
	case Markdown:
		return writeMarkdown(w, c.page())
	case HTML:
		return writeHTML(w, c.page())
	case CSV:
		return writeCSV(w, c.sheet())
	}
	return writeText(w, c.page(), painter{colour})
}
