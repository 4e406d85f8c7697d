package ldapsrc

import (
	"time"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/schema"
)

// Scope says how deep below a base DN people are looked for (RFC 4511, 4.5.1.2).
type Scope string

// The scopes. The zero value stands for ScopeSub.
const (
	ScopeSub  Scope = "sub"  // the base and all below it
	ScopeOne  Scope = "one"  // the entries directly below the base
	ScopeBase Scope = "base" // the base entry itself
)

// Options say which directory is read, as whom, and what is taken from it. They
// mirror the configuration's ldap section.
type Options struct {
	conn.Servers
	// Users selects the people.
	Users Users
	// Groups selects the groups that people are told to be in.
	Groups membership.Groups
	// Attributes are the names of the attributes to read besides the id and the
	// preset's status attributes; operational ones, too.
	Attributes []string
	// Preset says how a lock or a disabled account shows, and fills what Users
	// and Groups leave out.
	Preset schema.Preset
	// Expires is the attribute with the time from which a person counts as disabled: "" for
	// the preset's own, schema.NoExpiry for none.
	Expires string
	// Now is the clock that tells whether a lock has run out where the context of a call
	// does not (dirsync.AsOf); nil for time.Now.
	Now func() time.Time
}

// Users selects people in the directory.
type Users struct {
	Bases []string
	// Filter in the syntax of RFC 4515.
	Filter string
	Scope  Scope
	// IDAttribute holds the immutable id: single-valued and present in every
	// entry that the filter returns.
	IDAttribute string
}
