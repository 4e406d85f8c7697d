package advice

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	dirsync "duosync/sync"
	"duosync/sync/certificate"
)

// Target is a server with which a first exchange failed, without an answer.
type Target struct {
	URL  string // as configured
	Dial func(context.Context) (net.Conn, error)
	// Encrypted tells that TLS was spoken, from the first byte on, or with StartTLS once
	// the server had agreed to it.
	Encrypted, StartTLS bool
	// Certificate tells that ldap.client_cert_file is set, Issuers are the names of its
	// authorities, in DER.
	Certificate bool
	Issuers     [][]byte
}

// lookFor bounds a look at a server.
const lookFor = 5 * time.Second

// Look asks a server, over connections of its own and without a login, why an exchange
// with it failed. It gives err with the cause and what to do, or as it is where the look
// shows nothing.
func (t Target) Look(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	if t.Encrypted {
		return t.encrypted(ctx, err)
	}
	return t.unexpectedTLS(ctx, err)
}

// unexpectedTLS looks whether a server speaks TLS that was addressed in the clear.
func (t Target) unexpectedTLS(ctx context.Context, err error) error {
	if shown := t.handshake(ctx, false); shown.spoken {
		remedy := "use " + strings.Replace(t.URL, "ldap://", "ldaps://", 1) + " in ldap.urls"
		if t.StartTLS {
			remedy += ", and ldap.start_tls: false"
		}
		return found(err, "the server speaks TLS on this port from the first byte on, and was addressed without", remedy)
	}
	return err
}

// encrypted looks at a server that TLS was spoken with.
func (t Target) encrypted(ctx context.Context, err error) error {
	shown := t.handshake(ctx, t.StartTLS)
	if shown.undialled || ctx.Err() != nil { // it shows nothing of TLS
		return err
	}
	if !shown.spoken {
		if t.StartTLS {
			return t.unexpectedTLS(ctx, err)
		}
		return t.plain(ctx, err)
	}
	if why, hint := shown.old(); why != "" {
		return found(err, why, hint)
	}
	if shown.asked && (shown.err != nil || certificate.Alert(err) != "") {
		return t.certificateWanted(shown, err)
	}
	return err
}

// plain looks whether a server that does not speak TLS speaks LDAP.
func (t Target) plain(ctx context.Context, err error) error {
	if !t.answersPlainly(ctx) {
		if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) { // it was silent
			return err
		}
		return dirsync.WithHint(bare(err), "the server closes each connection without a word: see whether the directory runs (a load balancer or a firewall may answer for it) and whether the port is right; "+
			"if it is, look into the server's log, and have TLS 1.2 with ECDHE key exchange switched on there")
	}
	const why = "the server does not speak TLS on this port, but plain LDAP"
	address := strings.Replace(t.URL, "ldaps://", "ldap://", 1)
	if t.handshake(ctx, true).spoken { // not every server lists it in its root DSE
		return found(err, why, "use "+address+" in ldap.urls, with ldap.start_tls: true")
	}
	return found(err, why+", and offers no StartTLS", "name the port of the directory on which it speaks TLS, 636 by default, or have TLS set up there")
}

// certificateWanted is about a server that asks for a client certificate and does not
// go on with what it got.
func (t Target) certificateWanted(shown handshake, err error) error {
	switch {
	case !t.Certificate:
		return found(err, "the server demands a client certificate"+shown.ofAuthorities(),
			"set ldap.client_cert_file and ldap.client_key_file to one that it accepts")
	case len(shown.authorities) > 0 && !slices.ContainsFunc(t.Issuers, func(issuer []byte) bool {
		return slices.ContainsFunc(shown.authorities, func(other []byte) bool { return string(issuer) == string(other) })
	}):
		return found(err, "the server demands a client certificate"+shown.ofAuthorities()+", and that of ldap.client_cert_file is of another",
			"set ldap.client_cert_file and ldap.client_key_file to one of that authority")
	}
	return found(err, "the server does not accept the certificate of ldap.client_cert_file",
		"have the server trust the authority that signed it (OpenLDAP: TLSCACertificateFile; 389: certutil), or give a certificate that it accepts")
}

// cause is an error with the cause that a look at the server showed.
type cause struct {
	why string
	err error
}

func (c *cause) Error() string { return c.why + ": " + c.err.Error() }
func (c *cause) Unwrap() error { return bare(c.err) }

// bare takes the advice off an error, for there is a better one now.
func bare(err error) error {
	var advised *dirsync.Advised
	if errors.As(err, &advised) {
		return bare(advised.Err)
	}
	return err
}

func found(err error, why, hint string) error {
	return dirsync.WithHint(&cause{why, err}, hint)
}

const startTLS = "1.3.6.1.4.1.1466.20037" // RFC 4511, 4.14

// answersPlainly reports whether a server answers a search of its root DSE, in the clear and
// without a login.
func (t Target) answersPlainly(ctx context.Context) bool {
	raw, err := t.Dial(ctx)
	if err != nil {
		return false
	}
	defer func() { _ = raw.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	c := ldap.NewConn(raw, false)
	c.Start()
	defer func() { _ = c.Close() }()
	_, err = c.Search(&ldap.SearchRequest{Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)", Attributes: []string{"1.1"}})
	_, answered := Code(err)
	return err == nil || answered
}

// StartTLS asks a server to speak TLS on a connection (RFC 4511, 4.14). It reads no byte
// beyond the answer. go-ldap's own loses the cause of a failed handshake.
func StartTLS(raw net.Conn) error {
	request := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "")
	request.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, startTLS, ""))
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, ""))
	message.AppendChild(request)
	if _, err := raw.Write(message.Bytes()); err != nil {
		return fmt.Errorf("StartTLS: %w", err)
	}
	answer, err := ber.ReadPacket(raw)
	if err != nil {
		return fmt.Errorf("StartTLS: %w", err)
	}
	return ldap.GetLDAPError(answer)
}
