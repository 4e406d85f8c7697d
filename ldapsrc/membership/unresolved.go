package membership

import "duosync/ldapsrc/dn"

// unresolved are the members of groups that are neither people nor groups.
type unresolved struct {
	gone      []stray  // no entry answers to the DN
	elsewhere []stray  // outside the directory's tree, or on another server
	unasked   int      // not looked for, being too many
	warnings  []string // what was found before the members were read
}

// stray is one such member.
type stray struct {
	group int32
	label dn.Label
	dn    string
}
