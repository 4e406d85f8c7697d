package report

import (
	"fmt"
	"io"
)

// Check is one line of a preflight.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail is what was found, or what is wrong.
	Detail string `json:"detail"`
	// Hint is what to do. Beside OK it is worth knowing, but stops nothing.
	Hint string `json:"hint"`
	// Skipped: it was not made, since another one failed. It is not OK then.
	Skipped bool `json:"-"`
}

// Checks are a preflight.
type Checks []Check

// Write renders a preflight. Only the table is ever coloured.
func (c Checks) Write(w io.Writer, format Format, colour bool) error {
	return write(w, c, format, colour)
}

func (c Checks) encode() ([]byte, error) {
	return encode(struct {
		Checks []Check `json:"checks"`
	}{append([]Check{}, c...)})
}

func (c Checks) page() *page {
	l := &list{columns: []string{"result", "check", "found", "what to do"}, lead: 2}
	failed, skipped := 0, 0
	for i := range c {
		r := row{cells: []string{c[i].result(), c[i].Name, c[i].Detail, c[i].Hint}, flow: []string{c[i].Detail}}
		if c[i].Hint != "" {
			r.flow = append(r.flow, "→ "+c[i].Hint)
		}
		switch {
		case c[i].Skipped:
			skipped++
		case !c[i].OK:
			failed++
			r.tone = bad
		case c[i].Hint != "":
			r.tone = change
		}
		l.rows = append(l.rows, r)
	}
	p := &page{title: fmt.Sprintf("Check: all is well; %s made, nothing was changed", plural(len(c), "check")), tone: good}
	if failed > 0 {
		p.title, p.tone = fmt.Sprintf("Check: %s of %s FAILED", count(failed), plural(len(c)-skipped, "check")), bad
		if skipped > 0 {
			p.title += fmt.Sprintf(", %s more could not be made", count(skipped))
		}
		p.title += "; nothing was changed"
	}
	p.blocks = []block{{list: l}}
	return p
}

// result is the one word for a check.
func (c *Check) result() string {
	switch {
	case c.Skipped:
		return "skip"
	case !c.OK:
		return "FAIL"
	case c.Hint != "":
		return "note"
	}
	return "ok"
}

func (c Checks) sheet() *sheet {
	s := &sheet{header: []string{"name", "result", "detail", "hint"}}
	for i := range c {
		s.add(c[i].Name, c[i].result(), c[i].Detail, c[i].Hint)
	}
	return s
}
