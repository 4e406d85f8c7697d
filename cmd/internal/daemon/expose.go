package daemon

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// contentType of Prometheus' text format.
const contentType = "text/plain; version=0.0.4; charset=utf-8"

// registry is a set of metrics that can be written in Prometheus' text format,
// and read back from it, so that a textfile's counters go on where the process
// before left them.
type registry struct {
	mu       sync.Mutex
	families []*family
}

// family is one metric with a value for each set of labels.
type family struct {
	name, help, kind string
	values           map[string]float64 // by labels, as they are written
	volatile         bool               // not to be read back
}

func (r *registry) register(kind, name, help string) *family {
	f := &family{name: name, help: help, kind: kind, values: make(map[string]float64)}
	r.families = append(r.families, f)
	return f
}

func (r *registry) gauge(name, help string) *family   { return r.register("gauge", name, help) }
func (r *registry) counter(name, help string) *family { return r.register("counter", name, help) }

// set gives the value for labels, which are pairs of name and value.
func (f *family) set(value float64, labels ...string) { f.values[labelText(labels)] = value }

// add raises the value for labels.
func (f *family) add(value float64, labels ...string) { f.values[labelText(labels)] += value }

func labelText(labels []string) string {
	if len(labels) == 0 {
		return ""
	}
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
	var b strings.Builder
	for i := 0; i+1 < len(labels); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		_, _ = fmt.Fprintf(&b, `%s="%s"`, labels[i], escape.Replace(labels[i+1]))
	}
	return "{" + b.String() + "}"
}

// write gives all metrics that have a value, in a fixed order and without
// timestamps.
func (r *registry) write(w io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := bufio.NewWriter(w)
	for _, f := range r.families {
		if len(f.values) == 0 {
			continue
		}
		_, _ = fmt.Fprintf(out, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", f.name, f.help, f.kind)
		for _, labels := range slices.Sorted(maps.Keys(f.values)) {
			_, _ = fmt.Fprintf(out, "%s%s %s\n", f.name, labels, strconv.FormatFloat(f.values[labels], 'f', -1, 64))
		}
	}
	return out.Flush() // it keeps the first error
}

// read takes over the values that write wrote. Lines of metrics that are not
// ours are left out.
func (r *registry) read(from io.Reader) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := make(map[string]*family, len(r.families))
	for _, f := range r.families {
		if !f.volatile {
			known[f.name] = f
		}
	}
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		series, number, ok := cutLast(lines.Text())
		if !ok || strings.HasPrefix(series, "#") {
			continue
		}
		name, labels := series, ""
		if at := strings.IndexByte(series, '{'); at >= 0 {
			name, labels = series[:at], series[at:]
		}
		value, err := strconv.ParseFloat(number, 64)
		if f := known[name]; f != nil && err == nil && wellFormed(labels) {
			f.values[labels] = value
		}
	}
	return lines.Err()
}

func cutLast(line string) (before, after string, found bool) {
	at := strings.LastIndexByte(line, ' ')
	if at < 0 {
		return "", "", false
	}
	return line[:at], line[at+1:], true
}

// wellFormed reports whether labels have the form in which they are written, so
// that what somebody else put into a textfile can't break ours.
func wellFormed(labels string) bool {
	if labels == "" {
		return true
	}
	if !strings.HasPrefix(labels, "{") || !strings.HasSuffix(labels, "}") {
		return false
	}
	inner := labels[1 : len(labels)-1]
	for pair := range strings.SplitSeq(inner, ",") {
		name, value, ok := strings.Cut(pair, "=")
		text, err := strconv.Unquote(value)
		if !ok || err != nil || name == "" || value[0] != '"' || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" ||
			strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_-") != "" {
			return false
		}
	}
	return true
}
