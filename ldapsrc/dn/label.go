package dn

import (
	"crypto/sha256"
	"hash/maphash"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Digest stands for a text of any length in 16 bytes. It is one half of a
// SHA-256, so nobody can make two texts of one digest.
type Digest [16]byte

// DigestOf gives a text's digest.
func DigestOf(text string) Digest {
	sum := sha256.Sum256([]byte(text))
	return Digest(sum[:16])
}

// Label names an entry, or a person of RFC 2307, in two ways: folded, by which all
// notations of one name are the same, and exact, by which two are told apart that
// the folded form takes for one.
type Label struct {
	Folded Digest
	Exact  uint64
}

// seed is of this process, so that nobody can make two texts of one exact form.
var seed = maphash.MakeSeed() //nolint:gochecknoglobals // a constant in all but name

// LabelOf labels a DN, and gives its folded form (see [DN]). It has a short cut for DNs
// in which nothing is escaped.
func LabelOf(text string) (l Label, folded string, err error) {
	var hash maphash.Hash
	hash.SetSeed(seed)
	if folded, ok := foldPlain(text, &hash); ok {
		return Label{DigestOf(folded), hash.Sum64()}, folded, nil
	}
	dn, err := ldap.ParseDN(text)
	if err != nil {
		return Label{}, "", err
	}
	folded = fold(dn)
	return Label{DigestOf(folded), maphash.String(seed, exact(dn))}, folded, nil
}

// LabelOfUID labels a uid. No DN has the label of a uid, whatever that holds: a folded
// DN does not begin with a control character.
func LabelOfUID(value string) Label {
	const mark = "\x00uid "
	return Label{DigestOf(mark + FoldValue(value)), maphash.String(seed, mark+value)}
}

// foldPlain is fold for a DN of single-valued RDNs in printable ASCII without
// escapes, which most are. For others it reports false. What exact gives goes into
// hash.
func foldPlain(text string, hash *maphash.Hash) (string, bool) {
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
			_ = hash.WriteByte(',') // a hash takes all
		}
		name = StandardName(name)
		out.WriteString(name)
		out.WriteByte('=')
		out.WriteString(strings.ToLower(value))
		_, _ = hash.WriteString(name)
		_ = hash.WriteByte('=')
		_, _ = hash.WriteString(value)
	}
	return out.String(), true
}
