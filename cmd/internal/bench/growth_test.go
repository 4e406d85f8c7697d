package bench_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// growthOf gives a table of what 1,000 people more take of time and memory, between the two
// largest sizes; "" where there are no two.
func growthOf(all []figures) string {
	var sizes []int
	for i := range all {
		sizes = append(sizes, all[i].people)
	}
	slices.Sort(sizes)
	if sizes = slices.Compact(sizes); len(sizes) < 2 {
		return ""
	}
	small, large := sizes[len(sizes)-2], sizes[len(sizes)-1]
	at := func(people int, what string) *figures {
		i := slices.IndexFunc(all, func(f figures) bool { return f.people == people && f.what == what })
		if i < 0 {
			return nil
		}
		return &all[i]
	}
	var b strings.Builder
	b.WriteString("| what | time | processor | peak memory | calls |\n|---|---|---|---|---|\n")
	thousands := float64(large-small) / 1000
	for _, what := range whatOf(all) {
		from, to := at(small, what), at(large, what)
		if from == nil || to == nil {
			continue
		}
		each := func(d time.Duration) string {
			return fmt.Sprintf("%.1f ms", d.Seconds()*1000/thousands)
		}
		calls := ""
		if from.calls >= 0 {
			calls = fmt.Sprintf("%.1f", float64(to.calls-from.calls)/thousands)
		}
		_, _ = fmt.Fprintf(&b, "| %s | %s | %s | %.2f MiB | %s |\n", what, each(to.wall-from.wall), each(to.cpu-from.cpu), float64(to.peak-from.peak)/(1<<20)/thousands, calls)
	}
	return b.String()
}

func TestGrowth(t *testing.T) {
	all := []figures{
		{people: 100, what: first, wall: time.Hour},
		{people: 1000, what: first, wall: time.Second, cpu: time.Second, peak: 10 << 20, calls: 1000},
		{people: 1000, what: ldapsearch, calls: -1},
		{people: 3000, what: first, wall: 2 * time.Second, cpu: 5 * time.Second, peak: 13 << 20, calls: 1020},
		{people: 3000, what: ldapsearch, wall: time.Millisecond, calls: -1},
	}
	got := growthOf(all)
	for _, want := range []string{
		"| first run | 500.0 ms | 2000.0 ms | 1.50 MiB | 10.0 |\n",
		"| ldapsearch | 0.5 ms | 0.0 ms | 0.00 MiB |  |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := growthOf(all[:1]); got != "" {
		t.Errorf("of one size: %q", got)
	}
}
