package dirsync

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// exprOperators names the operators that can be called like functions, too. To the
// language they are no names: so where one is called, its first letter becomes a $
// before the text is parsed, which moves nothing.
func exprOperators() []string { return []string{"contains", "endsWith", "matches", "startsWith"} }

// operatorOf gives the operator that a marked name stands for.
func operatorOf(name string) (string, bool) {
	for _, operator := range exprOperators() {
		if name == "$"+operator[1:] {
			return operator, true
		}
	}
	return "", false
}

// operatorsAsFunctions marks the operators that are called.
func operatorsAsFunctions(text string) string {
	if !slices.ContainsFunc(exprOperators(), func(operator string) bool { return strings.Contains(text, operator) }) {
		return text
	}
	tokens, err := lexer.Lex(file.NewSource(text))
	if err != nil {
		return text // the parser will tell
	}
	characters := []rune(text)
	for i, token := range tokens {
		if token.Is(lexer.Operator, exprOperators()...) && tokens[i+1].Is(lexer.Bracket, "(") && !followsValue(tokens[:i]) {
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
