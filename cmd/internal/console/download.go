package console

import (
	"bufio"
	"net/http"
	"strings"
	"time"

	"duosync/cmd/internal/console/pages"
	"duosync/cmd/internal/page"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	dirsync "duosync/sync"
)

// These bound downloads of runs, which may be large, and slow: they are not made in the turns of
// pages, and none is cut off while somebody reads it.
const (
	downloadsAtOnce = 3
	// downloadStall is how long a client may read nothing.
	downloadStall = 20 * time.Second
	// downloadTime is how long a download takes at most, however steadily it trickles.
	downloadTime = time.Hour
	// downloadPiece is how many bytes have to go within downloadStall.
	downloadPiece = 16 << 10
)

// download has a download served, unless too many are under way.
func (s *Server) download(send func(http.ResponseWriter, *http.Request, *view)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.loads <- struct{}{}:
		default:
			w.Header().Set("Retry-After", "30")
			answer(w, http.StatusServiceUnavailable, "too many runs are downloaded at once; try again in a while")
			return
		}
		defer func() { <-s.loads }()
		now := s.Look(r.Context())
		send(w, r, &now)
	}
}

// formats are those that a run can be had in.
var formats = map[form.Format]string{form.JSON: "application/json", form.CSV: "text/csv; charset=utf-8", form.Markdown: "text/markdown; charset=utf-8"}

// sendRun sends a run in a form for programs. It is made while it is sent.
func (s *Server) sendRun(w http.ResponseWriter, r *http.Request, v *view) {
	id, format := r.PathValue("id"), form.Format(r.URL.Query().Get("format"))
	kind, known := formats[format]
	if !known {
		s.refuse(w, v, http.StatusBadRequest, &pages.Problem{Title: "No such format", Text: "A run can be had as json, csv and markdown.", Links: []page.Link{{Name: "The run", Href: pages.RunPath(id)}}})
		return
	}
	var found form.Renderer
	err := s.glance(r.Context(), v, func(m *past.Moment) error {
		run, there, err := m.Run(r.Context(), id)
		switch {
		case err != nil || !there:
			found = nil
		case run.Report != nil:
			found = report.Stored{Report: run.Report, Flags: v.loaded.Flags()}
		default:
			var doc *report.Document
			if doc, err = m.Unfinished(r.Context(), run); err == nil {
				found = doc
			}
		}
		return err
	})
	switch {
	case err != nil:
		s.unread(w, v, err)
		return
	case found == nil:
		s.missing(w, v, "There is no run "+dirsync.Quote(id)+" in the history.", page.Link{Name: "All runs", Href: pages.RunsPath})
		return
	}
	ending := map[form.Format]string{form.JSON: "json", form.CSV: "csv", form.Markdown: "md"}[format]
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `inline; filename="duosync-`+strings.Map(plainName, id)+`.`+ending+`"`)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if r.Method == http.MethodHead {
		return
	}
	s.stream(w, found, format)
}

// stream sends a document. Where it does not end well, the connection is broken off, so that nobody
// takes a part for the whole.
func (s *Server) stream(w http.ResponseWriter, found form.Renderer, format form.Format) {
	out := bufio.NewWriterSize(newSteady(w, s.stall), downloadPiece)
	err := found.Write(out, format, form.Look{})
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		s.opts.Log.WithError(err).Debug("a run was not sent whole")
		panic(http.ErrAbortHandler)
	}
}

// plainName keeps of a run's id what can be in the name of a file.
func plainName(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
		return r
	}
	return '_'
}

// steady writes to a client as long as it reads: the deadline moves with each piece that goes.
type steady struct {
	w     http.ResponseWriter
	on    *http.ResponseController
	stall time.Duration
	end   time.Time
}

func newSteady(w http.ResponseWriter, stall time.Duration) *steady {
	return &steady{w: w, on: http.NewResponseController(w), stall: stall, end: time.Now().Add(downloadTime)}
}

// Write implements io.Writer.
func (s *steady) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		piece := p[:min(len(p), downloadPiece)]
		until := time.Now().Add(s.stall)
		if until.After(s.end) {
			until = s.end
		}
		_ = s.on.SetWriteDeadline(until) // a writer without deadlines has none to move
		written, err := s.w.Write(piece)
		n += written
		if err != nil {
			return n, err
		}
		p = p[len(piece):]
	}
	return n, nil
}
