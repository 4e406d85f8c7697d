package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sys/unix"
)

// Copies of a SQLite state lie beside it and are named after the time at which
// they were made, as in duosync.db.20260102T150405Z.bak.
const (
	keepCopies = 5
	copyLayout = "20060102T150405Z"
	copySuffix = ".bak"
)

// KeepCopy makes a dated copy of the state and removes the oldest ones. It serves
// no run, only an administrator who has lost the file.
func (f *fileState) KeepCopy(ctx context.Context) (err error) {
	now := f.opts.Now().UTC()
	name := f.path + "." + now.Format(copyLayout) + copySuffix
	part := name + ".part"
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(part))
		}
	}()
	if err := f.copyTo(ctx, part); err != nil {
		return err
	}
	if err := os.Rename(part, name); err != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(f.path)); err != nil {
		return err
	}
	return f.forgetCopies(filepath.Base(name), now)
}

// copyTo copies the state, as it is at one moment, to the file at path, which it makes.
// Where the file system lets two files share what they hold (Btrfs, XFS, ZFS, bcachefs), that
// writes nothing, whatever the size; elsewhere SQLite writes a second one, without free pages.
func (f *fileState) copyTo(ctx context.Context, path string) (err error) {
	file, err := f.keeper.anew(path) // SQLite would give it the mode of the umask, and this user
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	db, err := open(f.keeper.path, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if shared, err := f.share(ctx, db, file); err != nil {
		return err
	} else if !shared {
		if err := f.roomForCopy(); err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
			return err
		}
	}
	return file.Sync()
}

// share makes file share what the state holds, and reports whether it does. While it is at it,
// all of the state is in its one file, and nobody writes.
func (f *fileState) share(ctx context.Context, db *sqlx.DB, file *os.File) (shared bool, err error) {
	conn, err := db.Connx(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var busy, frames, moved int
	if err := conn.QueryRowxContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved); err != nil || busy != 0 {
		return false, err
	}
	if _, err := conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return false, err
	}
	defer func() {
		_, undo := conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`) // nothing was written
		err = errors.Join(err, undo)
	}()
	log, err := os.Stat(f.keeper.path + walSuffix)
	if err == nil && log.Size() > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, nil // somebody has written in between
	}
	from, err := openToRead(f.keeper.path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	return f.opts.Clone(file, from) == nil, nil // whatever is against it, there is the other way
}

// roomForCopy fails where a copy would leave too little space to the state itself.
func (f *fileState) roomForCopy() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	dir := filepath.Dir(f.path)
	var at unix.Statfs_t
	if err := f.opts.Statfs(dir, &at); err != nil {
		return &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	free, size := at.Bavail*uint64(at.Bsize), uint64(info.Size()) //nolint:gosec // neither is negative
	if free < 2*size {
		return fmt.Errorf("%s has %d MiB free, and the state takes %d", dir, free>>20, (size+1<<20-1)>>20)
	}
	return nil
}

// forgetCopies removes the oldest copies beside newest, all but keepCopies. One
// with a date to come was made while the clock was wrong, and counts as oldest.
func (f *fileState) forgetCopies(newest string, now time.Time) error {
	dir, prefix := filepath.Dir(f.path), filepath.Base(f.path)+"."
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var past, future []string // each in the order of their dates
	var errs []error
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		date, unfinished := strings.CutSuffix(strings.TrimPrefix(name, prefix), copySuffix+".part")
		date = strings.TrimSuffix(date, copySuffix)
		made, err := time.Parse(copyLayout, date)
		switch {
		case err != nil || name == newest:
		case unfinished: // of a run that was killed
			errs = append(errs, os.Remove(filepath.Join(dir, name)))
		case made.After(now):
			future = append(future, name)
		default:
			past = append(past, name)
		}
	}
	others := slices.Concat(future, past)
	for _, name := range others[:max(0, len(others)-(keepCopies-1))] {
		errs = append(errs, os.Remove(filepath.Join(dir, name)))
	}
	return errors.Join(errs...)
}
