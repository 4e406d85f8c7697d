package ldapsim

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// maxMessage bounds a request; it is ApacheDS' limit eight times over.
const maxMessage = 16 << 20

const (
	startTLSOID    = "1.3.6.1.4.1.1466.20037"
	domainScopeOID = "1.2.840.113556.1.4.1339"
)

// message is one request (RFC 4511, 4.1.1).
type message struct {
	id     int64
	op     *ber.Packet
	paging *paging
	// domainScope: it may not be continued elsewhere.
	domainScope bool
	// unknown is a critical control that is not known here.
	unknown string
}

// paging is a request's paged results control (RFC 2696).
type paging struct {
	size   int
	cookie string
}

var errProtocol = errors.New("malformed LDAP message")

// readMessage reads one request.
func readMessage(r io.Reader) (message, error) {
	header := make([]byte, 2, 6)
	if _, err := io.ReadFull(r, header); err != nil {
		return message{}, err
	}
	length := int(header[1])
	if length > 0x7f {
		more := header[2 : 2+min(length&0x7f, 4)]
		if length == 0x80 || length&0x7f > 4 {
			return message{}, errProtocol
		}
		if _, err := io.ReadFull(r, more); err != nil {
			return message{}, err
		}
		header = header[:2+len(more)]
		length = 0
		for _, b := range more {
			length = length<<8 | int(b)
		}
	}
	if length > maxMessage {
		return message{}, fmt.Errorf("an LDAP message of %d bytes is too long", length)
	}
	data := make([]byte, len(header)+length)
	copy(data, header)
	if _, err := io.ReadFull(r, data[len(header):]); err != nil {
		return message{}, err
	}
	return parseMessage(data)
}

// parseMessage decodes the envelope of a request.
func parseMessage(data []byte) (message, error) {
	p, err := ber.DecodePacketErr(data)
	if err != nil {
		return message{}, fmt.Errorf("%w: %w", errProtocol, err)
	}
	if p.Tag != ber.TagSequence || len(p.Children) < 2 || len(p.Children) > 3 {
		return message{}, errProtocol
	}
	id, ok := p.Children[0].Value.(int64)
	if !ok || id < 1 || p.Children[1].ClassType != ber.ClassApplication {
		return message{}, errProtocol
	}
	m := message{id: id, op: p.Children[1]}
	if len(p.Children) == 3 {
		for _, control := range p.Children[2].Children {
			if err := m.take(control); err != nil {
				return message{}, err
			}
		}
	}
	return m, nil
}

// take decodes one control.
func (m *message) take(control *ber.Packet) error {
	parts := control.Children
	if len(parts) == 0 || len(parts) > 3 {
		return errProtocol
	}
	kind := parts[0].Data.String()
	critical := false
	if len(parts) > 1 && parts[1].Tag == ber.TagBoolean {
		critical, _ = parts[1].Value.(bool)
	}
	if kind != ldap.ControlTypePaging {
		if kind == domainScopeOID {
			m.domainScope = critical
		} else if critical {
			m.unknown = kind
		}
		return nil
	}
	value, err := ber.DecodePacketErr(parts[len(parts)-1].Data.Bytes())
	if err != nil || len(value.Children) != 2 {
		return errProtocol
	}
	size, ok := value.Children[0].Value.(int64)
	if !ok || size < 0 || size > 1<<31-1 {
		return errProtocol
	}
	m.paging = &paging{size: int(size), cookie: value.Children[1].Data.String()}
	return nil
}

// place is how far a paged search has come. It travels in the cookie, so that
// the server keeps nothing.
type place struct {
	page  int   // that comes next, from 1
	after int64 // the last entry's place in the order
	sent  int   // entries on earlier pages
}

func (p place) cookie() string { return fmt.Sprintf("%d.%d.%d", p.page, p.after, p.sent) }

func parseCookie(cookie string) (place, error) {
	if cookie == "" {
		return place{page: 1}, nil
	}
	parts := strings.Split(cookie, ".")
	if len(parts) != 3 {
		return place{}, errors.New("unknown paging cookie")
	}
	page, err1 := strconv.Atoi(parts[0])
	after, err2 := strconv.ParseInt(parts[1], 10, 64)
	sent, err3 := strconv.Atoi(parts[2])
	if err := errors.Join(err1, err2, err3); err != nil || page < 2 || after < 0 || sent < 0 {
		return place{}, errors.New("unknown paging cookie")
	}
	return place{page: page, after: after, sent: sent}, nil
}

// searchRequest is RFC 4511, 4.5.1, without what is not used here.
type searchRequest struct {
	base      string
	scope     int64
	sizeLimit int64
	typesOnly bool
	filter    *ber.Packet
	attrs     []string
}

func parseSearch(op *ber.Packet) (searchRequest, error) {
	if len(op.Children) != 8 {
		return searchRequest{}, errProtocol
	}
	r := searchRequest{base: op.Children[0].Data.String(), filter: op.Children[6]}
	scope, ok1 := op.Children[1].Value.(int64)
	limit, ok2 := op.Children[3].Value.(int64)
	types, ok3 := op.Children[5].Value.(bool)
	if !ok1 || !ok2 || !ok3 || scope < 0 || scope > 2 || limit < 0 {
		return searchRequest{}, errProtocol
	}
	r.scope, r.sizeLimit, r.typesOnly = scope, limit, types
	for _, name := range op.Children[7].Children {
		r.attrs = append(r.attrs, name.Data.String())
	}
	return r, nil
}

func parseAttributes(list *ber.Packet) ([]attr, error) {
	var attrs []attr
	for _, item := range list.Children {
		a, err := parseAttribute(item)
		if err != nil {
			return nil, err
		}
		if len(a.values) == 0 {
			return nil, errProtocol
		}
		attrs = append(attrs, a)
	}
	return attrs, nil
}

func parseAttribute(item *ber.Packet) (attr, error) {
	if len(item.Children) != 2 || item.Children[0].Data.Len() == 0 {
		return attr{}, errProtocol
	}
	a := attr{name: item.Children[0].Data.String()}
	for _, value := range item.Children[1].Children {
		a.values = append(a.values, value.Data.String())
	}
	return a, nil
}

func parseModify(op *ber.Packet) (dn string, changes []change, err error) {
	if len(op.Children) != 2 {
		return "", nil, errProtocol
	}
	for _, item := range op.Children[1].Children {
		if len(item.Children) != 2 {
			return "", nil, errProtocol
		}
		kind, ok := item.Children[0].Value.(int64)
		a, err := parseAttribute(item.Children[1])
		if !ok || err != nil {
			return "", nil, errProtocol
		}
		changes = append(changes, change{op: kind, name: a.name, values: a.values})
	}
	return op.Children[0].Data.String(), changes, nil
}

func parseModifyDN(op *ber.Packet) (dn, newRDN string, deleteOld bool, newParent string, err error) {
	if len(op.Children) != 3 && len(op.Children) != 4 {
		return "", "", false, "", errProtocol
	}
	deleteOld, ok := op.Children[2].Value.(bool)
	if !ok {
		return "", "", false, "", errProtocol
	}
	if len(op.Children) == 4 {
		newParent = op.Children[3].Data.String()
	}
	return op.Children[0].Data.String(), op.Children[1].Data.String(), deleteOld, newParent, nil
}
