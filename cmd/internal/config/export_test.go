package config

// ShowRevealed is Show with the secrets in plain, to read it back.
func ShowRevealed(l *Loaded) []byte {
	return show(l, Secret.Reveal)
}

// Leaves gives every key path.
func Leaves() []string { return allLeaves() }

// Expand and Unexpand are the two ways of ${NAME}.
var (
	Expand   = expand
	Unexpand = unexpand
)
