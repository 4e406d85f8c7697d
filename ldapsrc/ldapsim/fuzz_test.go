package ldapsim

import (
	"bufio"
	"bytes"
	"net"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// request encodes a message of one operation.
func request(op *ber.Packet, controls ...ldap.Control) []byte {
	return encode(message{id: 1}, op, controls...)
}

func searchOp(f testing.TB, filter string) *ber.Packet {
	f.Helper()
	compiled, err := ldap.CompileFilter(filter)
	if err != nil {
		f.Fatal(err)
	}
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchRequest, nil, "")
	op.AppendChild(octets("dc=x"))
	for _, n := range []int64{2, 0} {
		op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, n, ""))
	}
	for range 2 {
		op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(0), ""))
	}
	op.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, false, ""))
	op.AppendChild(compiled)
	op.AppendChild(ber.NewSequence(""))
	return op
}

// Whatever comes in, the server answers or hangs up; it neither panics nor
// answers with what is no LDAP message.
func FuzzRequest(f *testing.F) {
	for _, filter := range []string{"(a=b)", "(&(a=*)(!(b=c*d*e)))", "(|(a>=1)(a<=2)(a~=3))", "(cn:dn:2.4.6:=x)"} {
		f.Add(request(searchOp(f, filter), ldap.NewControlPaging(10)))
	}
	f.Add(request(octets("")))
	f.Add([]byte("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"))
	f.Add([]byte("\x30\x05\x02\x01\x01\x4a\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := readMessage(bytes.NewReader(data))
		if err != nil {
			return
		}
		s, err := New(Options{Suffixes: []string{"dc=x"}, Anonymous: true, Now: func() time.Time { return time.Unix(0, 0) }})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Add("dc=x", Attributes{"objectClass": {"top"}, "a": {"1", "b"}}); err != nil {
			t.Fatal(err)
		}
		here, there := net.Pipe()
		defer func() { _, _ = here.Close(), there.Close() }()
		var out bytes.Buffer
		c := &client{server: s, stream: here, in: bufio.NewReader(here), out: bufio.NewWriter(&out)}
		if c.answer(m) != nil || c.out.Flush() != nil {
			return
		}
		for out.Len() > 0 {
			p, err := ber.ReadPacket(&out)
			if err != nil || len(p.Children) < 2 || p.Children[0].Value != m.id {
				t.Fatalf("answer %v, %v", p, err)
			}
		}
	})
}

func TestCookies(t *testing.T) {
	t.Parallel()
	at := place{page: 3, after: 4711, sent: 20}
	if got, err := parseCookie(at.cookie()); err != nil || got != at {
		t.Errorf("%+v, %v", got, err)
	}
	for _, cookie := range []string{"x", "1.2", "1.2.3", "2.-1.3", "2.1.-3", "2.1.99999999999999999999", "2.1.3.4"} {
		if got, err := parseCookie(cookie); err == nil {
			t.Errorf("%q gives %+v", cookie, got)
		}
	}
}
