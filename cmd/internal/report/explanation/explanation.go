// Package explanation is the document of duosync explain: all about one user. Each file
// is one part of it: what that holds, and how it is told.
package explanation

import (
	"io"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Document says all about one user.
type Document struct {
	// User is what was asked for, FoundBy how it was recognized: "directory id",
	// "DN", "username", "mail" and so on.
	User    string `json:"user"`
	FoundBy string `json:"found_by"`

	Entry    *Entry      `json:"entry"`
	Scope    ScopeStand  `json:"scope"`
	Fields   []FieldStep `json:"fields"`
	Snapshot *Snapshot   `json:"snapshot"`
	Duo      DuoStand    `json:"duo"`
	// Attention: the person is not as the directory asks for, and stays so until a human
	// acts; nil: all is as it should be. Since is "" where no run has seen it yet.
	Attention *report.Attention `json:"attention"`
	Next      Next              `json:"next"`
	Holds     []Hold            `json:"holds"`
	History   Past              `json:"history"`
	// Matches are the people who are meant, where there are several.
	Matches []Match `json:"matches"`
	// Warnings are worth knowing.
	Warnings []string `json:"warnings"`
	// Error says what could not be found out; "" where nothing is missing.
	Error string `json:"error"`
}

// Match is one of several people who are meant.
type Match struct {
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
	Username string           `json:"username"`
	DN       string           `json:"dn"`
	FoundBy  string           `json:"found_by"`
}

// New begins an explanation of what was asked for.
func New(user string) *Document {
	return &Document{
		User: user, Scope: ScopeStand{}, Fields: []FieldStep{}, Holds: []Hold{}, History: Past{}, Matches: []Match{}, Warnings: []string{},
		Duo:  DuoStand{Standing: DuoUnknown, Changed: []FieldDiff{}, Holders: []Holder{}},
		Next: Next{Action: NextUnknown, Operations: []report.Operation{}, Conflicts: []report.Conflict{}, Waiting: []report.Waiting{}},
	}
}

// Write renders the explanation. Only the table is ever coloured.
func (e *Document) Write(out io.Writer, format form.Format, look form.Look) error {
	return form.Write(out, e, format, look)
}

// Sheet gives the fields, a row each; the items of a list have a comma between
// them.
func (e *Document) Sheet() *form.Sheet {
	s := form.NewSheet("field", "from", "before", "after", "asked", "duo", "warnings")
	cell := func(v *Values) string {
		if v == nil {
			return ""
		}
		return phrase.Cell(dirsync.Items(dirsync.ListOf(v.Items)))
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		s.Add(f.Field, phrase.Cell(dirsync.Items(dirsync.ListOf(f.From))), cell(&f.Before), cell(&f.After), cell(f.Asked), cell(f.Duo), phrase.Cell(dirsync.Items(dirsync.ListOf(f.Warnings))))
	}
	return s
}
