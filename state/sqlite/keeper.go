package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	dirsync "duosync/sync"
)

// keeper is the account that a state belongs to, and how its files are opened and made:
// so that this account can go on with them, and so that nobody else who can write the
// folder decides which file is written.
//
// What the superuser makes beside a state is given to the state's owner. Nothing that
// is there changes its owner, for it may be somebody else's under another name.
type keeper struct {
	path     string // of the state; its links are followed
	as       uint32 // this process
	uid, gid uint32 // the owner of the state; while there is none, who would own it
	shared   bool   // others than the folder's owner can write it
	trusted  []uint32
}

// keeperOf looks whose state is at path, for a process that runs as this user.
func keeperOf(path string, as int) (*keeper, error) {
	folder, err := statOf(os.Stat(filepath.Dir(path)))
	if err != nil {
		return nil, err
	}
	k := &keeper{path: path, as: uint32(as), uid: uint32(as), gid: uint32(os.Getegid())} //nolint:gosec // ids have 32 bits
	k.shared = folder.Mode&0o022 != 0
	k.trusted = []uint32{k.as, 0, folder.Uid}
	info, err := os.Lstat(path)
	if err == nil {
		err = regular(path, info) // before anything is made beside it
	}
	file, err := statOf(info, err)
	switch {
	case err == nil:
		k.uid, k.gid = file.Uid, file.Gid
		if folder.Mode&0o002 == 0 { // a group of their own
			k.trusted = append(k.trusted, file.Uid)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case k.isRoot():
		k.uid, k.gid = folder.Uid, folder.Gid
	}
	return k, nil
}

func statOf(info fs.FileInfo, err error) (*syscall.Stat_t, error) {
	if err != nil {
		return nil, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, fmt.Errorf("%s: it can't be told whose it is", info.Name())
	}
	return st, nil
}

func (k *keeper) isRoot() bool { return k.as == 0 }

// mayWrite fails for an account whose files the state's own could not write.
func (k *keeper) mayWrite() error {
	if k.isRoot() || k.as == k.uid {
		return nil
	}
	return k.asOwner(fmt.Errorf("%s belongs to %s, and this is %s: what it leaves beside the state could not be written by that account", k.path, accountName(k.uid), accountName(k.as)))
}

func (k *keeper) asOwner(err error) error {
	return dirsync.WithHint(err, fmt.Sprintf("run it as the account that the state belongs to: sudo -u %s duosync …", sudoName(k.uid)))
}

// open opens the file at path for writing. One that is missing is made, for its owner
// only, and given to the state's.
func (k *keeper) open(path string) (file *os.File, err error) {
	for range 5 { // somebody else may make or remove it meanwhile
		if file, err = k.make(path); !errors.Is(err, fs.ErrExist) {
			return file, err
		}
		file, err = os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, unix.ELOOP):
			return nil, isLink(path)
		case err != nil:
			return nil, err
		}
		info, err := file.Stat()
		if err == nil {
			err = k.accept(path, info)
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return file, nil
	}
	return nil, err
}

// anew makes the file at path anew, whatever file is there.
func (k *keeper) anew(path string) (*os.File, error) {
	if err := unix.Unlink(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &fs.PathError{Op: "remove", Path: path, Err: err}
	}
	return k.make(path)
}

// make makes a file, where there is none, not even a link, and gives it to the state's owner.
func (k *keeper) make(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if k.as == k.uid || !k.isRoot() {
		return file, nil
	}
	if err := file.Chown(int(k.uid), int(k.gid)); err != nil {
		return nil, errors.Join(k.asOwner(err), file.Close(), os.Remove(path))
	}
	return file, nil
}

