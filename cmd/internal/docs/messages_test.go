package docs_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated parts of pages anew")

const (
	begin = "<!-- Generated from the sources: go generate ./cmd/internal/docs -->\n"
	end   = "<!-- End of what is generated. -->\n"
)

// TestMessages: docs/errors.md has every message that comes with advice whose words stand
// in the sources, and the advice.
func TestMessages(t *testing.T) {
	generated(t, "errors.md", func(others string) string { return messageTables(t, others) })
}

// generated fails the test unless a page has, between the marks, what is made of the sources; others is
// the rest of the page. With -update the page is written anew.
func generated(t *testing.T, name string, made func(others string) string) {
	t.Helper()
	path := filepath.Join(top, "docs", name)
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("docs/%s lacks the marks of what is generated", name)
	}
	want := before + begin + made(before+after) + end + after
	switch {
	case want == string(page):
	case *update:
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("docs/%s is out of date: run go generate ./cmd/internal/docs", name)
	}
}

// areas are the tables of messages, by the folders that give them.
var areas = []struct {
	title   string
	folders []string
}{
	{"Configuration", []string{"cmd/internal/config", "cmd/internal/schedule", "ldapsrc/schema", "duo/callrate", "state/dsn", "sync", "sync/certificate"}},
	{"Directory", []string{"ldapsrc", "sync/engine"}},
	{"Duo", []string{"duo"}},
	{"State", []string{"state"}},
	{"Commands, files and plans", []string{"cmd"}},
}

// area gives the title of the table for a source file: that of the longest folder it is in.
func area(file string) string {
	title, length := "", -1
	for _, a := range areas {
		for _, folder := range a.folders {
			if (strings.HasPrefix(file, folder+"/") && folder != "sync" || filepath.Dir(file) == folder) && len(folder) > length {
				title, length = a.title, len(folder)
			}
		}
	}
	return title
}

// unmet are the files whose messages nobody meets, since the configuration is checked
// before.
var unmet = []string{"ldapsrc/source.go", "duo/callrate/callrate.go"}

// message is a row of a table.
type message struct{ text, advice string }

// messageTables renders the tables, without the messages that the rest of the page has.
func messageTables(t *testing.T, rest string) string {
	t.Helper()
	tables := map[string][]message{}
	for _, source := range parseSources(t) {
		for file, tree := range source.files {
			if slices.Contains(unmet, file) {
				continue
			}
			for _, m := range source.messages(tree) {
				if row := "| " + m.text; strings.Contains(rest, row) {
					continue
				}
				title := area(file)
				if title == "" {
					t.Errorf("%s is in no area of the messages", file)
				}
				tables[title] = append(tables[title], m)
			}
		}
	}
	var b strings.Builder
	for _, a := range areas {
		rows := tables[a.title]
		slices.SortFunc(rows, func(x, y message) int {
			return cmp.Or(cmp.Compare(strings.ToLower(x.text), strings.ToLower(y.text)), cmp.Compare(x.text, y.text), cmp.Compare(x.advice, y.advice))
		})
		fmt.Fprintf(&b, "\n### %s\n\n| message | remedy |\n|---|---|\n", a.title)
		for _, m := range together(rows) {
			fmt.Fprintf(&b, "| %s | %s |\n", m.text, m.advice)
		}
	}
	return b.String() + "\n"
}

// together puts messages with the same advice into one row, at the place of the first.
func together(rows []message) []message {
	var all []message
	for _, m := range slices.Compact(rows) {
		if i := slices.IndexFunc(all, func(other message) bool { return other.advice == m.advice }); i >= 0 {
			all[i].text += "<br>" + m.text
			continue
		}
		all = append(all, m)
	}
	return all
}

// source is a package of the sources.
type source struct {
	folder string
	files  map[string]*ast.File // by path from the top
	consts map[string]ast.Expr
	locals map[string]ast.Expr // of the function that is looked at
	world  map[string]*source  // by the last part of the folder
}

// parseSources reads all packages, without their tests.
func parseSources(t *testing.T) map[string]*source {
	t.Helper()
	world, all := map[string]*source{}, map[string]*source{}
	set := token.NewFileSet()
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != top && (strings.HasPrefix(name, ".") || name == "testdata" || strings.HasSuffix(name, "test") || strings.HasSuffix(name, "sim")) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		tree, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		path, err = filepath.Rel(top, path)
		if err != nil {
			return err
		}
		folder := filepath.Dir(path)
		if all[folder] == nil {
			all[folder] = &source{folder: folder, files: map[string]*ast.File{}, consts: map[string]ast.Expr{}, world: world}
			world[tree.Name.Name] = all[folder]
		}
		all[folder].add(path, tree)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// add takes in a file, with the texts and errors that it names.
func (s *source) add(path string, tree *ast.File) {
	s.files[path] = tree
	for _, decl := range tree.Decls {
		if general, ok := decl.(*ast.GenDecl); ok {
			collect(general, s.consts)
		}
	}
}

// collect notes the values that names are given; nil for one that is given several.
func collect(root ast.Node, values map[string]ast.Expr) {
	give := func(name string, value ast.Expr) {
		if _, twice := values[name]; twice {
			value = nil
		}
		values[name] = value
	}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if i < len(n.Values) {
					give(name.Name, n.Values[i])
				}
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if name, ok := left.(*ast.Ident); ok {
					if len(n.Lhs) == len(n.Rhs) {
						give(name.Name, n.Rhs[i])
					} else {
						give(name.Name, nil)
					}
				}
			}
		case *ast.Field:
			for _, name := range n.Names {
				give(name.Name, nil)
			}
		}
		return true
	})
}

