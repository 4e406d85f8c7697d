package dirsync

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
