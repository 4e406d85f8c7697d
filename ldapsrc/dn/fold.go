package dn

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/text/unicode/norm"
)

// fold gives the form in which equal DNs are equal strings (see [DN.Folded]).
func fold(dn *ldap.DN) string { return rewrite(dn, FoldValue) }

// exact gives the form in which DNs are equal strings that are written in
// different ways: types by their standard names, values as they are, escapes
// resolved.
func exact(dn *ldap.DN) string {
	return rewrite(dn, func(value string) string { return value })
}

func rewrite(dn *ldap.DN, value func(string) string) string {
	changed := &ldap.DN{RDNs: make([]*ldap.RelativeDN, len(dn.RDNs))}
	for i, rdn := range dn.RDNs {
		changed.RDNs[i] = &ldap.RelativeDN{}
		for _, a := range rdn.Attributes {
			changed.RDNs[i].Attributes = append(changed.RDNs[i].Attributes,
				&ldap.AttributeTypeAndValue{Type: StandardName(a.Type), Value: value(a.Value)})
		}
	}
	return changed.String()
}

// FoldValue gives the form in which values are equal that differ in case, in
// insignificant spaces, or in how their letters are composed only (RFC 4518: NFKC,
// case folding, 2.6.1). What that standard maps to nothing, such as a soft hyphen,
// counts: servers differ there.
func FoldValue(value string) string {
	beyondASCII := func(r rune) bool { return r >= utf8.RuneSelf }
	if strings.IndexFunc(value, beyondASCII) < 0 {
		value = strings.ToLower(value)
	} else {
		value = norm.NFKC.String(value)
		for range maxFolds {
			folded := norm.NFKC.String(foldCase(value))
			if folded == value {
				break
			}
			value = folded
		}
	}
	return strings.Join(strings.FieldsFunc(value, func(r rune) bool { return r == ' ' }), " ")
}

// maxFolds is more than it takes until a text stays as it is.
const maxFolds = 8

// foldCase gives one form to all texts that are strings.EqualFold. Lower case
// alone does not: it leaves the two small sigmas apart, and takes a dotted
// capital I for an i, which is another letter.
func foldCase(text string) string {
	var out strings.Builder
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				out.WriteByte(text[i]) // not UTF-8: as it is
				continue
			}
		}
		out.WriteRune(foldRune(r))
	}
	return out.String()
}

// foldRune takes the least of the letters that differ in case only, and its
// lower case where that is one of them.
func foldRune(r rune) rune {
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	if unicode.SimpleFold(r) == r {
		return r
	}
	return unicode.ToLower(least)
}
