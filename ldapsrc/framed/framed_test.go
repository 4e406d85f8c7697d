package framed_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc/framed"
)

// agree holds that the reader gives what go-ldap gives by itself.
func agree(t *testing.T, oracle, got answer) {
	t.Helper()
	if (oracle.err == nil) != (got.err == nil) || isResult(oracle.err) != isResult(got.err) {
		t.Fatalf("go-ldap: %v; with the reader: %v", oracle.err, got.err)
	}
	if diff := cmp.Diff(oracle.entries(), got.entries()); diff != "" {
		t.Fatalf("entries (-go-ldap +reader):\n%s", diff)
	}
	if oracle.err != nil {
		return
	}
	if !slices.Equal(oracle.Referrals, got.Referrals) || len(oracle.Controls) != len(got.Controls) || oracle.ResultCode != got.ResultCode {
		t.Fatalf("go-ldap: %+v; with the reader: %+v", oracle.SearchResult, got.SearchResult)
	}
}

func withControls(message []byte, controls ...ldap.Control) []byte {
	p := ber.DecodePacket(message)
	list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
	for _, control := range controls {
		list.AppendChild(control.Encode())
	}
	p.AppendChild(list)
	return p.Bytes()
}

// What servers send is read as go-ldap reads it, in whatever pieces it comes.
func TestAsGoLDAP(t *testing.T) {
	t.Parallel()
	paged := ldap.NewControlPaging(5)
	paged.SetCookie([]byte("more"))
	some := entry("uid=a,dc=b", attribute{"uid", "a"}, attribute{"mail", "a@b", "b@b"})
	answers := map[string][][]byte{
		"nobody":                             {done(0)},
		"an entry":                           {some, done(0)},
		"no attributes":                      {entry("uid=a"), done(0)},
		"dirt":                               {dirty(t), some, dirty(t), done(0)},
		"a limit":                            {some, some, done(4)},
		"a referral of all":                  {done(10)},
		"references":                         {some, reference("ldap://h/dc=b"), some, reference("ldap://i/"), done(0)},
		"an intermediate answer":             {some, message(1, ldap.ApplicationIntermediateResponse, octets("x")), some, done(0)},
		"a notice, then entries":             {some, message(0, ldap.ApplicationExtendedResponse), some, done(0)},
		"a page":                             {some, withControls(done(0), paged)},
		"controls on an entry":               {withControls(some, ldap.NewControlString("1.2.3", false, "v")), done(0)},
		"four bytes of length":               {long(ber.DecodePacket(some)), long(ber.DecodePacket(done(0)))},
		"elements that the standard may add": {raw('0', "\x02\x01\x01", raw('d', raw(4, "uid=a"), raw('0', raw('0', raw(4, "cn"), raw('1', raw(4, "x")), raw(4, "new"))), raw(2, "\x05")), raw(0xa0)), done(0)},
		"more after its end":                 {some, done(0), some, some},
	}
	for name, parts := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := bytes.Join(parts, nil)
			for _, size := range []int{1, 7, 4096, len(data)} {
				oracle, got := both(data, size)
				if oracle.err != nil && !isResult(oracle.err) {
					t.Fatal(oracle.err)
				}
				agree(t, oracle, got)
			}
		})
	}
}

