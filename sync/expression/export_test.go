package expression

// Names lists all functions of expressions.
func Names() []string {
	return newBuilder(nil, functions()).names()
}
