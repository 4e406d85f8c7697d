package explanation

import (
	"slices"
	"strings"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// FieldStep is one field on its way: what the directory gives, what the mapping
// makes of it, what Duo was asked for last, what it holds.
type FieldStep struct {
	Field    string   `json:"field"`
	Before   Values   `json:"before"`
	After    Values   `json:"after"`
	From     []string `json:"from"`
	Asked    *Values  `json:"asked"` // nil: nothing
	Duo      *Values  `json:"duo"`   // nil: there is no user
	Once     bool     `json:"once"`  // given to a new user only
	Warnings []string `json:"warnings"`
}

// Values are those of a field. In JSON they are a list where the field holds one,
// and else a text.
type Values struct {
	List  bool
	Items []string
}

// ValueOf gives a single value, of which "" is none.
func ValueOf(value string) Values {
	if value == "" {
		return Values{}
	}
	return Values{Items: []string{value}}
}

// FieldValues gives the value of a field as the core keeps it.
func FieldValues(field, value string) Values {
	if dirsync.IsList(field) {
		return Values{List: true, Items: dirsync.Items(value)}
	}
	return ValueOf(value)
}

// MarshalJSON gives a list or a text.
func (v Values) MarshalJSON() ([]byte, error) {
	if v.List || len(v.Items) > 1 {
		return form.Encode(append([]string{}, v.Items...))
	}
	return form.Encode(v.Text())
}

// Text gives the first value, "" for none.
func (v Values) Text() string {
	if len(v.Items) == 0 {
		return ""
	}
	return v.Items[0]
}

func (v Values) words() string {
	if v.List || len(v.Items) > 1 {
		return phrase.List(v.Items)
	}
	return phrase.Value(v.Text())
}

// same reports whether both hold the same, in any order.
func (v Values) same(other Values) bool {
	return slices.Equal(slices.Sorted(slices.Values(v.Items)), slices.Sorted(slices.Values(other.Items)))
}

func fieldsBlock(fields []FieldStep) form.Block {
	l := &form.List{Columns: []string{"field", "directory", "after mapping", "last asked for", "Duo"}, Lead: 1}
	for i := range fields {
		f := &fields[i]
		origin := strings.Join(f.From, ", ")
		after := f.After.words()
		for _, text := range f.Warnings {
			after += "; " + text
		}
		asked, held := "", ""
		if f.Asked != nil {
			asked = f.Asked.words()
		}
		if f.Duo != nil {
			held = f.Duo.words()
		}
		l.Add(form.Row{Tone: f.tone(), Cells: []string{f.Field, origin + " " + f.Before.words(), after, asked, held}, Flow: f.words()})
	}
	return form.Block{Title: "fields, before and after mapping", List: l}
}

func (f *FieldStep) tone() form.Tone {
	switch {
	case len(f.Warnings) > 0:
		return form.Change
	case f.Duo != nil && !f.Duo.same(f.After) && !f.Once:
		return form.Change
	}
	return form.Plain
}

// words follow a field from the directory to Duo. What is the same is not
// repeated.
func (f *FieldStep) words() []string {
	text := strings.Join(f.From, ", ") + ": " + f.Before.words()
	if f.Before.words() != f.After.words() {
		text += " " + phrase.Becomes(strings.Join(f.Before.Items, ""), strings.Join(f.After.Items, "")) + " " + f.After.words()
	}
	parts := []string{text}
	switch {
	case f.Duo == nil:
	case f.Duo.same(f.After):
		parts[0] += "; the same in Duo"
	default:
		parts[0] += "; in Duo: " + f.Duo.words()
	}
	if f.Once {
		parts = append(parts, "(given to a new user only)")
	}
	if f.Asked != nil && !f.Asked.same(f.After) {
		parts = append(parts, "(last asked for: "+f.Asked.words()+")")
	}
	for _, text := range f.Warnings {
		parts = append(parts, "("+text+")")
	}
	return parts
}
