package framed

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"
)

// givenConn is a stream that gives what a reader gives, and takes every request.
type givenConn struct {
	net.Conn
	io.Reader
}

func (s givenConn) Read(b []byte) (int, error) { return s.Reader.Read(b) }

func (givenConn) Write(b []byte) (int, error) { return len(b), nil }

// pieces gives data in reads of so many bytes.
type pieces struct {
	data []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.data[:min(p.size, len(p.data))])
	p.data = p.data[n:]
	return n, nil
}

// Whatever the sizes in which a stream is given and taken, the bytes are the same, and so is
// the error at their end.
func TestPatientGivesAll(t *testing.T) {
	t.Parallel()
	want := bytes.Repeat([]byte("0123456789abcdef"), 3*patientBuffer/16)
	broken := errors.New("broken")
	for _, size := range []int{1000, patientBuffer - 1, patientBuffer, len(want)} {
		for _, taken := range []int{7, 4096, 2 * patientBuffer} {
			p := newPatient(givenConn{Reader: io.MultiReader(&pieces{want, size}, iotest.ErrReader(broken))})
			p.pause = func() {}
			var got []byte
			for {
				b := make([]byte, taken)
				n, err := p.Read(b)
				if got = append(got, b[:n]...); err != nil {
					if !errors.Is(err, broken) || n != 0 {
						t.Errorf("%d bytes, %v", n, err)
					}
					break
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("given %d, taken %d at a time: %d bytes of %d", size, taken, len(got), len(want))
			}
		}
	}
}

// Only a long answer is waited for, and only once all is taken that was there.
func TestPatientPauses(t *testing.T) {
	t.Parallel()
	const size = 1000
	for name, tt := range map[string]struct {
		answers []int // bytes of each
		size    int   // bytes given at a time
		want    int
	}{
		"short answers":          {[]int{20 * size, 20 * size, 20 * size}, size, 0},
		"a long one":             {[]int{40 * size}, size, 40 - (longAnswer+size-1)/size},
		"two":                    {[]int{40 * size, 40 * size}, size, 2 * (40 - (longAnswer+size-1)/size)},
		"there faster than read": {[]int{10 * patientBuffer}, patientBuffer, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := &pieces{size: tt.size}
			p, pauses := newPatient(givenConn{Reader: given}), 0
			p.pause = func() { pauses++ }
			for _, n := range tt.answers {
				_, _ = p.Write([]byte("a request"))
				given.data = make([]byte, n)
				if got, err := io.ReadFull(p, make([]byte, n)); err != nil {
					t.Fatal(got, err)
				}
			}
			if pauses != tt.want {
				t.Errorf("%d pauses, want %d", pauses, tt.want)
			}
		})
	}
}
