package expression

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"

	dirsync "duosync/sync"
)

// Error is a mistake in an expression.
type Error struct {
	// Line and Column tell where it is within the expression's text, from 1; the
	// column counts characters.
	Line, Column int
	Message      string // What is wrong, and what to write instead where that is known.
}

// Error gives the place and the message.
func (e *Error) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

// errorAt makes an error at a character of the expression, counted from 0.
func (e *Expression) errorAt(at int, format string, args ...any) error {
	before := []rune(e.text)
	before = before[:min(at, len(before))]
	err := &Error{Line: 1, Column: 1, Message: fmt.Sprintf(format, args...)}
	for _, c := range before {
		err.Column++
		if c == '\n' {
			err.Line++
			err.Column = 1
		}
	}
	return err
}

// mistake puts an error of the language into words for those who never heard of
// it.
func (e *Expression) mistake(err error) error {
	c, _ := complaintOf(err)
	at := c.at
	message, _, _ := strings.Cut(c.message, "\n")
	if start, word := e.hyphened(at); word != "" {
		return e.errorAt(start, "a name with a hyphen is written attr(%q)", word)
	}
	if strings.HasPrefix(message, "unexpected token EOF") || strings.HasPrefix(message, "unexpected end") {
		return e.errorAt(len([]rune(e.text)), "the expression ends too early")
	}
	if strings.HasPrefix(message, `unexpected token Operator("=")`) {
		return e.errorAt(at, "a single = is no operator; == compares")
	}
	return e.errorAt(at, "%s", plainWords(message))
}

// hyphened returns the word around a hyphen at a character, if it may be an
// attribute's name.
func (e *Expression) hyphened(at int) (start int, word string) {
	all := []rune(e.text)
	if at >= len(all) || all[at] != '-' {
		return 0, ""
	}
	inName := func(i int) bool {
		return i >= 0 && i < len(all) && dirsync.ValidAttribute("a"+string(all[i])) && all[i] != ';'
	}
	start, end := at, at
	for inName(start - 1) {
		start--
	}
	for inName(end + 1) {
		end++
	}
	word = string(all[start : end+1])
	if start == at || end == at || !dirsync.ValidAttribute(word) {
		return 0, ""
	}
	return start, word
}

// runtimeMessage tells why a program stopped.
func runtimeMessage(err error) string {
	c, ok := complaintOf(err)
	if !ok {
		return c.message
	}
	message := plainWords(c.message)
	if _, ok := errors.AsType[runtime.Error](c.cause); ok {
		message = "a value is of another kind than its place needs"
	} else if _, ok := errors.AsType[*reflect.ValueError](c.cause); ok {
		message = "a list is needed"
	}
	return fmt.Sprintf("%s (at %d:%d)", message, c.line, c.column)
}
