package sqlite

import "testing"

func TestMountKinds(t *testing.T) {
	const mountinfo = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:35 / /mnt/a rw,nosuid - fuse.sshfs admin@host:/srv rw,user_id=0
41 22 0:36 / /mnt/b\040c rw,nosuid shared:2 master:3 - fuse.mergerfs a:b rw
damaged line
`
	for device, want := range map[string]string{"254:0": "ext4", "0:35": "fuse.sshfs", "0:36": "fuse.mergerfs", "0:99": "", "": ""} {
		if got := kindOf(mountinfo, device); got != want {
			t.Errorf("device %s is %q, want %q", device, got, want)
		}
	}
	for kind, want := range map[string]bool{
		"fuse.sshfs": true, "fuse.glusterfs": true, "fuse.s3fs": true, "fuse.rclone": true,
		"fuse": false, "fuse.mergerfs": false, "fuse.fuse-overlayfs": false, "fuseblk": false, "": false,
	} {
		if got := networkFUSE(kind); got != want {
			t.Errorf("%q is of the network: %v, want %v", kind, got, want)
		}
	}
}
