package ldapsim

import (
	"bufio"
	"errors"
	"net"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// errDrop ends a connection without another word.
var errDrop = errors.New("the connection is dropped")

// client is one connection.
type client struct {
	server    *Server
	stream    net.Conn
	in        *bufio.Reader
	out       *bufio.Writer
	encrypted bool
	bound     bool
}

func errNotBound() error {
	return fail(ldap.LDAPResultInsufficientAccessRights, "bind first")
}

func (c *client) admitted() bool { return c.bound || c.server.opts.Anonymous }

// result sends the end of an operation (RFC 4511, 4.1.9).
func (c *client) result(m message, reply ber.Tag, err error, controls ...ldap.Control) error {
	return c.send(m, resultPacket(reply, err), controls...)
}

func resultPacket(reply ber.Tag, err error) *ber.Packet {
	code, text := uint16(ldap.LDAPResultSuccess), ""
	if err != nil {
		code, text = ldap.LDAPResultOther, err.Error()
		var known *ldap.Error
		if errors.As(err, &known) {
			code, text = known.ResultCode, known.Err.Error()
		}
	}
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, reply, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
	op.AppendChild(octets(""))
	op.AppendChild(octets(text))
	return op
}

func octets(text string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, "")
}

// send writes one message.
func (c *client) send(m message, op *ber.Packet, controls ...ldap.Control) error {
	_, err := c.out.Write(encode(m, op, controls...))
	return err
}

func encode(m message, op *ber.Packet, controls ...ldap.Control) []byte {
	p := ber.NewSequence("")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, m.id, ""))
	p.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, control := range controls {
			list.AppendChild(control.Encode())
		}
		p.AppendChild(list)
	}
	return p.Bytes()
}
