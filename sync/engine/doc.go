// Package engine makes a run: it reads the directory, decides what must happen in Duo,
// and carries that out, each phase a function from what it needs to what it found.
package engine
