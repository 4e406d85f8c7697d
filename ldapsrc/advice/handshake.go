package advice

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"

	"duosync/sync/certificate"
)

// handshake is what a TLS handshake shows in which old versions, weak ciphers and any
// certificate are accepted. Nothing is sent in it that must stay secret: at most StartTLS before
// it, and after it firstWord's search for no attribute.
type handshake struct {
	undialled   bool // no connection came about
	spoken      bool // TLS is spoken there
	state       tls.ConnectionState
	asked       bool     // the server asked for a client certificate
	authorities [][]byte // from which it accepts one, names in DER; none: it does not say
	err         error
}

// handshake makes one.
func (t Target) handshake(ctx context.Context, afterStartTLS bool) handshake {
	var shown handshake
	raw, err := t.Dial(ctx)
	if err != nil {
		return handshake{undialled: true, err: err}
	}
	defer func() { _ = raw.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	if afterStartTLS {
		if err := StartTLS(raw); err != nil {
			return handshake{err: err}
		}
	}
	stream := tls.Client(raw, &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // it is only looked at
		MinVersion:         tls.VersionTLS10, CipherSuites: everySuite(), MaxVersion: tls.VersionTLS13,
		GetClientCertificate: func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			shown.asked, shown.authorities = true, request.AcceptableCAs
			return &tls.Certificate{}, nil
		},
	})
	shown.err = stream.HandshakeContext(ctx)
	shown.state = stream.ConnectionState()
	if shown.err == nil && shown.asked && shown.state.Version == tls.VersionTLS13 {
		// The server's verdict on the certificate comes after the handshake (RFC 8446, 4.4.2.4).
		shown.err = firstWord(stream)
	}
	var notTLS tls.RecordHeaderError
	shown.spoken = shown.err == nil || shown.asked || certificate.Alert(shown.err) != "" || strings.Contains(shown.err.Error(), "tls: ") && !errors.As(shown.err, &notTLS)
	return shown
}

// firstWord asks a server something to which every directory has an answer, and gives why
// there is none.
func firstWord(stream *tls.Conn) error {
	// A search of the root DSE for no attribute (RFC 4511, 4.5.1): the answer, whatever it is,
	// says that the connection is good.
	search := []byte("\x30\x25\x02\x01\x01\x63\x20\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass\x30\x00")
	if _, err := stream.Write(search); err != nil {
		return err
	}
	_, err := stream.Read(make([]byte, 1))
	return err
}

func everySuite() []uint16 {
	var ids []uint16
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, suite.ID)
	}
	return ids
}

// old tells of a server that has nothing that is still good; "" where it has.
func (h *handshake) old() (why, hint string) {
	version := h.state.Version
	switch {
	case h.err != nil && certificate.Alert(h.err) == "protocol version not supported":
		return "the server knows SSL 3.0 at most, or another TLS than 1.0 to 1.3", "have TLS 1.2 or later switched on at the server"
	case h.err != nil && certificate.Alert(h.err) == "handshake failure" && !h.asked:
		return "the server offers no way to encrypt that is known here (such as DHE key exchange alone)", "have TLS 1.2 with ECDHE key exchange switched on at the server"
	case version == 0 || h.err != nil && !h.asked:
		return "", ""
	case version < tls.VersionTLS12:
		return "the server offers " + tls.VersionName(version) + " at most", "have TLS 1.2 or later switched on at the server (OpenLDAP: TLSProtocolMin 3.3, or a TLSCipherSuite that has it; 389: sslVersionMax)"
	}
	suite := tls.CipherSuiteName(h.state.CipherSuite)
	switch {
	case version > tls.VersionTLS12:
		return "", ""
	case strings.HasPrefix(suite, "TLS_RSA_"):
		return "the server offers RSA key exchange only (" + suite + ")",
			"have TLS 1.2 with ECDHE key exchange switched on at the server. An old one is let through by GODEBUG=tlsrsakex=1 in duosync's environment"
	case slices.ContainsFunc(tls.CipherSuites(), func(s *tls.CipherSuite) bool { return s.ID == h.state.CipherSuite }):
		return "", ""
	}
	return "the server offers weak ciphers only (" + suite + ")", "have TLS 1.2 with AES-GCM switched on at the server"
}

// ofAuthorities names those from whom the server accepts a certificate.
func (h *handshake) ofAuthorities() string {
	const most = 3
	var names []string
	for _, der := range h.authorities {
		var rdns pkix.RDNSequence
		if _, err := asn1.Unmarshal(der, &rdns); err == nil {
			names = append(names, rdns.String())
		}
	}
	switch n := len(names); {
	case n == 0:
		return ""
	case n > most:
		return fmt.Sprintf(", signed by %s or one of %d others", strings.Join(names[:most], ", "), n-most)
	}
	return ", signed by " + strings.Join(names, " or ")
}
