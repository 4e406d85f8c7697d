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
	mux.Handle("GET /metrics", s.guarded(promhttp.HandlerFor(prometheus.Gatherers{s.metrics, processMetrics()}, promhttp.HandlerOpts{
		ErrorLog: s.debugLog(), ErrorHandling: promhttp.ContinueOnError,
	}).ServeHTTP))
	mux.Handle("GET /{$}", s.guarded(s.showStatus))
	return mux
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	now := s.status.look()
	if why := now.unready(s.opts.Reachable); why != "" {
		answer(w, http.StatusServiceUnavailable, why)
		return
	}
	answer(w, http.StatusOK, "ok")
}
