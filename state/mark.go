package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"

	"duosync/state/column"
)

// markSuffix is of the file that tells how old the state must be at least.
const markSuffix = ".run"

// mark is what a run leaves beside a SQLite state. The state has the same serial,
// or a newer one; an older one shows that it was restored from a copy.
type mark struct {
	Serial int64  `json:"serial"` // raised with a run's first change, and with its end
	Run    string `json:"run"`
}

// readMark reads the mark beside the state at path, zero where there is none.
func readMark(path string) (m mark, err error) {
	text, err := os.ReadFile(path + markSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return mark{}, fmt.Errorf("%s%s is damaged: %w", path, markSuffix, err)
	}
	return m, nil
}

// write puts m beside the state at path, whole or not at all.
func (m mark) write(path string) (err error) {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	next := path + markSuffix + ".new"
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	if err := os.Rename(next, path+markSuffix); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// compareMark finds out whether the state is older than it has once been, and
// warns. fresh: there was no file.
func (f *file) compareMark(ctx context.Context, db *DB, fresh bool) error {
	last, err := readMark(f.path)
	if err != nil {
		f.aged.Store(true) // there was a mark, and the state may be of any age
		db.warn(fmt.Sprintf("all of Duo is read again, for it can't be told whether the state is as new as its last run left it: %v", err))
		return nil
	}
	var serials []column.JSON[int64]
	if err := db.read.SelectContext(ctx, &serials, `SELECT value FROM meta WHERE key = $1`, metaSerial); err != nil {
		return err
	}
	f.last = last
	if len(serials) > 0 && serials[0].V >= last.Serial || last.Serial == 0 {
		return nil
	}
	f.aged.Store(true)
	if fresh {
		db.warn(fmt.Sprintf("the state %s was missing, though run %s wrote it: restore it from a copy, if there is one", f.path, last.Run))
		return nil
	}
	db.warn(fmt.Sprintf("the state %s was restored from a copy that is older than run %s: all of Duo is read again. Whom that run made is a conflict now; duosync rebuild takes them over", f.path, last.Run))
	return nil
}

func (f *file) restored() bool { return f.aged.Load() }

// mark raises the serial. In a state that was restored it also forgets when Duo
// was last read, so that no run relies on that before it has read it again.
func (f *file) mark(ctx context.Context, tx *sqlx.Tx, run string) (func() error, error) {
	var serial column.JSON[int64]
	if err := getMeta(ctx, tx, metaSerial, &serial); err != nil {
		return nil, err
	}
	next := mark{Serial: max(serial.V, f.last.Serial) + 1, Run: run}
	if err := setMeta(ctx, tx, metaSerial, next.Serial); err != nil {
		return nil, err
	}
	if f.restored() {
		if _, err := tx.ExecContext(ctx, `DELETE FROM meta WHERE key = $1`, metaRefreshed); err != nil {
			return nil, err
		}
	}
	return func() error {
		f.aged.Store(false)
		return next.write(f.path)
	}, nil
}
