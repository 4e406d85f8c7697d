package cli

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/check"
	"duosync/cmd/internal/wire"
	"duosync/ldapsrc/slapdtest"
)

// check runs a check and gives its lines.
func (h *house) check() (result, []check.Check) {
	h.t.Helper()
	r := h.run("check", "--format", "json")
	var document struct{ Checks []check.Check }
	if err := json.Unmarshal([]byte(r.out), &document); err != nil {
		h.t.Fatalf("check gave no JSON: %v\n%s%s", err, r.out, r.err)
	}
	for _, secret := range []string{secretKey, bindPassword, "planted-wrong"} {
		if strings.Contains(r.out+r.err, secret) {
			h.t.Errorf("a secret is shown:\n%s%s", r.out, r.err)
		}
	}
	return r, document.Checks
}

func linesOf(checks []check.Check) string {
	var b strings.Builder
	for _, c := range checks {
		fmt.Fprintf(&b, "%v %s: %s → %s\n", c.OK, c.Name, c.Detail, c.Hint)
	}
	return b.String()
}

func TestCheckFindsFaults(t *testing.T) {
	shared := slapdtest.Start(t, slapdtest.Options{People: 120})
	for _, f := range slices.Concat(ldapFaults(shared), duoFaults(), stateFaults(t), configFaults()) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			h := f.house(t, shared)
			if f.plant != nil {
				f.plant(h)
			}
			r, checks := h.check()
			want := 1
			if f.note {
				want = 0
			}
			if r.code != want {
				t.Errorf("exit %d, want %d\n%s%s", r.code, want, r.err, linesOf(checks))
			}
			found := slices.ContainsFunc(checks, func(c check.Check) bool {
				return c.Name == f.check && c.OK == f.note && strings.Contains(c.Detail, f.detail) && strings.Contains(c.Hint, f.hint)
			})
			if !found {
				t.Errorf("no line %q with %q and the hint %q:\n%s", f.check, f.detail, f.hint, linesOf(checks))
			}
			if f.leaves != "" && !slices.ContainsFunc(checks, func(c check.Check) bool {
				return c.Name == f.leaves && !c.OK && strings.HasPrefix(c.Detail, "not checked: "+f.check)
			}) {
				t.Errorf("%s is not told as not checked:\n%s", f.leaves, linesOf(checks))
			}
			for _, c := range checks {
				if !c.OK && c.Hint == "" {
					t.Errorf("%s failed without saying what to do: %s", c.Name, c.Detail)
				}
			}
			if want == 1 && !strings.Contains(r.err, "→") {
				t.Errorf("standard error does not say what to do: %s", r.err)
			}
			if !f.note && alike(f.check) && f.name != "one server of two down" {
				if r := h.run("sync"); r.code != 1 || !strings.Contains(r.err, f.hint) {
					t.Errorf("sync: exit %d, and not the hint %q:\n%s", r.code, f.hint, r.err)
				}
			}
			for _, call := range h.duo.Calls() {
				if call.Wrote {
					t.Errorf("check or sync wrote to Duo: %+v", call)
				}
			}
		})
	}
}

// alike reports whether a run meets what fails a check, so that it must advise the same.
func alike(name string) bool {
	return slices.Contains([]string{
		check.Configuration, check.LDAPConnection, check.LDAPLogin, check.LDAPBase, check.LDAPSearch, check.LDAPLimits, check.LDAPIDs,
		check.DuoConnection, check.DuoClock, check.DuoKeys, check.DuoApplication,
	}, name)
}

