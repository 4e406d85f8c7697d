package form

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"
)

// writeCSV renders a sheet. Lines end in a line feed.
func writeCSV(out io.Writer, s *Sheet) error {
	w := csv.NewWriter(out)
	_ = w.Write(s.header) // kept till Flush
	for _, rows := range s.rows {
		for row := range rows {
			cells := make([]string, len(row))
			for i, cell := range row {
				cells[i] = harmless(cell)
			}
			_ = w.Write(cells)
		}
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
