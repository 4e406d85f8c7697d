package expression

import (
	"errors"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/ast"

	dirsync "duosync/sync"
)

// read makes a node the one value of an attribute.
func (b *builder) read(node *ast.Node, attribute string) {
	attribute = strings.ToLower(attribute)
	b.e.attributes = append(b.e.attributes, attribute)
	b.replace(node, "one value of "+attribute, kindText, func() any { return b.e.person.Value(attribute) })
	b.reads[*node] = attribute
}

// asList makes an attribute the list of all its values where a list is wanted.
func (b *builder) asList(node *ast.Node) {
	if attribute, ok := b.reads[*node]; ok {
		b.replace(node, "all values of "+attribute, kindList, func() any { return b.e.person.Values(attribute) })
		return
	}
	switch n := (*node).(type) {
	case *ast.ConditionalNode:
		b.asList(&n.Exp1)
		b.asList(&n.Exp2)
	case *ast.VariableDeclaratorNode:
		b.asList(&n.Expr)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			b.asList(&n.Left.(*ast.CallNode).Arguments[0])
			b.asList(&n.Right)
		}
	}
}

// replace puts a call of f in the place of a node. The same name means the same f.
func (b *builder) replace(node *ast.Node, name string, gives valueKind, f func() any) {
	b.define(name,
		func([]reflect.Type) (reflect.Type, error) { return gives.typeOf(), nil },
		func(...any) (any, error) { return f(), nil })
	b.call(node, name)
}

// wrap puts a call of f around a node; to the checker it is of the node's type.
func (b *builder) wrap(node *ast.Node, name string, f func(any) (any, error)) {
	same := func(args []reflect.Type) (reflect.Type, error) {
		if args[0] == nil {
			return kindAny.typeOf(), nil
		}
		return args[0], nil
	}
	b.define(name, same, func(args ...any) (any, error) { return f(args[0]) })
	b.call(node, name, *node)
}

// flat puts a call around a list that is made, so that no list holds another:
// nothing asks for that, and a few lists in one another could hold the same values
// more often than anything can count.
func (b *builder) flat(node *ast.Node) {
	const name = "list without lists"
	check := func(args []reflect.Type) (reflect.Type, error) {
		switch {
		case kindOf(args[0]) != kindList:
			return reflect.TypeFor[[]any](), nil
		case kindOf(args[0].Elem()) == kindList:
			return kindList.typeOf(), nil
		}
		return args[0], nil
	}
	b.define(name, check, func(args ...any) (any, error) {
		for _, item := range args[0].([]any) {
			if k := kindOf(reflect.TypeOf(item)); k == kindList || k == kindTable {
				return appendItems(nil, args[0])
			}
		}
		return args[0], nil
	})
	b.call(node, name, *node)
}

var errTableInTable = errors.New("a table can't hold a table")

// flatPair does for a value in a table what flat does for lists.
func (b *builder) flatPair(n *ast.PairNode) {
	const name = "value of a table"
	check := func(args []reflect.Type) (reflect.Type, error) {
		if kindOf(args[0]) == kindTable {
			return nil, errTableInTable
		}
		return kindAny.typeOf(), nil
	}
	b.define(name, check, func(args ...any) (any, error) { return noTable(args[0]) })
	b.call(&n.Value, name, n.Value)
}

func (b *builder) call(node *ast.Node, name string, args ...ast.Node) {
	callee := &ast.IdentifierNode{Value: name}
	callee.SetLocation((*node).Location())
	ast.Patch(node, &ast.CallNode{Callee: callee, Arguments: args})
}

func nilAsEmpty(value any) (any, error) {
	if value == nil {
		return "", nil
	}
	return value, nil
}

func noTable(value any) (any, error) {
	if kindOf(reflect.TypeOf(value)) == kindTable {
		return nil, errTableInTable
	}
	return value, nil
}

// scalarAsList makes a list of a value of which it was not known what it would be.
func scalarAsList(value any) (any, error) {
	s, ok := scalarText(value)
	switch {
	case !ok:
		return value, nil
	case s == "":
		return []string{}, nil
	}
	return []string{s}, nil
}

// emptyAsNil is what ?? looks at: an empty value is none.
func emptyAsNil(value any) (any, error) {
	empty := false
	switch v := value.(type) {
	case string:
		empty = v == ""
	case []string:
		empty = len(v) == 0
	case []any:
		empty = len(v) == 0
	}
	if empty {
		return nil, nil
	}
	return value, nil
}

// variable tells what is known of a person besides attributes.
type variable struct {
	name  string
	gives valueKind
	of    func(*dirsync.Person) any
}

func variables() []variable {
	return []variable{
		{"dn", kindText, func(p *dirsync.Person) any { return p.DN }},
		{"groups", kindList, func(p *dirsync.Person) any { return p.Groups }},
		{"preset", kindText, presetStatus},
	}
}

// variableNamed finds a variable; like attributes, their names have no case.
func variableNamed(name string) (variable, bool) {
	for _, v := range variables() {
		if strings.EqualFold(v.name, name) {
			return v, true
		}
	}
	return variable{}, false
}

func presetStatus(p *dirsync.Person) any {
	switch p.Standing {
	case dirsync.Disabled:
		return dirsync.StatusDisabled
	case dirsync.LockedOut:
		return dirsync.StatusLockedOut
	}
	return dirsync.StatusActive
}
