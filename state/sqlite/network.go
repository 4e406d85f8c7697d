package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	dirsync "duosync/sync"
)

// errNetwork: SQLite's locks and its shared memory do not hold between hosts, and
// on some file systems not even within one (SQLite's "How To Corrupt", 2.1).
var errNetwork = errors.New("a SQLite file on a network file system is not safe")

// refuseNetwork fails where dir, or the folder in which it would be made, lies on
// a network. What can't be told passes.
func refuseNetwork(dir string, statfs func(string, *unix.Statfs_t) error) error {
	for {
		var at unix.Statfs_t
		err := statfs(dir, &at)
		if errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
			dir = filepath.Dir(dir)
			continue
		}
		if err != nil {
			return nil //nolint:nilerr // opening the file tells more
		}
		kind := networkOf(dir, &at)
		if kind == "" {
			return nil
		}
		return dirsync.WithHint(fmt.Errorf("%w: %s lies on %s", errNetwork, dir, kind),
			"set state.dsn to a file on a local disk; to run from several hosts, or where no disk stays, keep the state in PostgreSQL: postgres://…")
	}
}
