package dirsync

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// description is an LDAP attribute description (RFC 4512, 2.5): a name or an OID,
// and options. Some servers allow an underscore in names, so it does.
var description = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]*|[0-9]+(\.[0-9]+)+)(;[A-Za-z0-9-]+)*$`)

// ValidAttribute reports whether name can be the name of an attribute.
func ValidAttribute(name string) bool { return description.MatchString(name) }

// Value returns the one value of an attribute that counts: the entry's own
// name (its RDN) where the attribute has several and one of them is that, else
// the smallest, because a directory keeps values in no order.
func (p *Person) Value(attribute string) string {
	values := p.Attrs[attribute]
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	if rest, ok := cutFold(p.DN, attribute+"="); ok {
		for _, value := range values {
			if after, ok := cutFold(rest, value); ok && (after == "" || after[0] == ',' || after[0] == '+') {
				return value
			}
		}
	}
	return slices.Min(values)
}

// Values returns the values of an attribute in an order that does not depend on
// the directory's: the one that counts, see Value, then the others, sorted. The
// caller does not change them.
func (p *Person) Values(attribute string) []string {
	values := p.Attrs[attribute]
	if len(values) < 2 {
		return values
	}
	first := p.Value(attribute)
	values = slices.Clone(values)
	slices.Sort(values)
	at := slices.Index(values, first)
	copy(values[1:], values[:at])
	values[0] = first
	return values
}

// cutFold cuts a prefix off, without regard to case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// Problem says why a person's standing can't be told.
func (u *Unsure) Problem() string {
	if u.Why != "" {
		return u.Why
	}
	if u.Groups {
		return "which groups the person is in can't be told: the attribute " + u.Attribute + " did not come back; let the account of ldap.bind_dn read it"
	}
	if u.Value == "" {
		return "whether the person is locked can't be told: the attribute " + u.Attribute + " did not come back; let the account of ldap.bind_dn read it"
	}
	return "whether the person is locked can't be told: the attribute " + u.Attribute + " has the value " + Quote(u.Value)
}

// SourceID names a directory entry for good: entryUUID, objectGUID, nsUniqueId
// or another immutable attribute in its canonical text form. Never a DN, uid or
// mail address; those change.
type SourceID string

// Standing is what the directory says about whether a person may log in.
type Standing string

// A person without any sign of a lock is Enabled.
const (
	Enabled   Standing = "enabled"
	Disabled  Standing = "disabled"   // by an administrator
	LockedOut Standing = "locked out" // for a time, after wrong passwords
	// Unreadable: whether the person is locked can't be told, see Person.Unsure. A
	// status is never raised on that.
	Unreadable Standing = "unreadable"
)

// Person is one directory entry that the users' filter returned.
type Person struct {
	ID SourceID
	// Directory is the name of the directory that the person is in, "" for that of the
	// section ldap. It is the first part of ID.
	Directory string
	// DN is the entry's name as the server gave it. For messages and for
	// exclusion by DN only.
	DN string
	// Attrs holds the values of the attributes that were asked for, by their
	// lower-cased name. An attribute that did not come back is absent. Values
	// are raw bytes; they need not be UTF-8.
	Attrs map[string][]string
	// Base is the one of ReadInfo.Bases below which the person was found, the first
	// where several hold it; "" where there is one base only.
	Base string
	// Standing is decoded from the preset's status attributes.
	Standing Standing
	// Unsure tells why Standing is Unreadable; else nil.
	Unsure *Unsure
	// Term tells why Standing is Disabled where it is the time alone; else nil.
	Term *Term
	// At is the time as of which Standing was told, and which is now to expressions: one
	// for a whole run, see [AsOf].
	At time.Time
	// Groups are the names of the groups that the person is in, nested ones
	// included where the configuration says so: sorted, each once, and only of
	// groups that the source was asked about.
	Groups []string
}

// Term is a border of the time in which a person's account may be used.
type Term struct {
	At    time.Time
	Begin bool // the account may be used from then on; else until then
}

// Words say why the account may not be used.
func (t *Term) Words() string {
	at := t.At.UTC().Format("2006-01-02 15:04 UTC")
	if t.Begin {
		return "not valid before " + at
	}
	return "expired on " + at
}

// Unsure is an attribute from which a person's standing can't be told.
type Unsure struct {
	Attribute string // by its lower-cased name
	// Value that can't be read; "" where the attribute, which every entry of that
	// kind has, did not come back.
	Value string
	// Groups: it is the person's groups that can't all be told, and what hangs on them.
	Groups bool
	// Why says it where no attribute is at fault: the expression for the status can't be
	// worked out for this person.
	Why string
}

// Whereabouts is the answer of a second look for one id.
type Whereabouts struct {
	// Present: an entry with this id exists somewhere under the suffix.
	Present bool
	// Person is set when that entry is still within the bases and the filter.
	Person *Person
	// Outside is that entry where it is not within the bases and the filter: what it says
	// of itself, by which it may be locked. Its groups are not told. nil: it can't be read
	// as a person's, or nobody read it.
	Outside *Person
	// DN of the entry, when Present.
	DN string
}

// Expression gives the values of a Duo field from a person: what a key of the mapping
// says. The same person, with the same time (Person.At), always gives the same values. It
// serves one goroutine at a time. Package duosync/sync/expression makes one of its text.
type Expression interface {
	// String gives the expression as it was written.
	String() string
	// Value gives the one value for a person: of an attribute the one that counts,
	// of a list the first that is not empty, and "" where there is none. An error
	// tells why the expression can't be worked out for this person.
	Value(*Person) (string, error)
	// Values gives all values for a person, none of them empty, each once. The error
	// is as for Value.
	Values(*Person) ([]string, error)
	// Attributes lists the attributes that the expression reads, in lower case,
	// sorted, each once.
	Attributes() []string
	// Groups lists the directory's groups that the expression names, sorted, each
	// once.
	Groups() []string
	// Preset reports whether the expression depends on Person.Standing.
	Preset() bool
	// Plain reports whether the expression is an attribute's name and nothing else.
	Plain() bool
}
