package state

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	dirsync "duosync/sync"
)

// runLock keeps two runs from writing one state. The lock is the kernel's, on an
// open file: it goes when its process does, however that ends. The file stays,
// for removing it would let two processes lock two files of the same name.
type runLock struct {
	file *os.File
}

// lockRun takes the lock at path or fails with ErrLocked; it does not wait.
func lockRun(path string, now time.Time) (*runLock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = flock(file, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = locked(holder(file))
	}
	if err == nil {
		err = sign(file, now)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &runLock{file: file}, nil
}

// locked is the error of who finds the lock taken.
func locked(holder string) error {
	return dirsync.WithHint(fmt.Errorf("%w: %s", ErrLocked, holder),
		"wait until that run has ended; the lock goes with its process")
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
	_, err := file.WriteAt([]byte(signature(now)+"\n"), 0)
	return err
}

// signature names this process.
func signature(now time.Time) string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	return fmt.Sprintf("process %d on %s since %s", os.Getpid(), host, now.UTC().Format(time.RFC3339))
}

// justStarted is the holder of a lock that is not signed yet.
const justStarted = "by a process that has only just started"

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
		return justStarted
	}
	return "by " + line
}
