package strict

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key is one key of a section, as a field of its struct declares it: the yaml tag is
// its name; an enum tag, or method Words of a string type, lists the only words that it
// takes; is:"path" marks the name of a
// file, which is made absolute against the folder of the document, and any other word the
// [Form] that its text has; alone marks the key of a section for which a single value can
// stand. The keys of an embedded struct are keys of the section itself.
type Key struct {
	Name  string
	Index []int // of the field, see reflect.Value.FieldByIndex
	Type  reflect.Type
	Words []string // the only values it takes, or nil
	Is    string   // "path", the name of a Form, or ""
	alone bool
}

// isPath marks the names of files.
const isPath = "path"

// Keys gives the keys of a section in the order of its struct.
func Keys(section reflect.Type) []Key {
	keys := make([]Key, 0, section.NumField())
	for f := range section.Fields() {
		if f.Anonymous {
			for _, key := range Keys(f.Type) {
				key.Index = append(slices.Clone(f.Index), key.Index...)
				keys = append(keys, key)
			}
			continue
		}
		words, ok := f.Tag.Lookup("enum")
		_, alone := f.Tag.Lookup("alone")
		key := Key{Name: f.Tag.Get("yaml"), Index: f.Index, Type: f.Type, Is: f.Tag.Get("is"), alone: alone}
		if word, knows := reflect.Zero(f.Type).Interface().(interface{ Words() []string }); ok {
			key.Words = strings.Split(words, "|")
		} else if knows && f.Type.Kind() == reflect.String {
			key.Words = word.Words()
		}
		keys = append(keys, key)
	}
	return keys
}

// IsSection reports whether a value of type t is a mapping of keys that are
// fields of t, rather than one value.
func IsSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != typeSecret && !implements(t, typeChoice) && !implements(t, typeText)
}

// aloneIn gives the key of a section for which a single value can stand.
func aloneIn(t reflect.Type) (key Key, ok bool) {
	if !IsSection(t) {
		return Key{}, false
	}
	for _, key := range Keys(t) {
		if key.alone {
			return key, true
		}
	}
	return Key{}, false
}

func implements(t, what reflect.Type) bool { return reflect.PointerTo(t).Implements(what) }

var (
	typeSecret    = reflect.TypeFor[Secret]()
	typeDuration  = reflect.TypeFor[time.Duration]()
	typeChoice    = reflect.TypeFor[Choice]()
	typeOneOrMore = reflect.TypeFor[OneOrMore]()
	typeText      = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// Choice is a value that is one of some words for everything, or one of them by name.
type Choice interface {
	Words() []string
	// Names are what a word can be about, and kind is what such a name is one of.
	Names() (names []string, kind string)
	// Chosen gives the word for everything, and those by name; nil where there are none.
	Chosen() (otherwise string, byName map[string]string)
	Choose(otherwise string, byName map[string]string)
}

// OneOrMore is a list of texts for which a single one can stand, and is shown as one.
type OneOrMore []string

// Twin returns the name of the key that gives a secret by file.
func Twin(name string) string { return name + "_file" }

// Leaves gives the path of every single value below a section.
func Leaves(section reflect.Type) []string { return leaves(section, "") }

func leaves(section reflect.Type, path string) []string {
	var paths []string
	for _, key := range Keys(section) {
		at := Join(path, key.Name)
		if IsSection(key.Type) {
			paths = append(paths, leaves(key.Type, at)...)
		} else {
			paths = append(paths, at)
		}
	}
	return paths
}

// IsSections reports whether a value of type t is a list of sections, each of which is written
// with its keys.
func IsSections(t reflect.Type) bool {
	if t.Kind() != reflect.Slice || !IsSection(t.Elem()) {
		return false
	}
	_, alone := aloneIn(t.Elem())
	return !alone
}

// Lookup finds the value of a key path in a section. An item of a list is named as [Item]
// does.
func Lookup(v reflect.Value, path string) reflect.Value {
	for name := range strings.SplitSeq(path, ".") {
		name, item, isItem := strings.Cut(strings.TrimSuffix(name, "]"), "[")
		for _, key := range Keys(v.Type()) {
			if key.Name == name {
				v = v.FieldByIndex(key.Index)
				break
			}
		}
		if at, err := strconv.Atoi(item); isItem && err == nil {
			v = v.Index(at)
		}
	}
	return v
}

// Join gives the key path of a key in a section.
func Join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// Item gives the path of an item of a list, counted from 0.
func Item(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// parent cuts the last step off a key path: an item's [2], or a key.
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}
