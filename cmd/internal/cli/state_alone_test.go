package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"duosync/ldapsrc/slapdtest"
)

// brokenConfigs are configurations with a mistake elsewhere than where the state is.
func brokenConfigs(h *house) map[string]string {
	data, err := os.ReadFile(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	good := string(data)
	return map[string]string{
		"a secret that is missing":    strings.Replace(good, `bind_password: "`, `bind_password: "${NO_SUCH_CREDENTIAL}`, 1),
		"credentials of no unit":      strings.Replace(good, `bind_password: "`, `bind_password_file: "${CREDENTIALS_DIRECTORY}/x`, 1),
		"a file that is not there":    good + "audit: {}\nnotify: {webhook_url_file: /no/such/file}\n",
		"unknown keys":                good + "shedule: {cron: x}\n",
		"impossible values":           strings.Replace(good, "sync:\n", "sync:\n  limits: {max_remove: lots}\n", 1),
		"broken YAML below":           good + "\n\t- [{\n",
		"broken YAML above":           "ldap: {urls: [\n" + good,
		"a tab and a missing bracket": "notify: [\n\tx\n" + good,
		"no account":                  strings.Replace(good, "duo:", "dou:", 1),
	}
}

// TestStateAlone: pause, resume, approve, due and history need where the state is, and
// nothing else of a configuration.
func TestStateAlone(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(12)}})
	h.want(0, "applied")
	h.ldap.Delete(userDN(plain(0)))
	h.want(0, "applied")
	h.want(0, "no-changes") // it sees that the user waits for the Trash
	data, err := os.ReadFile(h.config)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range brokenConfigs(h) {
		t.Run(what, func(t *testing.T) {
			h := *h
			h.t = t
			h.write(text)
			if r := h.run("sync"); r.code != 1 {
				t.Fatalf("the configuration is no broken one: exit %d\n%s", r.code, r.err)
			}
			for _, args := range [][]string{{"pause", "--reason", "x"}, {"due"}, {"history"}, {"history", "last"}, {"approve"}, {"resume"}} {
				r := h.run(args...)
				if r.code != 0 || !strings.Contains(r.err, args[0]+" goes on with state.dsn alone") {
					t.Errorf("%v: exit %d\n%s%s", args, r.code, r.out, r.err)
				}
				if args[0] == "pause" {
					for _, want := range []string{"Paused.", "duosync resume --config " + h.config, "State: " + h.state + ", of 127.0.0.1, last run ", ", no-changes"} {
						if !strings.Contains(r.out, want) {
							t.Errorf("no %q in:\n%s", want, r.out)
						}
					}
					h.write(string(data))
					if r := h.run("sync"); r.code != 1 || !strings.Contains(r.err, "paused") {
						t.Errorf("while paused: exit %d\n%s", r.code, r.err)
					}
					h.write(text)
				}
				if text := strings.Join(strings.Fields(r.out), " "); args[0] == "due" && (!strings.Contains(text, "1 person waiting") || !strings.Contains(text, "as of the last complete run") || !strings.Contains(text, plain(0))) {
					t.Errorf("due:\n%s", r.out)
				}
			}
			h.fails("nothing is held under the ID", "approve", "0123456789")
			h.fails("nothing is approved", "approve", "--revoke", "0123456789")
		})
	}
}

