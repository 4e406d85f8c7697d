package page_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"html/template"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"unicode"

	"duosync/cmd/internal/page"
)

var galleryFile = flag.String("gallery", "", "write the page with every piece to this file, to look at it")

// hostile is what somebody who may write his own entry could put there.
const hostile = "\x1b[2J\x1b]0;owned\a\r\n <script>alert(1)</script> \" onclick='x' {{.}} \u202eevil\u202c & \u009b31m\xff javascript:alert(1)"

// hebrew is a name that is written from right to left.
const hebrew = "לאה כהן"

const longName = "a-username-of-more-than-thirty-two-characters@subsidiary.example.com"

// gallery is what the page of every piece shows.
type gallery struct {
	Statuses       []page.Status
	Stats          []page.Stat
	Facts          []page.Fact
	Table, Short   page.Table
	Nobody         page.Table
	Messages       []page.Message
	Tags           []page.Tag
	Changes        []page.FieldChange
	Runs           page.Runs
	Chart          page.Chart
	Find           page.Find
	Pager          page.Pager
	Crumbs         []page.Link
	Items          []string
	Operations     []operation
	Command, Empty string
}

type operation struct {
	Name, Why string
	Changes   []page.FieldChange
}

const galleryMain = `{{define "main"}}
{{template "crumbs" .Crumbs}}
<div class="title"><h1>Every piece</h1></div>
{{range .Statuses}}{{template "status" .}}
{{end}}
{{template "stats" .Stats}}
<section class="panel"><div class="head"><h2>Runs</h2><a href="/runs">All runs</a></div>{{template "runs" .Runs}}{{template "chart" .Chart}}</section>
<div class="panels">
<section class="panel"><h2>Facts</h2>{{template "facts" .Facts}}</section>
<section class="panel"><h2>Tags and changes</h2><p>{{range .Tags}}{{template "tag" .}} {{end}}</p>{{template "changes" .Changes}}{{template "command" .Command}}</section>
<section class="panel"><h2>Short</h2>{{template "table" .Short}}</section>
</div>
{{range .Messages}}{{template "message" .}}
{{end}}
{{template "find" .Find}}
<section class="panel"><h2>Table</h2>{{template "table" .Table}}</section>
{{template "pager" .Pager}}
<details class="group" open="open"><summary><span class="sign bad">−</span><span class="what">disable</span> <span class="count">4</span></summary>
<table class="ops"><tbody>
{{range .Operations}}<tr><th{{if long .Name}} class="w"{{end}}><bdi>{{.Name | clean}}</bdi></th><td>{{range .Changes}}{{template "change" .}}{{end}}</td><td>{{.Why}}</td></tr>
{{end}}</tbody></table></details>
<details class="group"><summary><span class="sign good">+</span><span class="what">create</span> <span class="count">20,000</span> <span class="aside">in the directory's scope</span></summary><table class="ops"><tbody><tr><th>x</th><td>y</td></tr></tbody></table></details>
<section class="panel"><h2>Items</h2>{{template "items" .Items}}</section>
{{template "table" .Nobody}}
{{template "empty" .Empty}}
{{end}}`

