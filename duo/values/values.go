// Package values knows the values that a call brings to a user, field by field and alias by
// alias: how they are sent, what of them Duo refuses, how they go apart then, and how that is
// told. It makes no call.
package values

import (
	"fmt"
	"maps"
	"slices"

	"duosync/duo/operation"
	dirsync "duosync/sync"
)

// A call brings several values to a user at once. Where Duo will not have it, they go
// apart: a value that Duo refuses, or a name that is somebody's, keeps no other from its
// user, and of the aliases each is a value of its own.

// Value is one of a call: a field, or one place of the aliases.
type Value struct {
	Field string
	Place int // of an alias, counted from 0
	Text  string
}

// Of gives the values of a call: fields in the order of their names, then the
// aliases, those first whose place is freed.
func Of(fields dirsync.Fields, edit AliasEdit) []Value {
	var all, given []Value
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		all = append(all, Value{Field: field, Text: fields[field]})
	}
	for _, place := range slices.Sorted(maps.Keys(edit)) {
		v := Value{Field: dirsync.FieldAliases, Place: place, Text: edit[place]}
		if v.Text == "" {
			all = append(all, v)
		} else {
			given = append(given, v)
		}
	}
	return append(all, given...)
}

// ParamsOf gives the parameters of a call.
func ParamsOf(call []Value) dirsync.Fields {
	fields, edit := dirsync.Fields{}, AliasEdit{}
	for _, v := range call {
		if v.Field == dirsync.FieldAliases {
			edit[v.Place] = v.Text
		} else {
			fields[v.Field] = v.Text
		}
	}
	return WithAliases(fields, edit)
}

// IsName reports whether a value is a name, and so nobody else's.
func (v Value) IsName() bool {
	return v.Text != "" && (v.Field == dirsync.FieldUsername || v.Field == dirsync.FieldAliases)
}

// In reports whether an account shows the value.
func (v Value) In(a *dirsync.Account) bool {
	switch {
	case v.Field == dirsync.FieldAliases && v.Text == "":
		return v.Place >= len(a.Aliases) || a.Aliases[v.Place] == ""
	case v.Field == dirsync.FieldAliases:
		return operation.FoldedItems(a.Field(dirsync.FieldAliases))[dirsync.FoldName(v.Text)]
	}
	return operation.Same(v.Field, v.Text, a.Field(v.Field))
}

// Words names the value in a message.
func (v Value) Words() string {
	n := len([]rune(v.Text))
	switch {
	case v.Field == dirsync.FieldAliases && n == 0:
		return "to free a place of an alias"
	case v.Field == dirsync.FieldAliases:
		return "the alias " + dirsync.Quote(v.Text)
	case n == 0:
		return "an empty " + v.Field
	}
	return fmt.Sprintf("%s (%d characters long)", v.Field, n)
}

// Lack is a value that was not brought about.
type Lack struct {
	Value
	Fate   dirsync.Fate
	Err    error
	Holder *dirsync.Account // of a name that is somebody's
}
