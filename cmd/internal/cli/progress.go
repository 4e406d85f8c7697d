package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress is a status line on a terminal; elsewhere it is silent.
type progress struct {
	mu    sync.Mutex
	out   io.Writer // nil: silent
	phase string
	last  time.Time
	shown bool
}

func (a *app) progress() *progress {
	if !a.ErrTerminal {
		return &progress{}
	}
	return &progress{out: a.Err}
}

// Phase implements dirsync.Observer.
func (p *progress) Phase(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase = map[string]string{
		"settle": "finding out what became of an interrupted run", "refresh": "reading Duo", "read": "reading the directory",
		"confirm": "looking again", "apply": "applying",
	}[name]
	p.show(p.phase + " …")
}

// Progress implements dirsync.Observer.
func (p *progress) Progress(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out == nil || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	if total > 0 {
		p.show(fmt.Sprintf("%s: %d of %d", p.phase, done, total))
	} else {
		p.show(fmt.Sprintf("%s: %d", p.phase, done))
	}
}

func (p *progress) show(text string) {
	if p.out == nil {
		return
	}
	p.shown = true
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s", text)
}

// Close takes the line away.
func (p *progress) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
	}
	p.out = nil
}
