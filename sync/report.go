package dirsync

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// Packed is a text as a state keeps it: compressed (gzip), for a report of 100,000 operations
// has 70 MB, and 3 MB so. nil: there is none.
type Packed []byte

// Pack compresses what write writes, as it is written.
func Pack(write func(io.Writer) error) (Packed, error) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if err := write(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// PackText compresses a text; nil stays nil.
func PackText(text []byte) Packed {
	if text == nil {
		return nil
	}
	packed, _ := Pack(func(w io.Writer) error { _, err := w.Write(text); return err }) // in memory nothing fails
	return packed
}

// Open gives the text to read, from its beginning. Of none there is nothing.
func (p Packed) Open() (io.Reader, error) {
	if len(p) == 0 {
		return bytes.NewReader(nil), nil
	}
	r, err := gzip.NewReader(bytes.NewReader(p))
	if err != nil {
		return nil, fmt.Errorf("unpacking a report: %w", err)
	}
	return r, nil
}
