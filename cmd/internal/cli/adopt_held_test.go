package cli

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// inShell gives the words that a shell makes of a command.
func inShell(t *testing.T, command string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s\\0' "+command).Output() //nolint:gosec // that is what it is for
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// asPrinted runs a printed command as a shell in the folder / would.
func asPrinted(t *testing.T, command string) (code int, out, errs string) {
	t.Helper()
	words := inShell(t, command)
	if words[0] != "duosync" {
		t.Fatalf("%q is no command of duosync", command)
	}
	t.Chdir("/")
	var o, e bytes.Buffer
	code = run(context.Background(), words[1:], Stdio{In: strings.NewReader(""), Out: &o, Err: &e, Env: func(string) (string, bool) { return "", false }})
	return code, o.String(), e.String()
}

// TestAdoptionHeld: what a guard holds of adoptions that were asked for goes through with the
// command that the report prints, which asks for them again.
func TestAdoptionHeld(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(6)}, sync: "  limits: {max_update: 1, floor: 1}\n"})
	var args, want []string
	for i := range 3 {
		if _, err := h.duo.AddUser(duosim.User{Username: plain(i), Realname: "other"}); err != nil {
			t.Fatal(err)
		}
		args, want = append(args, "--adopt", plain(i)), append(want, "adopt "+plain(i))
	}
	h.want(4, "applied")
	r := h.want(3, "held", args...)
	command := r.guard(t, "max_update").Approve
	code, out, errs := asPrinted(t, command+" --format json")
	if code != 0 || !strings.Contains(out, `"outcome": "applied"`) {
		t.Errorf("%s: exit %d\n%s%s", command, code, brief(out), errs)
	}
	for i, op := range want {
		if u, _ := h.duo.User(plain(i)); u.Realname == "other" {
			t.Errorf("%s was not done", op)
		}
	}
}

// TestKeptCommands: what the state keeps of a report goes by the configuration of now.
func TestKeptCommands(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(30)}})
	if _, err := h.duo.AddUser(duosim.User{Username: plain(0)}); err != nil {
		t.Fatal(err)
	}
	h.want(4, "applied")
	for i := range 8 {
		h.ldap.Delete(userDN(plain(10 + i)))
	}
	h.want(3, "held")
	old := h.config
	data := mustRead(t, old)
	h.dir = filepath.Join(t.TempDir(), "it's a new place")
	mustMkdir(t, h.dir)
	h.write(strings.Replace(string(data), "dsn: state.db", "dsn: "+h.state, 1))
	for _, args := range [][]string{{"due"}, {"approve"}, {"history", "last"}, {"explain", plain(0)}, {"check"}, {"drift"}, {"sync", "--dry-run"}, {"due", "--format", "json"}} {
		r := h.run(args...)
		if text := r.out + r.err; strings.Contains(text, old) || args[0] != "drift" && !strings.Contains(strings.Join(strings.Fields(text), " "), "new place") {
			t.Errorf("%v: exit %d\n%s", args, r.code, text)
		}
	}
}
