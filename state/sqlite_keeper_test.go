//go:build linux

package state_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"duosync/state"
	"duosync/state/backend"
	dirsync "duosync/sync"
)

// The account of the service, and somebody else's; nobody has them.
const service, stranger = 64321, 64322

// asRoot fails the test for anybody else: it changes users.
func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test runs processes as other users, so it must be run as root, as make deploy-check")
	}
}

// openFolder gives a folder that every user can get to, of an owner and a mode.
func openFolder(t *testing.T, owner int, mode os.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o711))
	must(t, os.Chmod(dir, mode))
	must(t, os.Chown(dir, owner, owner))
	return dir
}

// do runs the test binary in a role as a user, to its end, and gives what it said on stderr.
func do(t *testing.T, uid uint32, role, path string) (string, error) {
	t.Helper()
	program := filepath.Join(openFolder(t, 0, 0o755), "state.test")
	self, err := os.Open("/proc/self/exe")
	must(t, err)
	copied, err := os.OpenFile(program, os.O_WRONLY|os.O_CREATE, 0o755)
	must(t, err)
	_, err = io.Copy(copied, self)
	must(t, errors.Join(err, self.Close(), copied.Close()))
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), childEnv+"="+role+" "+path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	var said strings.Builder
	cmd.Stderr = &said
	err = cmd.Run()
	return said.String(), err
}

// Whatever the superuser did with a state, the account that it belongs to goes on with it.
func TestTheServiceGoesOnAfterRoot(t *testing.T) {
	t.Parallel()
	asRoot(t)
	for name, before := range map[string]func(*testing.T, string){
		"a new state": func(*testing.T, string) {},
		"a state of the service's": func(t *testing.T, path string) {
			if said, err := do(t, service, "once", path); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := openFolder(t, service, 0o755)
			path := filepath.Join(dir, "var", "duosync.db")
			before(t, path)
			must(t, beOnce(t.Context(), path)) // as root: a run, with all that it leaves
			db := open(t, path)                // and one that is killed, as it were
			j := begin(t, db, "root's")
			intend(t, j, create("z"), day(1))
			must(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
				must(t, err)
				info, err := os.Lstat(path)
				must(t, err)
				if st := info.Sys().(*syscall.Stat_t); st.Uid != service || st.Gid != service {
					t.Errorf("%s belongs to %d:%d", path, st.Uid, st.Gid)
				}
				return nil
			}))
			names := strings.Join(entries(t, filepath.Dir(path)), " ")
			for _, suffix := range []string{"-wal", "-shm", ".lock", ".run", ".bak"} {
				if !strings.Contains(names, suffix) {
					t.Errorf("root left no %s, so this shows nothing of it: %s", suffix, names)
				}
			}
			closing(t, db)
			if said, err := do(t, service, "once", path); err != nil {
				t.Errorf("the service can't go on: %v: %s", err, said)
			}
		})
	}
}

// Another account is told before it leaves anything.
func TestAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	asRoot(t)
	dir := openFolder(t, service, 0o777)
	path := filepath.Join(dir, "duosync.db")
	if said, err := do(t, service, "once", path); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, name := range entries(t, dir) {
		must(t, os.Chmod(filepath.Join(dir, name), 0o666))
	}
	before := tree(t, dir)
	said, err := do(t, stranger, "once", path)
	if err == nil || !strings.Contains(said, "belongs to") || !strings.Contains(said, "sudo -u '#64321' duosync") {
		t.Errorf("%v: %s", err, said)
	}
	unchanged(t, before, dir)
}

