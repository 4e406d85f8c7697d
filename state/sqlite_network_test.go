//go:build linux

package state_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"duosync/state"
	dirsync "duosync/sync"
)

// magic gives a look at file systems that are all of one kind.
func magic(kind int64) func(string, *unix.Statfs_t) error {
	return func(path string, into *unix.Statfs_t) error {
		if err := unix.Statfs(path, into); err != nil {
			return err
		}
		into.Type = kind
		return nil
	}
}

func TestNetworkFileSystems(t *testing.T) {
	for _, test := range []struct {
		name string
		kind int64
		is   string // "" for a local one
	}{
		{"NFS", unix.NFS_SUPER_MAGIC, "NFS"},
		{"CIFS", unix.CIFS_SUPER_MAGIC, "SMB"},
		{"SMB 2", unix.SMB2_SUPER_MAGIC, "SMB"},
		{"AFS", unix.AFS_SUPER_MAGIC, "AFS"},
		{"Ceph", unix.CEPH_SUPER_MAGIC, "CephFS"},
		{"ext4", unix.EXT4_SUPER_MAGIC, ""},
		{"xfs", unix.XFS_SUPER_MAGIC, ""},
		{"btrfs", unix.BTRFS_SUPER_MAGIC, ""},
		{"tmpfs", unix.TMPFS_MAGIC, ""},
		{"overlay, as in a container", unix.OVERLAYFS_SUPER_MAGIC, ""},
		{"9p, as in a sandbox", unix.V9FS_MAGIC, ""},
		{"a local one in user space", unix.FUSE_SUPER_MAGIC, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "new", "duosync.db")
			opts := state.Options{}.WithStatfs(magic(test.kind))
			for name, open := range map[string]func() (*state.DB, error){
				"open":   func() (*state.DB, error) { return state.Open(t.Context(), path, opts) },
				"beside": func() (*state.DB, error) { return state.OpenBeside(t.Context(), path, opts) },
			} {
				db, err := open()
				if test.is == "" {
					must(t, err)
					closing(t, db)
					continue
				}
				if err == nil || !strings.Contains(err.Error(), test.is) || !strings.Contains(dirsync.Hint(err), "PostgreSQL") {
					t.Errorf("%s: %v (%s)", name, err, dirsync.Hint(err))
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("%s left %v behind, %v", name, left, err)
				}
			}
		})
	}
}

func TestNetworkFileSystemBehindALink(t *testing.T) {
	share, dir := t.TempDir(), t.TempDir()
	must(t, os.Symlink(filepath.Join(share, "duosync.db"), filepath.Join(dir, "duosync.db")))
	must(t, os.WriteFile(filepath.Join(share, "duosync.db"), nil, 0o600))
	opts := state.Options{}.WithStatfs(func(path string, into *unix.Statfs_t) error {
		if strings.HasPrefix(path, share) {
			return magic(unix.NFS_SUPER_MAGIC)(path, into)
		}
		return unix.Statfs(path, into)
	})
	if _, err := state.Open(t.Context(), filepath.Join(dir, "duosync.db"), opts); err == nil || !strings.Contains(err.Error(), "NFS") {
		t.Errorf("through a link: %v", err)
	}
}
