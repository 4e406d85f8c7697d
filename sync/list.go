package dirsync

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// A list field is kept as one text with an item a line, sorted, each once. No
// item holds a line break, and an empty text is the empty list.

// ListOf gives items the form in which a list field is kept.
func ListOf(items []string) string {
	items = slices.Clone(items)
	slices.Sort(items)
	return strings.Join(slices.Compact(items), "\n")
}

// Items gives the items of a list field.
func Items(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, "\n")
}

// IsList reports whether a field holds a list.
func IsList(field string) bool { return slices.Contains(ListFields, field) }

// without gives the items that are not in others, in their order.
func without(items, others []string) []string {
	return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(others, item) })
}

type changeJSON struct {
	Field  string `json:"field"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// MarshalJSON writes the values of a list field as lists.
func (c Change) MarshalJSON() ([]byte, error) {
	form := changeJSON{c.Field, c.Before, c.After}
	if IsList(c.Field) {
		form.Before, form.After = append([]string{}, Items(c.Before)...), append([]string{}, Items(c.After)...)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // as in the rest of a report
	err := encoder.Encode(form)
	return b.Bytes(), err
}

// UnmarshalJSON reads what MarshalJSON writes, to the letter: also a list that is
// out of order since Duo answered an item with a line break in it.
func (c *Change) UnmarshalJSON(data []byte) error {
	var fields struct {
		Field         string
		Before, After json.RawMessage
	}
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	c.Field = fields.Field
	for _, part := range []struct {
		from json.RawMessage
		into *string
	}{{fields.Before, &c.Before}, {fields.After, &c.After}} {
		if !IsList(c.Field) {
			if err := json.Unmarshal(part.from, part.into); err != nil {
				return err
			}
			continue
		}
		var items []string
		if err := json.Unmarshal(part.from, &items); err != nil {
			return err
		}
		*part.into = strings.Join(items, "\n")
	}
	return nil
}
