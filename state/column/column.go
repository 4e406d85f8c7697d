// Package column writes and reads the columns of a state: the types that database/sql
// does not have (times, JSON and free text, which are text in every kind of database, and
// JSON that is kept packed, which is bytes), and the statements that follow from a list of columns.
package column

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// timeLayout is RFC 3339 with all nanoseconds, so that times in UTC sort as text.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// Time is a moment; the zero time is NULL.
type Time struct{ time.Time }

// At gives a moment the form of a column.
func At(t time.Time) Time { return Time{t} }

// Value implements driver.Valuer.
func (t Time) Value() (driver.Value, error) {
	if t.IsZero() {
		return nil, nil
	}
	return t.UTC().Format(timeLayout), nil
}

// Scan implements sql.Scanner.
func (t *Time) Scan(src any) error {
	text, ok, err := textOf(src)
	if err != nil || !ok {
		t.Time = time.Time{}
		return err
	}
	t.Time, err = time.Parse(timeLayout, text)
	return err
}

// JSON is a value as JSON; what would be JSON's null is NULL. An empty text is no value, too.
type JSON[T any] struct{ V T }

// AsJSON gives a value the form of a column.
func AsJSON[T any](v T) JSON[T] { return JSON[T]{v} }

// Value implements driver.Valuer.
func (j JSON[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(j.V)
	if err != nil || string(text) == "null" {
		return nil, err
	}
	return string(text), nil
}

// Scan implements sql.Scanner.
func (j *JSON[T]) Scan(src any) error {
	var zero T
	j.V = zero
	text, ok, err := textOf(src)
	if err != nil || !ok || text == "" {
		return err
	}
	return json.Unmarshal([]byte(text), &j.V)
}

// Text is free text, without what PostgreSQL takes in no text: NUL, and bytes that
// are no UTF-8.
type Text string

// Value implements driver.Valuer.
func (t Text) Value() (driver.Value, error) {
	const instead = "\uFFFD"
	return strings.ReplaceAll(strings.ToValidUTF8(string(t), instead), "\x00", instead), nil
}

// textOf returns the text of a column, and false for NULL.
func textOf(src any) (string, bool, error) {
	switch v := src.(type) {
	case nil:
		return "", false, nil
	case string:
		return v, true, nil
	case []byte:
		return string(v), true, nil
	}
	return "", false, fmt.Errorf("a column holds %T instead of text", src)
}
