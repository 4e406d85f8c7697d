package wire

import (
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/mapping"
)

// Mapped is an expression and the field that it fills.
type Mapped struct {
	Field string
	From  dirsync.Expression
}

// Mappings gives all that is mapped, in the order of reports, of each directory.
func Mappings(rules *decide.Rules) []Mapped {
	var all []Mapped
	for _, own := range rules.Each() {
		all = append(all, MappingsOf(own)...)
	}
	return all
}

// MappingsOf gives all that is mapped by the rules of one directory.
func MappingsOf(rules *mapping.Rules) []Mapped {
	var all []Mapped
	for _, field := range dirsync.FieldNames {
		if from := rules.Mapping[field]; from != nil {
			all = append(all, Mapped{field, from})
		}
	}
	if rules.StatusFrom != nil {
		all = append(all, Mapped{dirsync.FieldStatus, rules.StatusFrom})
	}
	for _, from := range rules.Aliases {
		all = append(all, Mapped{dirsync.FieldAliases, from})
	}
	for _, phone := range rules.Phones.From {
		all = append(all, Mapped{dirsync.FieldPhones, phone.Number})
	}
	return all
}

// Hidden stands for a value that nobody should see.
const Hidden = "<hidden>"

// Secret reports whether one of these attributes holds what nobody should see, should
// somebody have mapped it.
func Secret(attributes ...string) bool {
	return slices.ContainsFunc(attributes, func(a string) bool { return strings.Contains(a, "password") || strings.Contains(a, "secret") })
}
