package dirsync

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Approval lets what guards held go through, once.
type Approval struct {
	ID string `json:"id"` // of the report, or of one of its guards
	// Holds are what was held; nil for an id that only a dry run showed, which lets
	// through the very operations that give it.
	Holds []Hold    `json:"holds,omitempty"`
	Until time.Time `json:"until,omitzero"`
	By    string    `json:"by,omitempty"` // who gave it, see JoinNames; "" before it is given
}

// JoinNames adds the name of one more who asked for the same thing, unless it is among them.
func JoinNames(names, name string) string {
	switch {
	case names == "":
		return name
	case name == "" || slices.Contains(strings.Split(names, ", "), name):
		return names
	}
	return names + ", " + name
}

// Operations counts the operations that were held under the id.
func (a *Approval) Operations() int {
	keys := map[string]bool{}
	for i := range a.Holds {
		for _, key := range a.Holds[i].Keys {
			keys[key] = true
		}
	}
	return len(keys)
}

// Words say what it lets through: the guards with what they are about, and how many
// operations.
func (a *Approval) Words() string {
	if a.Holds == nil {
		return "the very operations of a dry run"
	}
	text := "1 operation"
	if n := a.Operations(); n != 1 {
		text = fmt.Sprintf("%d operations", n)
	}
	var titles []string
	for i := range a.Holds {
		titles = append(titles, strings.TrimSpace(a.Holds[i].Guard+" "+a.Holds[i].About.Text()))
	}
	if len(titles) == 0 {
		return text
	}
	return strings.Join(titles, ", ") + " (" + text + ")"
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
// is set, and Directory beside another one where there are several directories.
type About struct {
	Attribute string `json:"attribute,omitempty"`
	Group     string `json:"group,omitempty"`
	Base      string `json:"base,omitempty"`
	Directory string `json:"directory,omitempty"`
}

// Text gives the field that is set, after the name of the directory where that is set,
// too.
func (a About) Text() string {
	part := cmp.Or(a.Attribute, a.Group, a.Base)
	if a.Directory == "" || part == "" {
		return cmp.Or(part, a.Directory)
	}
	return a.Directory + "/" + part
}
