package framed

import (
	"net"
	"sync/atomic"
	"time"
)

// patient is a stream that lets a long answer pile up before it is taken. A server such as
// slapd sends each entry by itself; whoever takes what is there as soon as there is something
// is woken for nearly every entry, and waking costs more than an entry does. Beneath TLS it
// spares as much, for each entry is a record of its own there.
//
// A short answer is given on at once, as is the beginning of a long one.
type patient struct {
	net.Conn
	pause  func()
	buffer []byte
	unread []byte       // the part of buffer that nobody has taken yet
	caught bool         // the last read took all that was there
	came   atomic.Int64 // bytes since the last request
}

const (
	patientBuffer = 64 << 10 // bytes
	// longAnswer is how many bytes came of an answer that is not hurried with any more.
	longAnswer = 32 << 10
	// pileUp is how long more may pile up: a fraction of what a page takes, and too short for
	// any server to fill the buffers of the connection.
	pileUp = 250 * time.Microsecond
)

// Patient gives a stream on which a long answer piles up before it is taken. It stands
// beneath TLS, where there is any.
func Patient(stream net.Conn) net.Conn { return newPatient(stream) }

func newPatient(stream net.Conn) *patient {
	return &patient{Conn: stream, pause: pause, buffer: make([]byte, patientBuffer)}
}

// Write sends a request, or a part of one.
func (p *patient) Write(b []byte) (int, error) {
	p.came.Store(0)
	return p.Conn.Write(b)
}

func (p *patient) Read(b []byte) (int, error) {
	if len(p.unread) == 0 {
		if p.caught && p.came.Load() >= longAnswer {
			p.pause()
		}
		n, err := p.Conn.Read(p.buffer)
		if n == 0 {
			return 0, err // where some came with it, an error comes again
		}
		p.unread, p.caught = p.buffer[:n], n < len(p.buffer)
		p.came.Add(int64(n))
	}
	n := copy(b, p.unread)
	p.unread = p.unread[n:]
	return n, nil
}
