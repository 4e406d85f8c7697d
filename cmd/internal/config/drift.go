package config

import (
	"slices"

	dirsync "duosync/sync"
)

// Drift says what to do about a field that somebody changed in Duo: enforce
// (write ours again) or report. In the file it is one word for all fields, or a
// word by field; fields that are not named are enforced.
type Drift struct {
	Otherwise string            // For fields that Fields does not name.
	Fields    map[string]string // By field, such as email: report.
}

// Of returns the word for a field, one of dirsync.FieldNames or ListFields.
func (d Drift) Of(field string) string {
	if word, ok := d.Fields[field]; ok {
		return word
	}
	return d.Otherwise
}

// Words implements [strict.Choice].
func (Drift) Words() []string { return []string{"enforce", "report"} }

// Names implements [strict.Choice].
func (Drift) Names() (fields []string, kind string) {
	return slices.Concat(dirsync.FieldNames, dirsync.ListFields), "a field of a Duo user"
}

// Chosen implements [strict.Choice].
func (d Drift) Chosen() (otherwise string, byField map[string]string) { return d.Otherwise, d.Fields }

// Choose implements [strict.Choice].
func (d *Drift) Choose(otherwise string, byField map[string]string) {
	d.Otherwise, d.Fields = otherwise, byField
}
