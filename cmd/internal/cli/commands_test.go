package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"duosync/ldapsrc/slapdtest"
)

// aCommand is a command of duosync that needs a configuration, as far as a text can tell.
var aCommand = regexp.MustCompile(`duosync (sync|apply|run|approve|check|explain|verify|disable|enable|pause|resume|history|due|drift|undo|rebuild)\b`)

// TestCommandsGoThroughOne: no text of the program has a command that nobody ends with the
// flags of the configuration. It is made by dirsync.Command, or stands between backticks, for
// dirsync.Runnable. Texts in raw strings are help.
func TestCommandsGoThroughOne(t *testing.T) {
	spoken := []string{ // of a command, not to be run
		"by duosync disable", "(duosync disable)", "what duosync disable", "for duosync apply",
	}
	root := filepath.Join("..", "..", "..")
	files, found := token.NewFileSet(), 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		rel := strings.TrimPrefix(filepath.ToSlash(path), filepath.ToSlash(root)+"/")
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, apart := range []string{
			"cmd/internal/demo/", "cmd/internal/report/reporttest/", // what a reader is to type without a configuration of ours; made-up reports
			"duo/api/", // what is sent to Duo
		} {
			if strings.HasPrefix(rel, apart) {
				return nil
			}
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING || strings.HasPrefix(literal.Value, "`") {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(text, "`")
			for i, part := range parts {
				if i%2 == 1 { // between backticks
					found += len(aCommand.FindAllString(part, -1))
					continue
				}
				if at := aCommand.FindString(part); at != "" && !slices.ContainsFunc(spoken, func(s string) bool { return strings.Contains(part, s) }) {
					t.Errorf("%s: %q has the command %q", files.Position(n.Pos()), text, at)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || found < 20 {
		t.Errorf("%d commands between backticks: %v", found, err)
	}
}

// TestCommandsWorkAsPrinted: whatever a command prints, the commands in it name the
// configuration.
func TestCommandsWorkAsPrinted(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(20)}})
	h.want(0, "applied")
	seen := 0
	prints := func(args ...string) {
		t.Helper()
		r := h.run(args...)
		text := strings.Join(strings.Fields(r.out+"\n"+r.err), " ")
		for _, at := range aCommand.FindAllStringIndex(text, -1) {
			seen++
			if strings.HasSuffix(text[:at[0]], "by ") {
				continue // who is kept disabled by duosync disable
			}
			command, _, _ := strings.Cut(text[at[0]:], "`")
			if !strings.Contains(command[:min(len(command), 200)], "--config "+h.config) {
				t.Errorf("%v prints: %s", args, command[:min(len(command), 200)])
			}
		}
	}
	for i := range 8 {
		h.ldap.Delete(userDN(plain(i)))
	}
	formats := func(args ...string) {
		t.Helper()
		for _, format := range []string{"table", "json", "markdown"} {
			prints(append(args, "--format", format)...)
		}
	}
	formats("sync")
	formats("due")
	formats("approve")
	formats("history", "nothing")
	formats("undo", "nothing")
	formats("undo", "last")
	formats("sync", "--approve", "nothing")
	prints("approve", "nothing")
	prints("approve", "--revoke", "nothing")
	prints("approve", "--revoke")
	prints("approve", "")
	prints("enable", "nobody")
	prints("disable", plain(10), "--reason", "left")
	formats("due")
	prints("enable", plain(10))
	prints("pause")
	formats("explain", plain(10))
	formats("sync")
	formats("check")
	formats("rebuild", "--write")
	formats("due")
	formats("drift")
	for _, name := range []string{"undo", "explain", "disable", "enable", "verify", "apply"} {
		prints(name)
		r := h.run(name)
		if r.code != 1 || !strings.Contains(r.err, " is missing: `duosync "+name) || !strings.Contains(r.err, "→") {
			t.Errorf("%s without an argument: exit %d %s", name, r.code, r.err)
		}
		if r := h.run(name, "one", "two"); r.code != 1 || !strings.Contains(r.err, `is wanted, not 2: "one", "two"`) {
			t.Errorf("%s with two arguments: exit %d %s", name, r.code, r.err)
		}
	}
	prints("sync", "--plan-out", "x")
	prints("apply", h.config)
	if seen < 30 {
		t.Errorf("only %d commands were seen", seen)
	}
}
