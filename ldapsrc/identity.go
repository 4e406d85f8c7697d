package ldapsrc

import (
	"slices"
	"strings"

	"duosync/ldapsrc/dn"
)

// Directory is a directory's identity as far as the configuration tells it: the
// roots of the base DNs, in lower case, sorted and without repetition. A root is
// the trailing dc= components of a DN, or its last component where there are
// none. Bases that move within one tree keep the identity. A DN that does not
// parse stands for itself.
func Directory(bases []string) string {
	var roots []string
	for _, text := range bases {
		base, err := dn.Parse(text)
		if err != nil {
			roots = append(roots, strings.ToLower(strings.TrimSpace(text)))
			continue
		}
		roots = append(roots, base.Root().Folded)
	}
	slices.Sort(roots)
	return strings.Join(slices.Compact(roots), "; ")
}