// TestStateIsNotGuessed: where the state can't be told, or is not there, nothing is changed
// and nothing is made.
func TestStateIsNotGuessed(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	stateless := [][]string{{"pause"}, {"resume"}, {"approve", "0123456789"}, {"approve", "--revoke", "0123456789"}}
	try := func(what, want string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		code := run(context.Background(), args, Stdio{Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false }})
		if code != 1 || out.Len() > 0 || !strings.Contains(errs.String(), want) || !strings.Contains(errs.String(), "→") || strings.Contains(errs.String(), "hunter2") {
			t.Errorf("%s: %v: exit %d\n%s%s", what, args, code, out.String(), errs.String())
		}
		for _, made := range []string{"duosync.db", "duosync.db.lock", "sub"} {
			if _, err := os.Lstat(filepath.Join(dir, made)); err == nil {
				t.Fatalf("%s: %v made %s", what, args, made)
			}
		}
	}
	const advice = "→ Name the configuration with --config, or the state itself with --state."
	for _, args := range stateless {
		try("an empty folder", "there is no configuration", args...)
		try("its advice", advice, args...)
		try("the advice of no file", advice, append(args, "--config", "nothing.yaml")...)
		try("no state there", "there is no state", append(args, "--state", "sub/duosync.db")...)
		try("a password", "command line", append(args, "--state", "postgres://duo:hunter2@db.example/duo")...)
		try("no file", "read the configuration", append(args, "--config", "nothing.yaml")...)
	}
	for what, text := range map[string]string{
		"a variable":       "state: {dsn: '${NO_SUCH}/x.db'}\n",
		"twice":            "state: {dsn: a.db}\nstate: {dsn: b.db}\n",
		"broken itself":    "state: {dsn: [\n",
		"misspelt":         "state: {dns: a.db}\n",
		"misplaced":        "dsn: a.db\n",
		"broken, and none": "sync: [\n",
		"two sections":     "sync: [\nstate: {dsn: a.db}\nstate: {dsn: b.db}\n",
		"a list":           "- state\n",
	} {
		if err := os.WriteFile("config.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range append(stateless, []string{"due"}, []string{"history"}, []string{"approve"}) {
			try(what, "it can't be told where the state is", args...)
		}
	}
	if err := os.WriteFile("config.yaml", []byte("state: {dsn: duosync.db}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range stateless {
		try("the state of nobody", "there is no state", args...)
	}
}

// TestEnableMakesNoState: a mark is taken off in the state that is there; one that is not has
// none, and is not made.
func TestEnableMakesNoState(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(1)}})
	h.want(0, "applied")
	h.edit("state.db", "mistyped.db")
	if r := h.run("enable", "plain000"); r.code != 1 || !strings.Contains(r.err, "there is no state") {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
	if made, _ := filepath.Glob(filepath.Join(h.dir, "mistyped*")); len(made) > 0 {
		t.Errorf("it made %v", made)
	}
}

// TestEndOfOutputIsTheFormat: the ending of --output is the format also of what is told in
// place of a list that can't be read to its end.
func TestEndOfOutputIsTheFormat(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(1)}})
	h.want(0, "applied")
	out := filepath.Join(h.dir, "told.json")
	db, err := sqlx.Connect("sqlite", h.state)
	if err != nil {
		t.Fatal(err)
	}
	db.MustExec(`UPDATE links SET link = '{'`) // the list breaks off half-way
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r := h.run("due", "--output", out)
	if text, err := os.ReadFile(out); err != nil || r.code != 1 || !strings.Contains(string(text), `"error": "`) || strings.Contains(string(text), `"error": ""`) {
		t.Errorf("exit %d, %v\n%s", r.code, err, text)
	}
}

// TestStateNamed: --state stands in for the configuration, and is part of the commands that
// are printed.
func TestStateNamed(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(3)}})
	h.want(0, "applied")
	t.Chdir(h.dir)
	try := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(context.Background(), args, Stdio{Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false }}); code != 0 {
			t.Errorf("%v: exit %d\n%s%s", args, code, out.String(), errs.String())
		}
		return out.String()
	}
	h.write("ldap: [\n")
	for _, args := range [][]string{{"--state", "state.db"}, {"--state", h.state, "--config", h.config}} {
		if out := try(append(args, "pause")...); !strings.Contains(out, "--state "+h.state+"\n") || !strings.Contains(out, "State: "+h.state) {
			t.Error(out)
		}
		if out := try(append(args, "due")...); !strings.Contains(out, "--state "+h.state) {
			t.Error(out)
		}
		try(append(args, "history", "last")...)
		if out := try(append(args, "resume")...); !strings.Contains(out, "Resumed") {
			t.Error(out)
		}
	}
}
