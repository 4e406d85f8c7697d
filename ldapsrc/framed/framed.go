// Package framed reads the entries of a search off the wire in place, below go-ldap.
//
// go-ldap makes a tree of packets of every message that comes: some 400 allocations for an
// entry, which is nearly all that reading a large directory costs. A [Conn] stands between
// go-ldap and the stream (above TLS) and cuts what comes into LDAP messages (RFC 4511, 5.1;
// ITU-T X.690). An entry that answers the search of [Conn.Search] is decoded by itself, in one
// pass. All other messages go on to go-ldap byte for byte: answers to a bind, referrals,
// intermediate responses, and the end of a search with its code and controls, so that what
// these mean is go-ldap's to say.
//
// It takes one request at a time. That is what makes it strict: every message must answer
// the request that is under way, in a way in which such a request is answered, or be the
// server's notice that it hangs up. go-ldap drops others in silence, and with them perhaps a
// person. What is refused ends the connection: indefinite lengths, which LDAP forbids, a
// message of more than [MaxMessage] bytes, an entry in which not everything is where it must
// be. Memory grows with what came, not with what was announced.
//
// What go-ldap itself reads of the same bytes is the oracle of its tests.
package framed

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/go-ldap/ldap/v3"
)

// MaxMessage is the most bytes of one message. A group of two million members comes in less.
const MaxMessage = 256 << 20

// maxOther is the most bytes of a message that is no entry, of which go-ldap makes a tree.
const maxOther = 1 << 20

// Buffers, in bytes. One that grew larger than keptBuffer for a message is given back.
const (
	firstBuffer = 64 << 10
	keptBuffer  = 1 << 20
)

// The first bytes of the operations that matter here (RFC 4511, 4.1.1).
const (
	opBind         = 0x60
	opBound        = 0x61
	opSearch       = 0x63
	opEntry        = 0x64
	opDone         = 0x65
	opReference    = 0x73
	opExtended     = 0x78
	opIntermediate = 0x79
)

// Conn is a stream that go-ldap reads without the entries. Only go-ldap's own goroutines
// read and write.
type Conn struct {
	net.Conn
	buffer []byte // came, and was not read yet
	free   []byte // the whole of which buffer is a part
	pass   int    // bytes of a message that go on to go-ldap

	mu      sync.Mutex
	request byte  // the operation that is under way; 0 for none
	id      int64 // its message id
	page    *page // where the entries of the next search go; nil while nobody searches
	names   names
	err     error // the first, as it was
}

// New makes a Conn of a stream.
func New(stream net.Conn) *Conn { return &Conn{Conn: stream, names: names{all: map[string]string{}}} }

// Search is client.Search for a client that reads this connection: the answer is the same,
// the entries without [ldap.EntryAttribute.ByteValues]. An error is as it was, where
// go-ldap's keeps its text only.
func (c *Conn) Search(client *ldap.Conn, request *ldap.SearchRequest) (*ldap.SearchResult, error) {
	c.collect(&page{})
	result, err := client.Search(request)
	page := c.collect(nil)
	if result == nil {
		return nil, c.cause(err)
	}
	if err == nil && len(result.Entries) > 0 {
		err = errors.New("entries came past the reader") // none does
	}
	result.Entries = page.entries
	return result, c.cause(err)
}

// collect has entries go to a page from now on, and gives the one where they went. When it
// returns no entry is being decoded.
func (c *Conn) collect(next *page) (before *page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, c.page = c.page, next
	return before
}

// cause gives the error that a failed search goes back to.
func (c *Conn) cause(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var answer *ldap.Error
	answered := errors.As(err, &answer) && (answer.ResultCode < ldap.ErrorNetwork || answer.ResultCode > ldap.ErrorMalformedPacket)
	if err == nil || c.err == nil || answered {
		return err
	}
	return c.err
}

// Write sends a message, which go-ldap gives whole, and takes note of what is asked.
func (c *Conn) Write(message []byte) (int, error) {
	id, op, _, err := open(message)
	if err != nil {
		return 0, fmt.Errorf("a request can't be read: %w", err)
	}
	c.mu.Lock()
	c.request, c.id = op, id
	c.mu.Unlock()
	return c.Conn.Write(message)
}

// Read gives go-ldap what is not an entry.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.read(p)
	if err != nil {
		c.mu.Lock()
		if c.err == nil {
			c.err = err
		}
		c.mu.Unlock()
	}
	return n, err
}

