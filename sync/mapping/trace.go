package mapping

import (
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// Traced is one field on its way from the directory to Duo.
type Traced struct {
	Field string
	// From are the expressions that fill it; none for a status that the preset
	// tells, and for groups.
	From []dirsync.Expression
	// Before is what these give, as it came; of a field with a single value one at
	// most.
	Before []string
	// After is the field as a run asks Duo to hold it.
	After string
	// Once: it is given to a new user only.
	Once bool
	// Warnings tell what was left out or changed. Problem tells why the field keeps
	// the person from being carried over.
	Warnings []string
	Problem  string
}

// Trace shows what [Rules.Map] makes of one person, field by field, in the order of
// FieldNames and ListFields.
func (r *Rules) Trace(p *dirsync.Person) []Traced {
	var all []Traced
	r = r.In(p.Directory)
	name, _ := r.alone(dirsync.FieldUsername)
	_, nameless, _ := name.Map(p)
	for _, field := range slices.Concat(dirsync.FieldNames, dirsync.ListFields) {
		alone, ours := r.alone(field)
		if !ours {
			continue
		}
		t := Traced{Field: field, From: alone.sources(field), Once: field == dirsync.FieldPhones && !r.Phones.Always}
		t.Before = alone.before(p, field)
		fields, problem, warnings := alone.Map(p)
		t.After = fields[field]
		label := (&Desired{DN: p.DN, Fields: fields}).Label()
		for _, text := range warnings {
			t.Warnings = append(t.Warnings, strings.TrimPrefix(text, label+": "))
		}
		if field == dirsync.FieldUsername || problem != nameless {
			t.Problem = problem
		}
		all = append(all, t)
	}
	return all
}

// alone gives the rules for one field and the username, by which warnings name the
// person, and whether that field is ours.
func (r *Rules) alone(field string) (alone *Rules, ours bool) {
	one := *r
	one.Mapping = map[string]dirsync.Expression{dirsync.FieldUsername: r.Mapping[dirsync.FieldUsername]}
	one.Aliases, one.Phones, one.Groups, one.Status = nil, PhoneRules{}, GroupRules{}, false
	switch field {
	case dirsync.FieldStatus:
		one.Status = r.Status
		return &one, r.Status
	case dirsync.FieldAliases:
		one.Aliases = r.Aliases
		return &one, len(r.Aliases) > 0
	case dirsync.FieldPhones:
		one.Phones = r.Phones
		return &one, len(r.Phones.From) > 0
	case dirsync.FieldGroups:
		one.Groups = r.Groups
		return &one, r.Groups.Mirror != nil
	}
	from, ours := r.Mapping[field]
	if ours {
		one.Mapping[field] = from
	}
	return &one, ours
}

// sources gives the expressions that fill a field.
func (r *Rules) sources(field string) []dirsync.Expression {
	switch field {
	case dirsync.FieldAliases:
		return r.Aliases
	case dirsync.FieldPhones:
		var from []dirsync.Expression
		for _, phone := range r.Phones.From {
			from = append(from, phone.Number)
		}
		return from
	case dirsync.FieldStatus:
		if r.StatusFrom == nil {
			return nil
		}
		return []dirsync.Expression{r.StatusFrom}
	case dirsync.FieldGroups:
		return nil
	}
	return []dirsync.Expression{r.Mapping[field]}
}

// before gives what fills a field, as it came. An expression that can't be worked
// out gives nothing.
func (r *Rules) before(p *dirsync.Person, field string) []string {
	switch {
	case field == dirsync.FieldStatus && r.StatusFrom == nil:
		return []string{string(p.Standing)}
	case field == dirsync.FieldGroups:
		return slices.DeleteFunc(slices.Clone(p.Groups), func(name string) bool { return !r.Mirrors(p.Directory, name) })
	}
	var all []string
	p = r.seenBy(p)
	for _, from := range r.sources(field) {
		if dirsync.IsList(field) {
			values, _ := from.Values(p) // what is wrong is the field's problem
			all = append(all, values...)
			continue
		}
		if value, _ := from.Value(p); value != "" {
			all = append(all, value)
		}
	}
	return all
}
