package protocol

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Pair is one decoded parameter of a query or a form.
type Pair struct{ Key, Value string }

// DecodePairs reads the text of a query or a form. Empty parts are skipped: a
// lone "?" carries no parameters.
func DecodePairs(text string) ([]Pair, error) {
	var pairs []Pair
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
		pairs = append(pairs, Pair{decodedKey, decodedValue})
	}
	return pairs, nil
}

// canonical gives parameters as they are signed: encoded anew, then sorted by
// encoded name and encoded value.
func canonical(pairs []Pair) string {
	encoded := make([]Pair, len(pairs))
	for i, p := range pairs {
		encoded[i] = Pair{escape(p.Key), escape(p.Value)}
	}
	slices.SortFunc(encoded, func(a, b Pair) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value))
	})
	parts := make([]string, len(encoded))
	for i, p := range encoded {
		parts[i] = p.Key + "=" + p.Value
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
