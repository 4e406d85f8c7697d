package page

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// The size of a line's picture, in units of its own; the style sheet stretches it.
const (
	lineWidth  = 240
	lineHeight = 48
)

// Line draws values, oldest first, as a line with the area below it: for a tile, a cell or a
// [Chart]. title tells what they are, and how they went, to those who can't see it. NaN leaves
// a gap. The line goes from the least to the greatest value, not from nought: what counts is
// how it moves. Fewer than two values draw nothing.
func Line(values []float64, title string) template.HTML {
	least, greatest, known := math.Inf(1), math.Inf(-1), 0
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			least, greatest, known = min(least, v), max(greatest, v), known+1
		}
	}
	if known < 2 {
		return ""
	}
	place := func(i int, v float64) (x, y float64) {
		y = lineHeight / 2
		if greatest > least {
			y = lineHeight - 2 - (v-least)/(greatest-least)*(lineHeight-4)
		}
		return float64(i) * lineWidth / float64(len(values)-1), y
	}
	var line, area strings.Builder
	start, last := 0.0, 0.0
	open := false
	closeArea := func() {
		if open {
			fmt.Fprintf(&area, "L%.1f %dL%.1f %dZ", last, lineHeight, start, lineHeight)
		}
		open = false
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			closeArea()
			continue
		}
		x, y := place(i, v)
		step := 'L'
		if !open {
			step, start, open = 'M', x, true
		}
		fmt.Fprintf(&line, "%c%.1f %.1f", step, x, y)
		fmt.Fprintf(&area, "%c%.1f %.1f", step, x, y)
		last = x
	}
	closeArea()
	name := template.HTMLEscapeString(Clean(title))
	return template.HTML(fmt.Sprintf(`<svg class="line" role="img" viewBox="0 0 %d %d" preserveAspectRatio="none" aria-label="%s"><title>%s</title><path class="area" d="%s"/><path d="%s"/></svg>`,
		lineWidth, lineHeight, name, name, area.String(), line.String()))
}
