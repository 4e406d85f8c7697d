package console

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"duosync/cmd/internal/console/pages"
	"duosync/cmd/internal/page"
)

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	metrics := promhttp.HandlerFor(prometheus.Gatherers{s.metrics, processMetrics()}, promhttp.HandlerOpts{
		ErrorLog: s.debugLog(), ErrorHandling: promhttp.ContinueOnError,
	})
	mux.Handle("GET /metrics", s.guard(func(w http.ResponseWriter, r *http.Request) {
		s.Look(r.Context())
		metrics.ServeHTTP(w, r)
	}, true))
	mux.Handle("GET "+pages.StylePath, s.guarded(showStyle))
	for path, show := range map[string]func(http.ResponseWriter, *http.Request, *view){
		"/{$}":                     s.showNow,
		pages.RunsPath:             s.showRuns,
		pages.PeoplePath:           s.showPeople,
		pages.PeoplePath + "/{id}": s.showPerson,
		pages.WaitingPath:          s.showWaiting,
		pages.GroupsPath:           s.showGroups,
		pages.DriftPath:            s.showDrift,
		pages.SettingsPath:         s.showSettings,
		"/": func(w http.ResponseWriter, _ *http.Request, v *view) {
			s.missing(w, v, "There is no such page.", page.Link{Name: "Now", Href: pages.NowPath})
		},
	} {
		mux.Handle("GET "+path, s.guarded(s.page(show)))
	}
	showRun, sendRun := s.page(s.showRun), s.download(s.sendRun)
	mux.Handle("GET "+pages.RunsPath+"/{id}", s.guarded(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("format") != "" {
			sendRun(w, r)
			return
		}
		showRun(w, r)
	}))
	return only(mux)
}

// only lets no request through but one that reads.
func only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			answer(w, http.StatusMethodNotAllowed, "these pages are for reading: GET or HEAD")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// These bound the work for pages: so many are made at a time, so many wait for their turn,
// so long, and so many for their reader.
const (
	pagesAtOnce = 4
	pagesQueued = 128
	pagesSent   = 64 // that are made, and not read yet
	queueTime   = 10 * time.Second
)

// page has a page made of how things stand, once it is its turn.
func (s *Server) page(show func(http.ResponseWriter, *http.Request, *view)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.turn(r) {
			w.Header().Set("Retry-After", "5")
			answer(w, http.StatusServiceUnavailable, "too many pages are asked for at once; try again in a few seconds")
			return
		}
		sent := &sentPage{ResponseWriter: w, s: s}
		defer sent.end()
		now := s.Look(r.Context())
		show(sent, r, &now)
	}
}

// sentPage gives the turn back when a page is made and begins to be sent, so that whoever does not
// read what he asked for keeps no other waiting. Pages that wait to be read take memory, so there
// is a bound to them too.
type sentPage struct {
	http.ResponseWriter
	s             *Server
	back, sending bool
}

func (m *sentPage) WriteHeader(code int) {
	if !m.back {
		select {
		case m.s.sending <- struct{}{}:
			m.sending, m.back = true, true
			<-m.s.turns
		default:
		}
	}
	m.ResponseWriter.WriteHeader(code)
}

func (m *sentPage) end() {
	if m.sending {
		<-m.s.sending
	}
	if !m.back {
		<-m.s.turns
	}
}

// turn waits for a turn to make a page. It reports whether that came.
func (s *Server) turn(r *http.Request) bool {
	select {
	case s.turns <- struct{}{}:
		return true
	default:
	}
	if s.queued.Add(1) > pagesQueued {
		s.queued.Add(-1)
		return false
	}
	defer s.queued.Add(-1)
	late := time.NewTimer(queueTime)
	defer late.Stop()
	select {
	case s.turns <- struct{}{}:
		return true
	case <-late.C:
	case <-r.Context().Done():
	}
	return false
}

// styleTag tells one style sheet from another.
var styleTag = func() string {
	sum := sha256.Sum256([]byte(page.Style()))
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}()

func showStyle(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "private, no-cache") // it is asked for again, and not sent again
	h.Set("ETag", styleTag)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(page.Style()))
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	now := s.Look(r.Context())
	if why := now.unready(); why != "" {
		answer(w, http.StatusServiceUnavailable, why)
		return
	}
	answer(w, http.StatusOK, "ok")
}