// Nothing that lies beside a state in place of its files is followed, waited for, written
// or given away.
func TestWhatIsPlantedIsNotTouched(t *testing.T) {
	t.Parallel()
	asRoot(t) // as it plants files of others
	plant := map[string]func(victim, at string) error{
		"a link":            os.Symlink,
		"a link to nothing": func(_, at string) error { return os.Symlink(at+".nothing", at) },
		"a pipe":            func(_, at string) error { return unix.Mkfifo(at, 0o666) },
		"somebody's file": func(_, at string) error {
			return errors.Join(os.WriteFile(at, nil, 0o600), os.Chown(at, stranger, stranger))
		},
		"another's own name": os.Link,
	}
	for _, suffix := range []string{"", ".lock", "-wal", "-shm", "-journal"} {
		for what, put := range plant {
			t.Run(what+" at "+suffix, func(t *testing.T) {
				dir := openFolder(t, service, 0o777|os.ModeSticky)
				path := filepath.Join(dir, "duosync.db")
				if suffix != "" {
					closing(t, open(t, path))
				}
				victim := filepath.Join(openFolder(t, 0, 0o700), "victim")
				must(t, os.WriteFile(victim, []byte("precious"), 0o600))
				at := path + suffix
				if err := os.Remove(at); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
				must(t, put(victim, at))
				if _, err := os.Readlink(at); err == nil && suffix == "" {
					must(t, os.Lchown(at, stranger, stranger))
				}
				for name, opening := range map[string]func() error{
					"runs":   func() error { return opened(state.Open(t.Context(), path, state.Options{})) },
					"beside": func() error { return opened(state.OpenBeside(t.Context(), path, state.Options{})) },
					"existing": func() error {
						return opened(state.OpenBeside(t.Context(), path, state.Options{Existing: true}))
					},
					"look": func() error { _, err := state.Examine(path); return err },
				} {
					err := opening()
					if err == nil || dirsync.Hint(err) == "" || !strings.Contains(err.Error(), at) {
						t.Errorf("%s: %v (%s)", name, err, dirsync.Hint(err))
					}
				}
				// To look is allowed, and does not hang.
				_ = opened(state.OpenReadOnly(t.Context(), path))
				_, _ = state.Holder(path)
				content, err := os.ReadFile(victim)
				must(t, err)
				info, err := os.Lstat(victim)
				must(t, err)
				if string(content) != "precious" || info.Sys().(*syscall.Stat_t).Uid != 0 || info.Mode() != 0o600 {
					t.Errorf("the victim is %v, %q", info.Mode(), content)
				}
				if _, err := os.Lstat(at + ".nothing"); err == nil {
					t.Error("the link's target was made")
				}
			})
		}
	}
}

// What a run makes anew replaces what is in its place.
func TestWhatIsMadeAnewFollowsNoLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "duosync.db")
	victim := filepath.Join(t.TempDir(), "victim")
	must(t, os.WriteFile(victim, []byte("precious"), 0o600))
	for _, suffix := range []string{".run.new", ".run", ".20260301T120000Z.bak.part", ".20260301T120000Z.bak"} {
		must(t, os.Symlink(victim, path+suffix))
	}
	runAt(t, path, day(1), "a", dirsync.RunEnd{})
	for _, suffix := range []string{".run", ".20260301T120000Z.bak"} {
		if info, err := os.Lstat(path + suffix); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %v, %v", suffix, info, err)
		}
	}
	if content, err := os.ReadFile(victim); err != nil || string(content) != "precious" {
		t.Errorf("the victim holds %q: %v", content, err)
	}
}

// An administrator's own link to the state is followed, as ever.
func TestALinkOfOnesOwnIsFollowed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "duosync.db")
	link := filepath.Join(t.TempDir(), "link.db")
	must(t, os.Symlink(path, link))
	closing(t, open(t, link))
	closing(t, open(t, path))
}

// An account that may not look into the folder of a state, or make one there, is told the
// state's name and the folder that keeps it out, whichever way it comes.
func TestWhoMayNotLookIsToldWhere(t *testing.T) {
	asRoot(t)
	top := openFolder(t, service, 0o755)
	shut := filepath.Join(top, "shut")
	must(t, os.Mkdir(shut, 0o700))
	for path, want := range map[string]string{
		filepath.Join(shut, "duosync.db"):       "look into the folder " + shut,
		filepath.Join(shut, "sub", "x.db"):      "look into the folder " + shut,
		filepath.Join(top, "duosync.db"):        "owns the folder " + top + ",",
		filepath.Join(top, "new", "duosync.db"): "owns the folder " + top + ",",
	} {
		asAccount(t, stranger, func() {
			for way, opening := range map[string]func() error{
				"runs":      func() error { return opened(state.Open(t.Context(), path, state.Options{})) },
				"existing":  func() error { return opened(state.OpenBeside(t.Context(), path, state.Options{Existing: true})) },
				"read only": func() error { return opened(state.OpenReadOnly(t.Context(), path)) },
				"look":      func() error { _, err := state.Examine(path); return err },
				"holder":    func() error { _, err := state.Holder(path); return err },
			} {
				err := opening()
				switch {
				case err == nil && !strings.HasPrefix(path, shut) && (way == "read only" || way == "holder"): // there is none
				case errors.Is(err, backend.ErrMissing) && !strings.HasPrefix(path, shut) && way == "existing":
				case err == nil || !strings.Contains(err.Error(), "state "+path+": ") || !strings.Contains(dirsync.Hint(err), want):
					t.Errorf("%s of %s: %v (%s), want %q", way, path, err, dirsync.Hint(err), want)
				}
			}
		})
	}
}

// asAccount runs a function on a thread of another account, which ends with it.
func asAccount(t *testing.T, uid int, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if _, _, failed := syscall.RawSyscall(syscall.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); failed != 0 {
			t.Errorf("becoming %d: %v", uid, failed)
			return
		}
		do()
	}()
	<-done
}