// long encodes lengths in four bytes, as Active Directory does.
func long(p *ber.Packet) []byte {
	content := p.Data.Bytes()
	if p.TagType == ber.TypeConstructed {
		content = nil
		for _, child := range p.Children {
			content = append(content, long(child)...)
		}
	}
	n := len(content)
	return append([]byte{byte(p.ClassType) | byte(p.TagType) | byte(p.Tag), 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, content...)
}

// What is added to the values of one attribute goes into no other one.
func TestValuesApart(t *testing.T) {
	t.Parallel()
	got := inFrames(newPieces(append(entry("uid=a", attribute{"uid", "a"}, attribute{"cn", "b"}), done(0)...), 100))
	if got.err != nil {
		t.Fatal(got.err)
	}
	attributes := got.Entries[0].Attributes
	if _ = append(attributes[0].Values, "c"); attributes[1].Values[0] != "b" {
		t.Error(attributes[1].Values)
	}
}

// An answer that is cut anywhere is an error, never fewer people.
func TestCut(t *testing.T) {
	t.Parallel()
	whole := bytes.Join([][]byte{
		entry("uid=a,dc=b", attribute{"uid", "a"}), reference("ldap://h/"), entry("uid=b,dc=b", attribute{"uid", "b"}, attribute{"cn", "b", strings.Repeat("c", 300)}),
		withControls(done(0), ldap.NewControlPaging(5)),
	}, nil)
	for at := range whole {
		for _, size := range []int{1, len(whole)} {
			oracle, got := both(whole[:at], size)
			if got.err == nil || oracle.err == nil {
				t.Fatalf("cut at byte %d: %v; go-ldap: %v", at, got.err, oracle.err)
			}
			agree(t, oracle, got)
			if !errors.Is(got.err, io.EOF) && !errors.Is(got.err, io.ErrUnexpectedEOF) {
				t.Fatalf("cut at byte %d: %v", at, got.err)
			}
		}
	}
}

// What is no answer to the search ends it with an error.
func TestRefused(t *testing.T) {
	t.Parallel()
	some := entry("uid=a,dc=b", attribute{"uid", "a"})
	noID := message(1, ldap.ApplicationSearchResultEntry, octets("uid=b"))
	noID[2] = byte(ber.TagOctetString)
	const id1, broken = "\x02\x01\x01", "\xa0\x03\x04\x7fx"
	tests := map[string][]byte{
		"an entry of another search":  entryOf(7, "uid=b"),
		"an entry of no search":       entryOf(0, "uid=b"),
		"an end of another search":    message(9, ldap.ApplicationSearchResultDone),
		"an id that is no number":     noID,
		"an id below zero":            entryOf(-1, "uid=b"),
		"an id beyond 31 bits":        entryOf(1<<32+1, "uid=b"),
		"another operation":           message(1, ldap.ApplicationModifyResponse),
		"a request":                   message(1, ldap.ApplicationSearchRequest),
		"an answer to a bind":         message(1, ldap.ApplicationBindResponse),
		"a notice that is an end":     message(0, ldap.ApplicationSearchResultDone),
		"an end of two MiB":           message(1, ldap.ApplicationSearchResultDone, ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(0), ""), octets(""), octets(strings.Repeat("x", 2<<20))),
		"broken after an attribute":   raw('0', id1, raw('d', raw(4, "uid=b"), raw('0', raw('0', raw(4, "cn"), raw('1'), broken)))),
		"broken after the attributes": raw('0', id1, raw('d', raw(4, "uid=b"), raw('0'), broken)),
		"broken controls":             raw('0', id1, raw('d', raw(4, "uid=b"), raw('0')), broken),
		"indefinite":                  []byte("\x30\x80\x02\x01\x01\x64\x00\x00\x00"),
		"indefinite within":           []byte("\x30\x09\x02\x01\x01\x64\x80\x04\x00\x00\x00"),
		"two GiB":                     []byte("\x30\x84\x7f\xff\xff\xff\x02\x01\x01\x64"),
		"300 MiB":                     []byte("\x30\x84\x12\xc0\x00\x00\x02\x01\x01\x64"),
		"eight bytes of length":       []byte("\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01\x01"),
		"nine bytes of length":        []byte("\x30\x89\x00\x00\x00\x00\x00\x00\x00\x00\x05\x02\x01\x01\x64\x00"),
		"no sequence":                 []byte("\x31\x05\x02\x01\x01\x64\x00"),
		"nothing in it":               []byte("\x30\x00"),
		"nothing but an id":           []byte("\x30\x03\x02\x01\x01"),
		"text that is longer than it": []byte("\x30\x09\x02\x01\x01\x64\x04\x04\x7fab"),
		"no DN":                       message(1, ldap.ApplicationSearchResultEntry),
		"no attributes":               message(1, ldap.ApplicationSearchResultEntry, octets("uid=b")),
		"a DN of parts":               []byte("\x30\x0b\x02\x01\x01\x64\x06\x24\x02\x04\x00\x30\x00"),
		"a value that is a number":    []byte("\x30\x13\x02\x01\x01\x64\x0e\x04\x01a\x30\x09\x30\x07\x04\x00\x31\x03\x02\x01\x01"),
		"TLS where there was none":    []byte("\x16\x03\x01\x00\x05hello"),
	}
	for name, bad := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := bytes.Join([][]byte{some, bad, some, done(0)}, nil)
			for _, size := range []int{3, len(data)} {
				got := inFrames(newPieces(data, size))
				if got.err == nil || isResult(got.err) || len(got.entries()) != 1 {
					t.Fatalf("%d entries, %v", len(got.entries()), got.err)
				}
				if errors.Is(got.err, io.EOF) || errors.Is(got.err, io.ErrUnexpectedEOF) {
					t.Fatalf("taken for an end of the connection: %v", got.err)
				}
			}
		})
	}
}