func newGallery(name string) *gallery {
	seats := []float64{210, 211, 214, 214, math.NaN(), 220, 219, 224, 230, 231, 229, 236}
	cell := func(text string) page.Cell { return page.Cell{Text: text} }
	var bars []page.RunBar
	for i := range 60 {
		bar := page.RunBar{Href: "/runs/1", Title: "2026-03-04 12:00, applied: 3 updated", Size: i % 4}
		switch {
		case i%23 == 7:
			bar.Tone, bar.Size = page.Bad, 3
		case i%9 == 4:
			bar.Tone = page.Attention
		case i%4 > 0:
			bar.Tone = page.Good
		}
		bars = append(bars, bar)
	}
	statuses := []page.Status{{Word: "In step", Tone: page.Good, Reason: "Duo holds what the directory asks for, as of 25 minutes ago.",
		Facts: []page.Fact{{Name: "last good run", Text: "25 min ago", Href: "/runs/1"}, {Name: "next run", Text: "in 5 min, 12:30 UTC"}, {Name: "plan", Text: "3 updated"}}}}
	for _, s := range []page.Status{{Word: "Attention", Tone: page.Attention, Reason: "14 people are not as the directory asks for, and stay so until somebody acts."},
		{Word: "Held", Tone: page.Held, Reason: "max_remove: 1,024 of 12,300 people would be disabled; the limit is 5%. Concerned: " + name},
		{Word: "Paused", Tone: page.Paused, Reason: "by ann, since 2026-03-04 12:00 UTC: " + name}, {Word: "Writing", Tone: page.Writing, Reason: "Since 12:00 UTC: 120 of 300 operations."}, {Word: "Failing", Tone: page.Bad, Reason: "The directory does not answer."}} {
		s.Plain = true
		statuses = append(statuses, s)
	}
	return &gallery{
		Statuses: statuses,
		Stats: []page.Stat{{Label: "People", Number: "12,300", Note: "236 more than 90 days ago", Href: "/people", Line: page.Line(seats, "Seats over 90 days")},
			{Label: "Need attention", Number: "14", Tone: page.Attention, Href: "/waiting"}, {Label: "Never enrolled", Number: "320", Note: "2.6 %"}, {Label: "In the Trash", Number: "0", Tone: page.Good}},
		Facts: []page.Fact{{Name: "account", Text: "api-12345678.duosecurity.com"}, {Name: "last run", Text: "20260304T120000Z-0a1b2c", Href: "/runs/20260304T120000Z-0a1b2c"}, {Name: name, Text: name}, {Name: "command", Command: "duosync due --verbose"}},
		Table: page.Table{Caption: "People who need somebody", Columns: page.Columns("user", "what|wide", "since (UTC)|time", "calls|num"), Heads: true, Rows: page.Rows(
			page.Row{Tone: page.Conflict, Cells: []page.Cell{{Text: "rkim", Href: "/people/6b1f"}, {Text: "A Duo user of that name exists that is not ours.", Command: "duosync sync --adopt rkim --config /etc/duo/config.yaml"}, cell("2026-03-02 12:00"), cell("12")}},
			page.Row{Cells: []page.Cell{{Text: hebrew, Href: "/people/2"}, {Text: "disabled", Tag: true, Tone: page.Bad}, cell("2026-03-02 12:00"), cell("1,200")}},
			page.Row{Cells: []page.Cell{{Text: longName}, {Text: "waits", Note: "till the next run"}, cell("2026-03-02 12:00"), cell("")}},
			page.Row{Tone: page.Bad, Cells: []page.Cell{{Text: name, Note: name, Command: name}, {Text: name, Tag: true}, cell(name), cell("0")}})},
		Short:    page.Table{Strict: true, Columns: page.Columns("group", "members|num"), Rows: page.Rows(page.Row{Cells: page.Texts("Personnel", "1,200")}, page.Row{Cells: page.Texts(name, "3")})},
		Nobody:   page.Table{Columns: page.Columns("user"), Empty: "Nobody waits."},
		Messages: []page.Message{{Tone: page.Bad, Title: "Held for 12 days.", Text: "max_remove: 1,024 of 12,300 people. " + name, Commands: []string{"duosync approve aaaa987654aa00112233"}, More: "If it is right, approve it and run again."}, {Tone: page.Attention, Text: "The state can't be read: " + name}, {Tone: page.Good, Text: "Approved by ann."}, {Tone: page.Paused, Text: "Paused."}, {Tone: page.Writing, Text: "A run is under way."}, {Tone: page.Conflict, Text: "Two people claim one name."}, {Text: "Plain."}},
		Tags:     []page.Tag{{"applied", page.Good}, {"partial", page.Change}, {"held", page.Held}, {"conflict", page.Conflict}, {"paused", page.Paused}, {"under way", page.Writing}, {"no changes", page.Plain}, {name, page.Bad}},
		Changes:  []page.FieldChange{{Field: "status", Before: "active", After: "disabled"}, {Field: "realname", Before: hebrew, After: "לאה לוי"}, {Field: "email", After: "new@example.com"}, {Field: "notes", Before: "gone"}, {Field: name, Before: name, After: name, Note: name}},
		Runs:     page.Runs{Label: "The last 60 runs", Bars: bars, From: "2026-03-02 10:00", To: "2026-03-04 12:00"},
		Chart:    page.Chart{Caption: "Seats over 90 days", Line: page.Line(seats, "Seats over 90 days, from 210 to 236. "+name), From: "2025-12-04", To: "2026-03-04"},
		Find: page.Find{Action: "/people", Search: &page.Search{Name: "q", Label: "Name, mail, Duo id", Value: name, Hint: "asilva"},
			Selects: []page.Select{{Name: "status", Label: "Status", Value: "b", Options: []page.Option{{"", "Any"}, {"b", "Disabled"}}}}},
		Pager:  page.Pager{Text: "101 to 200 of 12,345", Prev: "?page=1", Next: "?page=3"},
		Crumbs: []page.Link{{Name: "People", Href: "/people"}, {Name: name}},
		Items:  []string{"the state is open to other users", name},
		Operations: []operation{{"asilva", "gone from the directory", []page.FieldChange{{Field: "status", Before: "active", After: "disabled"}}},
			{hebrew, "gone from the directory", []page.FieldChange{{Field: "status", Before: "active", After: "disabled"}, {Field: "realname", Before: hebrew, After: "לאה לוי"}}},
			{longName, "gone", []page.FieldChange{{Field: "status", Before: "active", After: "disabled"}}}, {name, name, []page.FieldChange{{Field: name, Before: name, After: name}}}},
		Command: "duosync history last --config /srv/duosync/config.yaml", Empty: "Nothing waits.",
	}
}

