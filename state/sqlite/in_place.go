package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"duosync/state/backend"
	"duosync/state/migrations"
)

// calm is how long a file must not have been written for its time to tell the next write
// apart: clocks of file systems tick.
const calm = 100 * time.Millisecond

// OpenInPlace reads the file itself. While nobody has it open there is no log, and all of the
// database is in its one file: SQLite is told that nothing changes, so it takes no lock and
// leaves nothing beside it, and Moved tells whether that was so. Where there is a log, it is
// read as SQLite's readers do, which keep nobody who writes waiting.
func (f *fileState) OpenInPlace(ctx context.Context) (*backend.Connections, error) {
	if err := refuseNetwork(filepath.Dir(f.path), f.opts.Statfs); err != nil {
		return nil, err
	}
	if err := f.follow(); err != nil {
		return nil, err
	}
	if !exists(f.path) {
		f.conns.Read = backend.Empty{}
		return &f.conns, nil
	}
	files, err := keeperOf(f.path, os.Geteuid())
	if err == nil {
		err = files.acceptFiles() // what lies in their place is not opened
	}
	if err != nil {
		return nil, err
	}
	if f.still, err = look(f.path); err != nil {
		return nil, err
	}
	if !exists(f.path+walSuffix) && !exists(f.path+journalSuffix) && f.opts.Now().Sub(f.still.main.ModTime()) > calm {
		f.conns.Pool, err = open(f.path, map[string]string{"mode": "ro", "immutable": "1", "_query_only": "on"})
	} else {
		f.still = sight{}
		f.conns.Pool, err = openForReading(f.path)
	}
	if err != nil {
		return nil, err
	}
	f.conns.Read = f.conns.Pool
	age, err := migrations.SQLite().Age(ctx, f.conns.Pool, f.conns.Pool)
	switch {
	case err != nil && f.Moved(): // it is read again
		return &f.conns, nil
	case err != nil:
		return nil, err
	case age == migrations.Older:
		return nil, backend.ErrOlder
	case age == migrations.Missing:
		return &f.conns, f.readNothing()
	}
	return &f.conns, nil
}

// readNothing has a file that holds no state yet read as an empty one.
func (f *fileState) readNothing() error {
	pool := f.conns.Pool
	f.conns.Pool, f.conns.Read = nil, backend.Empty{}
	return pool.Close()
}

// Moved reports whether the file was written while it was taken to be still.
func (f *fileState) Moved() bool {
	if f.still.main == nil {
		return false
	}
	now, err := look(f.path)
	return err != nil || exists(f.path+walSuffix) || exists(f.path+journalSuffix) || !same(f.still.main, now.main)
}
