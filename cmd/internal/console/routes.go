package console

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	metrics := promhttp.HandlerFor(prometheus.Gatherers{s.metrics, processMetrics()}, promhttp.HandlerOpts{
		ErrorLog: s.debugLog(), ErrorHandling: promhttp.ContinueOnError,
	})
	mux.Handle("GET /metrics", s.guarded(func(w http.ResponseWriter, r *http.Request) {
		s.Look(r.Context())
		metrics.ServeHTTP(w, r)
	}))
	mux.Handle("GET /{$}", s.guarded(s.showStatus))
	return mux
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	now := s.Look(r.Context())
	if why := now.unready(); why != "" {
		answer(w, http.StatusServiceUnavailable, why)
		return
	}
	answer(w, http.StatusOK, "ok")
}
