package ldapsrc

import (
	"crypto/sha256"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

// digest stands for a text of any length in 16 bytes. It is one half of a
// SHA-256, so nobody can make two texts of one digest.
type digest [16]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:16])
}

// dnKey gives the form in which equal DNs are equal texts, however they are
// escaped, spaced and capitalised. It is foldDN of the parsed DN, with a short
// cut for DNs in which nothing is escaped.
func dnKey(text string) (string, error) {
	if folded, ok := foldPlainDN(text); ok {
		return folded, nil
	}
	dn, err := ldap.ParseDN(text)
	if err != nil {
		return "", err
	}
	return foldDN(dn), nil
}

// foldPlainDN is dnKey for a DN of single-valued RDNs in printable ASCII without
// escapes, which most are. For others it reports false.
func foldPlainDN(text string) (string, bool) {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c > '~', c == '\\', c == '"', c == '#', c == '+', c == ';', c == '<', c == '>':
			return "", false
		case c == ' ' && i > 0 && text[i-1] == ' ':
			return "", false
		}
	}
	var out strings.Builder
	out.Grow(len(text))
	for rdn := range strings.SplitSeq(text, ",") {
		name, value, found := strings.Cut(rdn, "=")
		name, value = strings.Trim(name, " "), strings.Trim(value, " ")
		if !found || name == "" {
			return "", false
		}
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		out.WriteString(standardName(name))
		out.WriteByte('=')
		out.WriteString(strings.ToLower(value))
	}
	return out.String(), true
}

// foldDN gives the form in which equal DNs are equal strings: attribute types by
// their standard names, values without case and without insignificant spaces.
// Of RFC 4518's preparation, Unicode normalisation is left out.
func foldDN(dn *ldap.DN) string {
	folded := &ldap.DN{RDNs: make([]*ldap.RelativeDN, len(dn.RDNs))}
	for i, rdn := range dn.RDNs {
		folded.RDNs[i] = &ldap.RelativeDN{}
		for _, a := range rdn.Attributes {
			folded.RDNs[i].Attributes = append(folded.RDNs[i].Attributes,
				&ldap.AttributeTypeAndValue{Type: standardName(a.Type), Value: foldValue(a.Value)})
		}
	}
	return folded.String()
}

// foldValue gives the form in which values are equal that differ in case or in
// insignificant spaces only.
func foldValue(value string) string {
	parts := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' })
	return foldCase(strings.Join(parts, " "))
}

// foldCase gives one form to all texts that are strings.EqualFold. Lower case
// alone does not: it leaves the two small sigmas apart, and takes a dotted
// capital I for an i, which is another letter.
func foldCase(text string) string {
	beyondASCII := func(r rune) bool { return r >= utf8.RuneSelf }
	if strings.IndexFunc(text, beyondASCII) < 0 {
		return strings.ToLower(text)
	}
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