// messages gives what a file tells together with advice.
func (s *source) messages(tree *ast.File) []message {
	var all []message
	for _, decl := range tree.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		s.locals = map[string]ast.Expr{}
		collect(f, s.locals)
		all = append(all, s.messagesOf(f)...)
	}
	return all
}

func (s *source) messagesOf(f *ast.FuncDecl) []message {
	var all []message
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if key := s.key(call); key != "" {
			if within, ok := call.Args[1].(*ast.CallExpr); ok && called(within) == "WithHint" {
				if m, ok := s.row(within, key+": "); ok {
					all = append(all, m)
				}
				return false
			}
		}
		if called(call) == "WithHint" && len(call.Args) == 2 {
			if m, ok := s.row(call, ""); ok {
				all = append(all, m)
			}
		}
		return true
	})
	return all
}

// key gives the key of the configuration that a check is about, where it stands there.
func (s *source) key(call *ast.CallExpr) string {
	if called(call) != "Check" || len(call.Args) != 2 {
		return ""
	}
	if text := s.text(call.Args[0], 0); !strings.Contains(text, "…") {
		return text
	}
	return strings.TrimLeft(s.text(call.Args[0], 0), "….")
}

// row makes a message of an error with advice, where the words of both are known.
func (s *source) row(call *ast.CallExpr, key string) (message, bool) {
	text, advice := s.text(call.Args[0], 0), s.text(call.Args[1], 0)
	if strings.Trim(text, "… :") == "" || strings.Trim(advice, "… ") == "" || strings.HasPrefix(advice, "such as ") {
		return message{}, false // a value that must be of a form, which the message says
	}
	return message{cell(key + text), cell(remedy(advice))}, true
}

// remedy leaves out what advice says of what was not done, and of a long one what follows
// its first sentence.
func remedy(advice string) string {
	const long = 20
	advice = unchanged.ReplaceAllString(advice, "")
	if first, _, more := strings.Cut(advice, ". "); more && len(strings.Fields(advice)) > long {
		return first + "."
	}
	return advice
}

var unchanged = regexp.MustCompile(`\.? *Nothing was (changed|written)\b[^.]*\.`)

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

var verb = regexp.MustCompile(`%[-+# 0]*[0-9*]*(?:\.[0-9*]+)?[a-zA-Z]`)

// text works out a text, with … for what is known at run time only.
func (s *source) text(e ast.Expr, depth int) string {
	if depth > 9 {
		return "…"
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.ParenExpr:
		return s.text(e.X, depth+1)
	case *ast.BinaryExpr:
		return s.text(e.X, depth+1) + s.text(e.Y, depth+1)
	case *ast.Ident:
		value, ok := s.locals[e.Name]
		if !ok {
			value = s.consts[e.Name]
		}
		if value != nil {
			return s.text(value, depth+1)
		}
	case *ast.SelectorExpr:
		if pkg, ok := e.X.(*ast.Ident); ok && s.world[pkg.Name] != nil {
			return s.world[pkg.Name].text(e.Sel, depth+1)
		}
	case *ast.CallExpr:
		return s.made(e, depth)
	}
	return "…"
}

// made works out what a call makes of its arguments.
func (s *source) made(call *ast.CallExpr, depth int) string {
	name := called(call)
	if (name == "New" || name == "Quote") && len(call.Args) == 1 {
		return s.text(call.Args[0], depth+1)
	}
	if (name == "Errorf" || name == "Sprintf") && len(call.Args) > 0 {
		rest := call.Args[1:]
		return verb.ReplaceAllStringFunc(s.text(call.Args[0], depth+1), func(string) string {
			if len(rest) == 0 {
				return "…"
			}
			text := s.text(rest[0], depth+1)
			rest = rest[1:]
			return text
		})
	}
	return "…"
}

var gaps = regexp.MustCompile(`(?:"?…"?[ ,.:/]*)*"?…"?`)

// cell writes a text as the cell of a table.
func cell(text string) string {
	text = gaps.ReplaceAllString(strings.Join(strings.Fields(text), " "), "…")
	return strings.NewReplacer("|", `\|`, "<", `\<`, "*", `\*`).Replace(strings.TrimSpace(text))
}
