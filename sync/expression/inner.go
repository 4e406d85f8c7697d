package expression

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
	"github.com/expr-lang/expr/vm"
)

// This file is all that leans on the inner packages of expr, which may change with
// any of its versions; the rest knows its tree (ast) and its machine (vm). In expr
// 1.17.8, expr.Compile with options does not do:
//
//   - expr.Patch, the option for rewriting a tree, has it checked before, and again
//     after, with the outcome thrown away. The last check, which counts, does not look
//     into a call whose type is known from one before: so lower(a - b) is no mistake
//     then, nor is any other in an argument. Hence parser, checker and compiler, one
//     after the other, with the rewriting between the first two.
//   - expr.Function knows arguments by Go's types, and its mistakes tell of these. A
//     builtin.Function with a Validate of its own tells an admin what to write
//     instead, and can give back the type that it was given.
//   - An operator that is called like a function, as in matches(mail, "x"), is a
//     mistake to the parser. It is marked before, by the tokens of the lexer.
//   - Where a mistake is, only file.Error tells.

// language is expr with functions of ours and none of its own.
type language struct{ config *conf.Config }

func newLanguage() language {
	config := conf.New(nil)
	config.Optimize = false // of little use here
	for name := range config.Builtins {
		config.Disabled[name] = true
	}
	clear(config.Builtins)
	return language{config}
}

// A signature tells the type of what a function gives for arguments of some types, or
// what is wrong with them; the action is the function.
type (
	signature = func(args []reflect.Type) (reflect.Type, error)
	action    = func(args ...any) (any, error)
)

// define makes a function that can be called. The same name means the same function.
func (l language) define(name string, check signature, run action) {
	l.config.Functions[name] = &builtin.Function{Name: name, Validate: check, Func: run}
}

func (l language) parse(text string) (*parser.Tree, error) {
	return parser.ParseWithConfig(operatorsAsFunctions(text), l.config)
}

// check tells the type of what the tree gives.
func (l language) check(tree *parser.Tree) (reflect.Type, error) {
	return checker.Check(tree, l.config)
}

func (l language) compile(tree *parser.Tree) (*vm.Program, error) {
	return compiler.Compile(tree, l.config)
}

// complaint is an error of the language.
type complaint struct {
	at           int // the character, counted from 0
	line, column int // the same, counted from 1
	message      string
	cause        error
}

// complaintOf takes an error of the language apart. ok is false where it tells no
// place.
func complaintOf(err error) (c complaint, ok bool) {
	fault, ok := errors.AsType[*file.Error](err)
	if !ok {
		return complaint{message: err.Error(), cause: err}, false
	}
	return complaint{at: fault.From, line: fault.Line, column: fault.Column + 1, message: fault.Message, cause: fault.Prev}, true
}

// operators names the operators that can be called like functions, too. To the
// language they are no names: so where one is called, its first letter becomes a $
// before the text is parsed, which moves nothing.
func operators() []string { return []string{"contains", "endsWith", "matches", "startsWith"} }

// operatorOf gives the operator that a marked name stands for.
func operatorOf(name string) (string, bool) {
	for _, operator := range operators() {
		if name == "$"+operator[1:] {
			return operator, true
		}
	}
	return "", false
}

// operatorsAsFunctions marks the operators that are called.
func operatorsAsFunctions(text string) string {
	if !slices.ContainsFunc(operators(), func(operator string) bool { return strings.Contains(text, operator) }) {
		return text
	}
	tokens, err := lexer.Lex(file.NewSource(text))
	if err != nil {
		return text // the parser will tell
	}
	characters := []rune(text)
	for i, token := range tokens {
		if token.Is(lexer.Operator, operators()...) && tokens[i+1].Is(lexer.Bracket, "(") && !followsValue(tokens[:i]) {
			characters[token.From] = '$'
		}
	}
	return string(characters)
}

// followsValue reports whether tokens end with a value, so that an operator that
// follows stands between two.
func followsValue(tokens []lexer.Token) bool {
	last := len(tokens) - 1
	if last >= 0 && tokens[last].Is(lexer.Operator, "not") {
		last-- // as in: mail not matches …
	}
	if last < 0 {
		return false
	}
	switch token := tokens[last]; token.Kind {
	case lexer.Operator:
		return token.Value == "#"
	case lexer.Bracket:
		return strings.Contains(")]}", token.Value)
	}
	return true
}
