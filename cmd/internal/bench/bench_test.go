// Package bench_test measures the whole program on a real slapd and a simulated Duo, side by
// side in one run with ldapsearch and a plain reader: time, processor, peak memory, calls and
// the size of the state. `make bench` runs it at the sizes that docs/performance.md tells of;
// the ordinary tests run it at a size that takes seconds, and look only at what is counted.
package bench_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/cli"
)

// What `make bench` sets: the numbers of people, and the folder of the documentation whose
// figures are written anew ("": none are).
const (
	sizesVariable = "DUOSYNC_BENCH_SIZES"
	docsVariable  = "DUOSYNC_BENCH_DOCS"
)

// The test binary, started again with be set, is one of the programs that are measured:
// duosync itself, where binaryVariable names none that was built, or the plain reader.
const (
	be             = "DUOSYNC_BENCH_BE"
	beDuosync      = "duosync"
	beReader       = "reader"
	binaryVariable = "DUOSYNC_BENCH_BINARY"
)

func TestMain(m *testing.M) {
	switch os.Getenv(be) {
	case beDuosync:
		os.Exit(cli.Main(os.Args[1:], cli.Process()))
	case beReader:
		os.Exit(plainReader(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// What is measured at each size. The first three read and change nothing; the median of
// several rounds counts, in which they take turns.
const (
	ldapsearch = "ldapsearch"
	reader     = "plain go-ldap reader"
	unchanged  = "run without changes"
	first      = "first run"
	changed    = "run with 1 % changes"
	refresh    = "refresh"
)

// rounds of what only reads.
const rounds = 5

func TestBench(t *testing.T) {
	sizes := sizesFrom(t)
	var all []figures
	for _, n := range sizes {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			all = append(all, measure(t, n)...)
		})
	}
	if t.Failed() {
		return
	}
	text := textOf(all, started(t))
	t.Log("\n" + text)
	if docs := os.Getenv(docsVariable); docs != "" {
		if err := document(docs, all, text, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// sizesFrom gives the numbers of people to measure with.
func sizesFrom(t *testing.T) []int {
	t.Helper()
	text := os.Getenv(sizesVariable)
	if text == "" {
		return []int{200}
	}
	var sizes []int
	for word := range strings.FieldsSeq(text) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 100 {
			t.Fatalf("%s: %q is no number from 100 on", sizesVariable, word)
		}
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	return sizes
}

// measure takes all figures of one size.
func measure(t *testing.T, n int) []figures {
	h := newHouse(t, n)
	all := []figures{h.sync(first)}
	all[0].state = h.stateSize()
	h.holds(n)

	h.sync(unchanged) // warm, as all that follow
	rows := map[string][]figures{}
	for range rounds {
		rows[ldapsearch] = append(rows[ldapsearch], h.ldapsearch())
		rows[reader] = append(rows[reader], h.reader())
		rows[unchanged] = append(rows[unchanged], h.sync(unchanged))
	}
	all = slices.Concat([]figures{median(rows[ldapsearch]), median(rows[reader]), median(rows[unchanged])}, all)
	if calls := all[2].calls; calls != 0 {
		t.Errorf("a run without changes made %d calls", calls)
	}

	h.change("once")
	all = append(all, h.sync(changed), h.sync(refresh, "--refresh"))
	h.holds(n)

	limited := h.limited()
	for i := range all {
		switch all[i].what {
		case first:
			all[i].limited = limited.attempt(false)
		case changed:
			h.change("twice")
			all[i].limited = limited.attempt(false)
		case refresh:
			all[i].limited = limited.attempt(true)
		}
	}
	for i := range all {
		all[i].people = n
		all[i].ratio = all[i].wall.Seconds() / all[0].wall.Seconds()
	}
	return all
}

// limitedRun is a run against a Duo that lets 50 calls a minute through.
type limitedRun struct {
	took  time.Duration // by Duo's clock
	calls int
}

// figures are what one program took at one size.
type figures struct {
	people int
	what   string
	wall   time.Duration
	cpu    time.Duration // user and system
	peak   int64         // memory that was resident at most, in bytes
	ratio  float64       // of the time, to that of ldapsearch
	calls  int           // of Duo; -1 where there is no Duo
	state  int64         // size of the state afterwards, in bytes; 0: not measured
	// limited is the same against a limit; nil: not measured.
	limited *limitedRun
}

// median gives the run in the middle by time; its memory is the most of all.
func median(rounds []figures) figures {
	slices.SortFunc(rounds, func(a, b figures) int { return int(a.wall - b.wall) })
	middle := rounds[len(rounds)/2]
	for _, f := range rounds {
		middle.peak = max(middle.peak, f.peak)
	}
	return middle
}

func TestMedian(t *testing.T) {
	got := median([]figures{{wall: 3, peak: 1}, {wall: 1, peak: 9}, {wall: 2, peak: 5}})
	if got.wall != 2 || got.peak != 9 {
		t.Errorf("%+v", got)
	}
}

func TestClock(t *testing.T) {
	c := newClock()
	start := c.now()
	for _, d := range []time.Duration{time.Hour, 0, time.Minute} {
		if err := c.sleep(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.now().Sub(start); got != time.Hour+time.Minute {
		t.Errorf("%v passed", got)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if c.sleep(over, time.Hour) == nil || c.now().Sub(start) != time.Hour+time.Minute {
		t.Error("a wait that is over let time pass")
	}
}