// A server that announces much takes no memory with it until it sends that much.
func TestAnnouncedSize(t *testing.T) { // alone: it looks at all that is allocated
	announced := append([]byte("\x30\x84\x0f\x00\x00\x00\x02\x01\x01\x64\x84\x0e\xff\xff\xf7"), make([]byte, 300<<10)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := inFrames(newPieces(announced, 4096))
	runtime.ReadMemStats(&after)
	if !errors.Is(got.err, io.ErrUnexpectedEOF) {
		t.Error(got.err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 10<<20 {
		t.Errorf("%d KiB for %d bytes", grown>>10, len(announced))
	}
}

// Every single bit that is flipped on its way gives what go-ldap gives, or an error.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	whole := bytes.Join([][]byte{
		entry("uid=a,dc=b", attribute{"uid", "a"}, attribute{"cn", "x", "y"}), reference("ldap://h/"), entry("uid=b,dc=b", attribute{"uid", "b"}), done(0),
	}, nil)
	for bit := range 8 * len(whole) {
		data := bytes.Clone(whole)
		data[bit/8] ^= 1 << (bit % 8)
		got := inFrames(newPieces(data, len(data)))
		if got.err != nil {
			continue
		}
		agree(t, plainly(newPieces(data, len(data))), got)
		if len(got.Entries) != 2 {
			t.Fatalf("bit %d of byte %d: %d entries are taken for all", bit%8, bit/8, len(got.Entries))
		}
	}
}

// FuzzEntries has a server answer with any bytes. Whatever is taken for an answer is what
// go-ldap takes it for.
func FuzzEntries(f *testing.F) {
	some := entry("uid=a,dc=b", attribute{"uid", "a"}, attribute{"cn", "x", "y"})
	for _, parts := range [][][]byte{
		{some, done(0)}, {some, some, done(4)}, {withControls(some, ldap.NewControlString("1.2.3", true, "v")), withControls(done(0), ldap.NewControlPaging(5))},
		{long(ber.DecodePacket(some)), done(0)}, {reference("ldap://h/"), done(0)}, {some, message(0, ldap.ApplicationExtendedResponse), done(0)},
		{message(1, ldap.ApplicationIntermediateResponse, octets("x")), done(0)}, {entry(""), entry("a", attribute{"b"}), done(0)}, {[]byte("\x30\x84\x7f\xff\xff\xff\x02\x01\x01")},
	} {
		f.Add(bytes.Join(parts, nil), uint8(255))
	}
	f.Add(bytes.Join([][]byte{some, done(0)}, nil), uint8(1))
	f.Add(bytes.Join([][]byte{[]byte("\x30\x12\x02\x01\x01\x64\x0a\x04\x01a\x30\x05\x30\x03\x04\x01b\x31\x00\x39\x01\x05"), done(48)}, nil), uint8(7))
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		got := inFrames(newPieces(data, int(size)+1))
		if got.err != nil && !isResult(got.err) {
			return
		}
		agree(t, plainly(newPieces(data, len(data)+1)), got)
	})
}

