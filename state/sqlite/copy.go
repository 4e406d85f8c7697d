package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	dirsync "duosync/sync"
)

// walHeader is the size of the header of a write-ahead log in bytes. Its salts
// are new whenever the log starts anew (SQLite file format, section 4.1).
const walHeader = 32

// copyName is the name of a copy in its private folder.
const copyName = "state.db"

// privateCopy copies the database at path, with what SQLite keeps beside it, to
// copyName in a new temporary folder that only this user can enter. The copy is as the state was at one moment,
// also while a run is writing.
func privateCopy(ctx context.Context, path string) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "duosync-"); err != nil {
		return "", dirsync.WithHint(fmt.Errorf("making a private folder: %w", err), "set TMPDIR to a folder that can be written")
	}
	copied := filepath.Join(dir, copyName)
	const tries = 50
	for try := range tries {
		if err = copyOnce(path, copied); !errors.Is(err, errMoved) {
			break
		}
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(time.Duration(min(try, 20)) * 5 * time.Millisecond):
			continue
		}
		break
	}
	if errors.Is(err, errMoved) {
		err = dirsync.WithHint(err, "try again in a moment")
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// errMoved: the files were changed in a way that spoils the copy.
var errMoved = errors.New("the state keeps being written while it is read")

func copyOnce(path, to string) error {
	before, err := look(path)
	if err != nil {
		return err
	}
	// The database first: what a checkpoint moves into it from the log in the
	// meantime is in the log's copy, too.
	for _, suffix := range []string{"", walSuffix, journalSuffix} {
		err := copyFile(path+suffix, to+suffix)
		if suffix != "" && errors.Is(err, fs.ErrNotExist) {
			err = os.RemoveAll(to + suffix)
		}
		if err != nil {
			return err
		}
	}
	after, err := look(path)
	if err != nil {
		return err
	}
	if !before.holds(after) {
		return errMoved
	}
	return nil
}

func copyFile(from, to string) (err error) {
	src, err := openToRead(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if _, err = io.Copy(dst, src); err != nil {
		err = dirsync.WithHint(fmt.Errorf("copying %s: %w", from, err),
			"set TMPDIR to a folder with room for a copy of the state")
	}
	return err
}

// sight is what tells one moment of the files from another.
type sight struct {
	main, journal os.FileInfo // journal is nil without one
	wal           []byte      // the log's header; nil without a log that holds anything
}

func look(path string) (s sight, err error) {
	if s.main, err = os.Stat(path); err != nil {
		return s, err
	}
	if s.journal, err = os.Stat(path + journalSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	log, err := openToRead(path + walSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	header := make([]byte, walHeader)
	switch _, err = io.ReadFull(log, header); {
	case err == nil:
		s.wal = header
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = nil
	}
	return s, errors.Join(err, log.Close())
}

// holds reports whether a copy made between the two looks is whole. With one and
// the same log all the time it is, for the log only grew and each of its frames
// is checked when it is read. Otherwise nothing may have changed at all.
func (s sight) holds(after sight) bool {
	if s.wal != nil && after.wal != nil {
		return bytes.Equal(s.wal, after.wal) && os.SameFile(s.main, after.main)
	}
	return s.wal == nil && after.wal == nil && same(s.main, after.main) && same(s.journal, after.journal)
}

func same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
