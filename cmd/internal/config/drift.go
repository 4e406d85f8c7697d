package config

import (
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

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

// driftWords lists what a drift rule can say.
func driftWords() []string { return []string{"enforce", "report"} }

// driftFields lists what a drift rule can be about.
func driftFields() []string { return slices.Concat(dirsync.FieldNames, dirsync.ListFields) }

// drift reads one word for all fields, or a word by field.
func (r *reader) drift(path string, n *yaml.Node, d *Drift) {
	word := field{typ: reflect.TypeFor[string](), words: driftWords()}
	if n.Kind != yaml.MappingNode {
		r.scalar(path, n, reflect.ValueOf(&d.Otherwise).Elem(), word)
		return
	}
	fields := make(map[string]string)
	seen := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !r.key(path, key, seen) {
			continue
		}
		name := key.Value
		if !slices.Contains(driftFields(), name) {
			hint := "one of " + oneOf(driftFields())
			if near := dirsync.Nearest(name, driftFields()); near != "" {
				hint = "did you mean " + near + "?"
			}
			r.reportAt(join(path, tellable(name)), key.Line, key.Column, "is not a field of a Duo user", hint)
			continue
		}
		text := d.Otherwise
		r.value(join(path, name), n.Content[i+1], reflect.ValueOf(&text).Elem(), word)
		fields[name] = text
		if at := join(path, name); r.marks[at].foreign {
			r.inherit(path, at)
		}
	}
	if len(fields) > 0 {
		d.Fields = fields
	}
}
