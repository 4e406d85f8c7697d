package dirsync

import (
	"regexp"
	"slices"
	"strings"
)

// description is an LDAP attribute description (RFC 4512, 2.5): a name or an OID,
// and options. Some servers allow an underscore in names, so it does.
var description = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]*|[0-9]+(\.[0-9]+)+)(;[A-Za-z0-9-]+)*$`)

// ValidAttribute reports whether name can be the name of an attribute.
func ValidAttribute(name string) bool { return description.MatchString(name) }

// Value returns the one value of an attribute that counts: the entry's own
// name (its RDN) where the attribute has several and one of them is that, else
// the smallest, because a directory keeps values in no order.
func (p *Person) Value(attribute string) string {
	values := p.Attrs[attribute]
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	if rest, ok := cutFold(p.DN, attribute+"="); ok {
		for _, value := range values {
			if after, ok := cutFold(rest, value); ok && (after == "" || after[0] == ',' || after[0] == '+') {
				return value
			}
		}
	}
	return slices.Min(values)
}

// Values returns the values of an attribute in an order that does not depend on
// the directory's: the one that counts, see Value, then the others, sorted. The
// caller does not change them.
func (p *Person) Values(attribute string) []string {
	values := p.Attrs[attribute]
	if len(values) < 2 {
		return values
	}
	first := p.Value(attribute)
	values = slices.Clone(values)
	slices.Sort(values)
	at := slices.Index(values, first)
	copy(values[1:], values[:at])
	values[0] = first
	return values
}

// cutFold cuts a prefix off, without regard to case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
