package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"duosync/cmd/internal/report/form"
	dirsync "duosync/sync"
)

// Encode gives the JSON form of a run: what the state keeps, and what history
// gives back.
func Encode(run *dirsync.Run) ([]byte, error) { return form.Encode(Of(run)) }

// Decode reads a report that Encode made. Keys that it does not know are left
// out.
func Decode(data []byte) (*Document, error) {
	d := &Document{}
	if err := decode(data, d, &d.Head); err != nil {
		return nil, err
	}
	return d, nil
}

// DecodeBrief reads a report that Encode made without its operations, which are by far the
// most of a large one.
func DecodeBrief(data []byte) (*Document, error) {
	d := &Document{}
	brief := struct {
		*Document
		Operations skipped `json:"operations"`
	}{Document: d}
	if err := decode(data, &brief, &d.Head); err != nil {
		return nil, err
	}
	return d, nil
}

// skipped is a value that is not read.
type skipped struct{}

// UnmarshalJSON implements [json.Unmarshaler].
func (skipped) UnmarshalJSON([]byte) error { return nil }

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

// Stored is a run's report as the state keeps it. Its JSON form is just that.
type Stored []byte

// Write renders the report. Only the table is ever coloured.
func (s Stored) Write(out io.Writer, format form.Format, colour bool) error {
	if format == form.JSON {
		_, err := out.Write(append(bytes.Clone(s), '\n'))
		return err
	}
	d, err := Decode(s)
	if err != nil {
		return err
	}
	return d.Write(out, format, colour)
}

// Mentions reports whether a stored report has one of these texts, whole, as the
// value of a key. It is quick.
func Mentions(stored []byte, texts ...string) bool {
	for _, text := range texts {
		quoted, err := form.Encode(text)
		if err == nil && text != "" && bytes.Contains(stored, quoted) {
			return true
		}
	}
	return false
}

// EachOperation reads a report's operations one by one.
func EachOperation(stored []byte, visit func(*Operation)) error {
	d := json.NewDecoder(bytes.NewReader(stored))
	if err := expect(d, '{'); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if key != "operations" {
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return err
			}
			continue
		}
		if err := expect(d, '['); err != nil {
			return err
		}
		for d.More() {
			var o Operation
			if err := d.Decode(&o); err != nil {
				return err
			}
			visit(&o)
		}
		return nil
	}
	return nil
}

func expect(d *json.Decoder, delim json.Delim) error {
	token, err := d.Token()
	if err == nil && token != delim {
		err = fmt.Errorf("%v where %v was expected", token, delim)
	}
	return err
}
