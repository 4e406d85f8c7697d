package daemon

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
)

// closingTime is how long requests under way may take when the server ends.
const closingTime = 5 * time.Second

// server serves health, metrics and the status page at http.listen. It belongs
// to the loop; only its settings are read by requests.
type server struct {
	status   *status
	metrics  *metrics
	opts     Options
	settings atomic.Pointer[settings]

	listen string // as configured; "" while nothing is served
	http   *http.Server
	served chan struct{}
}

// settings can change while the server listens.
type settings struct {
	token       config.Secret
	certificate *tls.Certificate // nil: no TLS
}

func newServer(s *status, m *metrics, opts Options) *server {
	return &server{status: s, metrics: m, opts: opts}
}

// adopt brings the server in line with a configuration. Where that fails, it
// goes on as before.
func (s *server) adopt(ctx context.Context, c config.HTTP) error {
	next := &settings{token: c.Token}
	if c.TLSCertFile != "" {
		certificate, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile)
		if err != nil {
			return dirsync.WithHint(fmt.Errorf("http.tls_cert_file and http.tls_key_file: %w", err), "Give the PEM files of a certificate and of its key.")
		}
		next.certificate = &certificate
	}
	if c.Listen == s.listen {
		s.settings.Store(next)
		return nil
	}
	listener, err := s.move(ctx, c.Listen)
	if err != nil {
		return dirsync.WithHint(fmt.Errorf("http.listen: %w", err), "Give an address of this machine and a port that is free, such as 127.0.0.1:9377.")
	}
	s.settings.Store(next)
	if listener != nil {
		s.serve(c.Listen, listener)
	}
	return nil
}

// move ends the server and gives the listener of another address, nil for "".
// Where that can't be listened on, the server goes on, or anew, at the old one.
func (s *server) move(ctx context.Context, to string) (net.Listener, error) {
	from := s.listen
	listener, err := listen(ctx, to)
	if err != nil && (from == "" || !errors.Is(err, syscall.EADDRINUSE)) {
		return nil, err
	}
	if err := s.close(); err != nil {
		s.opts.Log.WithError(err).Debug("closing the pages of before")
	}
	if err == nil {
		return listener, nil
	}
	// It may be our own port, on more or fewer addresses.
	if listener, err = listen(ctx, to); err == nil {
		return listener, nil
	}
	before, lost := listen(ctx, from)
	if lost != nil {
		return nil, errors.Join(err, lost)
	}
	s.serve(from, before)
	return nil, err
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

func (s *server) serve(address string, listener net.Listener) {
	s.listen = address
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          s.debugLog(),
	}
	s.served = make(chan struct{})
	go func(server *http.Server, served chan struct{}) {
		defer close(served)
		if err := server.Serve(&encrypting{listener, &s.settings}); !errors.Is(err, http.ErrServerClosed) {
			s.opts.Log.WithError(err).Error("http.listen: the pages are no longer served")
		}
	}(s.http, s.served)
	s.opts.Log.WithField("address", listener.Addr().String()).Info("serving health, metrics and status")
}

// close ends the server, if there is one.
func (s *server) close() error {
	if s.http == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closingTime)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	<-s.served
	s.http, s.listen = nil, ""
	return err
}

// encrypting is a listener whose connections speak TLS while there is a
// certificate, which may come, change and go.
type encrypting struct {
	net.Listener
	settings *atomic.Pointer[settings]
}

// Accept implements net.Listener.
func (l *encrypting) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	certificate := l.settings.Load().certificate
	if certificate == nil {
		return conn, nil
	}
	return tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}), nil
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.guarded(promhttp.HandlerFor(prometheus.Gatherers{s.metrics, processMetrics()}, promhttp.HandlerOpts{
		ErrorLog: s.debugLog(), ErrorHandling: promhttp.ContinueOnError,
	}).ServeHTTP))
	mux.Handle("GET /{$}", s.guarded(s.showStatus))
	return mux
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text+"\n")
}

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	now := s.status.look()
	if why := now.unready(s.opts.Reachable); why != "" {
		answer(w, http.StatusServiceUnavailable, why)
		return
	}
	answer(w, http.StatusOK, "ok")
}

// guarded lets a request through that brings the token, as Bearer (RFC 6750) or
// as the password of Basic (RFC 7617). Without a token only this machine can
// come; a page of some other site that has its name point here (DNS rebinding)
// gives itself away by that name.
func (s *server) guarded(show http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := s.settings.Load().token
		switch {
		case token.IsEmpty() && !loopbackName(r.Host):
			answer(w, http.StatusForbidden, "without http.token, these pages are for http://127.0.0.1 or localhost only")
		case !token.IsEmpty() && !carries(r, token):
			w.Header().Add("WWW-Authenticate", `Basic realm="duosync", charset="UTF-8"`)
			w.Header().Add("WWW-Authenticate", `Bearer realm="duosync"`)
			answer(w, http.StatusUnauthorized, "http.token is needed, as a Bearer token or as a Basic password")
		default:
			w.Header().Set("Cache-Control", "no-store")
			show(w, r)
		}
	})
}

// carries reports whether a request brings the token. Digests are compared, in
// constant time, so that not even the token's length shows.
func carries(r *http.Request, token config.Secret) bool {
	_, given, ok := r.BasicAuth()
	if !ok {
		var scheme string
		scheme, given, ok = strings.Cut(r.Header.Get("Authorization"), " ")
		ok = ok && strings.EqualFold(scheme, "Bearer")
	}
	want, got := sha256.Sum256([]byte(token.Reveal())), sha256.Sum256([]byte(given))
	return ok && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

func loopbackName(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// debugLog is for what net/http and promhttp have to say, such as of handshakes
// that fail.
func (s *server) debugLog() *log.Logger { return log.New(debugWriter{s.opts.Log}, "", 0) }

type debugWriter struct{ log logrus.FieldLogger }

func (w debugWriter) Write(p []byte) (int, error) {
	w.log.Debug(strings.TrimSpace(string(p)))
	return len(p), nil
}
