package config

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"duosync/cmd/internal/config/strict"
	"duosync/duo/callrate"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

//go:embed testdata/reference.head.md
var referenceHead string

// Reference renders docs/configuration.md from the structs, their comments and
// their defaults.
func Reference() ([]byte, error) {
	docs, err := readComments("config.go")
	if err != nil {
		return nil, err
	}
	g := docgen{comments: docs, defaults: reflect.ValueOf(Default()), required: required()}
	g.out.WriteString(referenceHead)
	g.section("", reflect.TypeFor[Config](), 2)
	g.presets()
	return g.out.Bytes(), nil
}

// required gives the keys that an empty file lacks.
func required() []string {
	_, err := Parse("empty.yaml", nil, func(string) (string, bool) { return "", false })
	problems, _ := errors.AsType[Errors](err)
	var keys []string
	for _, p := range problems {
		keys = append(keys, p.Key)
	}
	return keys
}

// comments are the texts of a struct type.
type comments struct {
	doc    string
	fields map[string]string // by the field's name in Go
}

// readComments gives the comments of each struct in a file.
func readComments(file string) (map[string]comments, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	all := map[string]comments{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		decl, ok := n.(*ast.GenDecl)
		if !ok || len(decl.Specs) != 1 {
			return true
		}
		spec, ok := decl.Specs[0].(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			c := comments{doc: decl.Doc.Text(), fields: map[string]string{}}
			for _, f := range s.Fields.List {
				if len(f.Names) == 0 { // embedded
					continue
				}
				c.fields[f.Names[0].Name] = f.Doc.Text() + f.Comment.Text()
			}
			all[spec.Name.Name] = c
		}
		return true
	})
	return all, nil
}

type docgen struct {
	comments map[string]comments
	defaults reflect.Value
	required []string
	out      bytes.Buffer
}

// section writes a section's keys, and then its sections.
func (g *docgen) section(path string, t reflect.Type, level int) {
	words := wordsOf(t)
	if path != "" {
		fmt.Fprintf(&g.out, "\n%s %s\n\n", strings.Repeat("#", level), path)
		fmt.Fprintf(&g.out, "%s\n", wrap(sentence(path, t.Name(), g.comments[t.Name()].doc, words, "`"), "", 90))
		g.out.WriteString("\n```yaml\n")
		indent := ""
		for name := range strings.SplitSeq(path, ".") {
			fmt.Fprintf(&g.out, "%s%s:\n", indent, name)
			indent += "  "
		}
		for _, f := range strict.Keys(t) {
			goName := t.FieldByIndex(f.Index).Name
			comment := sentence(strict.Join(path, f.Name), goName, g.comments[t.Name()].fields[goName], words, "")
			fmt.Fprintf(&g.out, "%s\n", wrap(comment, indent+"# ", 88))
			g.key(strict.Join(path, f.Name), f, indent)
		}
		g.out.WriteString("```\n")
		level++
	}
	for _, f := range strict.Keys(t) {
		switch {
		case strict.IsSection(f.Type):
			g.section(strict.Join(path, f.Name), f.Type, level)
		case strict.IsSections(f.Type):
			g.items(f, t, level)
		}
	}
}

// items writes a list of sections: the keys that are each item's own, and what else an item
// has.
func (g *docgen) items(list strict.Key, of reflect.Type, level int) {
	t, words := list.Type.Elem(), wordsOf(list.Type.Elem())
	words["LDAP"] = "ldap"
	goName := of.FieldByIndex(list.Index).Name
	fmt.Fprintf(&g.out, "\n%s %s\n\n", strings.Repeat("#", level), list.Name)
	fmt.Fprintf(&g.out, "%s\n\n", wrap(sentence(list.Name, goName, g.comments[of.Name()].fields[goName], words, "`"), "", 90))
	fmt.Fprintf(&g.out, "%s\n", wrap(sentence("item", t.Name(), g.comments[t.Name()].doc, words, "`"), "", 90))
	fmt.Fprintf(&g.out, "\n```yaml\n%s:\n", list.Name)
	first := "  - "
	for _, f := range strict.Keys(t) {
		if len(f.Index) > 1 { // of ldap
			continue
		}
		goName := t.FieldByIndex(f.Index).Name
		fmt.Fprintf(&g.out, "%s\n", wrap(sentence(f.Name, goName, g.comments[t.Name()].fields[goName], words, ""), "    # ", 88))
		what := placeholder(f)
		if strict.IsSection(f.Type) {
			what = "<sync." + f.Name + ">"
		}
		fmt.Fprintf(&g.out, "%s%s: %s\n", first, f.Name, what)
		first = "    "
	}
	g.out.WriteString("    # and the keys of ldap\n```\n")
}

// key writes one key: what it takes, and its default.
func (g *docgen) key(path string, f strict.Key, indent string) {
	if strict.IsSection(f.Type) {
		fmt.Fprintf(&g.out, "%s[ %s: <%s> ]\n", indent, f.Name, path)
		return
	}
	line := f.Name + ": " + placeholder(f)
	switch {
	case slices.Contains(g.required, path):
		fmt.Fprintf(&g.out, "%s%s\n", indent, line)
	default:
		fmt.Fprintf(&g.out, "%s[ %s | default = %s ]\n", indent, line, strict.Text(strict.Lookup(g.defaults, path), Secret.Reveal)) // no default is a secret
	}
	if f.Type == reflect.TypeFor[Secret]() {
		fmt.Fprintf(&g.out, "%s[ %s: <filename> ]\n", indent, strict.Twin(f.Name))
	}
}

