package config

import (
	"encoding"
	"reflect"
	"strings"
	"sync"
	"time"
)

// field is one key of a section, as its struct declares it.
type field struct {
	name  string
	index int
	typ   reflect.Type
	words []string // the only values it takes, or nil
	is    string   // "path": it names a file; "expression": expression.Parse reads it; or ""
}

// fieldsOf gives the keys of a section in the order of its struct.
func fieldsOf(section reflect.Type) []field {
	fields := make([]field, 0, section.NumField())
	for f := range section.Fields() {
		words, ok := f.Tag.Lookup("enum")
		fields = append(fields, field{
			name:  f.Tag.Get("yaml"),
			index: f.Index[0],
			typ:   f.Type,
			is:    f.Tag.Get("is"),
		})
		if ok {
			fields[len(fields)-1].words = strings.Split(words, "|")
		}
	}
	return fields
}

// isSection reports whether a value of type t is a mapping of keys that are
// fields of t, rather than one value.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != typeSecret && t != typeDrift && !isText(t)
}

// isText reports whether t reads and writes itself as text.
func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(typeUnmarshaler) }

var (
	typeSecret      = reflect.TypeFor[Secret]()
	typeDrift       = reflect.TypeFor[Drift]()
	typePhone       = reflect.TypeFor[PhoneMapping]()
	typeDuration    = reflect.TypeFor[time.Duration]()
	typeUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// twin returns the name of the key that gives a secret by file.
func twin(name string) string { return name + "_file" }

// leaves gives the path of every single value below a section.
func leaves(section reflect.Type, path string) []string {
	var paths []string
	for _, f := range fieldsOf(section) {
		at := join(path, f.name)
		if isSection(f.typ) {
			paths = append(paths, leaves(f.typ, at)...)
		} else {
			paths = append(paths, at)
		}
	}
	return paths
}

// allLeaves gives the path of every single value of a Config.
var allLeaves = sync.OnceValue(func() []string { return leaves(reflect.TypeFor[Config](), "") })

// lookup finds the value of a key path in a Config, or a section of it.
func lookup(v reflect.Value, path string) reflect.Value {
	for name := range strings.SplitSeq(path, ".") {
		for _, f := range fieldsOf(v.Type()) {
			if f.name == name {
				v = v.Field(f.index)
				break
			}
		}
	}
	return v
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// parent cuts the last step off a key path: an item's [2], or a key.
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}
