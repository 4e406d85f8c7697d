package form

import (
	"math"
	"strings"
)

// Drawing is a row of small bars below the facts of a page, for whoever looks at a terminal that
// shows them (Look.Drawn): it says at a glance what the list says one by one. No other form has it.
type Drawing struct {
	Name  string
	Marks []Mark // where there is no room for all, the last ones are shown, or with First the first ones
	First bool
	Note  string // what the bars are, in a few words
}

// Mark is one bar, or a sign in its place.
type Mark struct {
	Tone Tone
	// Size is what the bar stands for. It is compared with the largest of the drawing, on a scale
	// on which twice as much is a step: 1 beside 1000 can still be seen.
	Size int
	Sign string // one column; "": a bar
}

// These are in columns.
const (
	mostMarks  = 60 // of a drawing
	drawnWidth = 79 // of a line at least; in less there is none
)

const bars = "▁▂▃▄▅▆▇█"

// nothing is the mark of a size of 0.
const nothing = "·"

// sign gives the sign of a mark, where the largest has that size.
func (m *Mark) sign(largest int) string {
	switch {
	case m.Sign != "":
		return m.Sign
	case m.Size <= 0:
		return nothing
	case largest <= 1:
		return "▄"
	}
	all := []rune(bars)
	step := math.Log2(float64(m.Size)) / math.Log2(float64(largest)) * float64(len(all)-1)
	return string(all[min(max(int(math.Round(step)), 0), len(all)-1)])
}

// drawings writes the drawings of a page; names stand in so many columns.
func (w *textWriter) drawings(all []Drawing, widest int) {
	for i := range all {
		d := &all[i]
		lead := "  " + pad(d.Name, widest) + "  "
		room := min(mostMarks, w.width-columns(lead)-columns(d.Note)-2)
		if room <= 0 || len(d.Marks) == 0 {
			continue
		}
		marks := d.Marks[max(len(d.Marks)-room, 0):]
		if d.First {
			marks = d.Marks[:min(len(d.Marks), room)]
		}
		largest := 0
		for j := range marks {
			largest = max(largest, marks[j].Size)
		}
		line := lead
		for at := 0; at < len(marks); {
			tone, run := marks[at].Tone, ""
			for ; at < len(marks) && marks[at].Tone == tone; at++ {
				run += marks[at].sign(largest)
			}
			line += w.paint(tone, run)
		}
		_, _ = w.WriteString(strings.TrimRight(line+"  "+d.Note, " ") + "\n")
	}
}