func renderGallery(t *testing.T, name string) string {
	t.Helper()
	pieces := page.Pieces().Funcs(template.FuncMap{"long": page.Long})
	templates := template.Must(pieces.Parse(galleryMain))
	script := template.JS("document.title += '.'")
	var out bytes.Buffer
	err := page.Write(&out, templates, &page.Frame{Title: "Gallery", Policy: page.Policy(script), Home: "/", Where: []page.Fact{{Text: "api-12345678.duosecurity.com"}, {Name: "directory", Text: name}}, Script: script,
		Nav:  []page.Nav{{"Now", "/", false}, {"Runs", "/runs", true}, {"People", "/people", false}, {"Waiting", "/waiting", false}, {"Groups", "/groups", false}, {"Drift", "/drift", false}, {"Settings", "/settings", false}},
		Foot: []string{"duosync 1.2.3", "2026-03-04 12:00 UTC"}, Body: newGallery(name)})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Every piece is well-formed and harmless, whatever the names are, and asks nothing of another
// host.
func TestGallery(t *testing.T) {
	if *galleryFile != "" {
		if err := os.WriteFile(*galleryFile, []byte(renderGallery(t, "יוסף كريم")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := renderGallery(t, hostile)
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "<!DOCTYPE html>")))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range start.Attr {
			name := a.Name.Local
			if strings.HasPrefix(name, "on") || name == "style" || name == "src" {
				t.Errorf("<%s> has an attribute %s=%q", start.Name.Local, name, a.Value)
			}
			if (name == "href" || name == "action") && !strings.HasPrefix(a.Value, "/") && !strings.HasPrefix(a.Value, "#") && !strings.HasPrefix(a.Value, "?") {
				t.Errorf("<%s> leads to %q", start.Name.Local, a.Value)
			}
		}
	}
	if n := strings.Count(text, "<script>"); n != 1 {
		t.Errorf("%d scripts", n)
	}
	if i := strings.IndexFunc(text, func(c rune) bool {
		return c != '\n' && unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control) || c == unicode.ReplacementChar
	}); i >= 0 {
		t.Errorf("%q gets out", text[max(0, i-40):i+10])
	}
}

// What a template forgets to clean is harmless all the same.
func TestWriteHarmless(t *testing.T) {
	templates := template.Must(page.Pieces().Parse(`{{define "main"}}<p title="{{.}}">{{.}}</p>{{end}}`))
	var out bytes.Buffer
	if err := page.Write(&out, templates, &page.Frame{Title: hostile, StyleHref: "/style.css", Body: hostile}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"\x1b", "\u202e", "\u009b", "\xff", "\a", "<script", "\r"} {
		if strings.Contains(out.String(), bad) {
			t.Errorf("%q gets out", bad)
		}
	}
	if !strings.Contains(out.String(), `\u202eevil\u202c`) {
		t.Error("what is harmful is not shown")
	}
}

func TestStyle(t *testing.T) {
	for _, bad := range []string{"/*", "url(", "@import", "http", "\n\n"} {
		if strings.Contains(page.Style(), bad) {
			t.Errorf("the style sheet has %q", bad)
		}
	}
	if open, shut := strings.Count(page.Style(), "{"), strings.Count(page.Style(), "}"); open != shut || open < 100 {
		t.Errorf("%d braces are opened, and %d closed", open, shut)
	}
}

func TestLine(t *testing.T) {
	gap := math.NaN()
	for name, c := range map[string]struct {
		values []float64
		want   string // in the picture; "": there is none
	}{
		"none":     {nil, ""},
		"one":      {[]float64{3}, ""},
		"one left": {[]float64{3, gap}, ""},
		"flat":     {[]float64{3, 3}, `d="M0.0 24.0L240.0 24.0"`},
		"rising":   {[]float64{1, 3}, `d="M0.0 46.0L240.0 2.0"`},
		"gap":      {[]float64{1, gap, 3}, `d="M0.0 46.0M240.0 2.0"`},
		"infinite": {[]float64{1, math.Inf(1), 3, 2}, `d="M0.0 46.0M160.0 2.0L240.0 24.0"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := string(page.Line(c.values, `<b>"seats"`))
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s in it", got, c.want)
			}
			if strings.Contains(got, "<b>") {
				t.Error("the title is markup")
			}
		})
	}
}

func TestLong(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "asilva": false, "first.last@subsidiary.example.com": true, longName: true,
		strings.Repeat("word ", 9): false, strings.Repeat("word ", 20): true, strings.Repeat("ä", 32): false, strings.Repeat("ä", 33): true,
	} {
		if got := page.Long(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
