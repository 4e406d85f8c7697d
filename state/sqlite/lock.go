package sqlite

import (
	"errors"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	"duosync/state/backend"
)

// runLock keeps two runs from writing one state. The lock is the kernel's, on an
// open file: it goes when its process does, however that ends. The file stays,
// for removing it would let two processes lock two files of the same name.
type runLock struct {
	file *os.File
}

// lockRun takes the lock beside the state or fails with backend.ErrLocked; it does not wait.
func (k *keeper) lockRun(now time.Time) (*runLock, error) {
	file, err := k.open(k.path + lockSuffix)
	if err != nil {
		return nil, err
	}
	err = flock(file, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = backend.Locked(holder(file))
	}
	if err == nil {
		err = sign(file, now)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &runLock{file: file}, nil
}

// Close gives the lock back. It is unlocked before it is closed: a process that is
// being started at that moment may hold a copy of the open file.
func (l *runLock) Close() error {
	return errors.Join(l.file.Truncate(0), flock(l.file, unix.LOCK_UN), l.file.Close())
}

func flock(file *os.File, how int) error {
	for {
		if err := unix.Flock(int(file.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// sign writes who holds the lock since when, for others to read.
func sign(file *os.File, now time.Time) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(backend.Signature(now)+"\n"), 0)
	return err
}

// holder reads what sign wrote. It may not be written yet.
func holder(file *os.File) string {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 500))
	line := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, string(text)))
	if err != nil || line == "" {
		return backend.JustStarted
	}
	return "by " + line
}
