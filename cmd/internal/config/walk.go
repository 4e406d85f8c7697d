package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	dirsync "duosync/sync"
)

// reader fills a Config from a YAML tree. It notes where each value stands, and
// every problem; a value with a problem keeps its default.
type reader struct {
	file  string   // as the caller named it, for messages
	dir   string   // folder of the file, for relative paths
	lines []string // of the file
	env   func(string) (string, bool)

	marks    map[string]mark   // by key path, and by item path such as ldap.urls[1]
	origins  map[string]string // by key path, where it is not the file's line
	bad      map[string]bool   // key paths that have a problem
	problems []Problem
	warnings []string
	plain    bool     // the file holds a secret's text
	asked    []string // groups that expressions ask about
}

// mark is where a value stands in the file.
type mark struct {
	line, column int
	foreign      bool // (also) text that does not stand in the file
}

// report notes a problem at the place of a key path.
func (r *reader) report(path string, err error) {
	at := r.place(path)
	r.reportAt(path, at.line, at.column, err.Error(), dirsync.Hint(err))
}

func (r *reader) reportAt(path string, line, column int, msg, hint string) {
	r.bad[path] = true
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Column: column, Key: path, Msg: msg, Hint: hint})
}

// place finds the nearest written thing: the value, its file twin, its section,
// the start of the file.
func (r *reader) place(path string) mark {
	for {
		if m, ok := r.marks[path]; ok {
			return m
		}
		if m, ok := r.marks[twin(path)]; ok {
			return m
		}
		if path == "" {
			return mark{line: 1, column: 1}
		}
		path = parent(path)
	}
}

// broken reports whether path, or a section that it is in, has a problem.
func (r *reader) broken(path string) bool {
	for ; path != ""; path = parent(path) {
		if r.bad[path] {
			return true
		}
	}
	return r.bad[""]
}

// section reads a mapping into a struct.
func (r *reader) section(path string, n *yaml.Node, v reflect.Value) {
	if n.Tag == "!!null" {
		return // all of its keys are commented out
	}
	if n.Kind != yaml.MappingNode {
		r.reportAt(path, n.Line, n.Column, "must be a section of keys, not "+kindOf(n), "")
		return
	}
	fields := fieldsOf(v.Type())
	seen := make(map[string]*yaml.Node, len(fields))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !r.key(path, key, seen) {
			continue
		}
		name := key.Value
		at := slices.IndexFunc(fields, func(f field) bool {
			return f.name == name || f.typ == typeSecret && twin(f.name) == name
		})
		switch {
		case at < 0:
			r.unknownKey(path, key, fields)
		case fields[at].name != name:
			// A secret's file is read below, once the secret's own key was seen.
			seen[name] = value
		default:
			r.value(join(path, name), value, v.Field(fields[at].index), fields[at])
		}
	}
	for _, f := range fields {
		if value, ok := seen[twin(f.name)]; ok && f.typ == typeSecret {
			r.secretFile(join(path, f.name), value, v.Field(f.index))
		}
	}
}

// key checks a key by itself and notes it in seen.
func (r *reader) key(section string, key *yaml.Node, seen map[string]*yaml.Node) bool {
	path := join(section, tellable(key.Value))
	switch {
	case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0:
		r.reportAt(join(section, "(key)"), key.Line, key.Column, "a key must be a plain word", "anchors, aliases and tags are not supported")
		return false
	case key.Tag == "!!merge":
		r.reportAt(join(section, "<<"), key.Line, key.Column, "merge keys are not supported", "write the keys out")
		return false
	}
	if first, ok := seen[key.Value]; ok {
		r.reportAt(path, key.Line, key.Column, fmt.Sprintf("key is there twice, first in line %d", first.Line), "keep one of them")
		return false
	}
	seen[key.Value] = key
	return true
}

