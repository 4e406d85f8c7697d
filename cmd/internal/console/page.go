package console

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/watch"
	dirsync "duosync/sync"
)

//go:embed status.html
var pageText string

var page = template.Must(template.New("status").Funcs(template.FuncMap{"clock": Clock}).Parse(pageText))

// pageData is what the status page shows.
type pageData struct {
	Version string
	Now     time.Time
	Next    time.Time
	Ready   string // why not, or ""
	Running *watch.Position
	Last    *lastRun
	Word    string
	Error   string
	Counts  []count
	Held    []heldGuard
	Waiting int    // all of them, also those beyond the list
	Needs   string // how many need a human, or ""
	Some    []dirsync.Attention
	More    int // who need a human beyond those
}

type count struct {
	Name string
	N    int
}

// heldGuard is a guard that holds, and how that goes on.
type heldGuard struct {
	Title, Limit, Affected, Since string
	Approve, Remedy               string
	WholeRun                      bool
}

func heldGuards(run *dirsync.Run) []heldGuard {
	var held []heldGuard
	for i := range run.Guards {
		g := &run.Guards[i]
		if !g.Held {
			continue
		}
		h := heldGuard{Title: report.GuardTitle(g), Limit: g.Limit, Affected: fmt.Sprint(g.Affected), WholeRun: !g.Partial, Remedy: g.Remedy}
		if h.Remedy == "" {
			h.Approve = report.WayOut(run, g)
		}
		if g.Total > 0 {
			h.Affected += fmt.Sprintf(" of %d", g.Total)
		}
		if !g.Since.IsZero() {
			h.Since = Clock(g.Since)
		}
		held = append(held, h)
	}
	return held
}

// showStatus gives the status page: HTML without any script.
func (s *Server) showStatus(w http.ResponseWriter, _ *http.Request) {
	now := s.status.look()
	data := pageData{Version: s.opts.Version, Now: time.Now(), Next: now.due, Ready: now.unready(s.opts.Reachable), Last: now.last,
		Needs: now.needs.words, Some: now.needs.some, More: now.needs.all - len(now.needs.some)}
	if now.running != nil {
		p := now.running.Position()
		data.Running = &p
	}
	if last := now.last; last != nil {
		data.Word, data.Error, data.Waiting = last.word(), phrase.Error(last.Err), last.summary.Waiting
		data.Held = heldGuards(&last.Run)
		for name, n := range afterrun.Counts(last.summary) {
			if n > 0 {
				data.Counts = append(data.Counts, count{name, n})
			}
		}
		slices.SortFunc(data.Counts, func(a, b count) int { return cmp.Compare(a.Name, b.Name) })
	}
	var out bytes.Buffer
	if err := page.Execute(&out, data); err != nil {
		s.opts.Log.WithError(err).Error("the status page can't be made")
		answer(w, http.StatusInternalServerError, "the status page can't be made; see the log")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(out.Bytes())
}
