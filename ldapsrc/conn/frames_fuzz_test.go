package conn

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/sirupsen/logrus"

	"duosync/ldapsrc/dn"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// The operations of RFC 4511 that answer a search.
const (
	searchEntry = ldap.ApplicationSearchResultEntry
	searchDone  = ldap.ApplicationSearchResultDone
)

// frame encodes an answer to the first message of a connection.
func frame(op ber.Tag, parts ...*ber.Packet) []byte {
	message := ber.NewSequence("")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(1), ""))
	answer := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "")
	for _, part := range parts {
		answer.AppendChild(part)
	}
	message.AppendChild(answer)
	return message.Bytes()
}

func octetString(text string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, "")
}

func entryFrame(dn, name string, values ...string) []byte {
	set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
	for _, value := range values {
		set.AppendChild(octetString(value))
	}
	attribute := ber.NewSequence("")
	attribute.AppendChild(octetString(name))
	attribute.AppendChild(set)
	attributes := ber.NewSequence("")
	attributes.AppendChild(attribute)
	return frame(searchEntry, octetString(dn), attributes)
}

func doneFrame(code int64) []byte {
	return frame(searchDone, ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""),
		octetString(""), octetString("\x1b]0;why\a\r\n\u202e\u009b31m\xff"))
}

// FuzzFrames has a server answer a search with any bytes. Either the search
// fails, or the bytes are an end with code 0 and every entry before it was given
// on: what can't be read is never taken for a smaller directory.
func FuzzFrames(f *testing.F) {
	entry := entryFrame("uid=a,dc=b", "entryUUID", "0db5a0d8-1f2a-4a3b-8c9d-0123456789ab")
	for _, parts := range [][][]byte{
		{doneFrame(0)}, {entry, doneFrame(0)}, {entry, entry, doneFrame(4)}, {entry}, {entry, doneFrame(0), entry}, {doneFrame(10)},
		{entryFrame("uid=b,dc=b", "member;range=0-1", "x", "y"), doneFrame(0)}, {entryFrame("", ""), doneFrame(0)},
		{frame(ldap.ApplicationSearchResultReference, octetString("ldap://h\u202e\u009b/dc=b")), doneFrame(0)}, {frame(searchDone), entry, doneFrame(0)},
		{[]byte("\x30\x84\x7f\xff\xff\xff\x02\x01\x01")}, {[]byte("\x30\x80\x02\x01\x01\x64\x80")}, {bytes.Repeat([]byte("\x30\x80"), 2000)},
	} {
		f.Add(bytes.Join(parts, nil))
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	f.Fuzz(func(t *testing.T, data []byte) {
		client, server := net.Pipe()
		d := &Dialer{Servers: Servers{PageSize: 10, Timeout: time.Minute, Log: log}, kind: &schema.Kind{}}
		c := d.newConn(client, client, endpoint{url: "ldap://h", host: "h", addr: "h:389"})
		defer c.Close()
		go func() {
			defer func() { _ = server.Close() }()
			if _, err := ber.ReadPacket(server); err != nil {
				return
			}
			_, _ = server.Write(data)
		}()
		visited := 0
		err := c.Search(context.Background(), Query{Base: "dc=b", Scope: ldap.ScopeWholeSubtree, Filter: "(a=b)", Check: "k"}, func(entry *ldap.Entry) error {
			visited++
			_, _, err := dn.LabelOf(entry.DN)
			return err
		})
		if err != nil {
			if text := err.Error() + dirsync.Hint(err); strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q lets through what a terminal could take for a command", text)
			}
			return
		}
		entries, code := firstAnswer(data)
		if code != 0 || visited != entries {
			t.Fatalf("%d entries and code %d were sent; %d entries were taken for all", entries, code, visited)
		}
	})
}

// firstAnswer counts the entries in the answer to message 1, and gives the code at
// its end: -1 where there is none.
func firstAnswer(data []byte) (entries int, code int64) {
	for in := bytes.NewReader(data); ; {
		message, err := ber.ReadPacket(in)
		if err != nil {
			return entries, -1
		}
		if len(message.Children) < 2 || message.Children[0].Value != int64(1) {
			continue
		}
		switch op := message.Children[1]; op.Tag {
		case searchEntry:
			entries++
		case searchDone:
			if len(op.Children) == 0 {
				return entries, -1
			}
			code, ok := op.Children[0].Value.(int64)
			if !ok {
				return entries, -1
			}
			return entries, code
		}
	}
}
