package expression

import (
	"regexp"
	"slices"

	"github.com/expr-lang/expr/ast"

	dirsync "duosync/sync"
)

// builder rewrites the tree of an expression.
type builder struct {
	e         *Expression
	functions map[string]function
	define    func(name string, check signature, run action)
	variables map[string]bool     // names that let gives
	callees   map[ast.Node]bool   // the names of functions where they are called
	reads     map[ast.Node]string // calls that read one value of an attribute
	err       error
}

func newBuilder(e *Expression, all []function) *builder {
	b := &builder{
		e: e, functions: make(map[string]function, len(all)),
		variables: map[string]bool{}, callees: map[ast.Node]bool{}, reads: map[ast.Node]string{},
	}
	for _, f := range all {
		b.functions[f.name] = f
	}
	return b
}

func (b *builder) rewrite(tree *ast.Node) error {
	ast.Walk(tree, visitor(b.survey))
	ast.Walk(tree, visitor(b.node))
	return b.err
}

// visitor is called for each node of a tree, after its children.
type visitor func(node *ast.Node)

func (v visitor) Visit(node *ast.Node) { v(node) }

// survey notes what must be known of the whole tree before a node is rewritten.
func (b *builder) survey(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.VariableDeclaratorNode:
		b.variables[n.Name] = true
	case *ast.CallNode:
		b.callees[n.Callee] = true
	}
}

// fail notes the first mistake.
func (b *builder) fail(node ast.Node, format string, args ...any) {
	if b.err == nil {
		b.err = b.e.errorAt(node.Location().From, format, args...)
	}
}

// node rewrites one node, whose children have been rewritten already.
func (b *builder) node(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if !b.callees[n] && !b.variables[n.Value] {
			b.name(node, n)
		}
	case *ast.CallNode:
		b.function(node, n)
	case *ast.BuiltinNode:
		b.loop(node, n)
	case *ast.BinaryNode:
		b.operator(node, n)
	case *ast.MemberNode:
		b.asList(&n.Node)
		if !n.Optional { // a table may lack the key
			b.wrap(node, "the item, or empty", nilAsEmpty)
		}
	case *ast.SliceNode:
		b.slice(node, n)
	case *ast.ArrayNode:
		b.flat(node)
	case *ast.PredicateNode:
		b.wrap(&n.Node, "one step", b.e.step)
	case *ast.PairNode:
		b.flatPair(n)
	case *ast.BytesNode:
		b.fail(n, `text is written "…", without the b in front`)
	case *ast.SequenceNode:
		b.fail(n, `what stands before ; has no effect; an attribute with options is written attr("cn;lang-de")`)
	}
}

// name makes an identifier the value of a variable or an attribute.
func (b *builder) name(node *ast.Node, n *ast.IdentifierNode) {
	v, isVariable := variableNamed(n.Value)
	switch {
	case isVariable:
		b.e.preset = b.e.preset || v.name == "preset"
		b.replace(node, "variable "+v.name, v.gives, func() any { return v.of(b.e.person) })
	case slices.Contains(b.names(), n.Value) && !slices.Contains(younger(), n.Value):
		b.fail(n, "%s is a function: write %s(…), or attr(%q) for an attribute of that name", n.Value, n.Value, n.Value)
	case !dirsync.ValidAttribute(n.Value):
		b.fail(n, "%s is no attribute's name", dirsync.Quote(n.Value))
	default:
		b.read(node, n.Value)
	}
}

// function handles the call of a function.
func (b *builder) function(node *ast.Node, n *ast.CallNode) {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		b.fail(n, "values have no functions of their own: write f(x), not x.f()")
		return
	}
	switch callee.Value {
	case "attr":
		if name, ok := b.literal(n, "attr", "an attribute"); ok && b.isAttribute(n.Arguments[0], name) {
			b.read(node, name)
		}
		return
	case "values":
		if name, ok := stringAlone(n.Arguments); ok && b.isAttribute(n.Arguments[0], name) {
			b.read(node, name)
			b.asList(node)
			return
		}
	case "in_group":
		if name, ok := b.literal(n, "in_group", "a group"); ok {
			b.e.groups = append(b.e.groups, name)
			in := func(group string) bool { return dirsync.SameGroup(group, name) }
			b.replace(node, "in the group "+name, kindFlag, func() any { return slices.ContainsFunc(b.e.person.Groups, in) })
		}
		return
	}
	switch callee.Value {
	case "now":
		b.now(node, n)
		return
	case "time":
		if b.timeOf(node, n) {
			return
		}
	case "duration":
		b.duration(n)
	}
	if operator, ok := operatorOf(callee.Value); ok {
		b.operatorCall(node, n, operator)
		return
	}
	f, ok := b.functions[callee.Value]
	if !ok {
		b.unknown(n, callee.Value)
		return
	}
	for i := range n.Arguments {
		if f.wants(i).wantsList() {
			b.asList(&n.Arguments[i])
		}
	}
}

