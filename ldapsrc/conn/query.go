package conn

import (
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// Query is one search.
type Query struct {
	Base   string
	Scope  int // ldap.ScopeBaseObject and others
	Filter string
	Attrs  []string
	Check  string // what to check where Base is not there, for advice
	// Narrow: other parts of a forest do not matter, as in a second look.
	Narrow bool
	// Split are attributes by which the search may be taken apart where the server ends
	// it at a limit on what one search gives, the best first; with none, such an end is an
	// error. The entries' names serve beside them.
	Split []string

	hops int // referrals that were followed to get here
}

// AnyEntry is the filter that every entry matches.
const AnyEntry = "(objectClass=*)"

// CheckFilter checks the filter that a key of the configuration holds.
func CheckFilter(key, filter string) error {
	return dirsync.WithHint(schema.CheckFilter(filter),
		"write "+key+` like (&(objectClass=person)(uid=*)); in a value, ( ) * \ are \28 \29 \2a \5c`)
}
