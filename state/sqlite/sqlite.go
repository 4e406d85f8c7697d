// Package sqlite keeps a state in a SQLite file on a local disk; NFS, SMB and their like
// are refused.
//
// The lock is flock(2) on a file beside it, so it goes with the process, and with it
// goes what the process had under way. Beside the file lie, all for its owner only, also
// where the superuser makes them:
//
//   - duosync.db-wal and -shm, SQLite's, while it is open or after a crash. Whoever
//     puts another file in its place must remove them;
//   - duosync.db.lock, the run lock;
//   - duosync.db.20260102T150405Z.bak, the last five copies, each made before the
//     first change of a run; where the file system can, they share what they hold. No room
//     for one is a warning;
//   - duosync.db.run, the note of the newest run. A state that is older than its
//     note was restored from a copy: what happened in Duo since is not in it. It
//     warns, and Meta.Refreshed is zero until a run has read all of Duo.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sys/unix"

	"duosync/state/backend"
	"duosync/state/migrations"
)

// fileState is a state in a SQLite file.
type fileState struct {
	path    string // the state's, also when a copy of it is read
	opts    Options
	conns   backend.Connections
	lock    *runLock // nil unless open for runs
	private string   // folder of the copy that is read, or ""
	still   sight    // of a file that is read as one that nobody writes; see OpenInPlace
	runNote
}

// Options are what the machine supplies.
type Options struct {
	Now      func() time.Time                             // the local clock
	Statfs   func(path string, into *unix.Statfs_t) error // looks at a file system
	Existing bool                                         // see state.Options
	Clone    func(to, from *os.File) error                // has an empty file share what another holds; nil: the kernel's
}

// New gives the state in the file at path, not open yet.
func New(path string, opts Options) backend.Database {
	if opts.Clone == nil {
		opts.Clone = clone
	}
	return &fileState{path: path, opts: opts}
}

func (f *fileState) String() string { return f.path }

func (f *fileState) OpenRuns(ctx context.Context) (*backend.Connections, error) {
	if err := f.locate(); err != nil {
		return nil, err
	}
	// The lock comes first: from here on nobody else changes the file.
	var err error
	if f.lock, err = f.keeper.lockRun(f.opts.Now()); err != nil {
		return nil, err
	}
	fresh := !exists(f.path)
	if err := f.keeper.makeFile(); err != nil {
		return nil, err
	}
	if err := f.warnOfReaders(); err != nil {
		return nil, err
	}
	if _, err := f.inspect(ctx); err != nil {
		return nil, err
	}
	if err := f.connect(); err != nil {
		return nil, err
	}
	if err := migrations.SQLite().Up(ctx, f.conns.Write); err != nil {
		return nil, err
	}
	return f.compareRuns(ctx, fresh)
}

// locate makes the folder of the state, follows symbolic links to it, and looks whose it
// is. None of the links may lead to a network.
func (f *fileState) locate() (err error) {
	if err := refuseNetwork(filepath.Dir(f.path), f.opts.Statfs); err != nil {
		return err
	}
	if err := makeFolder(filepath.Dir(f.path)); err != nil {
		return err
	}
	if err := f.follow(); err != nil {
		return err
	}
	if err := refuseNetwork(filepath.Dir(f.path), f.opts.Statfs); err != nil {
		return err
	}
	if f.keeper, err = keeperOf(f.path, os.Geteuid()); err != nil {
		return err
	}
	return f.keeper.mayWrite()
}

// follow follows symbolic links to the state. One that can't be followed keeps its name.
func (f *fileState) follow() error {
	path, err := follow(f.path)
	if err == nil {
		f.path = path
	}
	return err
}

func (f *fileState) OpenBeside(ctx context.Context) (*backend.Connections, error) {
	age := migrations.Missing
	if f.opts.Existing {
		found, err := f.findState(ctx)
		if err != nil {
			return nil, err
		}
		age = found
	}
	conns, err := f.OpenRuns(ctx)
	if err == nil {
		lock := f.lock
		f.lock = nil
		return conns, lock.Close()
	}
	if !errors.Is(err, backend.ErrLocked) {
		return nil, err
	}
	// The run that holds the lock has made the file and brought its schema up to
	// date, unless it is just about to, or is of an older duosync.
	if err := f.keeper.acceptFiles(); err != nil {
		return nil, err
	}
	if age != migrations.Current { // it may have been brought up to date since
		found, inspecting := f.inspect(ctx)
		if inspecting != nil {
			return nil, inspecting
		}
		age = found
	}
	if age != migrations.Current {
		return nil, err
	}
	if err := f.connect(); err != nil {
		return nil, err
	}
	return f.compareRuns(ctx, false)
}

