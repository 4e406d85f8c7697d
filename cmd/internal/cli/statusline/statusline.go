// Package statusline tells whoever sits at a terminal how far a command is.
package statusline

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Line is a status line. It is a dirsync.Observer.
type Line struct {
	mu    sync.Mutex
	out   io.Writer // nil: it is silent
	phase string
	last  time.Time
	shown bool
	pace  pace
	now   func() time.Time
}

// New begins a line on a terminal; nil: one that is silent.
func New(terminal io.Writer) *Line { return &Line{out: terminal, now: time.Now} }

// phases are the phases of a run as they are told.
var phases = map[string]string{
	"settle": "finding out what became of an interrupted run", "refresh": "reading Duo", "read": "reading the directory",
	"confirm": "looking again", "apply": "applying",
}

// Phase implements dirsync.Observer.
func (l *Line) Phase(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phase, l.pace = phases[name], pace{}
	l.put(l.phase + " …")
}

// Progress implements dirsync.Observer.
func (l *Line) Progress(done, total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.out == nil || now.Sub(l.last) < 100*time.Millisecond {
		return
	}
	l.last = now
	l.pace.note(now, done)
	switch {
	case total > 0 && l.phase == phases["apply"]:
		l.put(fmt.Sprintf("%s: %d of %d people, %d left%s", l.phase, done, total, total-done, l.pace.words(total-done)))
	case total > 0:
		l.put(fmt.Sprintf("%s: %d of %d", l.phase, done, total))
	default:
		l.put(fmt.Sprintf("%s: %d", l.phase, done))
	}
}

// Show puts a text on the line.
func (l *Line) Show(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(text)
}

func (l *Line) put(text string) {
	if l.out == nil {
		return
	}
	l.shown = true
	_, _ = fmt.Fprintf(l.out, "\r\x1b[K%s", text)
}

// Close takes the line away.
func (l *Line) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown {
		_, _ = fmt.Fprint(l.out, "\r\x1b[K")
	}
	l.out = nil
}
