package report

import (
	"io"

	"duosync/cmd/internal/report/form"
	dirsync "duosync/sync"
)

// Undoing is the report of a run that undoes another.
type Undoing struct {
	Document
	// Undoes is the id of the run that is undone; "" where none was found.
	Undoes string `json:"undoes"`
}

// UndoingOf gives the report of a run that undoes another.
func UndoingOf(run *dirsync.Run, undoes string) *Undoing {
	return &Undoing{Document: *Of(run), Undoes: undoes}
}

// Short implements [form.Long].
func (u *Undoing) Short() any {
	short := *u
	short.Operations = Operations{}
	return &short
}

// Write renders the report. Only the table is ever coloured.
func (u *Undoing) Write(out io.Writer, format form.Format, look form.Look) error {
	return form.Write(out, u, format, look)
}

// Page is that of a run, with a title of its own.
func (u *Undoing) Page() *form.Page {
	p := u.Document.Page()
	what := "Undo"
	if u.Undoes != "" {
		what += " of run " + u.Undoes
	}
	p.Title = what + ": " + u.asked()
	p.Summary = u.summary(p.Title)
	return p
}
