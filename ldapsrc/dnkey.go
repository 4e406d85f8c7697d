package ldapsrc

import (
	"crypto/sha256"
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/text/unicode/norm"
)

// digest stands for a text of any length in 16 bytes. It is one half of a
// SHA-256, so nobody can make two texts of one digest.
type digest [16]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:16])
}

// label names an entry, or a person of RFC 2307, in two ways: folded, by which all
// notations of one name are the same, and exact, by which two are told apart that
// the folded form takes for one.
type label struct {
	folded digest
	exact  uint64
}

// seed is of this process, so that nobody can make two texts of one exact form.
var seed = maphash.MakeSeed() //nolint:gochecknoglobals // a constant in all but name

// dnLabel labels a DN; key is its folded form.
func dnLabel(text string) (l label, key string, err error) {
	var exact maphash.Hash
	exact.SetSeed(seed)
	if folded, ok := foldPlainDN(text, &exact); ok {
		return label{digestOf(folded), exact.Sum64()}, folded, nil
	}
	dn, err := ldap.ParseDN(text)
	if err != nil {
		return label{}, "", err
	}
	key = foldDN(dn)
	return label{digestOf(key), maphash.String(seed, exactDN(dn))}, key, nil
}

// uidLabel labels a uid.
func uidLabel(value string) label {
	return label{digestOf(foldValue(value)), maphash.String(seed, value)}
}

// dnKey gives the form in which equal DNs are equal texts, however they are
// escaped, spaced, capitalised and composed. It is foldDN of the parsed DN, with a
// short cut for DNs in which nothing is escaped.
func dnKey(text string) (string, error) {
	_, key, err := dnLabel(text)
	return key, err
}

// foldPlainDN is foldDN for a DN of single-valued RDNs in printable ASCII without
// escapes, which most are. For others it reports false. What exactDN gives goes into
// exact.
func foldPlainDN(text string, exact *maphash.Hash) (string, bool) {
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
			_ = exact.WriteByte(',') // a hash takes all
		}
		name = standardName(name)
		out.WriteString(name)
		out.WriteByte('=')
		out.WriteString(strings.ToLower(value))
		_, _ = exact.WriteString(name)
		_ = exact.WriteByte('=')
		_, _ = exact.WriteString(value)
	}
	return out.String(), true
}

// foldDN gives the form in which equal DNs are equal strings: attribute types by
// their standard names, values as RFC 4518 prepares them.
func foldDN(dn *ldap.DN) string { return rewriteDN(dn, foldValue) }

// exactDN gives the form in which DNs are equal strings that are written in
// different ways: types by their standard names, values as they are, escapes
// resolved.
func exactDN(dn *ldap.DN) string {
	return rewriteDN(dn, func(value string) string { return value })
}

func rewriteDN(dn *ldap.DN, rewrite func(string) string) string {
	changed := &ldap.DN{RDNs: make([]*ldap.RelativeDN, len(dn.RDNs))}
	for i, rdn := range dn.RDNs {
		changed.RDNs[i] = &ldap.RelativeDN{}
		for _, a := range rdn.Attributes {
			changed.RDNs[i].Attributes = append(changed.RDNs[i].Attributes,
				&ldap.AttributeTypeAndValue{Type: standardName(a.Type), Value: rewrite(a.Value)})
		}
	}
	return changed.String()
}

// foldValue gives the form in which values are equal that differ in case, in
// insignificant spaces, or in how their letters are composed only (RFC 4518: NFKC,
// case folding, 2.6.1). What that standard maps to nothing, such as a soft hyphen,
// counts: servers differ there.
func foldValue(value string) string {
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
