package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

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
	if err := f.roomForCopy(); err != nil {
		return err
	}
	name := f.path + "." + now.Format(copyLayout) + copySuffix
	part := name + ".part"
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(part))
		}
	}()
	if err := f.keeper.vacuum(ctx, part); err != nil {
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

// vacuum copies the state to the file at to, which it makes. The copy
// is of one moment, and holds no free pages.
func (k *keeper) vacuum(ctx context.Context, to string) error {
	file, err := k.anew(to) // SQLite would give it the mode of the umask, and this user
	if err != nil {
		return err
	}
	db, err := open(k.path, nil)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, to)
	return errors.Join(err, db.Close(), file.Sync(), file.Close())
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
