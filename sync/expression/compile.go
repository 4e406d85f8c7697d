package expression

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/vm"
)

// What an expression may be at most, and cost for one person.
const (
	mostBytes  = 4096
	mostSteps  = 1e6 // conditions that it looks at
	mostMemory = 1e6 // items of lists that it makes
)

// compile turns the text into a program. Between the parser and the checker the
// tree is rewritten: a name becomes a call that reads the attribute, and what the
// language would do with nil or Go's types becomes what an admin expects.
func (e *Expression) compile() error {
	if err := e.checkText(); err != nil {
		return err
	}
	l, b := newLanguage(), newBuilder(e, functions())
	for _, f := range b.functions {
		l.define(f.name, f.check, f.run)
	}
	b.define = l.define
	tree, err := l.parse(e.text)
	if err != nil {
		return e.mistake(err)
	}
	if err := b.rewrite(&tree.Node); err != nil {
		return err
	}
	gives, err := l.check(tree)
	if err != nil {
		return e.mistake(err)
	}
	switch k := kindOf(gives); k {
	case kindTable, kindStrange:
		return e.errorAt(0, "the expression gives %v, where text or a list is wanted", k)
	case kindTime, kindSpan:
		return e.errorAt(0, "the expression gives %v, where text or a list is wanted; compare it, or string(…) makes text of it", k)
	}
	if e.program, err = l.compile(tree); err != nil {
		return e.mistake(err)
	}
	e.machine = vm.VM{MemoryBudget: mostMemory}
	e.attributes, e.groups = unique(e.attributes), unique(e.groups)
	return nil
}

func (e *Expression) checkText() error {
	switch {
	case strings.TrimSpace(e.text) == "":
		return e.errorAt(0, "the expression is empty")
	case !utf8.ValidString(e.text):
		return e.errorAt(0, "the expression is not UTF-8 text")
	case len(e.text) > mostBytes:
		return e.errorAt(0, "the expression is longer than %d bytes", mostBytes)
	}
	return nil
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
