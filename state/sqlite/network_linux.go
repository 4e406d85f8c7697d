package sqlite

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// networkOf names the file system of the network that dir lies on, as statfs(2) and, for one
// in user space, /proc/self/mountinfo tell it; "" for one that is local or can't be told.
func networkOf(dir string, at *unix.Statfs_t) string {
	magic := uint32(at.Type) //nolint:gosec // the numbers have 32 bits
	if magic == unix.FUSE_SUPER_MAGIC {
		if fuse := mountKind(dir); networkFUSE(fuse) {
			return fuse
		}
	}
	return networkFS(magic)
}

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
