package console

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
)

// closingTime is how long requests under way may take when the server ends.
const closingTime = 5 * time.Second

// sendBuffer is how many bytes the system may hold of what is sent to one client. It lets go on only
// when a third of them are gone; by itself it holds some MB.
const sendBuffer = 128 << 10

// Adopt brings the server in line with a configuration. Where that fails, it
// goes on as before.
func (s *Server) Adopt(ctx context.Context, c config.HTTP) error {
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
func (s *Server) move(ctx context.Context, to string) (net.Listener, error) {
	from := s.listen
	listener, err := listen(ctx, to)
	if err != nil && (from == "" || !errors.Is(err, syscall.EADDRINUSE)) {
		return nil, err
	}
	if err := s.Close(); err != nil {
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

func (s *Server) serve(address string, listener net.Listener) {
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

// Close ends the server, if there is one.
func (s *Server) Close() error {
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
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // without it a slow reader looks as if it did not read at all
	}
	certificate := l.settings.Load().certificate
	if certificate == nil {
		return conn, nil
	}
	return tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}), nil
}
