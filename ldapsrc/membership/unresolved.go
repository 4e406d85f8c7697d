package membership

import "duosync/ldapsrc/dn"

// unresolved are the members of groups that are neither people nor groups.
type unresolved struct {
	gone      []stray  // no entry answers to the DN
	elsewhere []stray  // outside the directory's tree, or on another server
	unasked   int      // not looked for, being too many
	warnings  []string // what was found on the way to the members

	// Groups that people, or groups, say to be in, by DN, as those members.
	namedGone, namedElsewhere []string
	unnamed                   int // not looked for
}

// stray is one such member.
type stray struct {
	group int32
	label dn.Label
	dn    string
}
