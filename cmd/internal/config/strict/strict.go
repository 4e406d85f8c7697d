// Package strict reads a YAML file into a struct and takes nothing for granted: an
// unknown key, a value of another type, a key that is there twice is a mistake, and every
// mistake is told at once and at its place.
//
// The struct is the schema (keys.go). The text becomes a tree (syntax.go), which fills
// the struct (read.go, scalar.go), with ${NAME} replaced by expand.go and secrets read
// from their files by secretfile.go. What is known then of the file, where each value
// stands and what is wrong, is a [Document] (document.go), to which the caller's own
// checks add. [Show] is the way back, with secrets hidden.
package strict

// Options are what the reader of a file is given.
type Options struct {
	// Env looks up environment variables, like [os.LookupEnv].
	Env func(name string) (value string, ok bool)
	// Forms read the texts of the keys that have a form's name as their is tag.
	Forms map[string]Form
	// Secretive tells a secret from the harmless values that the same key can have,
	// such as a URL without a password.
	Secretive func(path, text string) bool
}

// Form reads a text, and says what is wrong with it, or nil.
type Form func(text string) *Mistake

// Mistake is what is wrong with a text.
type Mistake struct {
	What      string // Such as "is no expression"; it does not quote the text.
	Reason    string // May quote the text, and is left out where that came from elsewhere.
	Hint      string // What to do about it, or "".
	Character int    // Where in the text, from 1; 0: unknown, or beyond its first line.
}

// reader fills a struct from a YAML tree. It notes in the document where each value
// stands, and every problem; a value with a problem keeps its default.
type reader struct {
	*Document
	opts   Options
	lines  []string // of the file
	leaves []string // the paths of all single values that there can be
}
