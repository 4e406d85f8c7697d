package dirsync

import (
	"cmp"
	"time"
)

// Approval lets what guards held go through, once.
type Approval struct {
	ID string `json:"id"` // of the report, or of one of its guards
	// Holds are what was held; nil for an id that only a dry run showed, which lets
	// through the very operations that give it.
	Holds []Hold    `json:"holds,omitempty"`
	Until time.Time `json:"until,omitzero"`
	By    string    `json:"by,omitempty"` // who gave it; "" before it is given
}

// Hold is what one guard held.
type Hold struct {
	Guard    string `json:"guard"`
	About    About  `json:"about,omitzero"`
	Limit    string `json:"limit,omitempty"`
	Affected int    `json:"affected"`
	Total    int    `json:"total"`
	// Whole: the guard holds the whole run.
	Whole bool `json:"whole,omitempty"`
	// Keys are those of the operations.
	Keys []string `json:"keys,omitempty"`
	// People are those concerned of whom no operation is held yet.
	People []SourceID `json:"people,omitempty"`
	// Count is what a count has fallen to; an approval accepts that and no less.
	Count int `json:"count,omitempty"`
	// Scope is the fingerprint that an approval accepts.
	Scope string `json:"scope,omitempty"`
}

// About says what a guard is about, where it is not about all: one of its fields
// is set.
type About struct {
	Attribute string `json:"attribute,omitempty"`
	Group     string `json:"group,omitempty"`
	Base      string `json:"base,omitempty"`
	Directory string `json:"directory,omitempty"`
}

// Text gives the field that is set.
func (a About) Text() string { return cmp.Or(a.Attribute, a.Group, a.Base, a.Directory) }