func (c *Conn) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for c.pass == 0 {
		if err := c.message(); err != nil {
			return 0, err
		}
	}
	for len(c.buffer) == 0 {
		if err := c.fill(); err != nil {
			return 0, cut(err)
		}
	}
	n := copy(p, c.buffer[:min(len(c.buffer), c.pass)])
	c.pass -= n
	c.buffer = c.buffer[n:]
	return n, nil
}

// message takes the next message: an entry to the page, or another one to go on.
func (c *Conn) message() error {
	size, err := c.frame()
	if err != nil {
		return err
	}
	id, op, ok := peek(c.buffer)
	for ; !ok && len(c.buffer) < min(size, maxOpening); id, op, ok = peek(c.buffer) {
		if err := c.fill(); err != nil {
			return cut(err)
		}
	}
	if !ok {
		return errors.New("the server sent a message without an id or an operation")
	}
	if err := c.answers(id, op); err != nil {
		return err
	}
	if op != opEntry {
		if size > maxOther {
			return fmt.Errorf("the server announced %d bytes of operation %#x; the most is %d", size, op, maxOther)
		}
		c.pass = size
		return nil
	}
	for len(c.buffer) < size {
		if err := c.fill(); err != nil {
			return cut(err)
		}
	}
	return c.entry(size)
}

// maxOpening is more than a message has before its operation.
const maxOpening = 32

var errStray = errors.New("the server sent an answer to nothing that was asked")

// answers checks that a message may come now, and notes the end of a search.
func (c *Conn) answers(id int64, op byte) error {
	if id == 0 && op == opExtended { // a notice of disconnection (RFC 4511, 4.4.1)
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.request == 0 || id != c.id:
		return errStray
	case c.request == opSearch && (op == opEntry || op == opReference || op == opIntermediate):
		return nil
	case c.request == opSearch && op == opDone, c.request == opBind && op == opBound:
		c.request = 0
		return nil
	}
	return fmt.Errorf("the server answered operation %#x with %#x", c.request, op)
}

// entry takes an entry of so many bytes to the page.
func (c *Conn) entry(size int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.page == nil { // the search was given up
		return errStray
	}
	if err := c.page.add(c.buffer[:size], &c.names); err != nil {
		return fmt.Errorf("the server sent an entry that can't be read: %w", err)
	}
	c.buffer = c.buffer[size:]
	return nil
}

// frame has the beginning of a message come, and gives the bytes of all of it.
func (c *Conn) frame() (size int, err error) {
	for {
		h, err := readHeader(c.buffer)
		switch {
		case err == nil && h.tag != tagSequence:
			return 0, fmt.Errorf("what the server sent is no LDAP message: it begins with %#x", h.tag)
		case err == nil && h.size+h.length > MaxMessage:
			return 0, fmt.Errorf("the server announced a message of %d bytes; the most is %d", h.length, MaxMessage)
		case err == nil:
			return h.size + h.length, nil
		case !errors.Is(err, errShort):
			return 0, fmt.Errorf("the server sent a message that can't be read: %w", err)
		}
		began := len(c.buffer) > 0
		if err := c.fill(); err != nil {
			if began {
				err = cut(err)
			}
			return 0, err
		}
	}
}

// cut says of the end of a stream that it came in the middle of a message.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// fill has more come.
func (c *Conn) fill() error {
	switch {
	case len(c.buffer) == 0 && (c.free == nil || len(c.free) > keptBuffer):
		c.free = make([]byte, firstBuffer)
		c.buffer = c.free[:0]
	case len(c.buffer) == 0:
		c.buffer = c.free[:0]
	case len(c.buffer) == cap(c.buffer) && 2*len(c.buffer) <= len(c.free):
		c.buffer = c.free[:copy(c.free, c.buffer)]
	case len(c.buffer) == cap(c.buffer):
		c.free = make([]byte, 2*len(c.free))
		c.buffer = c.free[:copy(c.free, c.buffer)]
	}
	for range maxIdleReads {
		n, err := c.Conn.Read(c.buffer[len(c.buffer):cap(c.buffer)])
		c.buffer = c.buffer[:len(c.buffer)+n]
		if n > 0 {
			return nil // an error comes again
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// maxIdleReads is how often a stream may give nothing and no error, one after another.
const maxIdleReads = 100
