package dirsync_test

import (
	"errors"
	"fmt"
	"testing"

	dirsync "duosync/sync"
)

// The advice nearest to the trouble counts; one that says nothing hides no other.
func TestHint(t *testing.T) {
	bare := errors.New("disk full")
	for want, err := range map[string]error{
		"":             bare,
		"make room":    dirsync.WithHint(fmt.Errorf("writing: %w", dirsync.WithHint(bare, "make room")), "try again"),
		"try again":    dirsync.WithHint(fmt.Errorf("writing: %w", dirsync.WithHint(bare, "")), "try again"),
		"look at both": errors.Join(bare, dirsync.WithHint(bare, "look at both")),
	} {
		if got := dirsync.Hint(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
