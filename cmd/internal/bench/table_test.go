package bench_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// head are the columns of the table.
var head = []string{"people", "what", "time", "× ldapsearch", "processor", "peak memory", "calls", "at 50 calls a minute", "state"}

func (f *figures) cells() []string {
	calls, limited, state := "", "", ""
	if f.calls >= 0 {
		calls = thousands(f.calls)
	}
	if f.limited != nil {
		limited = duration(f.limited.took)
		if f.limited.calls != f.calls {
			limited += ", " + thousands(f.limited.calls) + " calls"
		}
	}
	if f.state > 0 {
		state = fmt.Sprintf("%s, %d B a person", mebi(f.state), f.state/int64(f.people))
	}
	return []string{thousands(f.people), f.what, duration(f.wall), fmt.Sprintf("%.2f", f.ratio), duration(f.cpu), mebi(f.peak), calls, limited, state}
}

// tableOf gives all figures as a table that is readable as text, and as Markdown.
func tableOf(all []figures) string {
	rows := [][]string{head}
	for i := range all {
		rows = append(rows, all[i].cells())
	}
	widths := make([]int, len(head))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	line := func(cells []string, fill string) {
		for i, cell := range cells {
			b.WriteString("| " + cell + strings.Repeat(fill, widths[i]-len([]rune(cell))) + " ")
		}
		b.WriteString("|\n")
	}
	for i, row := range rows {
		line(row, " ")
		if i == 0 {
			line(make([]string, len(head)), "-")
		}
	}
	return b.String()
}

// duration gives a time with three digits that count.
func duration(d time.Duration) string {
	switch {
	case d >= 100*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.1f min", d.Minutes())
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
}

func mebi(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

// thousands gives a number with a comma every three digits.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		thousands(0): "0", thousands(999): "999", thousands(1000): "1,000", thousands(1234567): "1,234,567",
		duration(0): "0 ms", duration(1234 * time.Millisecond): "1.23 s", duration(90 * time.Second): "90.0 s", duration(33 * time.Hour): "33.0 h",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Between these lines of performance.md stands the table, and nothing else.
const (
	beginTable = "<!-- figures of make bench -->\n"
	endTable   = "<!-- end of the figures -->\n"
)

// textOf gives all that was measured, as it stands in the documentation.
func textOf(all []figures, started string) string {
	text := tableOf(all)
	if grows := growthOf(all); grows != "" {
		text += "\nWhat each 1,000 people more take, between the two largest sizes:\n\n" + grows
	}
	return text + started
}

// document writes the figures into the documentation: text and plot.
func document(dir string, all []figures, text string, at time.Time) error {
	path := filepath.Join(dir, "performance.md")
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), beginTable)
	_, after, closed := strings.Cut(rest, endTable)
	if !found || !closed {
		return fmt.Errorf("%s has no lines %q and %q", path, beginTable, endTable)
	}
	where := fmt.Sprintf("Measured on %s with %d processors, %s, %s.\n", at.UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.GOARCH, runtime.Version())
	if err := os.WriteFile(path, []byte(before+beginTable+"\n"+where+"\n"+text+"\n"+endTable+after), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "performance.svg"), plot(all), 0o600)
}

// TestDocument holds that the documentation takes the figures, and nothing else of it changes.
func TestDocument(t *testing.T) {
	page, err := os.ReadFile("../../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "performance.md")
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	all := []figures{{people: 1000, what: ldapsearch, wall: time.Second, cpu: time.Second, peak: 1 << 20, ratio: 1, calls: -1}}
	for range 2 {
		if err := document(dir, all, textOf(all, ""), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	without := func(text string) string {
		before, rest, _ := strings.Cut(text, beginTable)
		_, after, _ := strings.Cut(rest, endTable)
		return before + after
	}
	if without(string(written)) != without(string(page)) || strings.Count(string(written), "| 1,000 ") != 1 {
		t.Errorf("the page became\n%s", written)
	}
}
