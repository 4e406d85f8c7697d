package schema

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// CheckFilter reads a filter of RFC 4515. Its error tells the position.
func CheckFilter(filter string) error {
	pos, problem := filterAt(filter, 0, 0)
	if problem == "" && pos < len(filter) {
		problem = "the filter ends before here"
	}
	if problem != "" {
		return fmt.Errorf("filter %q, character %d: %s", filter, pos+1, problem)
	}
	if _, err := ldap.CompileFilter(filter); err != nil {
		return fmt.Errorf("filter %q: %w", filter, err)
	}
	return nil
}

// CompileFilter tells why go-ldap can't send a filter. It takes some that CheckFilter
// refuses, and its reasons name no place.
func CompileFilter(filter string) error {
	_, err := ldap.CompileFilter(filter)
	if wrapped, ok := errors.AsType[*ldap.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// OneLine gives a filter without the blanks and line breaks between its brackets, which
// people write and RFC 4515 does not have. One that can be sent as it is stays so, for it is
// part of the scope; blanks within attribute and value stay, too.
func OneLine(filter string) string {
	if CompileFilter(filter) == nil {
		return filter
	}
	var out strings.Builder
	item := false // within attribute and value
	for i := 0; i < len(filter); i++ {
		c := filter[i]
		if !item && strings.IndexByte(filterBlanks, c) >= 0 {
			continue
		}
		out.WriteByte(c)
		switch c {
		case ')':
			item = false
		case '(':
			rest := strings.TrimLeft(filter[i+1:], filterBlanks)
			i = len(filter) - len(rest) - 1
			item = rest != "" && strings.IndexByte("&|!(", rest[0]) < 0
		}
	}
	return out.String()
}

const filterBlanks = " \t\r\n"

// maxFilterDepth is far above what a person writes, and far below what a
// server takes for an attack.
const maxFilterDepth = 100

// filterAt walks over the filter that begins at pos. It returns where that
// filter ends, or where it is broken, and how.
func filterAt(text string, pos, depth int) (end int, problem string) {
	if pos >= len(text) || text[pos] != '(' {
		return pos, "a ( is missing"
	}
	if depth > maxFilterDepth {
		return pos, "it is nested too deeply"
	}
	pos++
	switch {
	case pos < len(text) && (text[pos] == '&' || text[pos] == '|'):
		pos++
		for pos < len(text) && text[pos] == '(' {
			if pos, problem = filterAt(text, pos, depth+1); problem != "" {
				return pos, problem
			}
		}
	case pos < len(text) && text[pos] == '!':
		if pos, problem = filterAt(text, pos+1, depth+1); problem != "" {
			return pos, problem
		}
	default:
		if pos, problem = itemAt(text, pos); problem != "" {
			return pos, problem
		}
	}
	if pos >= len(text) || text[pos] != ')' {
		return pos, "a ) is missing"
	}
	return pos + 1, ""
}

// itemAt walks over attribute, operator and value up to the closing bracket.
func itemAt(text string, pos int) (end int, problem string) {
	length := strings.IndexAny(text[pos:], "=()")
	if length < 0 || text[pos+length] != '=' {
		return pos, "attribute=value is expected"
	}
	if strings.Trim(text[pos:pos+length], "<>~: ") == "" {
		return pos, "the attribute's name is missing"
	}
	for pos += length + 1; pos < len(text); pos++ {
		switch text[pos] {
		case ')':
			return pos, ""
		case '(':
			return pos, "a ( in a value is written \\28"
		case '\\':
			digits := text[pos+1 : min(pos+3, len(text))]
			if _, err := hex.DecodeString(digits); err != nil || len(digits) < 2 {
				return pos, "two hexadecimal digits are expected after \\"
			}
		}
	}
	return pos, "a ) is missing"
}
