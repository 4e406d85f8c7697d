package framed_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"duosync/ldapsrc/framed"
)

// wire is what a server has sent, and how often it was read.
type wire struct {
	net.Conn
	mu    sync.Mutex
	more  *sync.Cond
	sent  bytes.Buffer
	ended bool
	reads int
}

func newWire() *wire {
	w := &wire{}
	w.more = sync.NewCond(&w.mu)
	return w
}

func (w *wire) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.sent.Len() == 0 && !w.ended {
		w.more.Wait()
	}
	w.reads++
	return w.sent.Read(p)
}

func (w *wire) Write(p []byte) (int, error) { return len(p), nil }

// send has a piece come, or with nil the end.
func (w *wire) send(piece []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent.Write(piece)
	w.ended = piece == nil
	w.more.Broadcast()
}

// What comes entry by entry is read in few pieces, and all of it in its order.
func TestGatherLongAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const entries = 10_000
		w, want := newWire(), bytes.Buffer{}
		go func() {
			for i := range entries {
				time.Sleep(10 * time.Microsecond)
				w.send([]byte{byte(i), byte(i >> 8)})
			}
			w.send(nil)
		}()
		for i := range entries {
			want.Write([]byte{byte(i), byte(i >> 8)})
		}
		began := time.Now()
		got, err := io.ReadAll(framed.Gather(w))
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("%d bytes came, %v; want %d", len(got), err, want.Len())
		}
		if w.reads > entries/50 {
			t.Errorf("%d entries were read in %d pieces", entries, w.reads)
		}
		if took := time.Since(began) - entries*10*time.Microsecond; took > 5*time.Millisecond {
			t.Errorf("the end was held up for %v", took)
		}
	})
}

// Request by request, short answers are not held up.
func TestGatherShortAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		g := framed.Gather(w)
		began, piece := time.Now(), make([]byte, 512)
		for range 100 {
			if _, err := g.Write([]byte("request")); err != nil {
				t.Fatal(err)
			}
			for range 8 {
				w.send([]byte("answer"))
				if n, err := g.Read(piece); err != nil || string(piece[:n]) != "answer" {
					t.Fatalf("%q came, %v", piece[:n], err)
				}
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("100 requests took %v", took)
		}
	})
}
