package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	dirsync "duosync/sync"
)

// Encode gives the JSON form of a run: what the state keeps, and what history
// gives back.
func Encode(run *dirsync.Run) ([]byte, error) { return Of(run).encode() }

// Decode reads a report that Encode made. Keys that it does not know are left
// out.
func Decode(data []byte) (*Document, error) {
	d := &Document{}
	if err := decode(data, d, &d.Head); err != nil {
		return nil, err
	}
	return d, nil
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

// Write renders the report of a run. Only the table is ever coloured.
func (d *Document) Write(w io.Writer, format Format, colour bool) error {
	return write(w, d, format, colour)
}

// Stored is a run's report as the state keeps it. Its JSON form is just that.
type Stored []byte

// Write renders the report. Only the table is ever coloured.
func (s Stored) Write(w io.Writer, format Format, colour bool) error {
	if format == JSON {
		_, err := w.Write(append(bytes.Clone(s), '\n'))
		return err
	}
	d, err := Decode(s)
	if err != nil {
		return err
	}
	return d.Write(w, format, colour)
}

// Problem is what JSON has in place of a list that could not be made.
type Problem struct {
	Error string `json:"error"`
}

// Write gives the JSON form; the others have nothing to add to the message.
func (p *Problem) Write(w io.Writer, format Format, _ bool) error {
	if format != JSON {
		return nil
	}
	data, err := encode(p)
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

func (d *Document) encode() ([]byte, error) { return encode(d) }

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
