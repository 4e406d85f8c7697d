package duosim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

// listening is what Start leaves behind.
type listening struct {
	server *http.Server
	host   string
	ca     []byte
	served chan struct{}
}

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

// newCertificate makes a CA and a server's certificate by it. Both are valid by
// the real clock, for a year; the CA's key is forgotten at once.
func newCertificate(names []string) (tls.Certificate, []byte, error) {
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "duosync simulator CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "duosync simulator"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, authority, &leafKey.PublicKey, authorityKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER})
	return tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}, ca, nil
}
