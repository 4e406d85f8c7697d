package ldapsrc

import (
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	dirsync "duosync/sync"
)

// checkFilter compiles the filter of RFC 4515 that a key of the configuration
// holds. Its error tells the position.
func checkFilter(key, filter string) error {
	hint := "write " + key + ` like (&(objectClass=person)(uid=*)); in a value, ( ) * \ are \28 \29 \2a \5c`
	pos, problem := filterAt(filter, 0, 0)
	if problem == "" && pos < len(filter) {
		problem = "the filter ends before here"
	}
	if problem != "" {
		return dirsync.WithHint(fmt.Errorf("filter %q, character %d: %s", filter, pos+1, problem), hint)
	}
	if _, err := ldap.CompileFilter(filter); err != nil {
		return dirsync.WithHint(fmt.Errorf("filter %q: %w", filter, err), hint)
	}
	return nil
}

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
			if pos+2 >= len(text) || !isHex(text[pos+1]) || !isHex(text[pos+2]) {
				return pos, "two hexadecimal digits are expected after \\"
			}
		}
	}
	return pos, "a ) is missing"
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
