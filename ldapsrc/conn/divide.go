package conn

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
)

// divider makes filters that tell some entries from others by an attribute. What such a
// filter matches and what its negation matches are two parts of which every entry is in
// one, in whatever way the server compares; but for one of which the server does not
// say whether it matches (RFC 4511, 4.5.1.7: Undefined), as where the attribute may not
// be searched or has no such matching rule. It is in neither.
type divider struct {
	attribute string
	// ordered: the values are compared by >=, else by how they begin. entryUUID knows
	// no beginnings (RFC 4530, 2), and names no order (RFC 4519).
	ordered bool
}

// divideable are attributes of names whose matching rules know substrings everywhere
// (RFC 4519, 4524, 2798; MS-ADA).
func divideable() []string {
	return []string{"uid", "cn", "sn", "givenName", "displayName", "mail", "sAMAccountName"}
}

// dividers gives what may tell the entries of a search apart, the best first: what the
// query names, what the entries are named by, and other names that are read.
func dividers(q Query, sample []*ldap.Entry) []divider {
	names := slices.Clone(q.Split)
	for _, entry := range sample {
		if name, _, ok := rdnOf(entry); ok {
			names = append(names, name)
			break
		}
	}
	for _, name := range divideable() {
		if slices.ContainsFunc(q.Attrs, func(read string) bool { return strings.EqualFold(read, name) }) {
			names = append(names, name)
		}
	}
	var all []divider
	for _, name := range names {
		standard := dn.StandardName(strings.ToLower(name))
		if standard == "objectguid" || slices.ContainsFunc(all, func(d divider) bool { return dn.StandardName(strings.ToLower(d.attribute)) == standard }) {
			continue // bytes have neither
		}
		all = append(all, divider{attribute: name, ordered: standard == "entryuuid"})
	}
	return all
}

// rdnOf gives the attribute that an entry is named by, and its value.
func rdnOf(entry *ldap.Entry) (name, value string, ok bool) {
	parsed, err := ldap.ParseDN(entry.DN)
	if err != nil || len(parsed.RDNs) == 0 || len(parsed.RDNs[0].Attributes) == 0 {
		return "", "", false
	}
	first := parsed.RDNs[0].Attributes[0]
	return first.Type, first.Value, true
}

// values gives an entry's values of the attribute, in the form they are compared in
// here. The one in the DN is there also where the attribute is not read.
func (d divider) values(entry *ldap.Entry) []string {
	values := dn.Values(entry, d.attribute)
	if name, value, ok := rdnOf(entry); ok && len(values) == 0 && strings.EqualFold(name, d.attribute) {
		values = []string{value}
	}
	folded := make([]string, 0, len(values))
	for _, value := range values {
		folded = append(folded, dn.FoldValue(value))
	}
	return folded
}

// divide gives a filter that should match about half of the entries whose values these
// are, an entry each. ok is false where none matches some and not all of them.
func (d divider) divide(entries [][]string) (filter string, ok bool) {
	if d.ordered {
		return d.divideByOrder(entries)
	}
	return d.divideByBeginning(entries)
}

func (d divider) divideByOrder(entries [][]string) (string, bool) {
	var most []string // the greatest value of each entry, by which it matches
	for _, values := range entries {
		if len(values) > 0 {
			most = append(most, slices.Max(values))
		}
	}
	if len(most) == 0 {
		return "", false
	}
	slices.Sort(most)
	at := len(most) / 2
	for at < len(most) && most[at] == most[0] && len(most) == len(entries) {
		at++
	}
	if at == len(most) {
		return "", false
	}
	return "(" + d.attribute + ">=" + ldap.EscapeFilter(most[at]) + ")", true
}

// divideByBeginning looks for the beginning that is nearest to half of the entries: it
// follows the letters that most of them go on with.
func (d divider) divideByBeginning(entries [][]string) (string, bool) {
	best, bestCount, prefix := "", 0, ""
	off := func(count int) int { return max(2*count-len(entries), len(entries)-2*count) }
	for {
		next := nextLetters(entries, prefix)
		if len(next) == 0 {
			break
		}
		for _, n := range next {
			// A blank at the end may not count (RFC 4518, 2.6.1).
			usable := n.count < len(entries) && !strings.HasSuffix(n.prefix, " ")
			if usable && (best == "" || off(n.count) < off(bestCount)) {
				best, bestCount = n.prefix, n.count
			}
		}
		heaviest := slices.MaxFunc(next, func(a, b beginning) int { return cmp.Compare(a.count, b.count) })
		if 2*heaviest.count <= len(entries) && best != "" {
			break
		}
		prefix = heaviest.prefix
	}
	return "(" + d.attribute + "=" + ldap.EscapeFilter(best) + "*)", best != ""
}

// beginning is how the values of so many entries begin.
type beginning struct {
	prefix string
	count  int
}

// nextLetters gives the beginnings that are one letter longer than prefix, in order.
func nextLetters(entries [][]string, prefix string) []beginning {
	counts := make(map[string]int)
	for _, values := range entries {
		mine := make(map[string]struct{}, 1)
		for _, value := range values {
			rest, ok := strings.CutPrefix(value, prefix)
			if _, size := utf8.DecodeRuneInString(rest); ok && size > 0 {
				mine[prefix+rest[:size]] = struct{}{}
			}
		}
		for longer := range mine {
			counts[longer]++
		}
	}
	all := make([]beginning, 0, len(counts))
	for longer, count := range counts {
		all = append(all, beginning{longer, count})
	}
	slices.SortFunc(all, func(a, b beginning) int { return cmp.Compare(a.prefix, b.prefix) })
	return all
}
