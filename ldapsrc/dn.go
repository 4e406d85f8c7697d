package ldapsrc

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Directory is a directory's identity as far as the configuration tells it: the
// roots of the base DNs, in lower case, sorted and without repetition. A root is
// the trailing dc= components of a DN, or its last component where there are
// none. Bases that move within one tree keep the identity. A DN that does not
// parse stands for itself.
func Directory(bases []string) string {
	var roots []string
	for _, text := range bases {
		dn, err := parseBase(text)
		if err != nil {
			roots = append(roots, strings.ToLower(strings.TrimSpace(text)))
			continue
		}
		roots = append(roots, foldDN(rootOf(dn)))
	}
	slices.Sort(roots)
	return strings.Join(slices.Compact(roots), "; ")
}

// parseBase parses a DN that names an entry; the empty DN does not.
func parseBase(text string) (*ldap.DN, error) {
	dn, err := ldap.ParseDN(text)
	if err == nil && len(dn.RDNs) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("%q is no DN: %w", text, err)
	}
	return dn, nil
}

// rootOf returns the trailing dc= components of dn, or its last component.
func rootOf(dn *ldap.DN) *ldap.DN {
	n := len(dn.RDNs)
	first := n
	for first > 0 && isDC(dn.RDNs[first-1]) {
		first--
	}
	return &ldap.DN{RDNs: dn.RDNs[min(first, n-1):]}
}

func isDC(rdn *ldap.RelativeDN) bool {
	return len(rdn.Attributes) == 1 && strings.EqualFold(rdn.Attributes[0].Type, "dc")
}

// holds reports whether the entry of inner is outer's or lies below it.
func holds(outer, inner *ldap.DN) bool {
	above := len(inner.RDNs) - len(outer.RDNs)
	return above >= 0 && foldDN(&ldap.DN{RDNs: inner.RDNs[above:]}) == foldDN(outer)
}

// below is holds for folded DNs.
func below(inner, outer string) bool {
	rest, found := strings.CutSuffix(inner, outer)
	if !found || rest == "" {
		return found
	}
	rest, found = strings.CutSuffix(rest, ",")
	escapes := len(rest) - len(strings.TrimRight(rest, `\`))
	return found && escapes%2 == 0
}

// belowAny reports whether a folded DN is one of the others or below one.
func belowAny(inner string, outer []string) bool {
	for _, key := range outer {
		if below(inner, key) {
			return true
		}
	}
	return false
}

// parentKey gives the folded DN of the entry above.
func parentKey(key string) string {
	escaped := false
	for i := range len(key) {
		switch {
		case escaped:
			escaped = false
		case key[i] == '\\':
			escaped = true
		case key[i] == ',':
			return key[i+1:]
		}
	}
	return ""
}

// overlap reports whether a search below one of the bases can return an entry
// of the other.
func (s *Source) overlap(i, j int) bool {
	if i == j {
		return true
	}
	return s.scope == ldap.ScopeWholeSubtree &&
		(holds(s.bases[i].dn, s.bases[j].dn) || holds(s.bases[j].dn, s.bases[i].dn))
}
