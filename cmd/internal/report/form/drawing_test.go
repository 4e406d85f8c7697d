package form_test

import (
	"bytes"
	"strings"
	"testing"

	"duosync/cmd/internal/report/form"
)

// drawn is a page with drawings.
type drawn struct{ page form.Page }

func (d drawn) Page() *form.Page   { p := d.page; return &p }
func (d drawn) Sheet() *form.Sheet { return form.NewSheet("a") }

func sizes(all ...int) (marks []form.Mark) {
	for _, n := range all {
		marks = append(marks, form.Mark{Size: n})
	}
	return marks
}

func TestDrawings(t *testing.T) {
	many := sizes(1, 2)
	for range 100 {
		many = append(many, sizes(0)...)
	}
	many = append(many, sizes(4, 8)...)
	for _, test := range []struct {
		what     string
		drawing  form.Drawing
		look     form.Look
		want     string // the line, or "" for none
		contains bool
	}{
		{"a scale on which twice as much is a step", form.Drawing{Marks: sizes(0, 1, 2, 4, 8, 16, 32, 64, 128)}, form.Look{}, "  row     ·▁▂▃▄▅▆▇█", false},
		{"few beside many can be seen", form.Drawing{Marks: sizes(1, 100000)}, form.Look{}, "  row     ▁█", false},
		{"all alike", form.Drawing{Marks: sizes(1, 0, 1), Note: "what it is"}, form.Look{}, "  row     ▄·▄  what it is", false},
		{"signs, colours", form.Drawing{Marks: []form.Mark{{Sign: "×", Tone: form.Bad}, {Size: 3, Tone: form.Good}, {Size: 3, Tone: form.Good}, {Size: 0}}},
			form.Look{Colour: true}, "  row     \x1b[31m×\x1b[0m\x1b[32m██\x1b[0m·", false},
		{"the last ones", form.Drawing{Marks: many, Note: "n"}, form.Look{}, "··▆█  n", true},
		{"the first ones", form.Drawing{Marks: many, Note: "n", First: true}, form.Look{}, "  row     ▁█··", true},
		{"nothing", form.Drawing{}, form.Look{}, "", false},
	} {
		test.drawing.Name = "row"
		for width := range 200 {
			test.look.Drawn, test.look.Width = true, width
			var out bytes.Buffer
			content := drawn{form.Page{Title: "t", Facts: []form.Fact{{Name: "fact", Text: "x"}, {Name: "longer", Text: "y"}}, Drawings: []form.Drawing{test.drawing}}}
			if err := form.Write(&out, content, form.Table, test.look); err != nil {
				t.Fatal(err)
			}
			line := ""
			for l := range strings.Lines(out.String()) {
				if strings.HasPrefix(l, "  row") {
					line = strings.TrimSuffix(l, "\n")
				}
			}
			wide := width == 0 || width >= 80
			switch {
			case !wide || test.want == "":
				if line != "" {
					t.Errorf("%s: %d columns: %q", test.what, width, line)
				}
			case test.contains && !strings.Contains(line, test.want) || !test.contains && line != test.want:
				t.Errorf("%s: %d columns: %q, want %q", test.what, width, line, test.want)
			case width > 0 && !test.look.Colour && len([]rune(line)) >= width:
				t.Errorf("%s: %d columns: %q is too long", test.what, width, line)
			}
		}
		for _, format := range []form.Format{form.JSON, form.Markdown, form.HTML, form.CSV} {
			var out bytes.Buffer
			content := drawn{form.Page{Title: "t", Drawings: []form.Drawing{test.drawing}}}
			if err := form.Write(&out, content, format, form.Look{Drawn: true, Width: 100}); err != nil {
				t.Fatal(err)
			}
			if format != form.JSON && strings.ContainsAny(out.String(), "▁▄█×") {
				t.Errorf("%s: a drawing in %s:\n%s", test.what, format, &out)
			}
		}
	}
}
