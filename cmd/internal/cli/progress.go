package cli

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/wire"
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

// presentWork presents what work finds out, while a terminal shows how far it is.
func (a *app) presentWork(ctx context.Context, opts formOptions, work func(context.Context, *config.Loaded, wire.Setup, *progress) (form.Renderer, error)) error {
	return a.present(ctx, opts, func(ctx context.Context, loaded *config.Loaded) (form.Renderer, error) {
		setup, err := a.setup()
		if err != nil {
			return nil, err
		}
		line := a.progress()
		defer line.Close()
		return work(ctx, loaded, setup, line)
	})
}
