package column

import (
	"fmt"
	"reflect"
	"strings"
)

// Row is a list of columns: those that the db tags of T name, embedded ones among them.
type Row[T any] struct {
	Names  []string
	fields [][]int // as in reflect.StructField.Index
}

// Of gives the columns of T.
func Of[T any]() (r Row[T]) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if name := field.Tag.Get("db"); name != "" {
			r.Names = append(r.Names, name)
			r.fields = append(r.fields, field.Index)
		}
	}
	return r
}

// Values gives what a row holds, in the order of Names.
func (r Row[T]) Values(row *T) []any {
	v := reflect.ValueOf(row).Elem()
	values := make([]any, len(r.fields))
	for i, field := range r.fields {
		values[i] = v.FieldByIndex(field).Interface()
	}
	return values
}

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

// Upsert is the statement that writes a row in the place of the one with the same
// first column.
func Upsert(table string, names ...string) string {
	var sets []string
	for _, name := range names[1:] {
		sets = append(sets, name+` = excluded.`+name)
	}
	return Insert(table, names...) + ` ON CONFLICT (` + names[0] + `) DO UPDATE SET ` + List(sets)
}
