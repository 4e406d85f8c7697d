package framed

import (
	"net"
	"sync/atomic"
	"time"
)

const (
	// gatherTime is how long what a server sends is left to gather before more of it is read.
	gatherTime = time.Millisecond
	// promptReads is how many reads after a request nothing is left to gather for: what is
	// answered in few pieces is not held up.
	promptReads = 8
)

// Gather gives a stream of which a long answer is read in large pieces. Servers send a
// search's entries one by one; to be woken for each of them costs more than to read them. It
// belongs below TLS, which gives each record by itself.
func Gather(stream net.Conn) net.Conn { return &gathering{Conn: stream} }

type gathering struct {
	net.Conn
	drained atomic.Int32 // reads since the last request that took all that was there
}

func (g *gathering) Read(p []byte) (int, error) {
	if g.drained.Load() >= promptReads {
		time.Sleep(gatherTime)
	}
	n, err := g.Conn.Read(p)
	if n < len(p) {
		g.drained.Add(1)
	}
	return n, err
}

func (g *gathering) Write(p []byte) (int, error) {
	g.drained.Store(0)
	return g.Conn.Write(p)
}
