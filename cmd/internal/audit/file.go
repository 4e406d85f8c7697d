package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	dirsync "duosync/sync"
)

// mode is that of a file that is made: for its owner, and for a group that may read it.
const mode = 0o640

// spare is how many bytes a file system must have, beside those of the lines to come.
const spare = 64 << 10

// file is the audit file. It is opened anew each time that something is written, so that
// whoever moves it away gets a new one.
type file string

// open opens the file to append to, and makes one that is not there.
func (f file) open() (*os.File, error) {
	// Without O_NONBLOCK a pipe that nobody reads would be waited for.
	opened, err := os.OpenFile(string(f), os.O_RDWR|os.O_APPEND|os.O_CREATE|unix.O_NONBLOCK|unix.O_CLOEXEC, mode)
	if err != nil {
		return nil, err
	}
	info, err := opened.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no plain file", string(f))
	}
	if err == nil && info.Size() == 0 { // made just now, perhaps: the name must outlast a loss of power, too
		err = syncFolder(string(f))
	}
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}

func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil //nolint:nilerr // who may not read a folder can't have it written out
	}
	err = folder.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) { // some file systems know no such thing
		err = nil
	}
	return errors.Join(err, folder.Close())
}

// append writes lines to the end of the file, durably. What an earlier try left of these
// very lines, which may have broken off anywhere, is not written again; a line of something
// else that broke off is ended.
func (f file) append(lines []byte) (err error) {
	opened, err := f.open()
	if err != nil {
		return explain(err)
	}
	defer func() { err = explain(errors.Join(err, opened.Close())) }()
	tail, err := tailOf(opened, len(lines))
	if err != nil {
		return err
	}
	written := begun(tail, lines)
	if written == 0 && len(tail) > 0 && tail[len(tail)-1] != '\n' {
		lines = append([]byte("\n"), lines...)
	}
	if _, err := opened.Write(lines[written:]); err != nil {
		return err
	}
	return opened.Sync()
}

// tailOf reads the end of a file, n bytes at most.
func tailOf(f *os.File, n int) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tail := make([]byte, min(int64(n), info.Size()))
	_, err = f.ReadAt(tail, info.Size()-int64(len(tail)))
	if errors.Is(err, io.EOF) { // somebody has shortened it
		err = nil
	}
	return tail, err
}

// begun gives how many bytes of lines a file that ends with tail ends with: it may have been
// written up to there. The first line tells, for its number is in no other one.
func begun(tail, lines []byte) int {
	first := lines[:bytes.IndexByte(lines, '\n')+1]
	if at := bytes.LastIndex(tail, first); at >= 0 && bytes.HasPrefix(lines, tail[at:]) {
		return len(tail) - at
	}
	last := tail[bytes.LastIndexByte(tail, '\n')+1:]
	if bytes.HasPrefix(first, last) {
		return len(last)
	}
	return 0
}

// ready fails unless so many bytes can be written.
func (f file) ready(n int64) error {
	opened, err := f.open()
	if err != nil {
		return explain(err)
	}
	return explain(errors.Join(space(string(f), n), opened.Close()))
}

// target follows links by which the file is called, also where the last one leads to nothing
// yet: there the file would be made.
func (f file) target() string {
	path := string(f)
	const most = 40 // as Linux follows
	for range most {
		next, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return path
}

// promising fails where it can be seen, without a trace, that n bytes can't be written.
func (f file) promising(n int64) error {
	path := f.target()
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		path = filepath.Dir(path)
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("%s is no plain file", path)
		fallthrough
	case err != nil:
		return explain(err)
	}
	rights := uint32(unix.W_OK)
	if err != nil { // a file is made in the folder
		rights |= unix.X_OK
	}
	if err := unix.Faccessat(unix.AT_FDCWD, path, rights, unix.AT_EACCESS); err != nil {
		return explain(&fs.PathError{Op: "open", Path: string(f), Err: err})
	}
	return explain(space(path, n))
}

// space fails unless the file system has room for n bytes and some more.
func space(path string, n int64) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil || stat.Blocks == 0 { // what has no size is never full
		return nil //nolint:nilerr // writing will tell
	}
	if free := int64(stat.Bavail) * int64(stat.Bsize); free < n+spare { //nolint:gosec,unconvert // far below; a size of blocks is of another type on macOS
		return &fs.PathError{Op: "write", Path: path, Err: fmt.Errorf("%w: %s are free, and %s are wanted", unix.ENOSPC, sizeOf(free), sizeOf(n+spare))}
	}
	return nil
}

// sizeOf gives a size in KB or MB, rounded: a bit less than before is no other problem.
func sizeOf(bytes int64) string {
	const kb, mb = 1 << 10, 1 << 20
	if bytes < mb {
		return fmt.Sprintf("%d KB", bytes/kb)
	}
	return fmt.Sprintf("%d MB", bytes/mb)
}

// explain names the key, and says what to do.
func explain(err error) error {
	if err == nil {
		return nil
	}
	hint := "Give the account of duosync the right to write audit.file and its folder."
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT), errors.Is(err, unix.EFBIG):
		hint = "Free some space where audit.file is; the lines follow with the next run."
	case errors.Is(err, fs.ErrNotExist):
		hint = "Make the folder of audit.file, for the account of duosync to write."
	}
	return dirsync.WithHint(fmt.Errorf("audit.file: %w", err), hint)
}