// acceptFiles fails where the state, or what SQLite or a run would write beside it, was
// put there by somebody else.
func (k *keeper) acceptFiles() error {
	for _, suffix := range []string{"", lockSuffix, walSuffix, shmSuffix, journalSuffix} {
		info, err := os.Lstat(k.path + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = k.accept(k.path+suffix, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// accept fails for a file that is none of ours.
func (k *keeper) accept(path string, info fs.FileInfo) error {
	if err := regular(path, info); err != nil || !k.shared {
		return err
	}
	st, err := statOf(info, nil)
	if err != nil {
		return err
	}
	var problem string
	switch {
	case !slices.Contains(k.trusted, st.Uid):
		problem = "belongs to " + accountName(st.Uid)
	case st.Nlink > 1:
		problem = "has another name, too (a hard link)"
	default:
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("%s %s, in a folder that others can write: it was not touched", path, problem),
		fmt.Sprintf("look who put it there. Keep the state in a folder that only its account can write (chmod go-w %s), or set state.dsn to another place", filepath.Dir(path)))
}

// regular fails for what is no plain file.
func regular(path string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return isLink(path)
	case info.IsDir():
		return &fs.PathError{Op: "open", Path: path, Err: unix.EISDIR}
	case !info.Mode().IsRegular():
		return &noFileError{path}
	}
	return nil
}

// noFileError is of a device, a pipe or a socket in the place of the file at path.
type noFileError struct{ path string }

func (e *noFileError) Error() string {
	return e.path + " is a device, a pipe or a socket, not a file: it was not touched"
}

func isLink(path string) error {
	return dirsync.WithHint(fmt.Errorf("%s is a symbolic link: it was not followed", path),
		"look who put it there, remove it, and run again; duosync makes the file itself")
}

// openToRead opens a plain file. It neither follows a link nor waits for whoever writes a pipe.
func openToRead(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, isLink(path)
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil {
		err = regular(path, info)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// follow follows symbolic links to the state, so that two names of one file share one
// lock. Where others can write the folder, a link that one of them made is not followed.
func follow(path string) (string, error) {
	link, err := os.Lstat(path)
	if err == nil && link.Mode()&fs.ModeSymlink != 0 {
		folder, failed := statOf(os.Stat(filepath.Dir(path)))
		st, err := statOf(link, nil)
		if err := errors.Join(failed, err); err != nil {
			return "", err
		}
		if folder.Mode&0o022 != 0 && !slices.Contains([]uint32{uint32(os.Geteuid()), 0, folder.Uid}, st.Uid) { //nolint:gosec // ids have 32 bits
			return "", dirsync.WithHint(fmt.Errorf("%s is a symbolic link of %s, in a folder that others can write: it was not followed", path, accountName(st.Uid)),
				"look who put it there, or set state.dsn to a file in a folder that only its account can write")
		}
	}
	if _, err := os.Stat(path); errors.Is(err, unix.ELOOP) {
		return "", err // filepath says it in words of its own
	}
	real, err := resolve(path)
	if err != nil || link == nil || link.Mode()&fs.ModeSymlink == 0 || exists(filepath.Dir(real)) {
		return real, err
	}
	folder := filepath.Dir(real) // a link says that it is there: a disk may not be mounted
	return "", dirsync.WithHint(fmt.Errorf("%s is a symbolic link to %s, and the folder %s is not there", path, real, folder),
		fmt.Sprintf("mount or make %s, or set state.dsn to where the state is", folder))
}

// makeFolder makes a folder with those above it, for their owner only. The superuser
// gives them to the owner of the folder that is there.
func makeFolder(dir string) error {
	var missing []string
	at := dir
	for ; !exists(at) && at != filepath.Dir(at); at = filepath.Dir(at) {
		missing = append(missing, at)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil || os.Geteuid() != 0 || len(missing) == 0 {
		return err
	}
	above, err := statOf(os.Stat(at))
	if err != nil || above.Uid == 0 {
		return err
	}
	for _, made := range missing {
		if err := os.Lchown(made, int(above.Uid), int(above.Gid)); err != nil {
			return err
		}
	}
	return nil
}

// accountName names an account in a message.
func accountName(uid uint32) string {
	if name := loginOf(uid); name != "" {
		return "the account " + name
	}
	return fmt.Sprintf("the account with uid %d", uid)
}

// sudoName names an account as sudo -u takes it.
func sudoName(uid uint32) string {
	if name := loginOf(uid); name != "" {
		return name
	}
	return fmt.Sprintf("'#%d'", uid)
}

func loginOf(uid uint32) string {
	u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return ""
	}
	return u.Username
}
