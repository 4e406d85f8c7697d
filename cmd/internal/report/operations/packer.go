package operations

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"iter"

	dirsync "duosync/sync"
)

// packer keeps operations packed, in a form that is quick to read again and never leaves this
// process. A record is its length, then texts, each after its own length: those of the
// operation, then those of each change. The action comes first, so that what is not asked for
// is passed over.
type packer struct {
	packed bytes.Buffer
	zip    *gzip.Writer
	record []byte
}

func newPacker() *packer {
	p := &packer{}
	p.zip, _ = gzip.NewWriterLevel(&p.packed, gzip.BestSpeed) // which is a level
	return p
}

func (p *packer) add(o *Operation) error {
	r := p.record[:0]
	for _, text := range []string{string(o.Action), o.Username, string(o.SourceID), o.User, o.Reason, o.Result, o.Error} {
		r = appendText(r, text)
	}
	for i := range o.Changes {
		c := &o.Changes[i]
		r = appendText(appendText(appendText(r, c.Field), c.Before), c.After)
	}
	p.record = r
	if _, err := p.zip.Write(binary.AppendUvarint(nil, uint64(len(r)))); err != nil {
		return err
	}
	_, err := p.zip.Write(r)
	return err
}

func appendText(record []byte, text string) []byte {
	return append(binary.AppendUvarint(record, uint64(len(text))), text...)
}

// list ends the packing, and gives what was packed.
func (p *packer) list() (List, error) {
	if err := p.zip.Close(); err != nil {
		return List{}, err
	}
	packed := p.packed.Bytes()
	return List{func(action dirsync.Action) iter.Seq[*Operation] {
		return func(yield func(*Operation) bool) {
			zipped, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil { // it was packed here: nothing is wrong with it
				return
			}
			in, record := bufio.NewReaderSize(zipped, 64<<10), []byte(nil)
			for {
				size, err := binary.ReadUvarint(in)
				if err != nil {
					return
				}
				if int(size) > cap(record) {
					record = make([]byte, 2*size)
				}
				record = record[:size]
				if _, err := io.ReadFull(in, record); err != nil {
					return
				}
				if n, at := binary.Uvarint(record); action != "" && string(record[at:at+int(n)]) != string(action) {
					continue
				}
				if !yield(unpacked(string(record))) {
					return
				}
			}
		}
	}}, nil
}

// unpacked reads a record; all texts share its memory.
func unpacked(record string) *Operation {
	next := func() (text string) {
		size, shift := 0, 0
		for i := range len(record) {
			b := record[i]
			size |= int(b&0x7f) << shift
			if shift += 7; b < 0x80 {
				text, record = record[i+1:i+1+size], record[i+1+size:]
				break
			}
		}
		return text
	}
	o := &Operation{Action: dirsync.Action(next()), Username: next(), SourceID: dirsync.SourceID(next()), User: next(), Reason: next(), Result: next(), Error: next(),
		Changes: []dirsync.Change{}}
	for record != "" {
		o.Changes = append(o.Changes, dirsync.Change{Field: next(), Before: next(), After: next()})
	}
	return o
}
