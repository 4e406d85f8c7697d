// Package dn compares DNs, values and attribute names as directory servers do (RFC 4514,
// RFC 4518).
package dn

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// DN is a DN that names an entry.
type DN struct {
	Text string // as it was written
	// Folded is the form in which equal DNs are equal strings: attribute types by their
	// standard names, values as RFC 4518 prepares them.
	Folded string
	rdns   []*ldap.RelativeDN
}

// Parse parses a DN that names an entry; the empty DN does not.
func Parse(text string) (DN, error) {
	parsed, err := ldap.ParseDN(text)
	if err == nil && len(parsed.RDNs) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return DN{}, fmt.Errorf("%q is no DN: %w", text, err)
	}
	return DN{text, fold(parsed), parsed.RDNs}, nil
}

// Root gives the trailing dc= components of a DN, or its last component where there
// are none.
func (d DN) Root() DN {
	first := len(d.rdns)
	for first > 0 && isDC(d.rdns[first-1]) {
		first--
	}
	root := &ldap.DN{RDNs: d.rdns[min(first, len(d.rdns)-1):]}
	return DN{root.String(), fold(root), root.RDNs}
}

func isDC(rdn *ldap.RelativeDN) bool {
	return len(rdn.Attributes) == 1 && strings.EqualFold(rdn.Attributes[0].Type, "dc")
}

// Holds reports whether another DN is the same or lies below.
func (d DN) Holds(inner DN) bool { return Below(inner.Folded, d.Folded) }

// ChildOf gives the folded RDN by which a DN is below another, or "".
func (d DN) ChildOf(outer DN) string {
	at := len(d.rdns) - len(outer.rdns) - 1
	if at < 0 || !outer.Holds(d) {
		return ""
	}
	return fold(&ldap.DN{RDNs: d.rdns[at : at+1]})
}

// Below reports whether a folded DN is another's or below it.
func Below(inner, outer string) bool {
	rest, found := strings.CutSuffix(inner, outer)
	if !found || rest == "" {
		return found
	}
	rest, found = strings.CutSuffix(rest, ",")
	escapes := len(rest) - len(strings.TrimRight(rest, `\`))
	return found && escapes%2 == 0
}

// BelowAny reports whether a folded DN is one of the others or below one.
func BelowAny(inner string, outer []string) bool {
	for _, other := range outer {
		if Below(inner, other) {
			return true
		}
	}
	return false
}

// Parent gives the folded DN of the entry above.
func Parent(folded string) string {
	escaped := false
	for i := range len(folded) {
		switch {
		case escaped:
			escaped = false
		case folded[i] == '\\':
			escaped = true
		case folded[i] == ',':
			return folded[i+1:]
		}
	}
	return ""
}

// WithoutUID cuts the number off a DN, as in cn=x#'0101'B (RFC 4517, 3.3.21).
func WithoutUID(value string) string {
	rest, found := strings.CutSuffix(value, "'B")
	at := strings.LastIndex(rest, "#'")
	if !found || at < 0 || strings.Trim(rest[at+2:], "01") != "" {
		return value
	}
	return rest[:at]
}
