package reporttest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"

	"duosync/cmd/internal/report/form"
)

// Harmless checks that nothing but visible text gets out in a form for
// people, and that text stays text.
func Harmless(t *testing.T, doc form.Renderer) {
	t.Helper()
	for _, format := range form.Formats() {
		var out bytes.Buffer
		if err := doc.Write(&out, format, form.Look{}); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		switch format {
		case form.JSON:
			if !json.Valid(out.Bytes()) {
				t.Errorf("this is no JSON:\n%s", text)
			}
			continue // it has an escape of its own for each character
		case form.CSV:
			checkCSV(t, text)
		case form.HTML:
			checkHTML(t, text)
		case form.Markdown:
			checkMarkdown(t, text)
		}
		if i := strings.IndexFunc(text, harmful); i >= 0 {
			t.Errorf("%s lets %q out", format, text[i:min(len(text), i+20)])
		}
	}
}

func harmful(c rune) bool {
	return c != '\n' && unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control) || c == unicode.ReplacementChar || c == '\u2028' || c == '\u2029'
}

func checkCSV(t *testing.T, text string) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll() // fails where a row has more or fewer cells
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row {
			for part := range strings.SplitSeq(cell, ";") {
				if part := strings.TrimSpace(part); part != "" && strings.ContainsAny(part[:1], "=+-@") {
					t.Errorf("the cell %q is a formula", cell)
				}
			}
		}
	}
}

// checkHTML reads the page strictly: only elements of the template may be there,
// none with an attribute of its own.
func checkHTML(t *testing.T, text string) {
	_, body, found := strings.Cut(text, "<body>")
	if !found {
		t.Fatal("there is no body")
	}
	d := xml.NewDecoder(strings.NewReader("<body>" + strings.TrimSuffix(strings.TrimSpace(body), "</html>")))
	known := " body h1 dl dt dd section h2 p pre code table thead tbody tr th td bdi "
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !strings.Contains(known, " "+token.Name.Local+" ") {
				t.Errorf("an element <%s>", token.Name.Local)
			}
			for _, a := range token.Attr {
				if name := a.Name.Local; name != "class" && name != "scope" && name != "data-column" {
					t.Errorf("an attribute %s", name)
				}
			}
		case xml.Comment, xml.ProcInst, xml.Directive:
			t.Errorf("%T in the page", token)
		}
	}
}

// checkMarkdown looks for markup that is not the form's own.
func checkMarkdown(t *testing.T, text string) {
	columns := 0 // of the table that the line before belongs to; 0: none
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "    ") { // a command: a code block
			continue
		}
		bare := strings.ReplaceAll(line, `\\`, "")
		if strings.ContainsAny(bare, "`<>") {
			t.Errorf("markup in %q", line)
		}
		inTable := strings.HasPrefix(line, "| ") && strings.HasSuffix(line, " |")
		if !inTable && strings.Contains(bare, "|") {
			t.Errorf("a cell's border in %q", line)
		}
		if inTable {
			cells := strings.Count(bare, "|") - 1
			if columns == 0 {
				columns = cells
			}
			if cells < 2 || cells != columns {
				t.Errorf("%d cells, and the table has %d columns: %q", cells, columns, line)
			}
		} else {
			columns = 0
		}
		for i := range len(bare) {
			if strings.IndexByte("[]*_~", bare[i]) >= 0 && (i == 0 || bare[i-1] != '\\') && !strings.HasPrefix(line, "- **") {
				t.Errorf("%c is markup in %q", bare[i], line)
			}
		}
		if strings.Contains(bare, "://") || strings.Contains(strings.ToLower(bare), "www.") {
			t.Errorf("a link in %q", line)
		}
	}
}
