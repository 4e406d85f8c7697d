package gate

import (
	"bytes"
	"context"
	"io"
	"time"
)

// IsOver reports whether a deadline has passed by either clock: the monotonic one stands
// still while the machine is suspended, and the other one may have been set.
func IsOver(deadline time.Time) bool {
	now := time.Now()
	return !now.Before(deadline) || !now.Round(0).Before(deadline.Round(0))
}

// InTime gives a body that can't be sent after a deadline: a process that was frozen while it
// made a connection would send it when it goes on, before it is told that the time is over.
func InTime(body []byte, deadline time.Time) io.ReadCloser {
	return &inTime{bytes.NewReader(body), deadline}
}

type inTime struct {
	*bytes.Reader
	deadline time.Time
}

func (b *inTime) Read(p []byte) (int, error) {
	if IsOver(b.deadline) {
		return 0, context.DeadlineExceeded
	}
	return b.Reader.Read(p)
}

// WriteTo hides the reader's own, which would not ask for the time.
func (b *inTime) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{b}) }

func (b *inTime) Close() error { return nil }