// operatorCall makes startsWith(a, b) and its like a startsWith b.
func (b *builder) operatorCall(node *ast.Node, n *ast.CallNode, operator string) {
	if len(n.Arguments) != 2 {
		b.fail(n, "%s takes 2 arguments, not %d", operator, len(n.Arguments))
		return
	}
	both := &ast.BinaryNode{Operator: operator, Left: n.Arguments[0], Right: n.Arguments[1]}
	ast.Patch(node, both)
	b.operator(node, both)
}

// literal returns the one argument of a call, which is a text that is known before
// any entry is.
func (b *builder) literal(n *ast.CallNode, function, of string) (string, bool) {
	name, ok := stringAlone(n.Arguments)
	if !ok || name == "" {
		b.fail(n, `%s takes the name of %s in quotes, as in %s("…")`, function, of, function)
	}
	return name, ok && name != ""
}

func stringAlone(arguments []ast.Node) (string, bool) {
	if len(arguments) != 1 {
		return "", false
	}
	s, ok := arguments[0].(*ast.StringNode)
	if !ok {
		return "", false
	}
	return s.Value, true
}

func (b *builder) isAttribute(node ast.Node, name string) bool {
	if !dirsync.ValidAttribute(name) {
		b.fail(node, "%s is no attribute's name", dirsync.Quote(name))
		return false
	}
	return true
}

// loop handles a function that goes through a list with a condition. The parser
// knows all of the language's, so that those that are not ours come here, too.
func (b *builder) loop(node *ast.Node, n *ast.BuiltinNode) {
	if !slices.Contains(loops(), n.Name) {
		b.unknown(n, n.Name)
		return
	}
	b.asList(&n.Arguments[0])
	if n.Name == "count" && len(n.Arguments) == 1 {
		b.call(node, "len", n.Arguments[0])
		return
	}
	b.wrap(&n.Arguments[0], "the list", scalarAsList)
	switch n.Name {
	case "find", "findLast":
		b.wrap(node, "the item, or empty", nilAsEmpty)
	case "map":
		b.flat(node)
	}
}

// loops names the functions that go through a list with a condition.
func loops() []string {
	return []string{"all", "any", "none", "one", "filter", "map", "count", "find", "findLast", "sortBy", "reduce"}
}

// names lists the names of all functions.
func (b *builder) names() []string {
	names := append([]string{"attr", "in_group", "now"}, loops()...)
	names = append(names, operators()...)
	for name := range b.functions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (b *builder) unknown(node ast.Node, name string) {
	switch near := dirsync.Nearest(name, b.names()); {
	case near != "":
		b.fail(node, "there is no function %s; %s was meant?", name, near)
	case slices.Contains([]string{"date", "timezone"}, name):
		b.fail(node, "there is no function %s; time(…) reads a time, in UTC", name)
	default:
		b.fail(node, "there is no function %s; docs/expressions.md lists those that there are", name)
	}
}

// slice makes [from:to] a call: what the language itself cuts of a text are bytes,
// not characters.
func (b *builder) slice(node *ast.Node, n *ast.SliceNode) {
	b.asList(&n.Node)
	args := []ast.Node{n.Node, n.From}
	if n.From == nil {
		args[1] = &ast.IntegerNode{Value: 0}
	}
	if n.To != nil {
		args = append(args, n.To)
	}
	cut := cutFunction()
	b.define(cut.name, cut.check, cut.run)
	b.call(node, cut.name, args...)
}

func (b *builder) operator(node *ast.Node, n *ast.BinaryNode) {
	switch n.Operator {
	case "in":
		b.asList(&n.Right)
	case "??":
		b.wrap(&n.Left, "the value, or nil", emptyAsNil)
	case "+":
		b.define("+", checkPlus, func(args ...any) (any, error) { return limited(callPlus(args)) })
		b.call(node, "+", n.Left, n.Right)
	case "matches":
		if pattern, ok := n.Right.(*ast.StringNode); ok {
			if _, err := regexp.Compile(pattern.Value); err != nil {
				b.fail(pattern, "%s", plainWords(err.Error()))
			}
		}
	case "..":
		b.fail(n, "there are no ranges here; list[1:3] cuts a list")
	}
}
