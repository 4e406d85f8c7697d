package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"

	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

// FuzzHarmless puts a text wherever one from LDAP, Duo or an error may stand, and
// checks each form for people: nothing but line feeds and visible characters
// gets out, and the text stays text.
func FuzzHarmless(f *testing.F) {
	for _, seed := range []string{hostile, "", "\n", "=1+1", " \t@x", "a;=1+1", "</td></tr><td onclick=x>", "` | `` |", `\|`, "1) x", "# x", "---", "&lt;", "\u2028\u2066x", "http://a.b", "WWW.a.b", "<!-- ", "]]>", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, doc := range everywhere(text) {
			forms := map[report.Format]string{}
			for _, format := range report.Formats() {
				var out bytes.Buffer
				if err := doc.Write(&out, format, false); err != nil {
					t.Fatal(err)
				}
				forms[format] = out.String()
			}
			delete(forms, report.JSON) // has an escape of its own for each character
			for format, got := range forms {
				if i := strings.IndexFunc(got, harmful); i >= 0 {
					t.Errorf("%s lets %q out", format, got[i:min(len(got), i+20)])
				}
			}
			checkCSV(t, forms[report.CSV])
			checkHTML(t, forms[report.HTML])
			checkMarkdown(t, forms[report.Markdown])
		}
	})
}

func harmful(c rune) bool {
	return c != '\n' && unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control) || c == unicode.ReplacementChar || c == '\u2028' || c == '\u2029'
}

// everywhere gives documents with a text in each place.
func everywhere(text string) []document {
	run := hostileRun()
	run.Operations = append(run.Operations, everythingRun().Operations...)
	run.ApprovalID = "0011"
	run.Outcome, run.Err = dirsync.OutcomeFailed, dirsync.WithHint(errors.New(text), text)
	for _, o := range run.Operations {
		o.Username, o.Source, o.User, o.Reason, o.Error = text, dirsync.SourceID(text), text, text, text
		for i := range o.Changes {
			o.Changes[i].Before, o.Changes[i].After = text, text
		}
	}
	run.Conflicts = []dirsync.Conflict{{Username: text, Reason: text}, {Sources: []dirsync.SourceID{dirsync.SourceID(text)}}}
	run.Waiting = []dirsync.Waiting{{Username: text, Source: dirsync.SourceID(text)}}
	run.Guards = append(run.Guards, dirsync.Guard{Name: text, About: dirsync.About{Attribute: text}, Limit: text, Held: true, ApprovalID: text, Names: []string{text}, Detail: text},
		dirsync.Guard{Name: "max_group_loss", About: dirsync.About{Group: text}, Limit: text, Held: true, ApprovalID: text},
		dirsync.Guard{Name: "min_source", About: dirsync.About{Base: text}, Held: true, Remedy: text})
	run.Warnings = []string{text}
	due := report.NewDue(noon, time.Time{})
	due.Wait(run.Waiting[0])
	due.Pause(dirsync.Pause{Reason: text})
	due.Hold(report.Of(run), open)
	due.Disable(dirsync.Mark{Username: text, User: text, Reason: text, By: text})
	due.Approve(dirsync.Approval{ID: text, Holds: []dirsync.Hold{{Guard: text, About: dirsync.About{Group: text}}}})
	given := report.NewApprovals(noon, report.Of(run), []dirsync.Approval{{ID: text, Holds: []dirsync.Hold{{Guard: text, About: dirsync.About{Group: text}}}}}, open)
	due.NotEnrolled = []report.NotEnrolled{{Username: text, SourceID: dirsync.SourceID(text), User: text}}
	return []document{report.Of(run), &report.History{Runs: []report.Head{report.Of(run).Head}}, due, given}
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
			if cells := strings.Count(bare, "|") - 1; cells != 2 && cells != 4 && cells != 5 {
				t.Errorf("%d cells in %q", cells, line)
			}
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