func (r *reader) unknownKey(section string, key *yaml.Node, fields []field) {
	shown := tellable(key.Value)
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
		if f.typ == typeSecret {
			names = append(names, twin(f.name))
		}
	}
	hint := ""
	if shown != key.Value && strings.HasPrefix(key.Value, shown) {
		hint = "a colon needs a blank after it"
	} else if homes := elsewhere(key.Value, section); len(homes) > 0 && len(homes) <= 3 {
		hint = "did you mean " + strings.Join(homes, " or ") + "?"
	} else if name := dirsync.Nearest(key.Value, names); name != "" {
		hint = "did you mean " + name + "?"
		r.bad[join(section, strings.TrimSuffix(name, twin("")))] = true // not missing, misspelt
	}
	r.reportAt(join(section, shown), key.Line, key.Column, "unknown key", hint)
}

// value reads whatever v is.
func (r *reader) value(path string, n *yaml.Node, v reflect.Value, f field) {
	r.marks[path] = mark{line: n.Line, column: n.Column}
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.reportAt(path, n.Line, n.Column, "YAML anchors and aliases are not supported",
			"write the value out; a text that starts with * or & needs quotes")
	case n.Style&yaml.TaggedStyle != 0:
		r.reportAt(path, n.Line, n.Column, "YAML tags are not supported", "a text that starts with ! needs quotes")
	case n.Tag == "!!null" && (!isSection(f.typ) || f.typ == typePhone):
		r.reportAt(path, n.Line, n.Column, "has no value", `write "" or [] for an empty one, or leave the key out for the default`)
	case f.typ == typeDrift:
		r.drift(path, n, v.Addr().Interface().(*Drift))
	case f.typ == typePhone && n.Kind == yaml.ScalarNode:
		r.scalar(path, n, v.FieldByName("Number"), field{typ: reflect.TypeFor[string](), is: "expression"})
	case isSection(f.typ):
		r.section(path, n, v)
	case f.typ.Kind() == reflect.Slice:
		r.list(path, n, v, f)
	case f.typ.Kind() == reflect.Map:
		r.textMap(path, n, v)
	default:
		r.scalar(path, n, v, f)
	}
}

func (r *reader) list(path string, n *yaml.Node, v reflect.Value, f field) {
	if n.Kind != yaml.SequenceNode {
		r.reportAt(path, n.Line, n.Column, "must be a list, not "+kindOf(n), "write [a, b], or one item a line with - before it")
		return
	}
	item := f
	item.typ = f.typ.Elem()
	items := reflect.MakeSlice(f.typ, len(n.Content), len(n.Content))
	for i, c := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		r.value(at, c, items.Index(i), item)
		if r.marks[at].foreign {
			r.inherit(path, at)
		}
	}
	if len(n.Content) == 0 {
		items = reflect.Zero(f.typ)
	}
	v.Set(items)
}

func (r *reader) textMap(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		r.reportAt(path, n.Line, n.Column, "must be pairs of text, not "+kindOf(n), "write {from: to}")
		return
	}
	pairs := reflect.MakeMap(v.Type())
	seen := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !r.key(path, key, seen) {
			continue
		}
		at := join(path, tellable(key.Value))
		text := reflect.New(v.Type().Elem()).Elem()
		problems := len(r.problems)
		r.value(at, n.Content[i+1], text, field{typ: text.Type()})
		empty := strings.TrimSpace(key.Value) == "" || strings.TrimSpace(text.String()) == ""
		if empty && len(r.problems) == problems {
			r.reportAt(at, key.Line, key.Column, "is empty on one side of the colon", "name both, or remove the pair")
		}
		pairs.SetMapIndex(reflect.ValueOf(key.Value), text)
		if r.marks[at].foreign {
			r.inherit(path, at)
		}
	}
	if pairs.Len() > 0 {
		v.Set(pairs)
	}
}

// inherit lets a list or map be from where one of its items is.
func (r *reader) inherit(path, item string) {
	m := r.marks[path]
	m.foreign = true
	r.marks[path] = m
	if origin := r.origins[path]; origin == "" {
		r.origins[path] = r.origins[item]
	} else if r.origins[item] != origin {
		r.origins[path] = origin + ", " + strings.TrimPrefix(r.origins[item], "env ")
	}
}

