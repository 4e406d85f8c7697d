package form

import "iter"

// Sheet is what the CSV form is made of: a header, and rows of as many cells.
type Sheet struct {
	header []string
	rows   []iter.Seq[[]string]
}

// NewSheet begins a sheet.
func NewSheet(header ...string) *Sheet { return &Sheet{header: header} }

// Add puts a row at the end.
func (s *Sheet) Add(cells ...string) {
	s.AddMade(func(yield func([]string) bool) { yield(cells) })
}

// AddMade puts rows at the end, which are made while the sheet is written.
func (s *Sheet) AddMade(rows iter.Seq[[]string]) { s.rows = append(s.rows, rows) }
