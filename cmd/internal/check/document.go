package check

import (
	"fmt"
	"io"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
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

// Document is a preflight: the checks in their order.
type Document struct {
	Checks []Check `json:"checks"`

	unwell []string // what no check fails for: contradictions, a pause, a hold, who needs a human
}

// Err tells of the first check that failed; nil: none did.
func (d *Document) Err() error {
	var first *Check
	failed := 0
	for i := range d.Checks {
		if c := &d.Checks[i]; c.failed() {
			if failed++; first == nil {
				first = c
			}
		}
	}
	switch failed {
	case 0:
		return nil
	case 1:
		return dirsync.WithHint(fmt.Errorf("a check failed: %s: %s", first.Name, first.Detail), first.Hint)
	}
	return dirsync.WithHint(fmt.Errorf("%d checks failed, the first is %s: %s", failed, first.Name, first.Detail), first.Hint)
}

// Write renders the preflight. Only the table is ever coloured.
func (d *Document) Write(out io.Writer, format form.Format, look form.Look) error {
	return form.Write(out, d, format, look)
}

// Page lists the checks, each with what to do.
func (d *Document) Page() *form.Page {
	l := &form.List{Columns: []string{"result", "check", "found", "what to do"}, Lead: 2}
	failed, skipped := 0, 0
	for i := range d.Checks {
		c := &d.Checks[i]
		r := form.Row{Cells: []string{c.result(), c.Name, c.Detail, c.Hint}, Flow: []string{c.Detail}}
		if c.Hint != "" {
			r.Flow = append(r.Flow, "→ "+c.Hint)
		}
		switch {
		case c.Skipped:
			skipped++
		case c.failed():
			failed++
			r.Tone = form.Bad
		case c.Hint != "":
			r.Tone = form.Change
		}
		l.Add(r)
	}
	p := &form.Page{Title: fmt.Sprintf("Check: all is well; %s made, nothing was changed", phrase.Plural(len(d.Checks), "check")), Tone: form.Good}
	if len(d.unwell) > 0 {
		p.Title = "Check: " + report.But(phrase.Plural(len(d.Checks), "check")+" made, none failed", d.unwell...) + "; nothing was changed"
		p.Tone = form.Change
	}
	if failed > 0 {
		p.Title, p.Tone = fmt.Sprintf("Check: %s of %s FAILED", phrase.Count(failed), phrase.Plural(len(d.Checks)-skipped, "check")), form.Bad
		if skipped > 0 {
			p.Title += fmt.Sprintf(", %s more could not be made", phrase.Count(skipped))
		}
		p.Title += "; nothing was changed"
	}
	p.Add(form.Block{List: l})
	p.Summary = p.Title // the list is long
	return p
}

func (c *Check) failed() bool { return !c.OK && !c.Skipped }

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

// Sheet has a row for each check.
func (d *Document) Sheet() *form.Sheet {
	s := form.NewSheet("name", "result", "detail", "hint")
	for i := range d.Checks {
		c := &d.Checks[i]
		s.Add(c.Name, c.result(), c.Detail, c.Hint)
	}
	return s
}
