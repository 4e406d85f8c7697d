package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Args are a call's parameters by name, from query, form or JSON body: texts,
// json.Number, booleans, arrays or objects. Of a repeated one the first counts.
type Args map[string]any

// add takes decoded pairs in; a name that is there already stays as it is.
func (a Args) add(pairs []Pair) {
	for _, p := range pairs {
		if _, there := a[p.Key]; !there {
			a[p.Key] = p.Value
		}
	}
}

// AddJSON takes the members of a JSON object in.
func (a Args) AddJSON(body []byte) error {
	var members map[string]any
	if err := decodeJSON(body, &members); err != nil {
		return err
	}
	if members == nil {
		return errors.New("the body is not a JSON object")
	}
	for name, value := range members {
		if _, there := a[name]; !there {
			a[name] = value
		}
	}
	return nil
}

// decodeJSON reads one JSON value, keeps numbers as they are written and takes
// nothing behind it.
func decodeJSON(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// Has tells whether one of these parameters was sent.
func (a Args) Has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { _, there := a[name]; return there })
}

// Text gives a text, number or boolean as text. null, arrays and objects are
// refused: Duo's clients never send them for such a parameter.
func (a Args) Text(name string) (string, *Refusal) {
	switch value := a[name].(type) {
	case string:
		return value, nil
	case json.Number:
		return value.String(), nil
	case bool:
		return strconv.FormatBool(value), nil
	case nil:
		if !a.Has(name) {
			return "", nil
		}
	}
	return "", BadParameter(name)
}

// Number gives a whole number of at least least, or usual where there is none.
func (a Args) Number(name string, usual, least int) (int, *Refusal) {
	if !a.Has(name) {
		return usual, nil
	}
	text, bad := a.Text(name)
	if bad != nil {
		return 0, bad
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || int(n) < least {
		return 0, BadParameter(name)
	}
	return int(n), nil
}

// Flag gives a boolean: true, false, 1 or 0.
func (a Args) Flag(name string, usual bool) (bool, *Refusal) {
	if !a.Has(name) {
		return usual, nil
	}
	text, bad := a.Text(name)
	if bad != nil {
		return false, bad
	}
	switch text {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, BadParameter(name)
}

// List gives an array of at least one and at most most items, which comes as an
// array or as its JSON text.
func (a Args) List(name string, most int) ([]any, *Refusal) {
	var items []any
	switch value := a[name].(type) {
	case []any:
		items = value
	case string:
		if err := decodeJSON([]byte(value), &items); err != nil {
			return nil, BadParameter(name)
		}
	}
	if len(items) == 0 || len(items) > most {
		return nil, BadParameter(name)
	}
	return items, nil
}

// Texts gives a list of texts.
func (a Args) Texts(name string, most int) ([]string, *Refusal) {
	items, bad := a.List(name, most)
	if bad != nil {
		return nil, bad
	}
	texts := make([]string, len(items))
	for i, item := range items {
		text, ok := item.(string)
		if !ok {
			return nil, BadParameter(name)
		}
		texts[i] = text
	}
	return texts, nil
}

// Flat gives the parameters as texts, arrays and objects as JSON: for the record
// and for the patterns of faults.
func (a Args) Flat() map[string]string {
	flat := make(map[string]string, len(a))
	for name, value := range a {
		if text, ok := value.(string); ok {
			flat[name] = text
			continue
		}
		text, err := json.Marshal(value)
		if err != nil { // it was JSON before
			panic(fmt.Sprintf("duosim: parameter %s: %v", name, err))
		}
		flat[name] = string(text)
	}
	return flat
}