// TestCheckChangesNothing checks a house in order, before its first run and
// after.
func TestCheckChangesNothing(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{People: 60}})
	temp := filepath.Join(h.dir, "tmp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", temp)
	for _, when := range []string{"before the first run", "after it"} {
		before := contents(t, h.dir)
		h.duo.ResetCalls()
		r, checks := h.check()
		if r.code != 0 || r.err != "" {
			t.Errorf("%s: exit %d\n%s%s", when, r.code, r.err, linesOf(checks))
		}
		for _, name := range append([]string{check.Configuration, check.LDAPConnection, check.LDAPLogin, check.LDAPBase, check.DuoConnection, check.DuoClock,
			check.DuoKeys, check.DuoApplication, check.DuoRead, check.DuoWrite, check.DuoUsers, check.StateFile, check.StateLock, check.StateOwner}, check.AboutPeople()...) {
			if !slices.ContainsFunc(checks, func(c check.Check) bool { return c.Name == name && c.OK && c.Hint == "" }) {
				t.Errorf("%s: %s is not plainly ok:\n%s", when, name, linesOf(checks))
			}
		}
		var calls []string
		for _, call := range h.duo.Calls() {
			calls = append(calls, fmt.Sprintf("%s %s %d wrote %v", call.Method, call.Path, call.Status, call.Wrote))
		}
		if diff := cmp.Diff([]string{"GET /admin/v1/users 200 wrote false", "POST /admin/v1/users 400 wrote false"}, calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", when, diff)
		}
		if diff := cmp.Diff(before, contents(t, h.dir)); diff != "" {
			t.Errorf("%s: files have changed (-before +after):\n%s", when, diff)
		}
		h.want(0, map[string]string{"before the first run": "applied", "after it": "no-changes"}[when])
	}
	if r := h.run("check"); r.code != 0 || !strings.Contains(r.out, "all is well") || !strings.Contains(r.out, "username") {
		t.Errorf("as a table: exit %d\n%s%s", r.code, r.out, r.err)
	}
	file := filepath.Join(h.dir, "check.json")
	if r := h.run("check", "--format", "json", "--output", file); r.code != 0 || r.out != "" {
		t.Errorf("--output: exit %d %s%s", r.code, r.out, r.err)
	}
	if data, err := os.ReadFile(file); err != nil || !json.Valid(data) {
		t.Errorf("--output wrote %s (%v)", data, err)
	}
}

// contents gives every file below a folder with its mode and bytes.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || d.IsDir() {
			files[path] = "folder"
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = info.Mode().String() + " " + string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// checkChildEnv names the configuration for a test that runs itself again as another
// user.
const checkChildEnv = "DUOSYNC_TEST_CHECK"

// TestCheckUnwritableFolder runs check as a user who may read the state's folder,
// but not write it.
func TestCheckUnwritableFolder(t *testing.T) {
	if config := os.Getenv(checkChildEnv); config != "" {
		os.Exit(Main([]string{"check", "--config", config, "--format", "json"}, Process()))
	}
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{People: 20}})
	folder := filepath.Join(h.dir, "state")
	if err := os.Mkdir(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	h.edit("dsn: state.db", "dsn: state/state.db")
	binary := filepath.Join(h.dir, "check.test")
	copyBinary(t, binary)
	child := exec.CommandContext(t.Context(), binary, "-test.run=^TestCheckUnwritableFolder$")
	child.Env = append(os.Environ(), checkChildEnv+"="+h.config, "TMPDIR="+h.dir)
	child.Dir = h.dir
	if os.Geteuid() == 0 { // the superuser may write everywhere
		const nobody = 65534
		for _, dir := range []string{filepath.Dir(filepath.Dir(h.dir)), filepath.Dir(h.dir), h.dir} {
			if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // nobody goes through
				t.Fatal(err)
			}
		}
		for _, file := range []string{folder, h.config, filepath.Join(h.dir, "ca.pem")} {
			if err := os.Chown(file, nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
		child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	out, err := child.Output()
	if child.ProcessState == nil || child.ProcessState.ExitCode() != 1 {
		t.Fatalf("the check ended with %v, want exit 1\n%s", err, out)
	}
	var document struct{ Checks []check.Check }
	if err := json.Unmarshal(out, &document); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !slices.ContainsFunc(document.Checks, func(c check.Check) bool {
		return c.Name == check.StateFile && !c.OK && strings.Contains(c.Detail, "permission denied") && strings.Contains(c.Hint, "right to write")
	}) {
		t.Errorf("nothing tells of the folder:\n%s", linesOf(document.Checks))
	}
}

// copyBinary puts this test's binary where another user can run it.
func copyBinary(t *testing.T, to string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(to, data, 0o755) //nolint:gosec // for another user to run
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCheckStopsReading: a directory that takes too long to read is checked by a part of it.
func TestCheckStopsReading(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{People: 50}})
	var out, errs strings.Builder
	stdio := Stdio{Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false }}
	code := (&app{Stdio: stdio, timing: wire.Timing{Check: time.Nanosecond}}).run(t.Context(), []string{"check", "--format", "json", "--config", h.config})
	if told := strings.Contains(out.String(), "; 1 person came within "); !told || code != 0 {
		t.Errorf("exit %d\n%s%s", code, out.String(), errs.String())
	}
}
