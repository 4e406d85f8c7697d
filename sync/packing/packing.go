// Package packing compresses the texts that a state keeps, and reads them (gzip).
package packing

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	dirsync "duosync/sync"
)

// Pack compresses what write writes, as it is written.
func Pack(write func(io.Writer) error) (dirsync.Packed, error) {
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

// Text compresses a text; nil stays nil.
func Text(text []byte) dirsync.Packed {
	if text == nil {
		return nil
	}
	packed, _ := Pack(func(w io.Writer) error { _, err := w.Write(text); return err }) // in memory nothing fails
	return packed
}

// Open gives a text to read, from its beginning. Of none there is nothing.
func Open(p dirsync.Packed) (io.Reader, error) {
	if len(p) == 0 {
		return bytes.NewReader(nil), nil
	}
	r, err := gzip.NewReader(bytes.NewReader(p))
	if err != nil {
		return nil, fmt.Errorf("unpacking a report: %w", err)
	}
	return r, nil
}
