package strict

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	dirsync "duosync/sync"
)

// Read fills the struct that into points to, which holds the defaults, from the text of
// a file. name stands in messages, and its folder is where relative paths start; the file
// itself is not opened, only those that hold a secret (…_file). The error is about a text
// that is no YAML ([Errors]); other mistakes are [Document.Err]'s. A value with a mistake
// keeps its default.
func Read(name string, data []byte, into any, opts Options) (*Document, error) {
	absolute, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", name, err)
	}
	data = UTF8(data)
	tree, problem := parseYAML(name, data)
	if problem != nil {
		return nil, Errors{*problem}
	}
	doc := &Document{
		file: name, dir: filepath.Dir(absolute),
		marks: make(map[string]mark), origins: make(map[string]string), bad: make(map[string]bool),
	}
	if tree != nil {
		root := reflect.ValueOf(into).Elem()
		r := &reader{Document: doc, opts: opts, lines: strings.Split(string(data), "\n"), leaves: Leaves(root.Type())}
		r.value("", tree, root, Key{Type: root.Type()})
	}
	return doc, nil
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
	keys := Keys(v.Type())
	seen := make(map[string]*yaml.Node, len(keys))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !r.key(path, key, seen) {
			continue
		}
		name := key.Value
		at := slices.IndexFunc(keys, func(k Key) bool {
			return k.Name == name || k.Type == typeSecret && Twin(k.Name) == name
		})
		switch {
		case at < 0:
			r.unknownKey(path, key, keys)
		case keys[at].Name != name:
			// A secret's file is read below, once the secret's own key was seen.
			seen[name] = value
		default:
			r.value(Join(path, name), value, v.FieldByIndex(keys[at].Index), keys[at])
		}
	}
	for _, k := range keys {
		if value, ok := seen[Twin(k.Name)]; ok && k.Type == typeSecret {
			r.secretFile(Join(path, k.Name), value, v.FieldByIndex(k.Index))
		}
	}
}

// key checks a key by itself and notes it in seen.
func (r *reader) key(section string, key *yaml.Node, seen map[string]*yaml.Node) bool {
	path := Join(section, tellable(key.Value))
	switch {
	case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0:
		r.reportAt(Join(section, "(key)"), key.Line, key.Column, "a key must be a plain word", "anchors, aliases and tags are not supported")
		return false
	case key.Tag == "!!merge":
		r.reportAt(Join(section, "<<"), key.Line, key.Column, "merge keys are not supported", "write the keys out")
		return false
	}
	if first, ok := seen[key.Value]; ok {
		r.reportAt(path, key.Line, key.Column, fmt.Sprintf("key is there twice, first in line %d", first.Line), "keep one of them")
		return false
	}
	seen[key.Value] = key
	return true
}

func (r *reader) unknownKey(section string, key *yaml.Node, keys []Key) {
	shown := tellable(key.Value)
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
		if k.Type == typeSecret {
			names = append(names, Twin(k.Name))
		}
	}
	hint := ""
	if strings.ContainsFunc(key.Value, unseen) {
		hint = "a character that nobody sees stands in it or before it: write the key anew, and indent with blanks"
	} else if shown != key.Value && strings.HasPrefix(key.Value, shown) {
		hint = "a colon needs a blank after it"
	} else if homes := elsewhere(r.leaves, key.Value, section); len(homes) > 0 && len(homes) <= 3 {
		hint = "did you mean " + strings.Join(homes, " or ") + "?"
		for _, home := range homes {
			r.bad[home] = true // not missing, misplaced
		}
	} else if name := dirsync.Nearest(key.Value, names); name != "" {
		hint = "did you mean " + name + "?"
		r.bad[Join(section, strings.TrimSuffix(name, Twin("")))] = true // not missing, misspelt
	}
	r.reportAt(Join(section, shown), key.Line, key.Column, "unknown key", hint)
}

