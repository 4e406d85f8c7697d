package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	dirsync "duosync/sync"
)

// mostLinks is how many links Linux follows.
const mostLinks = 40

// follow follows symbolic links, also one to what is not there yet. It gives the
// place where they lead or, where that is what the process has open, another descriptor of that.
func follow(path string) (target string, open *os.File, err error) {
	for range mostLinks {
		if number, is := descriptor(path); is {
			open, err := again(path, number)
			return path, open, err
		}
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return path, nil, nil
		}
		if err == nil {
			err = ours(path, info)
		}
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return path, nil, err
		}
		next, err := os.Readlink(path)
		if err != nil {
			return "", nil, err
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return "", nil, &fs.PathError{Op: "open", Path: path, Err: unix.ELOOP}
}

var descriptorName = regexp.MustCompile(`^(?:/dev/fd|/proc/self/fd)/([0-9]{1,9})$`)

// descriptor tells which open file of this process a path stands for.
func descriptor(path string) (number int, is bool) {
	switch path = filepath.Clean(path); path {
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	match := descriptorName.FindStringSubmatch(path)
	if match == nil {
		return 0, false
	}
	number, err := strconv.Atoi(match[1])
	return number, err == nil
}

// again gives another descriptor of an open file: to open a file by that name would
// begin at its start, and a socket could not be opened.
func again(path string, number int) (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(number), unix.F_DUPFD_CLOEXEC, 0) //nolint:gosec // nine digits at most
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil //nolint:gosec // it is a descriptor
}

// ours fails for what somebody else has put into a folder that others can write, and for
// a link of somebody else's anywhere: the report, which names people, would be theirs, or
// go where they wish.
func ours(path string, info fs.FileInfo) error {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	there, ok := info.Sys().(*syscall.Stat_t)
	above, known := folder.Sys().(*syscall.Stat_t)
	if !ok || !known || slices.Contains([]uint32{uint32(os.Geteuid()), 0}, there.Uid) { //nolint:gosec // ids have 32 bits
		return nil
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return dirsync.WithHint(fmt.Errorf("%s is a link that belongs to the account with uid %d: it was not followed", path, there.Uid),
			"Name the file itself, or a link of your own account.")
	}
	if folder.Mode().Perm()&0o022 == 0 || there.Uid == above.Uid {
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("%s belongs to the account with uid %d, in a folder that others can write: it was not touched", path, there.Uid),
		"Name a file in a folder that only your account can write.")
}
