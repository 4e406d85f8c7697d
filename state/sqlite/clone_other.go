//go:build !linux

package sqlite

import (
	"errors"
	"os"
)

// clone is not to be had: macOS shares what a file holds only with one that it makes itself
// (clonefile(2)). A copy is written in full then.
func clone(_, _ *os.File) error { return errors.ErrUnsupported }
