package framed_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/framed"
)

// message encodes an answer with an id.
func message(id int64, op ber.Tag, parts ...*ber.Packet) []byte {
	all := ber.NewSequence("")
	all.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	answer := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "")
	for _, part := range parts {
		answer.AppendChild(part)
	}
	all.AppendChild(answer)
	return all.Bytes()
}

func octets(text string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, "")
}

// raw encodes an element of less than 128 bytes, whatever is in it.
func raw(tag byte, parts ...any) []byte {
	var content []byte
	for _, part := range parts {
		content = fmt.Appendf(content, "%s", part)
	}
	return append([]byte{tag, byte(len(content))}, content...)
}

// attribute is a name with its values.
type attribute []string

func entry(dn string, attributes ...attribute) []byte { return entryOf(1, dn, attributes...) }

func entryOf(id int64, dn string, attributes ...attribute) []byte {
	list := ber.NewSequence("")
	for _, a := range attributes {
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, value := range a[1:] {
			set.AppendChild(octets(value))
		}
		one := ber.NewSequence("")
		one.AppendChild(octets(a[0]))
		one.AppendChild(set)
		list.AppendChild(one)
	}
	return message(id, ldap.ApplicationSearchResultEntry, octets(dn), list)
}

// done is the end of a search.
func done(code int64) []byte {
	return message(1, ldap.ApplicationSearchResultDone, ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""), octets(""), octets(""))
}

// reference refers to another server.
func reference(url string) []byte {
	return message(1, ldap.ApplicationSearchResultReference, octets(url))
}

// answer is what a search came to.
type answer struct {
	*ldap.SearchResult
	err error
}

// entries are the entries of an answer, without what only go-ldap tells.
func (a answer) entries() []*ldap.Entry {
	if a.SearchResult == nil {
		return nil
	}
	var all []*ldap.Entry
	for _, e := range a.Entries {
		plain := &ldap.Entry{DN: e.DN}
		for _, at := range e.Attributes {
			plain.Attributes = append(plain.Attributes, &ldap.EntryAttribute{Name: at.Name, Values: slices.Clone(at.Values)})
		}
		all = append(all, plain)
	}
	return all
}

// pieces has a server send data in pieces of so many bytes, and then hang up.
type pieces struct {
	net.Conn
	data []byte
	size int
	at   chan struct{} // closed when a request came
}

func newPieces(data []byte, size int) *pieces {
	return &pieces{data: data, size: size, at: make(chan struct{})}
}

func (p *pieces) Write(b []byte) (int, error) {
	select {
	case <-p.at:
	default:
		close(p.at)
	}
	return len(b), nil
}

func (p *pieces) Read(b []byte) (int, error) {
	<-p.at
	n := copy(b, p.data[:min(p.size, len(p.data))])
	if p.data = p.data[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (p *pieces) Close() error {
	select {
	case <-p.at:
	default:
		close(p.at)
	}
	return nil
}

func (p *pieces) SetDeadline(time.Time) error     { return nil }
func (p *pieces) SetReadDeadline(time.Time) error { return nil }

var request = &ldap.SearchRequest{BaseDN: "dc=b", Scope: ldap.ScopeWholeSubtree, Filter: "(a=b)"}

// plainly searches without the reader: the oracle.
func plainly(stream net.Conn) answer {
	client := ldap.NewConn(stream, false)
	client.Start()
	defer func() { _ = client.Close() }()
	result, err := client.Search(request)
	return answer{result, err}
}

// inFrames searches with the reader.
func inFrames(stream net.Conn) answer {
	c := framed.New(stream)
	client := ldap.NewConn(c, false)
	client.Start()
	defer func() { _ = client.Close() }()
	result, err := c.Search(client, request)
	return answer{result, err}
}

// both has the same bytes read with and without the reader.
func both(data []byte, size int) (oracle, got answer) {
	return plainly(newPieces(data, size)), inFrames(newPieces(data, size))
}

func isResult(err error) bool {
	var code *ldap.Error
	return errors.As(err, &code) && code.ResultCode < ldap.ErrorNetwork
}

// dirty is an entry with everything that a directory may hold.
func dirty(t testing.TB) []byte {
	t.Helper()
	large := make([]byte, 70_000)
	for i := range large {
		large[i] = byte(i)
	}
	many := attribute{"member"}
	for range 3000 {
		many = append(many, "uid=somebody,ou=Users,dc=b")
	}
	return entry("cn=Smith\\2C J. \\22Q\\22,dc=b", attribute{"uid", "a"}, attribute{"UID", "b"}, attribute{"cn;lang-de", "Jürgen", ""}, attribute{"mail"},
		attribute{"jpegPhoto", string(large), string(large)}, many, attribute{"member;range=0-1", "x", "y"}, attribute{"objectGUID", "\x00\xff\x80"}, attribute{"", "\x00"}, attribute{"sn", "s"})
}
