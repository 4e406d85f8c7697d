package report

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"

	dirsync "duosync/sync"
)

// sheet is the CSV form: a header, and rows of as many cells.
type sheet struct {
	header []string
	rows   [][]string
}

func (s *sheet) add(cells ...string) { s.rows = append(s.rows, cells) }

// writeCSV renders a sheet. Lines end in a line feed.
func writeCSV(out io.Writer, s *sheet) error {
	w := csv.NewWriter(out)
	_ = w.Write(s.header) // kept till Flush
	for _, row := range s.rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = harmless(cell)
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return w.Error()
}

// harmless makes a cell safe to open in a spreadsheet: one that begins like a
// formula (also after white space, or in full-width letters) gets an apostrophe
// before it, as spreadsheets mark plain text; control characters are shown, not
// sent. So does what follows a semicolon, for where people write decimal commas,
// spreadsheets take that for the border of cells.
func harmless(cell string) string {
	parts := strings.Split(cell, ";")
	for i, part := range parts {
		if beginsFormula(part) {
			parts[i] = "'" + part
		}
	}
	return clean(strings.Join(parts, ";"))
}

func beginsFormula(text string) bool {
	if strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "\r") {
		return true
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimSpace(text))
	return strings.ContainsRune("=+-@＝＋－＠", first)
}

// sheet gives a row for each change of an operation; one without changes has a
// row without a field. The items of a list have a comma between them.
func (d *Document) sheet() *sheet {
	s := &sheet{header: []string{"action", "username", "source_id", "duo_user_id", "field", "before", "after", "reason", "result", "error"}}
	for _, o := range d.Operations {
		changes := o.Changes
		if len(changes) == 0 {
			changes = []dirsync.Change{{}}
		}
		for _, c := range changes {
			if dirsync.IsList(c.Field) {
				c.Before, c.After = cellOfList(c.Before), cellOfList(c.After)
			}
			s.add(string(o.Action), o.Username, string(o.SourceID), o.User, c.Field, c.Before, c.After, o.Reason, o.Result, o.Error)
		}
	}
	return s
}

// cellOfList puts the items of a list into one cell.
func cellOfList(list string) string {
	items := dirsync.Items(list)
	for i, item := range items {
		items[i] = itemWord(item)
	}
	return strings.Join(items, ", ")
}
