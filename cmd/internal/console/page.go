package console

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/watch"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

//go:embed status.html
var pageText string

var page = template.Must(template.New("status").Funcs(template.FuncMap{"clock": Clock[time.Time], "stamp": Clock[string]}).Parse(pageText))

// pageData is what the status page shows.
type pageData struct {
	Version  string
	Now      time.Time
	Next     time.Time
	Ready    string // why not, or ""
	Unread   string // why the state could not be read, or ""
	AsOf     time.Time
	Paused   *dirsync.Pause
	Resume   string // the command that ends the pause
	Running  *watch.Position
	Holder   string // who else makes a run, or ""
	Last     *lastRun
	Word     string
	Error    string
	Counts   []count
	HeldBy   *report.Document // the run that held
	Held     []heldGuard
	Approved int    // guards whose holds the next run lets through
	Waiting  int    // all of them, also those beyond the list
	Needs    string // how many need a human, or ""
	Some     []dirsync.Attention
	More     int    // who need a human beyond those
	Due      string // the command that lists all
}

type count struct {
	Name string
	N    int
}

// heldGuard is a guard that holds, and how that goes on.
type heldGuard struct {
	Title, Limit, Affected, Since, Names string
	Command, Remedy                      string // what ends it, as a command or a sentence
	WholeRun                             bool
}

func heldGuards(guards []report.Guard) []heldGuard {
	var held []heldGuard
	for i := range guards {
		g := &guards[i]
		h := heldGuard{Title: g.Title(), Limit: g.Limit, Affected: fmt.Sprint(g.Affected), Names: strings.Join(g.Names, ", "), WholeRun: g.WholeRun,
			Command: g.Approve, Remedy: g.Remedy}
		if h.Command == "" && report.IsCommand(g.Remedy) {
			h.Command, h.Remedy = g.Remedy, ""
		}
		if g.Total > 0 {
			h.Affected += fmt.Sprintf(" of %d", g.Total)
		}
		if g.Since != "" {
			h.Since = Clock(g.Since)
		}
		if n := len(g.Names); n > 0 && n < g.Affected {
			h.Names += " and others"
		}
		held = append(held, h)
	}
	return held
}

// data gives what the status page shows of a moment.
func (s *Server) data(now *view) *pageData {
	flags := now.loaded.Flags()
	data := &pageData{Version: s.opts.Version, Now: time.Now(), Next: now.due, Ready: now.unready(), AsOf: now.asOf, Holder: now.holder,
		Paused: now.paused(), Resume: printed.Command(flags, "resume"),
		Needs: now.needs.words, Some: now.needs.some, More: now.needs.all - len(now.needs.some), Due: printed.Command(flags, "due")}
	if now.unread != nil {
		data.Unread = printed.Runnable(phrase.Error(now.unread), flags)
	}
	if now.running != nil {
		p := now.running.Position()
		data.Running = &p
	}
	guards, by := now.held()
	if data.Held = heldGuards(guards); by != nil {
		data.HeldBy = by
		data.Approved = len(by.OpenGuards(func(string) bool { return false })) - len(guards)
	}
	if last := now.last(); last != nil {
		data.Last, data.Word, data.Error, data.Waiting = last, now.word(last), last.Error, last.Summary.Waiting
		if errors.Is(last.skipped, dirsync.ErrPaused) && data.Paused == nil {
			data.Error = "" // what it says is over
		}
		for name, n := range afterrun.Counts(last.Summary) {
			if n > 0 {
				data.Counts = append(data.Counts, count{name, n})
			}
		}
		slices.SortFunc(data.Counts, func(a, b count) int { return cmp.Compare(a.Name, b.Name) })
	}
	return data
}

// showStatus gives the status page: HTML without any script.
func (s *Server) showStatus(w http.ResponseWriter, r *http.Request) {
	now := s.Look(r.Context())
	var out bytes.Buffer
	if err := page.Execute(&out, s.data(&now)); err != nil {
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
