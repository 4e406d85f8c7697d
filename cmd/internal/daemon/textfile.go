package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	dirsync "duosync/sync"
)

// maxTextfile is the size in bytes above which a file is none of ours.
const maxTextfile = 1 << 20

// restore takes over what the process before left in a textfile: "" and a file
// that is not there leave everything as it is.
func (m *metrics) restore(path string) error {
	if path == "" {
		return nil
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(m.read(io.LimitReader(file, maxTextfile)), file.Close())
}

// save writes the textfile, whole or not at all. Its mode is 0644, since it is
// node-exporter's to read; it names nobody. node-exporter reads *.prom, so the
// file that is being written is named otherwise.
func (m *metrics) save(path string) (err error) {
	const advice = "Give the account of duosync the right to write the folder of notify.textfile."
	defer func() {
		if err != nil {
			err = dirsync.WithHint(fmt.Errorf("notify.textfile: %w", err), advice)
		}
	}()
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(m.write(file), file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
