package strict

import (
	"cmp"
	"fmt"
	"strings"
)

// Problem is one mistake in a file.
type Problem struct {
	File   string // As it was named to Read.
	Line   int    // From 1.
	Column int    // From 1; 0 where only the line is known.
	Key    string // Such as ldap.users.filter; "" for the file as a whole.
	Msg    string // What is wrong; never a secret's value.
	Hint   string // What to do about it, or "".
}

// Error gives the problem in one line, as file:line:column: key: what; what to do.
func (p Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:", p.File, p.Line)
	if p.Column > 0 {
		fmt.Fprintf(&b, "%d:", p.Column)
	}
	if p.Key != "" {
		b.WriteString(" " + p.Key + ":")
	}
	b.WriteString(" " + p.Msg)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Errors is everything that is wrong with a file, in the order of
// the file.
type Errors []Problem

// Error gives one line a problem.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the problems one by one.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, p := range e {
		errs[i] = p
	}
	return errs
}

// compare orders problems as they stand in the file.
func compare(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Key, b.Key))
}
