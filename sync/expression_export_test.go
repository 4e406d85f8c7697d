package dirsync

// ExpressionNames lists all functions of expressions.
func ExpressionNames() []string {
	b := exprBuilder{functions: map[string]exprFunction{}}
	for _, f := range exprFunctions() {
		b.functions[f.name] = f
	}
	return b.names()
}
