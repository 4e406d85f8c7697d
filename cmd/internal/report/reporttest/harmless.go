package reporttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"html"
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

// The elements of a page, and their attributes; it has one script and one style sheet at most.
const (
	knownElements = " html head meta title style body a div header span svg path main h1 h2 dl dt dd section p b del ins ul li pre code strong table thead tbody tr th td bdi " +
		"details summary label input select option output footer script "
	knownAttributes = " lang charset name content http-equiv class scope data-column dir id href open hidden role type placeholder autocomplete spellcheck value " +
		"tabindex aria-hidden focusable viewBox fill stroke stroke-width stroke-linecap stroke-linejoin d "
)

// checkHTML reads the page strictly: only elements and attributes of the templates may be
// there, nothing leads or sends anywhere, and scripts and styles are the page's own.
func checkHTML(t *testing.T, text string) {
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "<!DOCTYPE html>")))
	count := map[string]int{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			count[token.Name.Local]++
			if !strings.Contains(knownElements, " "+token.Name.Local+" ") {
				t.Errorf("an element <%s>", token.Name.Local)
			}
			for _, a := range token.Attr {
				if !strings.Contains(knownAttributes, " "+a.Name.Local+" ") {
					t.Errorf("an attribute %s of <%s>", a.Name.Local, token.Name.Local)
				}
				if a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#") {
					t.Errorf("a link to %q", a.Value)
				}
			}
		case xml.Comment, xml.ProcInst:
			t.Errorf("%T in the page", token)
		}
	}
	if count["style"] != 1 || count["script"] > 1 || count["h1"] != 1 {
		t.Errorf("elements in the page: %v", count)
	}
	checkPolicy(t, text)
}

// checkPolicy finds that the page's own policy lets its style sheet and script be, and no
// others: by their hashes.
func checkPolicy(t *testing.T, text string) {
	_, rest, _ := strings.Cut(text, `http-equiv="Content-Security-Policy" content="`)
	policy, _, _ := strings.Cut(rest, `"`)
	policy = html.UnescapeString(policy)
	if !strings.HasPrefix(policy, "default-src 'none';") {
		t.Errorf("the policy is %q", policy)
	}
	for _, element := range []string{"style", "script"} {
		_, rest, found := strings.Cut(text, "<"+element+">")
		if !found {
			if strings.Contains(policy, element+"-src") {
				t.Errorf("the policy lets a %s be, and there is none", element)
			}
			continue
		}
		content, _, _ := strings.Cut(rest, "</"+element+">")
		sum := sha256.Sum256([]byte(content))
		if want := element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("the policy %q does not let the page's %s be, which takes %s", policy, element, want)
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
