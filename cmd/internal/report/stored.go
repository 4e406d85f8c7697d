package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/operations"
	dirsync "duosync/sync"
	"duosync/sync/packing"
	"duosync/sync/printed"
)

// Keep puts the report of a run into what the state is to keep of it. It is packed while it is
// made.
func Keep(run *dirsync.Run, end *dirsync.RunEnd) (err error) {
	doc := Of(run)
	doc.Skipped = nil
	if end.Summary, err = json.Marshal(&doc.Head); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	end.Report, err = packing.Pack(func(w io.Writer) error { return form.EncodeTo(w, doc) })
	return err
}

// DecodeWhole reads a report that Keep made. Keys that it does not know are left out.
func DecodeWhole(stored dirsync.Packed) (*Document, error) { return decodeFrom(stored, true) }

// DecodeBrief reads a report that Keep made without its operations, which are by far the
// most of a large one.
func DecodeBrief(stored dirsync.Packed) (*Document, error) { return decodeFrom(stored, false) }

// decodeFrom reads a report, all of it, with its operations or without them.
func decodeFrom(stored dirsync.Packed, whole bool) (*Document, error) {
	doc := &Document{}
	in, err := packing.Open(stored)
	var rest []byte
	switch {
	case err == nil && whole:
		doc.left = &leftCount{}
		doc.Operations, err = operations.Collect(func(add func(*Operation) error) (err error) {
			rest, err = readApart(in, func(o *Operation) error {
				doc.left.add(o)
				return add(o)
			})
			return err
		})
	case err == nil:
		rest, err = readApart(in, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a report: %w", err)
	}
	if err := decode(rest, doc, &doc.Head); err != nil {
		return nil, err
	}
	return doc, nil
}

// readApart reads a report, and gives it without its operations, which visit gets one by one
// until it fails; nil skips them. It fails unless there is one object and no more.
func readApart(in io.Reader, visit func(*Operation) error) (rest []byte, err error) {
	d := json.NewDecoder(in)
	if err := expect(d, '{'); err != nil {
		return nil, err
	}
	members := map[string]json.RawMessage{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string) // of an object there is nothing else
		if key == "operations" {
			if err := eachOf(d, visit); err != nil {
				return nil, err
			}
			continue
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		members[key] = value
	}
	if err := expect(d, '}'); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more behind it")
	}
	return json.Marshal(members)
}

// eachOf reads the list of operations.
func eachOf(d *json.Decoder, visit func(*Operation) error) error {
	switch token, err := d.Token(); {
	case err != nil:
		return err
	case token == nil:
		return nil
	case token != json.Delim('['):
		return fmt.Errorf("%v where a list was expected", token)
	}
	for d.More() {
		if visit == nil {
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return err
			}
			continue
		}
		var o Operation
		if err := d.Decode(&o); err != nil {
			return err
		}
		if err := visit(&o); err != nil {
			return err
		}
	}
	return expect(d, ']')
}

// DecodeHead reads a report, or one without its lists.
func DecodeHead(data []byte) (*Head, error) {
	h := &Head{}
	if err := decode(data, h, h); err != nil {
		return nil, err
	}
	return h, nil
}

func decode(data []byte, into any, head *Head) error {
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("reading a report: %w", err)
	}
	if head.Schema != schema {
		return dirsync.WithHint(fmt.Errorf("the report has schema %d, this duosync knows %d", head.Schema, schema),
			"Use the duosync that made the run, or a newer one; --format json gives the report of one run as it is.")
	}
	return nil
}

// Reflag ends the commands of a report that was kept with flags, see [printed.Reflag].
func (d *Document) Reflag(flags string) {
	anew := func(texts ...*string) {
		for _, text := range texts {
			*text = printed.Reflag(*text, flags)
		}
	}
	anew(&d.Error)
	for i := range d.Guards {
		anew(&d.Guards[i].Approve, &d.Guards[i].Remedy)
	}
	for i := range d.Conflicts {
		anew(&d.Conflicts[i].Remedy, &d.Conflicts[i].Reason)
	}
	for i := range d.Attention {
		anew(&d.Attention[i].Remedy, &d.Attention[i].Reason)
	}
	d.Operations = d.Operations.As(func(o *Operation) { anew(&o.Error) })
	for i := range d.Warnings {
		anew(&d.Warnings[i])
	}
}

// Stored is a run's report as the state keeps it. Its JSON form is just that; in all others
// the commands end with Flags.
type Stored struct {
	Report dirsync.Packed
	Flags  string // see [printed.Command]
}

// Write renders the report. Only the table is ever coloured.
func (s Stored) Write(out io.Writer, format form.Format, look form.Look) error {
	if format != form.JSON {
		d, err := DecodeWhole(s.Report)
		if err != nil {
			return err
		}
		d.Reflag(s.Flags)
		return d.Write(out, format, look)
	}
	text, err := packing.Open(s.Report)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, text); err != nil {
		return err
	}
	_, err = out.Write([]byte{'\n'})
	return err
}

// Mentions reports whether a stored report has one of these texts, whole, as the
// value of a key, in large letters or small. It is quick.
func Mentions(stored dirsync.Packed, texts ...string) bool {
	var sought [][]byte
	longest := 0
	for _, text := range texts {
		if quoted, err := form.Encode(text); err == nil && text != "" {
			sought, longest = append(sought, bytes.ToLower(quoted)), max(longest, len(quoted))
		}
	}
	in, err := packing.Open(stored)
	if err != nil || longest == 0 {
		return false
	}
	window := make([]byte, 0, longest+64<<10)
	for {
		n, err := io.ReadFull(in, window[len(window):cap(window)])
		window = window[:len(window)+n]
		small := bytes.ToLower(window)
		for _, text := range sought {
			if bytes.Contains(small, text) {
				return true
			}
		}
		if err != nil {
			return false
		}
		kept := copy(window, window[len(window)-longest:]) // a text may go on in what follows
		window = window[:kept]
	}
}

// EachOperation reads a report's operations one by one.
func EachOperation(stored dirsync.Packed, visit func(*Operation)) error {
	in, err := packing.Open(stored)
	if err == nil {
		_, err = readApart(in, func(o *Operation) error { visit(o); return nil })
	}
	return err
}

func expect(d *json.Decoder, delim json.Delim) error {
	token, err := d.Token()
	if err == nil && token != delim {
		err = fmt.Errorf("%v where %v was expected", token, delim)
	}
	return err
}

// DecodeVisiting reads a report that Keep made, and gives it without its operations, which
// visit gets one by one until it fails.
func DecodeVisiting(stored dirsync.Packed, visit func(*Operation) error) (*Document, error) {
	in, err := packing.Open(stored)
	var rest []byte
	if err == nil {
		rest, err = readApart(in, visit)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a report: %w", err)
	}
	doc := &Document{}
	return doc, decode(rest, doc, &doc.Head)
}