// value reads whatever v is.
func (r *reader) value(path string, n *yaml.Node, v reflect.Value, k Key) {
	r.marks[path] = mark{line: n.Line, column: n.Column, bare: n.Kind == yaml.ScalarNode && n.Style == 0}
	alone, canBeAlone := aloneIn(k.Type)
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.reportAt(path, n.Line, n.Column, "YAML anchors and aliases are not supported",
			"write the value out; a text that starts with * or & needs quotes")
	case n.Style&yaml.TaggedStyle != 0:
		r.reportAt(path, n.Line, n.Column, "YAML tags are not supported", "a text that starts with ! needs quotes")
	case n.Tag == "!!null" && (!IsSection(k.Type) || canBeAlone):
		r.reportAt(path, n.Line, n.Column, "has no value", `write "" or [] for an empty one, or leave the key out for the default`)
	case implements(k.Type, typeChoice):
		r.choice(path, n, v.Addr().Interface().(Choice))
	case canBeAlone && n.Kind == yaml.ScalarNode:
		r.scalar(path, n, v.FieldByIndex(alone.Index), alone)
	case IsSection(k.Type):
		r.section(path, n, v)
	case k.Type == typeOneOrMore && n.Kind == yaml.ScalarNode:
		one := reflect.New(k.Type.Elem()).Elem()
		problems := len(r.problems)
		if r.scalar(path, n, one, Key{Type: one.Type()}); len(r.problems) == problems {
			v.Set(reflect.Append(reflect.MakeSlice(k.Type, 0, 1), one))
		}
	case k.Type.Kind() == reflect.Slice:
		r.list(path, n, v, k)
	case k.Type.Kind() == reflect.Map:
		r.textMap(path, n, v)
	default:
		r.scalar(path, n, v, k)
	}
}

func (r *reader) list(path string, n *yaml.Node, v reflect.Value, k Key) {
	if n.Kind != yaml.SequenceNode {
		r.reportAt(path, n.Line, n.Column, "must be a list, not "+kindOf(n), "write [a, b], or one item a line with - before it")
		return
	}
	item := k
	item.Type = k.Type.Elem()
	items := reflect.MakeSlice(k.Type, len(n.Content), len(n.Content))
	for i, c := range n.Content {
		at := Item(path, i)
		r.value(at, c, items.Index(i), item)
		if r.Foreign(at) {
			r.inherit(path, at)
		}
	}
	if len(n.Content) == 0 {
		items = reflect.Zero(k.Type)
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
		at := Join(path, tellable(key.Value))
		text := reflect.New(v.Type().Elem()).Elem()
		problems := len(r.problems)
		r.value(at, n.Content[i+1], text, Key{Type: text.Type()})
		empty := strings.TrimSpace(key.Value) == "" || strings.TrimSpace(text.String()) == ""
		if empty && len(r.problems) == problems {
			r.reportAt(at, key.Line, key.Column, "is empty on one side of the colon", "name both, or remove the pair")
		}
		pairs.SetMapIndex(reflect.ValueOf(key.Value), text)
		if r.Foreign(at) {
			r.inherit(path, at)
		}
	}
	if pairs.Len() > 0 {
		v.Set(pairs)
	}
}

// choice reads one word for everything, or a word by name.
func (r *reader) choice(path string, n *yaml.Node, c Choice) {
	otherwise, _ := c.Chosen()
	word := Key{Type: reflect.TypeFor[string](), Words: c.Words()}
	if n.Kind != yaml.MappingNode {
		r.scalar(path, n, reflect.ValueOf(&otherwise).Elem(), word)
		c.Choose(otherwise, nil)
		return
	}
	names, kind := c.Names()
	byName := make(map[string]string)
	seen := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !r.key(path, key, seen) {
			continue
		}
		name := key.Value
		if !slices.Contains(names, name) {
			hint := "one of " + oneOf(names)
			if near := dirsync.Nearest(name, names); near != "" {
				hint = "did you mean " + near + "?"
			}
			r.reportAt(Join(path, tellable(name)), key.Line, key.Column, "is not "+kind, hint)
			continue
		}
		at, text := Join(path, name), otherwise
		r.value(at, n.Content[i+1], reflect.ValueOf(&text).Elem(), word)
		byName[name] = text
		if r.Foreign(at) {
			r.inherit(path, at)
		}
	}
	if len(byName) > 0 {
		c.Choose(otherwise, byName)
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
