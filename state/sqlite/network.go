package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	dirsync "duosync/sync"
)

// errNetwork: SQLite's locks and its shared memory do not hold between hosts, and
// on some file systems not even within one (SQLite's "How To Corrupt", 2.1).
var errNetwork = errors.New("a SQLite file on a network file system is not safe")

// networkFS gives the file systems that other hosts can have mounted, too, by
// their magic number in statfs(2). What a virtual machine or a sandbox gets from
// its host (9p, virtiofs, vboxsf) is not among them: one such machine uses it.
func networkFS(magic uint32) string {
	switch magic {
	case unix.NFS_SUPER_MAGIC:
		return "NFS"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "SMB"
	case unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC:
		return "AFS"
	case unix.CEPH_SUPER_MAGIC:
		return "CephFS"
	case unix.CODA_SUPER_MAGIC:
		return "Coda"
	case 0x0bd00bd0: // the next three are not part of Linux
		return "Lustre"
	case 0x47504653:
		return "GPFS"
	case 0x19830326:
		return "BeeGFS"
	}
	return ""
}

// networkFUSE reports whether a file system in user space, by its type in
// /proc/self/mountinfo, is one of the network. Others are local: overlays, images
// and encrypted folders.
func networkFUSE(kind string) bool {
	switch strings.TrimPrefix(kind, "fuse.") {
	case "sshfs", "glusterfs", "ceph", "cephfs", "s3fs", "goofys", "rclone", "gcsfuse", "blobfuse", "blobfuse2",
		"juicefs", "davfs", "davfs2", "curlftpfs", "mfs", "seaweedfs", "fuse-nfs", "smbnetfs":
		return true
	}
	return false
}

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
		magic := uint32(at.Type) //nolint:gosec // the numbers have 32 bits
		kind := networkFS(magic)
		if magic == unix.FUSE_SUPER_MAGIC {
			if fuse := mountKind(dir); networkFUSE(fuse) {
				kind = fuse
			}
		}
		if kind == "" {
			return nil
		}
		return dirsync.WithHint(fmt.Errorf("%w: %s lies on %s", errNetwork, dir, kind),
			"set state.dsn to a file on a local disk; to run from several hosts, or where no disk stays, keep the state in PostgreSQL: postgres://…")
	}
}

// mountKind gives the type of the file system that dir lies on, "" where it can't
// be told.
func mountKind(dir string) string {
	var at unix.Stat_t
	if err := unix.Stat(dir, &at); err != nil {
		return ""
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	return kindOf(string(mounts), fmt.Sprintf("%d:%d", unix.Major(at.Dev), unix.Minor(at.Dev)))
}

// kindOf finds the type of a device in mountinfo (proc(5)): the third field is the
// device, and the type follows a lone dash.
func kindOf(mountinfo, device string) string {
	for line := range strings.Lines(mountinfo) {
		head, tail, ok := strings.Cut(line, " - ")
		if fields := strings.Fields(head); !ok || len(fields) < 3 || fields[2] != device {
			continue
		}
		if kind := strings.Fields(tail); len(kind) > 0 {
			return kind[0]
		}
	}
	return ""
}
