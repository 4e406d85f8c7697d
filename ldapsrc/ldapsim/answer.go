package ldapsim

import (
	"crypto/tls"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// answer carries a request out. An error ends the connection.
func (c *client) answer(m message) error {
	tags := map[ber.Tag]ber.Tag{
		ldap.ApplicationBindRequest:     ldap.ApplicationBindResponse,
		ldap.ApplicationSearchRequest:   ldap.ApplicationSearchResultDone,
		ldap.ApplicationModifyRequest:   ldap.ApplicationModifyResponse,
		ldap.ApplicationAddRequest:      ldap.ApplicationAddResponse,
		ldap.ApplicationDelRequest:      ldap.ApplicationDelResponse,
		ldap.ApplicationModifyDNRequest: ldap.ApplicationModifyDNResponse,
		ldap.ApplicationExtendedRequest: ldap.ApplicationExtendedResponse,
	}
	reply, known := tags[m.op.Tag]
	if !known {
		if m.op.Tag == ldap.ApplicationAbandonRequest {
			return nil // requests are done one by one: it comes too late
		}
		return errDrop // an unbind, or nothing that a client may send
	}
	if m.domainScope && !c.server.opts.DomainScope && m.unknown == "" {
		m.unknown = domainScopeOID
	}
	if m.unknown != "" {
		return c.result(m, reply, fail(ldap.LDAPResultUnavailableCriticalExtension, "control %s is not known", m.unknown))
	}
	switch m.op.Tag {
	case ldap.ApplicationBindRequest:
		return c.result(m, reply, c.bind(m.op))
	case ldap.ApplicationSearchRequest:
		return c.search(m)
	case ldap.ApplicationExtendedRequest:
		return c.extended(m, reply)
	}
	if !c.admitted() {
		return c.result(m, reply, errNotBound())
	}
	return c.result(m, reply, c.write(m.op))
}

// bind checks a simple bind (RFC 4511, 4.2).
func (c *client) bind(op *ber.Packet) error {
	c.bound = false
	if code := c.server.currentFaults().BindCode; code != 0 {
		return fail(code, "fault")
	}
	if len(op.Children) != 3 {
		return fail(ldap.LDAPResultProtocolError, "malformed bind")
	}
	if op.Children[2].Tag != 0 {
		return fail(ldap.LDAPResultAuthMethodNotSupported, "only simple binds are known here")
	}
	dn, password := op.Children[1].Data.String(), op.Children[2].Data.String()
	switch {
	case dn == "" && password == "" && c.server.opts.Anonymous:
		return nil
	case dn == "":
		return fail(ldap.LDAPResultInappropriateAuthentication, "anonymous access is off")
	case password == "":
		return fail(ldap.LDAPResultUnwillingToPerform, "a bind without password proves nothing")
	}
	path, _, err := c.server.parseDN(dn)
	if loginName(dn) {
		path, err = []string{fold(dn)}, nil
	}
	if err != nil {
		return fail(ldap.LDAPResultInvalidDNSyntax, "%q is no DN", dn)
	}
	if want, ok := c.server.binds[key(path)]; !ok || want != password {
		return fail(ldap.LDAPResultInvalidCredentials, "")
	}
	c.bound = true
	return nil
}

// extended does StartTLS.
func (c *client) extended(m message, reply ber.Tag) error {
	offered := c.server.opts.TLS != nil && !c.encrypted
	if len(m.op.Children) == 0 || m.op.Children[0].Data.String() != startTLSOID || !offered {
		return c.result(m, reply, fail(ldap.LDAPResultProtocolError, "this extended operation is not known here"))
	}
	if c.in.Buffered() > 0 {
		return errDrop // requests in the clear, behind the switch to TLS
	}
	if err := c.result(m, reply, nil); err != nil {
		return err
	}
	if err := c.out.Flush(); err != nil {
		return err
	}
	c.stream, c.encrypted, c.bound = tls.Server(c.stream, c.server.opts.TLS), true, false
	c.in.Reset(c.stream)
	c.out.Reset(c.stream)
	return nil
}

// write carries out a change.
func (c *client) write(op *ber.Packet) error {
	s := c.server
	switch op.Tag {
	case ldap.ApplicationAddRequest:
		if len(op.Children) != 2 {
			return fail(ldap.LDAPResultProtocolError, "malformed add")
		}
		attrs, err := parseAttributes(op.Children[1])
		if err != nil {
			return fail(ldap.LDAPResultProtocolError, "malformed add")
		}
		return s.add(op.Children[0].Data.String(), attrs)
	case ldap.ApplicationModifyRequest:
		dn, changes, err := parseModify(op)
		if err != nil {
			return fail(ldap.LDAPResultProtocolError, "malformed modify")
		}
		return s.modify(dn, changes)
	case ldap.ApplicationModifyDNRequest:
		dn, newRDN, deleteOld, newParent, err := parseModifyDN(op)
		if err != nil {
			return fail(ldap.LDAPResultProtocolError, "malformed modifyDN")
		}
		return s.modifyDN(dn, newRDN, deleteOld, newParent)
	}
	return s.Delete(op.Data.String())
}