// text gives a scalar's text with its variables replaced. typed tells whether
// the text came, in part, out of the environment, and so has no YAML type.
func (r *reader) text(path string, n *yaml.Node) (text string, typed, ok bool) {
	if n.Kind != yaml.ScalarNode {
		r.reportAt(path, n.Line, n.Column, "must be one value, not "+kindOf(n), "")
		return "", false, false
	}
	text, names, errs := expand(n.Value, r.env)
	for _, err := range errs {
		r.report(path, err)
	}
	if len(names) > 0 {
		r.marks[path] = mark{n.Line, n.Column, true}
		r.origins[path] = "env " + strings.Join(names, ", ")
	}
	return text, len(names) == 0, len(errs) == 0
}

// scalar reads one value into v. It never tells the value in a problem: that
// may be a secret in a wrong place.
func (r *reader) scalar(path string, n *yaml.Node, v reflect.Value, f field) {
	text, typed, ok := r.text(path, n)
	if !ok {
		return
	}
	read := reflect.New(v.Type()).Elem()
	if err := set(read, text, n.Tag, typed); err != nil {
		r.report(path, err)
		return
	}
	if f.words != nil && !slices.Contains(f.words, fmt.Sprint(read.Interface())) {
		hint := ""
		if near := dirsync.Nearest(text, f.words); near != "" {
			hint = "did you mean " + near + "?"
		}
		r.report(path, dirsync.WithHint(errors.New("must be "+oneOf(f.words)), hint))
		return
	}
	if f.is == "path" {
		read.SetString(r.absolute(text))
	}
	v.Set(read)
	if f.is == "expression" && text != "" {
		r.expression(path, n, text)
	}
	if f.typ == typeSecret && typed && holdsSecret(path, text) {
		r.plain = true
	}
}

// set parses text by v's type. tag is the type that YAML sees in it, which
// counts only where typed is set.
func set(v reflect.Value, text, tag string, typed bool) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch {
	case v.Type() == typeDuration:
		d, err := parseDuration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(d))
	case v.Type() == typeSecret || v.Kind() == reflect.String:
		if typed && (tag == "!!int" || tag == "!!float" || tag == "!!bool") {
			return dirsync.WithHint(errors.New("must be text, not a number or true or false"), "put it in quotes")
		}
		if v.Type() == typeSecret {
			if text == hidden {
				return dirsync.WithHint(errors.New("is what `config show` prints in place of a secret"), "write the secret itself")
			}
			v.Set(reflect.ValueOf(NewSecret(text)))
		} else {
			v.SetString(text)
		}
	case v.Kind() == reflect.Bool:
		if typed && tag != "!!bool" || text != "true" && text != "false" {
			return dirsync.WithHint(errors.New("must be true or false"), "without quotes")
		}
		v.SetBool(text == "true")
	case v.Kind() == reflect.Int:
		i, err := parseInt(text)
		if typed && tag != "!!int" || err != nil {
			return dirsync.WithHint(errors.New("must be a whole number"), "digits only, without quotes")
		}
		v.SetInt(int64(i))
	default:
		return fmt.Errorf("has the unsupported type %s", v.Type())
	}
	return nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil {
		return d, nil
	}
	hint := "such as 30s, 15m or 720h"
	if _, err := parseInt(text); err == nil {
		hint = "it needs a unit, " + hint
	} else if _, err := parseInt(strings.TrimSuffix(text, "d")); err == nil {
		hint = "write days as hours, " + hint
	}
	return 0, dirsync.WithHint(errors.New("must be a duration"), hint)
}

// parseInt reads a whole decimal number. It refuses what YAML reads in more
// than one way, such as 010 and 1_000.
func parseInt(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(n) != text {
		return 0, errors.New("is not a whole number")
	}
	return n, nil
}

func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a section of keys"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case n.Tag == "!!null":
		return "nothing"
	}
	return "one value"
}
