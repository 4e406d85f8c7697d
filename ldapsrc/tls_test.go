package ldapsrc_test

import (
	"crypto/tls"
	"net"
	"strings"
	"testing"

	"duosync/ldapsrc"
	"duosync/ldapsrc/slapdtest"
)

// A server that knows RSA key exchange only is told from one that refuses our
// certificate.
func TestOldTLS(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{})
	pair, err := tls.LoadX509KeyPair(s.ClientCertFile, s.ClientKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12, //nolint:gosec // as old as it is
		CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if err := c.(*tls.Conn).Handshake(); err == nil { //nolint:noctx // it ends with the client's side
				t.Error("the handshake succeeded")
			}
			_ = c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	src := newSource(t, options(s, func(o *ldapsrc.Options) {
		o.URLs = []string{strings.Replace(s.TLSURL, s.TLSURL[strings.LastIndex(s.TLSURL, ":")+1:], port, 1)}
	}))
	_, _, err = readAll(t, src)
	wantError(t, err, "handshake failure", "GODEBUG=tlsrsakex=1")
}
