package duosim

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Start listens on addr, such as "127.0.0.1:0", with a certificate by a CA made
// for this server. It returns at once; Close ends it. A server is started once.
func (s *Server) Start(addr string) error {
	if s.invalid != nil {
		return s.invalid
	}
	if s.listening.server != nil {
		return errors.New("duosim: started already")
	}
	certificate, ca, err := newCertificate(s.options.CertificateNames)
	if err != nil {
		return fmt.Errorf("duosim: certificate: %w", err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("duosim: %w", err)
	}
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that don't trust the CA, mostly
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		Protocols:         new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true) // so that a cut is a cut connection
	s.listening = listening{server: server, host: hostOf(listener.Addr()), ca: ca, served: make(chan struct{})}
	go func() {
		defer close(s.listening.served)
		_ = server.ServeTLS(listener, "", "") // ends with Close only
	}()
	return nil
}

// hostOf gives an address at which a client on this machine reaches the server.
func hostOf(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Host is the server's "127.0.0.1:PORT": what a client takes for Duo's API
// host. It is "" before Start.
func (s *Server) Host() string { return s.listening.host }

// CAPEM is the certificate of the server's CA, in PEM. It is nil before Start.
func (s *Server) CAPEM() []byte { return s.listening.ca }

// Close ends the server and its connections, slow replies too. It may be called
// more than once.
func (s *Server) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.stop)
		if s.listening.server != nil {
			err = s.listening.server.Close()
			<-s.listening.served
		}
	})
	return err
}
