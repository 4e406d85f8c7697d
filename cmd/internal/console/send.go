package console

import (
	"bytes"
	"net/http"

	"duosync/cmd/internal/console/pages"
	"duosync/cmd/internal/page"
	"duosync/cmd/internal/report/phrase"
	"duosync/sync/printed"
)

// buffer is a page that is being made: half a page is none.
type buffer = bytes.Buffer

// policy is what a page may have: the style sheet of this server, and forms that ask it.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// send sends a page that is made by write.
func (s *Server) send(w http.ResponseWriter, write func(*buffer) error) {
	s.sendAs(w, http.StatusOK, write)
}

func (s *Server) sendAs(w http.ResponseWriter, code int, write func(*buffer) error) {
	var out buffer
	if err := write(&out); err != nil {
		s.opts.Log.WithError(err).Error("a page can't be made")
		answer(w, http.StatusInternalServerError, "the page can't be made; see the log")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	w.WriteHeader(code)
	_, _ = w.Write(out.Bytes())
}

// refuse shows a page that says why there is none.
func (s *Server) refuse(w http.ResponseWriter, v *view, code int, p *pages.Problem) {
	s.sendAs(w, code, func(out *buffer) error { return s.site(v).Problem(out, p) })
}

// unread tells that the state can't be read.
func (s *Server) unread(w http.ResponseWriter, v *view, err error) {
	s.opts.Log.WithError(err).Debug("a page can't be made of the state")
	s.refuse(w, v, http.StatusServiceUnavailable, &pages.Problem{Title: "The state can't be read", Text: printed.Runnable(phrase.Error(err), v.loaded.Flags())})
}

// missing tells that there is no such thing.
func (s *Server) missing(w http.ResponseWriter, v *view, text string, links ...page.Link) {
	s.refuse(w, v, http.StatusNotFound, &pages.Problem{Title: "Not found", Text: text, Links: links})
}
