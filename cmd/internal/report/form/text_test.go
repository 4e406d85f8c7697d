package form

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
)

// twoGroups is a page with two groups of rows, and a paragraph, made of short words.
func twoGroups() *Page {
	p := &Page{Title: "Run: " + strings.Repeat("word ", 30), Summary: "Run: " + strings.Repeat("sum ", 60)}
	p.Fact("plan", strings.Repeat("fact ", 40))
	b := Block{Title: "operations"}
	b.Say(Plain, strings.Repeat("prose ", 40))
	b.Item(Plain, strings.Repeat("item ", 40))
	rows := func(action string, from, to int) iter.Seq[Row] {
		return func(yield func(Row) bool) {
			for i := from; i < to; i++ {
				if !yield(Row{Cells: []string{action, fmt.Sprintf("user%d", i), strings.Repeat("change ", 30)}}) {
					return
				}
			}
		}
	}
	b.List = &List{Columns: []string{"action", "user", "changes"}, Lead: 2, Groups: []Group{
		{Name: "create", Count: "2", Sign: "+", Rows: rows("create", 0, 2)}, {Name: "disable", Count: "4", Sign: "-", Rows: rows("disable", 2, 6)}}}
	p.Add(b)
	return p
}

func text(t *testing.T, look Look) string {
	t.Helper()
	var out bytes.Buffer
	if err := writeText(&out, twoGroups(), look); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestAsWideAsTheTerminal: no line is wider than the terminal, no word is cut at its edge,
// and what there is room for stands in one line.
func TestAsWideAsTheTerminal(t *testing.T) {
	words := strings.Fields(text(t, Look{}))
	for width := leastWidth + 1; width < 240; width += 7 {
		got := text(t, Look{Width: width})
		if !slices.Equal(strings.Fields(got), words) {
			t.Fatalf("%d columns: other words than in a file:\n%s", width, got)
		}
		widest := 0
		for line := range strings.Lines(got) {
			widest = max(widest, columns(strings.TrimRight(line, "\n")))
		}
		if widest >= width || widest < width-len("change ")-1 {
			t.Errorf("%d columns: the widest line has %d", width, widest)
		}
	}
	for _, narrow := range []int{1, 20, leastWidth} { // readable, though the terminal breaks it
		if got := text(t, Look{Width: narrow}); got != text(t, Look{Width: leastWidth + 1}) {
			t.Errorf("%d columns:\n%s", narrow, got)
		}
	}
}

// TestGroups: each group has one line with its sign above its rows.
func TestGroups(t *testing.T) {
	got := text(t, Look{})
	for _, once := range []string{"\n  + create (2)\n      user0  change", "\n  - disable (4)\n      user2  change"} {
		if strings.Count(got, once) != 1 {
			t.Errorf("there is not one %q in\n%s", once, got)
		}
	}
	if strings.Count(got, "create") != 1 || strings.Count(got, "disable") != 1 {
		t.Errorf("an action is said of each row:\n%s", got)
	}
}

// TestSummary is the last line; a brief look has nothing else.
func TestSummary(t *testing.T) {
	lines := strings.Split(strings.TrimRight(text(t, Look{}), "\n"), "\n")
	last := lines[len(lines)-1]
	if want := strings.TrimSpace(twoGroups().Summary); strings.TrimSpace(last) != want {
		t.Errorf("the last line is %q, want %q", last, want)
	}
	if got := text(t, Look{Brief: true}); strings.TrimSpace(got) != strings.TrimSpace(last) {
		t.Errorf("brief:\n%s", got)
	}
	var out bytes.Buffer
	if err := writeText(&out, &Page{Title: "What is due"}, Look{Brief: true}); err != nil || out.String() != "What is due\n" {
		t.Errorf("without a summary: %q, %v", out.String(), err)
	}
}
