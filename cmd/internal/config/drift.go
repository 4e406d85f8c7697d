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

// Of returns the word for a field, one of dirsync.FieldNames.
func (d Drift) Of(field string) string {
	if word, ok := d.Fields[field]; ok {
		return word
	}
	return d.Otherwise
}

// driftWords lists what a drift rule can say.
func driftWords() []string { return []string{"enforce", "report"} }

// driftFields lists what a drift rule can be about; the later ones are not
// built yet.
func driftFields() []string {
	return append(slices.Clone(dirsync.FieldNames), driftFieldsNotBuilt()...)
}

func driftFieldsNotBuilt() []string { return []string{"aliases", "phones", "groups"} }