// findState inspects the state. It fails with ErrMissing where there is none, and makes
// nothing. An empty file is none.
func (f *fileState) findState(ctx context.Context) (migrations.Age, error) {
	if err := refuseNetwork(filepath.Dir(f.path), f.opts.Statfs); err != nil {
		return migrations.Missing, err
	}
	if err := f.follow(); err != nil {
		return migrations.Missing, err
	}
	if !exists(f.path) {
		return migrations.Missing, backend.Missing()
	}
	files, err := keeperOf(f.path, os.Geteuid())
	if err == nil {
		err = files.acceptFiles() // what lies in their place is not opened
	}
	if err != nil {
		return migrations.Missing, err
	}
	age, err := f.inspect(ctx)
	if err == nil && age == migrations.Missing {
		err = backend.Missing()
	}
	return age, err
}

func (f *fileState) OpenReadOnly(ctx context.Context) (_ *backend.Connections, err error) {
	if err := f.follow(); err != nil {
		return nil, err
	}
	err = f.warnOfReaders()
	fresh := errors.Is(err, fs.ErrNotExist)
	switch {
	case fresh:
		f.conns.Read = backend.Empty{}
	case err != nil:
		return nil, err
	default:
		if err := f.readCopy(ctx); err != nil {
			return nil, err
		}
	}
	return f.compareRuns(ctx, fresh)
}

// readCopy connects to a private copy, whose schema it brings up to date.
func (f *fileState) readCopy(ctx context.Context) (err error) {
	if f.private, err = privateCopy(ctx, f.path); err != nil {
		return err
	}
	copied := filepath.Join(f.private, copyName)
	if _, err := accept(ctx, copied, map[string]string{"mode": "rw"}); err != nil {
		return err
	}
	scratch, err := open(copied, map[string]string{"_synchronous": "OFF", "_txlock": "immediate"})
	if err != nil {
		return err
	}
	scratch.SetMaxOpenConns(1)
	if err := errors.Join(migrations.SQLite().Up(ctx, scratch), scratch.Close()); err != nil {
		return err
	}
	return f.readFrom(copied)
}

// compareRuns is the end of an opening: it looks whether the state is as new as it was.
func (f *fileState) compareRuns(ctx context.Context, fresh bool) (*backend.Connections, error) {
	warning, err := f.compare(ctx, f.conns.Read, f.path, fresh)
	if warning != "" {
		f.warn(warning)
	}
	return &f.conns, err
}

// connect makes the connections for writing.
func (f *fileState) connect() (err error) {
	if f.conns.Write, err = openForWriting(f.path); err != nil {
		return err
	}
	return f.readFrom(f.path)
}

// readFrom makes the connections for reading the file at path.
func (f *fileState) readFrom(path string) (err error) {
	if f.conns.Pool, err = openForReading(path); err == nil {
		f.conns.Read = f.conns.Pool
	}
	return err
}

func (f *fileState) Close() error {
	errs := []error{f.conns.Close()}
	if f.private != "" {
		errs = append(errs, os.RemoveAll(f.private))
	}
	if f.lock != nil {
		errs = append(errs, f.lock.Close())
	}
	return errors.Join(errs...)
}

// CheckHeld has nothing to fear: the lock is the kernel's, and holds as long as this
// process can write.
func (f *fileState) CheckHeld(context.Context, *sqlx.Tx) error { return nil }

// Exclude has nothing to do: SQLite has one that writes at a time.
func (f *fileState) Exclude(context.Context, *sqlx.Tx) error { return nil }

// Lease is nothing: what a process had under way went with it, as its lock did.
func (f *fileState) Lease() []backend.Column { return nil }

// inspect fails if the file is nothing that this version of duosync may open for
// writing. It leaves the file and its folder as they are.
func (f *fileState) inspect(ctx context.Context) (migrations.Age, error) {
	// Without a log beside it, all of the database is in its one file, and
	// SQLite can be told to touch nothing else.
	if !exists(f.path+walSuffix) && !exists(f.path+journalSuffix) {
		return accept(ctx, f.path, map[string]string{"mode": "ro", "immutable": "1"})
	}
	dir, err := privateCopy(ctx, f.path)
	if err != nil {
		return migrations.Missing, err
	}
	age, err := accept(ctx, filepath.Join(dir, copyName), map[string]string{"mode": "rw"})
	return age, errors.Join(err, os.RemoveAll(dir))
}

// accept fails unless the database at path is empty or one of ours, and not newer
// than the migrations known here.
func accept(ctx context.Context, path string, params map[string]string) (migrations.Age, error) {
	db, err := open(path, params)
	if err != nil {
		return migrations.Missing, err
	}
	age, err := migrations.SQLite().Age(ctx, db, db)
	return age, errors.Join(err, db.Close())
}

// warnOfReaders warns where other users can read the file.
func (f *fileState) warnOfReaders() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		f.warn(fmt.Sprintf("the state %s is open to other users (mode %04o): chmod 600 %s", f.path, mode, f.path))
	}
	return nil
}

func (f *fileState) warn(text string) { f.conns.Warnings = append(f.conns.Warnings, text) }
