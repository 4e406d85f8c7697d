package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
)

// lastRunSuffix is of the file that tells how old the state must be at least.
const lastRunSuffix = ".run"

// lastRun is what a run leaves beside a SQLite state. The state has the same serial,
// or a newer one; an older one shows that it was restored from a copy.
type lastRun struct {
	Serial int64  `json:"serial"` // raised with a run's first change, and with its end
	Run    string `json:"run"`
}

// readLastRun reads what the newest run left beside the state at path, zero where there is none.
func readLastRun(path string) (l lastRun, err error) {
	file, err := openToRead(path + lastRunSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	const most = 1 << 16 // bytes; a note is far smaller
	text, err := io.ReadAll(io.LimitReader(file, most))
	if err := errors.Join(err, file.Close()); err != nil {
		return l, err
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return lastRun{}, fmt.Errorf("%s%s is damaged: %w", path, lastRunSuffix, err)
	}
	return l, nil
}

// write puts l beside the state at path, whole or not at all.
func (l lastRun) write(path string, files *keeper) (err error) {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	next := path + lastRunSuffix + ".new"
	file, err := files.anew(next)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	if err := os.Rename(next, path+lastRunSuffix); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return syncFolder(filepath.Dir(path))
}

// runNote is what is known of the note of the newest run.
type runNote struct {
	beside string  // path of the state
	keeper *keeper // nil unless it is open for writing
	last   lastRun
	aged   atomic.Bool // the state is older than last
}

// compare finds out whether the state that r reads is older than it has once been, and
// returns a warning if so, else "". fresh: there was no file.
func (n *runNote) compare(ctx context.Context, r backend.Reader, path string, fresh bool) (warning string, err error) {
	n.beside = path
	last, err := readLastRun(path)
	if err != nil {
		n.aged.Store(true) // there was a note, and the state may be of any age
		return fmt.Sprintf("all of Duo is read again, for it can't be told whether the state is as new as its last run left it: %v", err), nil
	}
	var serials []column.JSON[int64]
	if err := r.SelectContext(ctx, &serials, `SELECT value FROM meta WHERE key = $1`, backend.MetaSerial); err != nil {
		return "", err
	}
	n.last = last
	if len(serials) > 0 && serials[0].V >= last.Serial || last.Serial == 0 {
		return "", nil
	}
	n.aged.Store(true)
	if fresh {
		return fmt.Sprintf("the state %s was missing, though run %s wrote it: restore it from a copy, if there is one", path, last.Run), nil
	}
	return fmt.Sprintf("the state %s was restored from a copy that is older than run %s: all of Duo is read again. Whom that run made is a conflict now; `duosync rebuild` takes them over", path, last.Run), nil
}

func (n *runNote) IsRestored() bool { return n.aged.Load() }

// NoteRun raises the serial. In a state that was restored it also forgets when Duo
// was last read, so that no run relies on that before it has read it again.
func (n *runNote) NoteRun(ctx context.Context, tx *sqlx.Tx, run string) (func() error, error) {
	serial, err := backend.GetMeta[int64](ctx, tx, backend.MetaSerial)
	if err != nil {
		return nil, err
	}
	next := lastRun{Serial: max(serial, n.last.Serial) + 1, Run: run}
	if err := backend.SetMeta(ctx, tx, backend.MetaSerial, next.Serial); err != nil {
		return nil, err
	}
	if n.IsRestored() {
		if _, err := tx.ExecContext(ctx, `DELETE FROM meta WHERE key = $1`, backend.MetaRefreshed); err != nil {
			return nil, err
		}
	}
	return func() error {
		n.aged.Store(false)
		return next.write(n.beside, n.keeper)
	}, nil
}
