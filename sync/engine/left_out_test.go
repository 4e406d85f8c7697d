package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestManyValuesLeftOut: in a large directory a few are told one by one, whatever order the
// directory has, and the rest is counted.
func TestManyValuesLeftOut(t *testing.T) {
	w := newWorld(t)
	var lines []string
	for i := range 30 {
		lines = append(lines, fmt.Sprintf("%d n%02d mail=nonsense", i, i))
	}
	w.dir.people = w.people(lines)
	if first := w.run(w.options("")); len(first.Warnings) != 31 { // of people who are created all, and that nobody has a full name
		t.Fatalf("%d warnings:\n%s", len(first.Warnings), w.report(first))
	}
	again := w.run(w.options(""))
	slices.Reverse(w.dir.people)
	reversed := w.run(w.options(""))
	for _, run := range []string{w.report(again), w.report(reversed)} {
		if strings.Count(run, `"nonsense"`) != 20 || !strings.Contains(run, "n00: email") || strings.Contains(run, "n20: email") || !strings.Contains(run, "10 more values of people") {
			t.Errorf("told:\n%s", run)
		}
	}
	if one := w.report(w.run(w.options("only n25"))); strings.Count(one, `"nonsense"`) != 1 || !strings.Contains(one, "n25: email") {
		t.Errorf("of one person:\n%s", one)
	}
}
