package mapping

import (
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// Dependent is a field that is made of an attribute, and perhaps of more than
// that.
type Dependent struct {
	Field string
	Plain bool
}

// Dependents gives the fields that are made of each attribute, by its lower-cased
// name. MemberOf is among them: what hangs on it is for groups to say.
func (r *Rules) Dependents() map[string][]Dependent {
	fields := map[string][]Dependent{}
	if r.MemberOf != "" {
		fields[strings.ToLower(r.MemberOf)] = nil
	}
	add := func(field string, from dirsync.Expression) {
		for _, attribute := range from.Attributes() {
			attribute = strings.ToLower(attribute)
			fields[attribute] = append(fields[attribute], Dependent{field, from.Plain()})
		}
	}
	for _, field := range dirsync.FieldNames {
		if from := r.Mapping[field]; from != nil {
			add(field, from)
		}
	}
	for _, from := range r.Aliases {
		add(dirsync.FieldAliases, from)
	}
	for _, phone := range r.Phones.From {
		add(dirsync.FieldPhones, phone.Number)
	}
	if !r.Status {
		return fields
	}
	if r.StatusFrom != nil {
		add(dirsync.FieldStatus, r.StatusFrom)
		if !r.StatusFrom.Preset() {
			return fields
		}
	}
	for _, attribute := range r.StatusAttributes {
		attribute = strings.ToLower(attribute)
		fields[attribute] = append(fields[attribute], Dependent{dirsync.FieldStatus, true})
	}
	return fields
}

// GroupRoles says what a group of the directory decides.
type GroupRoles struct {
	Include, Exclude bool
	Fields           []string // by expressions
	Mirror           string   // the folded name of the Duo group; "" for none
}

// RolesOf says what a group of a directory decides under the rules.
func (r *Rules) RolesOf(directory, group string) (roles GroupRoles) {
	r = r.In(directory)
	spelled := r.Directories.Spelled(directory, group)
	is := func(names []string) bool { return InAny(spelled, names) }
	roles.Include, roles.Exclude = is(r.IncludeGroups), is(r.ExcludeGroups)
	uses := func(field string, e dirsync.Expression) {
		if e != nil && is(e.Groups()) && !slices.Contains(roles.Fields, field) {
			roles.Fields = append(roles.Fields, field)
		}
	}
	for _, field := range dirsync.FieldNames {
		uses(field, r.Mapping[field])
	}
	if r.Status {
		uses(dirsync.FieldStatus, r.StatusFrom)
	}
	for _, e := range r.Aliases {
		uses(dirsync.FieldAliases, e)
	}
	for _, phone := range r.Phones.From {
		uses(dirsync.FieldPhones, phone.Number)
	}
	if r.Mirrors(directory, group) {
		name, _ := r.MirrorOf(directory, group)
		roles.Mirror = dirsync.FoldName(name)
	}
	return roles
}

// AttributeName gives the name of an attribute as directories write it, where that is
// known.
func (r *Rules) AttributeName(folded string) string {
	for _, name := range slices.Concat([]string{r.MemberOf}, r.Primary, r.StatusAttributes) {
		if strings.EqualFold(name, folded) {
			return name
		}
	}
	return folded
}
