package cli

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"duosync/ldapsrc/slapdtest"
)

// TestLogsInJSON: with --log-format json all that goes to standard error is one object a
// line, what failed at the end of it among them. A call says whom it is about, be it one or
// several.
func TestLogsInJSON(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(2)}})
	read := func(r result) (lines []map[string]any) {
		for line := range strings.Lines(r.err) {
			var object map[string]any
			if err := json.Unmarshal([]byte(line), &object); err != nil || object["time"] == nil || object["level"] == nil || object["msg"] == nil {
				t.Errorf("%q: %v", line, err)
			}
			lines = append(lines, object)
		}
		return lines
	}
	var about []any
	for _, line := range read(h.run("sync", "--log-format", "json", "--log-level", "debug")) {
		if line["method"] == "POST" {
			about = append(about, line["about"])
			if line["stat"] != "OK" || line["status"] != 200.0 {
				t.Errorf("a create: %v", line)
			}
		}
	}
	if want := []any{"plain000, plain001"}; !slices.Equal(about, want) {
		t.Errorf("creates are logged about %v, want %v", about, want)
	}
	h.run("pause")
	for _, args := range [][]string{{"sync"}, {"history", "nosuch"}, {"approve", "nosuch"}} {
		lines := read(h.run(append(args, "--log-format", "json")...))
		if len(lines) == 0 || lines[len(lines)-1]["error"] == nil || lines[len(lines)-1]["hint"] == nil || lines[len(lines)-1]["level"] != "error" {
			t.Errorf("duosync %s: %v", args, lines)
		}
	}
}

// TestKeysOfLogsAreListed: whatever key a line of the log has, the documentation lists it.
func TestKeysOfLogsAreListed(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	keys := logKeys(t, root)
	if len(keys) < 10 {
		t.Fatalf("these can't be all: %v", slices.Sorted(maps.Keys(keys)))
	}
	docs := ""
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if _, section, found := strings.Cut(string(data), "\n## Logs and output\n"); found {
			section, _, _ = strings.Cut(section, "\n## ")
			docs += section
		}
	}
	for key, where := range keys {
		if !strings.Contains(docs, "`"+key+"`") {
			t.Errorf("%s: the section Logs of docs does not list `%s`", where, key)
		}
	}
}

// logKeys gives the keys with which the program logs, each with a place.
func logKeys(t *testing.T, root string) map[string]token.Position {
	t.Helper()
	keys := map[string]token.Position{"time": {}, "level": {}, "msg": {}}
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "duosim") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		take := func(e ast.Expr) {
			if text, ok := e.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if key, err := strconv.Unquote(text.Value); err == nil {
					keys[key] = files.Position(e.Pos())
				}
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "WithField" {
					take(n.Args[0])
				}
			case *ast.CompositeLit:
				kind, ok := n.Type.(*ast.SelectorExpr)
				if !ok || kind.Sel.Name != "Fields" {
					return true
				}
				if from, ok := kind.X.(*ast.Ident); ok && from.Name == "logrus" {
					for _, e := range n.Elts {
						take(e.(*ast.KeyValueExpr).Key)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
