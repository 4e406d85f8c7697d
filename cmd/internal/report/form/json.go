package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Encode gives the JSON form of anything: indented, without a line break at its end, and
// with <, > and & as they are.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// WriteJSON writes the JSON form of anything, and a line break.
func WriteJSON(out io.Writer, v any) error {
	data, err := Encode(v)
	if err != nil {
		return err
	}
	_, err = out.Write(append(data, '\n'))
	return err
}

// Problem is what JSON has in place of a document that could not be made.
type Problem struct {
	Error string `json:"error"`
}

// Write gives the JSON form; the others have nothing to add to the message.
func (p *Problem) Write(out io.Writer, format Format, _ bool) error {
	if format != JSON {
		return nil
	}
	return WriteJSON(out, p)
}