// A connection serves one request after another: what go-ldap asks for by itself, searches
// through the reader, and searches past it, which get nothing.
func TestOneAfterAnother(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	go serve(far)
	c := framed.New(near)
	client := ldap.NewConn(c, false)
	client.Start()
	defer func() { _ = client.Close() }()
	if err := client.Bind("cn=x", "y"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		result, err := c.Search(client, request)
		if err != nil || len(result.Entries) != 2 || result.Entries[1].DN != "uid=b" {
			t.Fatal(result, err)
		}
	}
	if result, err := client.Search(request); err == nil {
		t.Errorf("a search past the reader: %d entries", len(result.Entries))
	}
}

// What answers a bind is the answer to a bind: no end of a search lets anybody in.
func TestBindAnsweredOtherwise(t *testing.T) {
	t.Parallel()
	success := []*ber.Packet{ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(0), ""), octets(""), octets("")}
	for name, tt := range map[string]struct {
		id   int64
		op   ber.Tag
		fine bool
	}{
		"its own":                        {1, ldap.ApplicationBindResponse, true},
		"another bind's":                 {2, ldap.ApplicationBindResponse, false},
		"an end of a search":             {1, ldap.ApplicationSearchResultDone, false},
		"an entry":                       {1, ldap.ApplicationSearchResultEntry, false},
		"an answer to an extension":      {1, ldap.ApplicationExtendedResponse, false},
		"an answer to what is not asked": {0, ldap.ApplicationBindResponse, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := ldap.NewConn(framed.New(newPieces(message(tt.id, tt.op, success...), 9)), false)
			client.Start()
			defer func() { _ = client.Close() }()
			if err := client.Bind("cn=x", "y"); (err == nil) != tt.fine {
				t.Error(err)
			}
		})
	}
}

// serve answers binds and searches.
func serve(stream net.Conn) {
	defer func() { _ = stream.Close() }()
	for {
		p, err := ber.ReadPacket(stream)
		if err != nil {
			return
		}
		id, _ := p.Children[0].Value.(int64)
		success := []*ber.Packet{ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(0), ""), octets(""), octets("")}
		var out []byte
		switch p.Children[1].Tag {
		case ldap.ApplicationBindRequest:
			out = message(id, ldap.ApplicationBindResponse, success...)
		case ldap.ApplicationSearchRequest:
			out = slices.Concat(entryOf(id, "uid=a"), entryOf(id, "uid=b"), message(id, ldap.ApplicationSearchResultDone, success...))
		}
		if _, err := stream.Write(out); err != nil {
			return
		}
	}
}

// Who closes the stream ends a search that waits, and has the cause of it.
func TestClosed(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer func() { _ = far.Close() }()
	c := framed.New(near)
	client := ldap.NewConn(c, false)
	client.Start()
	go func() {
		_, _ = far.Write(nil)      // a read of nothing
		_, _ = ber.ReadPacket(far) // the request: the search waits from here on
		_ = near.Close()
		_, _ = io.ReadAll(far)
	}()
	if _, err := c.Search(client, request); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	if _, err := c.Search(client, request); err == nil {
		t.Error("a search on a closed connection went on")
	}
}

// broken is a stream that a reset ends after some bytes.
type broken struct{ *pieces }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.pieces.Read(p)
	if err != nil {
		err = syscall.ECONNRESET
	}
	return n, err
}

func TestReset(t *testing.T) {
	t.Parallel()
	got := inFrames(broken{newPieces(entry("uid=a"), 5)})
	if !errors.Is(got.err, syscall.ECONNRESET) || len(got.entries()) != 1 {
		t.Error(got.entries(), got.err)
	}
}

func BenchmarkSearch(b *testing.B) {
	one := entry("uid=user0001234,ou=Users,dc=WSO2,dc=ORG", attribute{"uid", "user0001234"}, attribute{"cn", "Anna Example"}, attribute{"sn", "Example"}, attribute{"givenName", "Anna"},
		attribute{"mail", "anna.example@example.com"}, attribute{"mobile", "+1 415 555 0123"}, attribute{"entryUUID", "0db5a0d8-1f2a-4a3b-8c9d-0123456789ab"})
	const entries = 1000
	data := append(bytes.Repeat(one, entries), done(0)...)
	for name, search := range map[string]func(net.Conn) answer{"plain": plainly, "framed": inFrames} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := search(newPieces(data, 1200)); got.err != nil || len(got.Entries) != entries {
					b.Fatal(got.err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
		})
	}
}
