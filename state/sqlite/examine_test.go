package sqlite

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A state that a run could not write for want of space is told before the run.
func TestExamineOnAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	for want, free := range map[error]uint64{syscall.ENOSPC: 10, nil: 1 << 20} {
		f := New(path, Options{Now: time.Now, Statfs: func(path string, into *unix.Statfs_t) error {
			err := unix.Statfs(path, into)
			into.Bsize, into.Bavail = 4096, free
			return err
		}})
		if _, err := f.Examine(t.Context()); !errors.Is(err, want) {
			t.Errorf("%d blocks free: %v, want %v", free, err, want)
		}
	}
}
