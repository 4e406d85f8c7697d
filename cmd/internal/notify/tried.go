package notify

import (
	"errors"
	"fmt"
	"io"

	"duosync/cmd/internal/notify/channel"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Tried is what became of a test message.
type Tried struct {
	Channels []Tell `json:"channels"`
}

// Tell is what one channel did with it.
type Tell struct {
	Name string `json:"name"` // webhook or email
	Host string `json:"host"`
	OK   bool   `json:"ok"`
	// Detail is what it answered, or what is wrong, and Hint what to do.
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
	// Taken and Refused are the recipients of a mail that not all of them get.
	Taken   []string `json:"taken,omitempty"`
	Refused []string `json:"refused,omitempty"`
}

func tellOf(ch channel.Channel, answer string, err error) Tell {
	t := Tell{Name: ch.Name(), Host: ch.Where(), OK: err == nil, Detail: answer}
	if partly, ok := errors.AsType[*channel.Partly](err); ok {
		t.Taken, t.Refused = partly.Taken, partly.Refused
	}
	if err != nil {
		t.Detail, t.Hint = err.Error(), dirsync.Hint(err)
	}
	return t
}

// Err tells of the channels that did not take it; nil: all did.
func (d *Tried) Err() error {
	var first *Tell
	failed := 0
	for i := range d.Channels {
		if t := &d.Channels[i]; !t.OK {
			if failed++; first == nil {
				first = t
			}
		}
	}
	switch failed {
	case 0:
		return nil
	case 1:
		return dirsync.WithHint(fmt.Errorf("%s: %s", first.what(), first.Detail), first.Hint)
	}
	return dirsync.WithHint(fmt.Errorf("%d channels did not take the message, the first is %s: %s", failed, first.Name, first.Detail), first.Hint)
}

// what says in words that a channel did not take a message, or not for everybody.
func (t *Tell) what() string {
	if len(t.Taken) > 0 {
		return t.Name + " did not take the message for everybody"
	}
	return t.Name + " did not take the message"
}

// Write renders it. Only the table is ever coloured.
func (d *Tried) Write(out io.Writer, format form.Format, look form.Look) error {
	return form.Write(out, d, format, look)
}

// Page lists the channels, each with its answer.
func (d *Tried) Page() *form.Page {
	l := &form.List{Columns: []string{"result", "channel", "answer", "what to do"}, Lead: 2}
	taken := 0
	for i := range d.Channels {
		t := &d.Channels[i]
		row := form.Row{Cells: []string{t.result(), t.Name + " " + t.Host, t.Detail, t.Hint}, Flow: []string{t.Detail}, Tone: form.Bad}
		if t.Hint != "" {
			row.Flow = append(row.Flow, "→ "+t.Hint)
		}
		if t.OK {
			taken++
			row.Tone = form.Plain
		}
		l.Add(row)
	}
	p := &form.Page{Title: fmt.Sprintf("Test message: taken by all (%s)", phrase.Plural(taken, "channel")), Tone: form.Good}
	if taken < len(d.Channels) {
		p.Title, p.Tone = fmt.Sprintf("Test message: taken by %d of %s", taken, phrase.Plural(len(d.Channels), "channel")), form.Bad
	}
	p.Summary = p.Title
	p.Add(form.Block{List: l})
	return p
}

func (t *Tell) result() string {
	if t.OK {
		return "ok"
	}
	return "FAILED"
}

// Sheet gives a row for each channel.
func (d *Tried) Sheet() *form.Sheet {
	s := form.NewSheet("name", "host", "ok", "detail", "hint")
	for _, t := range d.Channels {
		s.Add(t.Name, t.Host, fmt.Sprint(t.OK), t.Detail, t.Hint)
	}
	return s
}
