package state

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	dirsync "duosync/sync"
)

// parseDSN returns the absolute path of the SQLite file that dsn names, either
// as a path or as a file: URL. It never repeats a DSN with a password in an
// error.
func parseDSN(dsn string) (string, error) {
	path := dsn
	scheme, rest, found := strings.Cut(dsn, ":")
	switch scheme = strings.ToLower(scheme); {
	case dsn == "" || dsn == ":memory:":
		return "", dirsync.WithHint(errors.New("state.dsn names no file"),
			"set state.dsn to the path of a SQLite file, such as duosync.db, or to a postgres:// URL")
	case found && scheme == "file":
		var err error
		if path, err = fileURL(dsn); err != nil {
			return "", err
		}
	case found && strings.HasPrefix(rest, "//"):
		return "", dirsync.WithHint(fmt.Errorf("a state of kind %q is not known", scheme),
			"set state.dsn to the path of a SQLite file, such as duosync.db, or to a postgres:// URL")
	}
	if strings.HasSuffix(path, string(filepath.Separator)) {
		return "", dirsync.WithHint(fmt.Errorf("state.dsn %s names a folder", path),
			"add the name of a file in it, such as duosync.db")
	}
	return filepath.Abs(path)
}

func fileURL(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", dirsync.WithHint(fmt.Errorf("state.dsn is not a proper URL: %w", err),
			"write it as a plain path")
	}
	if u.RawQuery != "" || u.Fragment != "" || (u.Host != "" && u.Host != "localhost") {
		return "", dirsync.WithHint(errors.New("state.dsn may only name a file"),
			"leave host, query and fragment out of the URL, or write it as a plain path")
	}
	path := u.Path
	if u.Opaque != "" { // file:duosync.db
		if path, err = url.PathUnescape(u.Opaque); err != nil {
			return "", dirsync.WithHint(fmt.Errorf("state.dsn is not a proper URL: %w", err),
				"write it as a plain path")
		}
	}
	if path == "" {
		return "", dirsync.WithHint(errors.New("state.dsn names no file"), "write it as a plain path")
	}
	return path, nil
}

// resolve follows symbolic links, so that two names of one file share one lock.
// A file that does not exist keeps its name, in its folder's own place.
func resolve(path string) (string, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if errors.Is(err, os.ErrNotExist) {
		return path, nil
	}
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}
