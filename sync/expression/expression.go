// Package expression is the language in which the configuration says what a Duo field
// is made of: an attribute's name, or a formula over attributes (docs/expressions.md).
package expression

import (
	"errors"
	"strings"

	"github.com/expr-lang/expr/vm"

	dirsync "duosync/sync"
)

// Expression gives the values of a Duo field from a directory entry: it is the
// name of an attribute, or a formula over attributes. The same entry, read as of the same
// time, always gives the same values. It serves one goroutine at a time. It is a [dirsync.Expression].
type Expression struct {
	text       string
	plain      string // the attribute, in lower case, if it is that alone
	attributes []string
	groups     []string
	preset     bool

	program *vm.Program
	machine vm.VM
	person  *dirsync.Person // for the time of one evaluation
	steps   int             // in it
}

var _ dirsync.Expression = (*Expression)(nil)

// Parse reads what stands behind a Duo field: the name of an attribute,
// which may have hyphens and options, or a formula (docs/expressions.md). An error
// is an [*Error].
func Parse(text string) (*Expression, error) {
	e := &Expression{text: text}
	if name := strings.TrimSpace(text); dirsync.ValidAttribute(name) && !reserved(name) {
		e.plain = strings.ToLower(name)
		e.attributes = []string{e.plain}
		return e, nil
	}
	if err := e.compile(); err != nil {
		return nil, err
	}
	return e, nil
}

// reserved reports whether a word means something else than an attribute also
// when it stands alone.
func reserved(name string) bool {
	_, ok := variableNamed(name)
	return ok || name == "true" || name == "false" || name == "nil"
}

// String gives the expression as it was written.
func (e *Expression) String() string { return e.text }

// Attributes lists the LDAP attributes that the expression reads, in lower case,
// sorted, each once.
func (e *Expression) Attributes() []string { return e.attributes }

// Groups lists the directory's groups that the expression asks about with
// in_group, as it names them, sorted, each once. The variable groups names none:
// it holds what the run reads for other reasons.
func (e *Expression) Groups() []string { return e.groups }

// Preset reports whether the expression asks for the preset's status, and so
// depends on the attributes that the status comes from.
func (e *Expression) Preset() bool { return e.preset }

// Plain reports whether the expression is an attribute's name and nothing else.
func (e *Expression) Plain() bool { return e.plain != "" }

// Value gives the one value for a person: of an attribute the one that counts, of
// a list the first that is not empty, and "" where there is none. An error tells
// why the expression can't be worked out for this person.
func (e *Expression) Value(p *dirsync.Person) (string, error) {
	if e.Plain() {
		return p.Value(e.plain), nil
	}
	result, err := e.run(p)
	if err != nil {
		return "", err
	}
	if text, ok := result.(string); ok {
		return text, nil
	}
	items, err := appendItems(nil, result)
	if err != nil {
		return "", e.fault(err.Error())
	}
	for _, item := range items {
		if item != "" {
			return item, nil
		}
	}
	return "", nil
}

// Values gives all values for a person, none of them empty, each once: of an
// attribute all that it has, the one that counts first and the others sorted. The
// error is as for [Expression.Value].
func (e *Expression) Values(p *dirsync.Person) ([]string, error) {
	if e.Plain() {
		return distinct(p.Values(e.plain)), nil
	}
	result, err := e.run(p)
	if err != nil {
		return nil, err
	}
	items, err := appendItems(nil, result)
	if err != nil {
		return nil, e.fault(err.Error())
	}
	return distinct(items), nil
}

func (e *Expression) run(p *dirsync.Person) (any, error) {
	e.person, e.steps = p, 0
	result, err := e.machine.Run(e.program, nil)
	e.person = nil
	if err != nil {
		return nil, e.fault(runtimeMessage(err))
	}
	return result, nil
}

var errTooManySteps = errors.New("it takes more than 1000000 steps")

// step counts what is done for one item of a list, since lists within lists can
// take very long.
func (e *Expression) step(value any) (any, error) {
	if e.steps++; e.steps > mostSteps {
		return nil, errTooManySteps
	}
	return value, nil
}

func (e *Expression) fault(why string) error {
	return errors.New("the expression " + dirsync.Quote(e.text) + " can't be worked out: " + why)
}

// distinct returns the items that are not empty, each once, in their order.
func distinct(items []string) []string {
	var kept []string
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		if item != "" && !seen[item] {
			seen[item] = true
			kept = append(kept, item)
		}
	}
	return kept
}