// placeholder names what a key takes; the glossary explains it.
func placeholder(f strict.Key) string {
	if f.Words != nil && f.Type.Kind() != reflect.Slice {
		return strings.Join(f.Words, " | ")
	}
	switch f.Type {
	case reflect.TypeFor[Secret]():
		return "<secret>"
	case reflect.TypeFor[time.Duration]():
		return "<duration>"
	case reflect.TypeFor[Drift]():
		return "enforce | report | <map of field to word>"
	case reflect.TypeFor[dirsync.Limit]():
		return "<limit>"
	case reflect.TypeFor[callrate.Rate]():
		return "<rate>"
	case reflect.TypeFor[strict.OneOrMore]():
		return "<string> | <list of string>"
	case reflect.TypeFor[[]PhoneMapping]():
		return "<list of phone>"
	}
	if f.Is == "expression" {
		if f.Type.Kind() == reflect.Slice {
			return "<list of expression>"
		}
		return "<expression>"
	}
	switch f.Type.Kind() {
	case reflect.Bool:
		return "<boolean>"
	case reflect.Int:
		return "<int>"
	case reflect.Map:
		return "<map of string to string>"
	case reflect.Slice:
		if f.Words != nil {
			return "<list of " + strings.Join(f.Words, " | ") + ">"
		}
		return "<list of string>"
	}
	if f.Is == "path" {
		return "<filename>"
	}
	return "<string>"
}

// wordsOf gives the keys of a section by their names in Go.
func wordsOf(t reflect.Type) map[string]string {
	words := map[string]string{}
	for _, f := range strict.Keys(t) {
		words[t.FieldByIndex(f.Index).Name] = f.Name
	}
	return words
}

var (
	goLink   = regexp.MustCompile(`[^.]*\[[A-Z]\w*\][^.]*\. ?`)
	goWord   = regexp.MustCompile(`\b[A-Z]\w*\b( API)?`)
	notBuild = regexp.MustCompile(` ?Not built yet\.`)
)

// sentence makes of a Go comment one for the admin: keys, between quotes, in
// place of Go's names; no links into the code; and what this version can't do.
func sentence(path, goName, comment string, words map[string]string, quote string) string {
	text := strings.Join(strings.Fields(comment), " ")
	text = goLink.ReplaceAllString(text, "")
	text = notBuild.ReplaceAllString(text, "")
	key := path[strings.LastIndexByte(path, '.')+1:]
	if rest, ok := strings.CutPrefix(text, goName+" "); ok {
		text = quote + key + quote + " " + rest
	}
	text = goWord.ReplaceAllStringFunc(text, func(word string) string {
		if name, ok := words[word]; ok {
			return quote + name + quote
		}
		return word
	})
	text = strings.TrimSpace(text)
	if why := unbuilt(path); why != "" {
		text = strings.TrimSpace(text + " Only the default is taken: " + why + ".")
	}
	return text
}

// unbuilt tells why a key, or all keys of a section, take the default only.
func unbuilt(path string) string {
	for _, p := range unbuiltParts() {
		if p.path == path {
			return p.why
		}
	}
	return ""
}

// presets writes a table of what the presets fill in, as far as they differ.
func (g *docgen) presets() {
	var names []string
	for _, f := range strict.Keys(reflect.TypeFor[LDAP]()) {
		if f.Name == "preset" {
			names = f.Words
		}
	}
	cell := func(name, path string) string {
		p, _ := presetOf(schema.Preset(name))
		text := strict.Text(strict.Lookup(reflect.ValueOf(p.config), path), Secret.String)
		switch text {
		case "[]":
			return "–"
		case `""`:
			return "`\"\"`"
		}
		return "`" + strings.ReplaceAll(strings.Trim(text, `"[]`), "|", `\|`) + "`"
	}
	columns := slices.DeleteFunc(presetKeys(), func(path string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return cell(name, path) != cell(names[0], path) })
	})
	g.out.WriteString("\n## Presets\n\n" + wrap("What `ldap.preset` fills in for keys that the file leaves out; other keys have "+
		"the defaults above. It also says how locks are read. Where there is a dash, `users.base_dns` must be given, and "+
		"`groups.base_dns` where groups are used.", "", 90) + "\n\n| preset |")
	for _, path := range columns {
		fmt.Fprintf(&g.out, " %s |", strings.TrimPrefix(path, "ldap."))
	}
	g.out.WriteString("\n|" + strings.Repeat("---|", 1+len(columns)) + "\n")
	for _, name := range names {
		fmt.Fprintf(&g.out, "| %s |", name)
		for _, path := range columns {
			fmt.Fprintf(&g.out, " %s |", cell(name, path))
		}
		g.out.WriteByte('\n')
	}
}

// wrap breaks a text into lines that begin with prefix.
func wrap(text, prefix string, width int) string {
	var lines []string
	line := prefix
	for _, word := range strings.Fields(text) {
		if len(line) > len(prefix) && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = prefix
		}
		if len(line) > len(prefix) {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}
