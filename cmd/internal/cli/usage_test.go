package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"duosync/ldapsrc/slapdtest"
	"duosync/sync/printed"
)

// typedIn runs what somebody types, in an empty folder.
func typedIn(t *testing.T, dir string, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Chdir(dir)
	var o, e bytes.Buffer
	code = run(context.Background(), args, Stdio{Out: &o, Err: &e, Env: func(string) (string, bool) { return "", false }})
	return code, o.String(), e.String()
}

// TestMistyped: what is mistyped ends with exit 1, and the word that was meant.
func TestMistyped(t *testing.T) {
	dir := t.TempDir()
	for line, want := range map[string]string{
		"snyc":                             "Did you mean `duosync sync`?",
		"snyc --dry-run":                   "Did you mean `duosync sync`?",
		"--log-level debug aprove x":       "Did you mean `duosync approve`?",
		"nosuch":                           `there is no command "nosuch" of duosync`,
		"help snyc":                        "Did you mean `duosync sync`?",
		"help nosuch":                      `there is no command "nosuch" of duosync`,
		"help config inti":                 "Did you mean `duosync config init`?",
		"config shw":                       "Did you mean `duosync config show`?",
		"sync --dryrun":                    "Did you mean --dry-run?",
		"sync -dry-run":                    "Did you mean --dry-run?",
		"sync --confg x":                   "Did you mean --config?",
		"sync --qqqqqqqqqq":                "duosync sync has no flag --qqqqqqqqqq",
		"sync now":                         `takes no argument, and was given "now"`,
		"due one two":                      `takes no argument, and was given "one", "two"`,
		"sync --format jsn":                "Did you mean json?",
		"verify a --format html":           `there is no format "html"`,
		"check --log-level inf":            "Did you mean info?",
		"check --log-format jsn":           "Did you mean json?",
		"history --limit x":                `--limit must be a whole number, not "x"`,
		"history --limit -1":               "Give a whole number, such as 20",
		"sync --approve --config x":        "--approve needs a value, and was given --config for it",
		"explain --config --format json":   "--config needs a value, and was given --format for it",
		"history --limit":                  "--limit needs a value",
		"sync --only":                      "--only USER: narrow the plan",
		"sync --dry-run=maybe":             `--dry-run is true or false, not "maybe"`,
		"approve x --until soon":           `--until must be a duration, not "soon"`,
		"approve x --until 999999999d":     "fewer than",
		"sync --adopt=":                    "--adopt is empty",
		"sync --adopt a --adopt=":          "--adopt is empty",
		"sync --adopt-file nothing":        "--adopt-file: ",
		"sync --adopt-file blank":          "has no username in it",
		"simulator":                        "--dir is missing",
		"verify a --push --passcode 123":   "--push and --passcode do not go together",
		"completion bsh":                   "Did you mean bash?",
		"config init --preset openldp":     "Did you mean openldap?",
		"apply":                            "FILE is missing: `duosync apply FILE`",
		"history a b":                      `one RUN is wanted, not 2: "a", "b"`,
		"sync --dry-run --as-of yesterday": "such as 2026-03-31",
	} {
		if err := os.WriteFile(filepath.Join(dir, "blank"), []byte("\n \r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := typedIn(t, dir, strings.Fields(line)...)
		if code != 1 || out != "" || !strings.Contains(strings.ToLower(errs), strings.ToLower(want)) {
			t.Errorf("duosync %s: exit %d\n%s%swant: %s", line, code, out, errs, want)
		}
		if foreign := regexp.MustCompile(`strconv|accepts \d|arg\(s\)|unknown (flag|command|shorthand)|invalid argument|required flag`).FindString(errs); foreign != "" {
			t.Errorf("duosync %s: %q in %s", line, foreign, errs)
		}
	}
}

// TestVersionFlag: both ways of asking say the same.
func TestVersionFlag(t *testing.T) {
	_, one, _ := typedIn(t, t.TempDir(), "version")
	code, other, _ := typedIn(t, t.TempDir(), "--version")
	if code != 0 || one == "" || one != other {
		t.Errorf("exit %d: %q and %q", code, one, other)
	}
}

// eachCommand visits all commands.
func eachCommand(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, c := range cmd.Commands() {
		eachCommand(c, visit)
	}
}

// TestHelp: the help of each command has one paragraph, at least two examples, and the exit
// codes, in lines that fit a terminal.
func TestHelp(t *testing.T) {
	a := &app{Stdio: Stdio{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}}
	root := newRootCommand(a)
	root.InitDefaultHelpCmd()
	seen := 0
	eachCommand(root, func(cmd *cobra.Command) {
		seen++
		paragraphs := strings.Split(strings.TrimSpace(cmd.Long), "\n\n")
		if len(paragraphs) != 2 || !strings.HasPrefix(paragraphs[len(paragraphs)-1], "Exit status: 0") {
			t.Errorf("%s: %d paragraphs, want one and the exit codes:\n%s", cmd.CommandPath(), len(paragraphs), cmd.Long)
		}
		for _, line := range strings.Split(cmd.Long+"\n"+cmd.Example, "\n") {
			if len(line) > 90 {
				t.Errorf("%s: %d columns: %s", cmd.CommandPath(), len(line), line)
			}
		}
		examples := strings.Split(cmd.Example, "\n")
		if len(examples) < 2 {
			t.Errorf("%s has %d examples", cmd.CommandPath(), len(examples))
		}
		for _, line := range examples {
			_, line, _ = strings.Cut(line, "duosync ")
			line, _, _ = strings.Cut(line, " < ")
			line, _, _ = strings.Cut(line, " > ")
			words := regexp.MustCompile(`"[^"]*"|[^ ]+`).FindAllString(strings.TrimSuffix(line, ")"), -1)
			meant, rest, err := root.Find(words)
			if err != nil || meant == root && !slices.Equal(words, []string{"--version"}) {
				t.Errorf("%s: the example %q is none of a command: %v", cmd.CommandPath(), line, err)
				continue
			}
			if err := meant.ParseFlags(rest); err != nil {
				t.Errorf("%s: the example %q: %v", cmd.CommandPath(), line, err)
			}
		}
	})
	if seen < 20 {
		t.Errorf("%d commands", seen)
	}
}

// TestFormByEnding: the ending of --output tells the form, where --format does not.
func TestFormByEnding(t *testing.T) {
	dir := t.TempDir()
	for name, begins := range map[string]string{"x.json": "{", "x.html": "<!DOCTYPE", "x.HTM": "<!DOCTYPE", "x.md": "## ", "x.csv": "run_id,", "x.txt": "Past runs", "x": "Past runs"} {
		if code, _, errs := typedIn(t, dir, "history", "--state", "none.db", "--output", name); code != 0 {
			t.Fatalf("%s: exit %d %s", name, code, errs)
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.HasPrefix(string(data), begins) {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
	if code, out, _ := typedIn(t, dir, "history", "--state", "none.db", "--output", "y.json", "--format", "csv"); code != 0 || out != "" {
		t.Errorf("exit %d %s", code, out)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "y.json")); err != nil || !strings.HasPrefix(string(data), "run_id,") {
		t.Errorf("--format does not count first: %v %s", err, data)
	}
}

// TestNames: a mistyped name of a user or run gets the near one, and a former username the
// person who has another now.
func TestNames(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: someone("annabel") + someone("bertram")}, sync: ample})
	first := runIDOf(t, h.want(0, "applied"))
	h.ldap.Rename(userDN("bertram"), "uid=humphrey", "")
	renamed := runIDOf(t, h.want(0, "applied"))
	mistyped := []byte(first)
	mistyped[len(first)-1] ^= 3
	for _, c := range []struct {
		want string
		args []string
	}{
		{`Did you mean "annabel"?`, []string{"sync", "--only", "anabel"}},
		{`Did you mean "annabel"?`, []string{"sync", "--adopt", "anabell"}},
		{`Did you mean "annabel"?`, []string{"explain", "anabell"}},
		{`Did you mean "annabel"?`, []string{"disable", "anabell", "--reason", "x"}},
		{`Until the run ` + renamed + ` this was the username of "humphrey"`, []string{"sync", "--only", "Bertram"}},
		{`Until the run ` + renamed + ` this was the username of "humphrey"`, []string{"disable", "bertram", "--reason", "x"}},
		{"Did you mean " + first + "?", []string{"history", string(mistyped)}},
		{"Did you mean " + first + "?", []string{"undo", string(mistyped)}},
		{"there is no run \"qqq\"", []string{"history", "qqq"}},
	} {
		if r := h.run(c.args...); r.code != 1 || !strings.Contains(r.err, c.want) {
			t.Errorf("%v: exit %d\n%swant: %s", c.args, r.code, r.err, c.want)
		}
	}
	r := h.run("explain", "bertram")
	if r.code != 0 || !strings.Contains(r.out, "humphrey") || !strings.Contains(r.out, `"bertram" was the username until the run `+renamed) {
		t.Errorf("explain: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := h.run("history", "last"); r.code != 0 || !strings.Contains(r.out, renamed) {
		t.Errorf("history last: exit %d\n%s", r.code, r.out)
	}
}

// runIDOf gives the id of the run that a report is about.
func runIDOf(t *testing.T, r result) string {
	t.Helper()
	var doc struct {
		RunID string `json:"run_id"`
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || doc.RunID == "" {
		t.Fatalf("%v: %s", err, r.out)
	}
	return doc.RunID
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustMkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestAdviceNamesTheState: a command that advice prints names the state itself where the
// command knows --state, and nowhere else.
func TestAdviceNamesTheState(t *testing.T) {
	known := 0
	for _, cmd := range newRootCommand(&app{}).Commands() {
		for _, c := range append(cmd.Commands(), cmd) {
			knows := c.Flags().Lookup("state") != nil
			if knows {
				known++
			}
			line := printed.Command(" --config c.yaml"+printed.StateFlag("s.db"), strings.Fields(c.CommandPath())[1:]...)
			if named := strings.HasSuffix(line, printed.StateFlag("s.db")); named != knows {
				t.Errorf("%s: knows --state: %v; advice: %s", c.CommandPath(), knows, line)
			}
		}
	}
	if known == 0 {
		t.Error("no command knows --state")
	}
}
