package column

import (
	"fmt"
	"strings"
)

// List is columns as a SELECT names them.
func List(names []string) string { return strings.Join(names, ", ") }

// Insert is the statement that writes a row.
func Insert(table string, names ...string) string {
	places := make([]string, len(names))
	for i := range names {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	return `INSERT INTO ` + table + ` (` + List(names) + `) VALUES (` + List(places) + `)`
}
