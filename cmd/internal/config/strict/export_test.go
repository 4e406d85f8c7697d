package strict

// Expand and Unexpand are the two ways of ${NAME}.
var (
	Expand   = expand
	Unexpand = unexpand
)
