package bench_test

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// A panel is one diagram: both axes are logarithmic, for what grows evenly is a straight line
// there, whatever its size.
type panel struct {
	title string
	of    func(*figures) float64 // 0: no point
	tick  func(float64) string
}

var panels = []panel{
	{"time", func(f *figures) float64 { return f.wall.Seconds() }, seconds},
	{"peak memory", func(f *figures) float64 { return float64(f.peak) / (1 << 20) }, func(v float64) string { return fmt.Sprintf("%g MiB", v) }},
	{"time at 50 calls a minute", func(f *figures) float64 {
		if f.limited == nil {
			return 0
		}
		return f.limited.took.Seconds()
	}, seconds},
}

func seconds(v float64) string { return duration(time.Duration(v * float64(time.Second))) }

// Sizes of a panel in pixels.
const (
	panelWidth, panelHeight   = 420, 340
	left, right, top, bottom  = 70, 12, 34, 34
	legendHeight              = 30
	innerWidth, innerHeight   = panelWidth - left - right, panelHeight - top - bottom
	perDecade                 = 10.0
	background, grid, letters = "#ffffff", "#dddddd", "#222222"
)

// colours that people who see few of them can tell apart (Okabe and Ito).
var colours = map[string]string{ldapsearch: "#000000", reader: "#e69f00", unchanged: "#0072b2", first: "#d55e00", changed: "#009e73", refresh: "#cc79a7"}

// plot draws all figures as SVG.
func plot(all []figures) []byte {
	var b bytes.Buffer
	width, height := panelWidth*len(panels), panelHeight+legendHeight
	_, _ = fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12" fill="%s">`+"\n", width, height, letters)
	_, _ = fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="%s"/>`+"\n", background)
	for i, p := range panels {
		_, _ = fmt.Fprintf(&b, `<g transform="translate(%d 0)">`+"\n", i*panelWidth)
		p.draw(&b, all)
		_, _ = fmt.Fprintln(&b, `</g>`)
	}
	for i, what := range whatOf(all) {
		x, y := left+i*(width-left)/len(colours), panelHeight+legendHeight/2
		_, _ = fmt.Fprintf(&b, `<circle cx="%d" cy="%d" r="4" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n", x, y-4, colours[what], x+10, y, what)
	}
	_, _ = fmt.Fprintln(&b, `</svg>`)
	return b.Bytes()
}

// whatOf lists what was measured, in its order.
func whatOf(all []figures) (list []string) {
	for i := range all {
		if !slices.Contains(list, all[i].what) {
			list = append(list, all[i].what)
		}
	}
	return list
}

func (p *panel) draw(w io.Writer, all []figures) {
	var drawn []figures
	for i := range all {
		if p.of(&all[i]) > 0 {
			drawn = append(drawn, all[i])
		}
	}
	_, _ = fmt.Fprintf(w, `<text x="%d" y="18" font-weight="bold">%s</text>`+"\n", left, p.title)
	if len(drawn) == 0 {
		return
	}
	across := axisOf(drawn, func(f *figures) float64 { return float64(f.people) })
	up := axisOf(drawn, p.of)
	x := func(v float64) float64 { return left + across.place(v)*innerWidth }
	y := func(v float64) float64 { return top + (1-up.place(v))*innerHeight }
	for v := up.from; v <= up.to*1.001; v *= perDecade {
		_, _ = fmt.Fprintf(w, `<path d="M%d %.1fh%d" stroke="%s"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", left, y(v), innerWidth, grid, left-6, y(v)+4, p.tick(v))
	}
	for v := across.from; v <= across.to*1.001; v *= perDecade {
		_, _ = fmt.Fprintf(w, `<path d="M%.1f %dv%d" stroke="%s"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(v), top, innerHeight, grid, x(v), panelHeight-bottom+18, thousands(int(v)))
	}
	for _, what := range whatOf(drawn) {
		var points []string
		for i := range drawn {
			if f := &drawn[i]; f.what == what {
				px, py := x(float64(f.people)), y(p.of(f))
				points = append(points, fmt.Sprintf("%.1f,%.1f", px, py))
				_, _ = fmt.Fprintf(w, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`+"\n", px, py, colours[what])
			}
		}
		_, _ = fmt.Fprintf(w, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", strings.Join(points, " "), colours[what])
	}
}

// axis is a logarithmic scale over whole decades.
type axis struct{ from, to float64 }

func axisOf(all []figures, of func(*figures) float64) axis {
	compare := func(a, b figures) int { return cmp.Compare(of(&a), of(&b)) }
	least, most := slices.MinFunc(all, compare), slices.MaxFunc(all, compare)
	a := axis{math.Pow(perDecade, math.Floor(math.Log10(of(&least)))), math.Pow(perDecade, math.Ceil(math.Log10(of(&most))))}
	if a.to <= a.from {
		a.to = a.from * perDecade
	}
	return a
}

// place gives where a value is between the ends, from 0 to 1.
func (a axis) place(v float64) float64 { return math.Log(v/a.from) / math.Log(a.to/a.from) }

func TestPlot(t *testing.T) {
	all := []figures{
		{people: 1000, what: ldapsearch, wall: 10 * time.Millisecond, peak: 10 << 20},
		{people: 100_000, what: ldapsearch, wall: time.Second, peak: 10 << 20},
		{people: 1000, what: first, wall: time.Second, peak: 100 << 20, limited: &limitedRun{took: time.Hour, calls: 1000}},
	}
	drawn := plot(all)
	for d := xml.NewDecoder(bytes.NewReader(drawn)); ; {
		if _, err := d.Token(); err == io.EOF { //nolint:errorlint // Token says so itself
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	// Between 10 ms and 1 s there are two decades: the ends of the line are at the ends of the axis.
	for _, want := range []string{
		fmt.Sprintf(`points="%.1f,%.1f %.1f,%.1f"`, float64(left), float64(top+innerHeight), float64(left+innerWidth), float64(top)),
		">1,000<", ">100,000<", ">10 MiB<", ">100 MiB<", ">10 ms<", ">1.00 s<",
	} {
		if !bytes.Contains(drawn, []byte(want)) {
			t.Errorf("no %s in\n%s", want, drawn)
		}
	}
}
