package form

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
)

// Long is a document with a list that is too long to be kept in its JSON form as a whole.
type Long interface {
	// Short gives the document with nothing in that list, which is a list then, not null.
	Short() any
	// Listed gives the key of the list, among those of the document itself, and its items.
	Listed() (key string, items iter.Seq[any])
}

// Encode gives the JSON form of anything: indented, without a line break at its end, and
// with <, > and & as they are.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	err := EncodeTo(&b, v)
	return b.Bytes(), err
}

// WriteJSON writes the JSON form of anything, and a line break. Of a Long document only an item
// is in memory at a time.
func WriteJSON(out io.Writer, v any) error {
	w := bufio.NewWriter(out)
	if err := EncodeTo(w, v); err != nil {
		return err
	}
	_ = w.WriteByte('\n') // Flush tells
	return w.Flush()
}

// EncodeTo writes the JSON form of anything, as Encode gives it.
func EncodeTo(w io.Writer, v any) error {
	long, ok := v.(Long)
	if !ok {
		data, err := encode(v, "")
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	data, err := encode(long.Short(), "")
	if err != nil {
		return err
	}
	// A line break stands in no text of JSON, so this is the document's own key.
	key, items := long.Listed()
	before, after, found := bytes.Cut(data, []byte("\n  \""+key+"\": []"))
	if !found {
		return fmt.Errorf("encoding the report: it has no empty list %q", key)
	}
	if _, err := fmt.Fprintf(w, "%s\n  %q: [", before, key); err != nil {
		return err
	}
	lead, end := "\n    ", "]"
	for item := range items {
		data, err := encode(item, "    ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", lead, data); err != nil {
			return err
		}
		lead, end = ",\n    ", "\n  ]"
	}
	_, err = fmt.Fprintf(w, "%s%s", end, after)
	return err
}

func encode(v any, prefix string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// Problem is what JSON has in place of a document that could not be made.
type Problem struct {
	Error string `json:"error"`
}

// Write gives the JSON form; the others have nothing to add to the message.
func (p *Problem) Write(out io.Writer, format Format, _ Look) error {
	if format != JSON {
		return nil
	}
	return WriteJSON(out, p)
}
