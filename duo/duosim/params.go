package duosim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pair is one decoded parameter of a query or a form.
type pair struct{ key, value string }

// decodePairs reads the text of a query or a form. Empty parts are skipped: a
// lone "?" carries no parameters.
func decodePairs(text string) ([]pair, error) {
	var pairs []pair
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		decodedKey, err := url.QueryUnescape(key)
		if err != nil {
			return nil, fmt.Errorf("parameter name %q: %w", key, err)
		}
		decodedValue, err := url.QueryUnescape(value)
		if err != nil {
			return nil, fmt.Errorf("parameter %q: %w", decodedKey, err)
		}
		pairs = append(pairs, pair{decodedKey, decodedValue})
	}
	return pairs, nil
}

// canonical gives parameters as they are signed: encoded anew, then sorted by
// encoded name and encoded value.
func canonical(pairs []pair) string {
	encoded := make([]pair, len(pairs))
	for i, p := range pairs {
		encoded[i] = pair{escape(p.key), escape(p.value)}
	}
	slices.SortFunc(encoded, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.value, b.value))
	})
	parts := make([]string, len(encoded))
	for i, p := range encoded {
		parts[i] = p.key + "=" + p.value
	}
	return strings.Join(parts, "&")
}

// escape percent-encodes every byte that RFC 3986 does not call unreserved.
func escape(text string) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0:
			out = append(out, c)
		default:
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}

// args are a call's parameters by name, from query, form or JSON body: texts,
// json.Number, booleans, arrays or objects. Of a repeated one the first counts.
type args map[string]any

// add takes decoded pairs in; a name that is there already stays as it is.
func (a args) add(pairs []pair) {
	for _, p := range pairs {
		if _, there := a[p.key]; !there {
			a[p.key] = p.value
		}
	}
}

// addJSON takes the members of a JSON object in.
func (a args) addJSON(body []byte) error {
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

func (a args) has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { _, there := a[name]; return there })
}

// text gives a text, number or boolean as text. null, arrays and objects are
// refused: Duo's clients never send them for such a parameter.
func (a args) text(name string) (string, *refusal) {
	switch value := a[name].(type) {
	case string:
		return value, nil
	case json.Number:
		return value.String(), nil
	case bool:
		return strconv.FormatBool(value), nil
	case nil:
		if !a.has(name) {
			return "", nil
		}
	}
	return "", refuse(badParameters, name)
}

// number gives a whole number of at least least, or usual where there is none.
func (a args) number(name string, usual, least int) (int, *refusal) {
	if !a.has(name) {
		return usual, nil
	}
	text, bad := a.text(name)
	if bad != nil {
		return 0, bad
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || int(n) < least {
		return 0, refuse(badParameters, name)
	}
	return int(n), nil
}

// flag gives a boolean: true, false, 1 or 0.
func (a args) flag(name string, usual bool) (bool, *refusal) {
	if !a.has(name) {
		return usual, nil
	}
	text, bad := a.text(name)
	if bad != nil {
		return false, bad
	}
	switch text {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, refuse(badParameters, name)
}

// list gives an array of at least one and at most most items, which comes as an
// array or as its JSON text.
func (a args) list(name string, most int) ([]any, *refusal) {
	var items []any
	switch value := a[name].(type) {
	case []any:
		items = value
	case string:
		if err := decodeJSON([]byte(value), &items); err != nil {
			return nil, refuse(badParameters, name)
		}
	}
	if len(items) == 0 || len(items) > most {
		return nil, refuse(badParameters, name)
	}
	return items, nil
}

// texts gives a list of texts.
func (a args) texts(name string, most int) ([]string, *refusal) {
	items, bad := a.list(name, most)
	if bad != nil {
		return nil, bad
	}
	texts := make([]string, len(items))
	for i, item := range items {
		text, ok := item.(string)
		if !ok {
			return nil, refuse(badParameters, name)
		}
		texts[i] = text
	}
	return texts, nil
}

// flat gives the parameters as texts, arrays and objects as JSON: for the record
// and for the patterns of faults.
func (a args) flat() map[string]string {
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
