package state

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// timeLayout is RFC 3339 with all nanoseconds, so that times in UTC sort as text.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// stamp is a time in a column; the zero time is NULL.
type stamp struct{ time.Time }

// Value implements driver.Valuer.
func (s stamp) Value() (driver.Value, error) {
	if s.IsZero() {
		return nil, nil
	}
	return s.UTC().Format(timeLayout), nil
}

// Scan implements sql.Scanner.
func (s *stamp) Scan(src any) error {
	text, ok, err := textOf(src)
	if err != nil || !ok {
		s.Time = time.Time{}
		return err
	}
	s.Time, err = time.Parse(timeLayout, text)
	return err
}

// asJSON is a value in a column as JSON; what would be JSON's null is NULL.
type asJSON[T any] struct{ V T }

// Value implements driver.Valuer.
func (c asJSON[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(c.V)
	if err != nil || string(text) == "null" {
		return nil, err
	}
	return string(text), nil
}

// Scan implements sql.Scanner.
func (c *asJSON[T]) Scan(src any) error {
	var zero T
	c.V = zero
	text, ok, err := textOf(src)
	if err != nil || !ok {
		return err
	}
	return json.Unmarshal([]byte(text), &c.V)
}

// plain is free text in a column, without what PostgreSQL takes in no text: NUL,
// and bytes that are no UTF-8.
type plain string

// Value implements driver.Valuer.
func (p plain) Value() (driver.Value, error) {
	const instead = "\uFFFD"
	return strings.ReplaceAll(strings.ToValidUTF8(string(p), instead), "\x00", instead), nil
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
