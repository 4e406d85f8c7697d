package sqlite

import (
	"golang.org/x/sys/unix"
)

// networkOf names the file system of the network that dir lies on, "" for a local one. macOS
// says of each whether it is local (MNT_LOCAL in statfs(2)); one in user space, such as macFUSE,
// counts as what it says of itself.
func networkOf(_ string, at *unix.Statfs_t) string {
	if at.Flags&unix.MNT_LOCAL != 0 {
		return ""
	}
	switch kind := unix.ByteSliceToString(at.Fstypename[:]); kind {
	case "nfs":
		return "NFS"
	case "smbfs":
		return "SMB"
	default:
		return kind
	}
}
