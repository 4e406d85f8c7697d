package docs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"duosync/cmd/internal/cli"
	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// beDuosync makes the test's program duosync itself.
const beDuosync = "DUOSYNC_DOCS_BE_DUOSYNC"

func TestMain(m *testing.M) {
	if os.Getenv(beDuosync) != "" {
		os.Exit(cli.Main(os.Args[1:], cli.Process()))
	}
	os.Exit(m.Run())
}

// scene is what a page takes for granted.
type scene struct {
	fresh   bool                                // no run was made yet
	config  string                              // lines beside the usual ones
	before  map[int]func(*site)                 // before the block of that number, from 1
	replace func(s *site, line string) []string // old and new, in turn, for what stands for something
	stdin   func(s *site, line string) string   // what is typed at a line
}

// scenes are the pages whose commands are run, in their order.
func scenes() map[string]scene {
	return map[string]scene{
		"docs/first-hour.md": {fresh: true, config: "none", before: map[int]func(*site){2: (*site).fillIn}, stdin: (*site).secret},
		"docs/existing-users.md": {fresh: true, config: "sync: {existing: adopt_if_email_matches}\n", before: map[int]func(*site){1: (*site).knownToDuo},
			replace: func(s *site, _ string) []string { return []string{" ID", " " + s.heldID()} }},
		"docs/leaver.md":             {},
		"docs/directory-restored.md": {before: map[int]func(*site){1: (*site).newIDs}},
		"docs/upgrade.md":            {},
		"docs/move.md":               {},
		"docs/stop.md":               {},
		"docs/daily.md":              {},
		"docs/state.md": {before: map[int]func(*site){1: func(s *site) { s.folder("backup"); s.lend("sqlite3") }},
			replace: func(s *site, _ string) []string { return []string{"/backup/", filepath.Join(s.dir, "backup") + "/"} }},
		"docs/recovery.md": {before: map[int]func(*site){1: (*site).wrongRemoval, 3: (*site).loseState, 4: (*site).newKey},
			replace: func(s *site, line string) []string {
				return []string{"20261124T1000 ", s.lastRun() + " ", "duosync.db.20261124T100000Z.bak", s.copyOfState()}
			}},
		"docs/explain.md":    {},
		"docs/verify.md":     {before: map[int]func(*site){1: (*site).enrollAlice}},
		"docs/plan-files.md": {before: map[int]func(*site){1: func(s *site) { s.ldap.Modify(s.dn("alice"), "mail", "new@example.com") }}},
		"docs/guards.md": {before: map[int]func(*site){1: func(s *site) { s.leave(10); s.run(3, "duosync sync") }},
			replace: func(s *site, _ string) []string { return []string{"6a93c168d1e024050095", s.heldID()} }},
		"docs/simulator.md": {fresh: true, config: "none", before: map[int]func(*site){2: (*site).rehearse},
			replace: func(*site, string) []string { return []string{"127.0.0.1:8443", "127.0.0.1:0"} }},
	}
}

// TestScenes runs the commands of the pages, line by line, on a real slapd and a simulated
// Duo account. A line that ends with "# exit N" must give that exit code, any other 0.
func TestScenes(t *testing.T) {
	pages, scenes := readPages(t), scenes()
	for name, p := range pages {
		var blocks []*block
		for _, b := range p.blocks {
			if b.language() == "sh" {
				blocks = append(blocks, b)
			}
		}
		scene, found := scenes[name]
		switch {
		case !found && len(blocks) > 0 && !slices.Contains(accountPages(), name):
			t.Errorf("%s: there is no scene for its commands", name)
			continue
		case found && len(blocks) == 0:
			t.Errorf("%s: has a scene and no commands", name)
			continue
		case !found:
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			s := newSite(t, scene)
			for i, b := range blocks {
				if before := scene.before[i+1]; before != nil {
					before(s)
				}
				s.play(name, b, scene)
			}
		})
	}
}

// TestShell: the blocks of commands that are not run can be read by a shell.
func TestShell(t *testing.T) {
	for name, p := range readPages(t) {
		for _, b := range p.blocks {
			if b.words[0] != "sh" {
				continue
			}
			cmd := exec.Command("bash", "-n")
			cmd.Stdin = strings.NewReader(b.text)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s:%d: %v\n%s", name, b.number, err, out)
			}
		}
	}
}

var wantExit = regexp.MustCompile(`# exit (\d)`)

// play runs a block of a page.
func (s *site) play(page string, b *block, scene scene) {
	s.t.Helper()
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		code := 0
		if m := wantExit.FindStringSubmatch(line); m != nil {
			code, _ = strconv.Atoi(m[1])
		}
		if scene.replace != nil {
			line = strings.NewReplacer(scene.replace(s, line)...).Replace(line)
		}
		if scene.stdin != nil {
			s.stdin = scene.stdin(s, line)
		}
		s.t.Logf("%s:%d: %s", page, b.number, line)
		s.run(code, line)
	}
}

// site is a folder with a configuration, a directory and a Duo account.
type site struct {
	t      *testing.T
	dir    string
	ldap   *slapdtest.Server
	duo    *duosim.Server
	stdin  string
	people []string
}

// account starts a simulated Duo, and has the site know it.
func (s *site) account(options duosim.Options) {
	s.t.Helper()
	s.duo = duosim.New(options)
	if err := s.duo.Start("127.0.0.1:0"); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = s.duo.Close() })
	if err := s.duo.WriteFiles(s.folder("duo")); err != nil {
		s.t.Fatal(err)
	}
	s.link()
}

const people = 22

func newSite(t *testing.T, scene scene) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), ldap: slapdtest.Start(t, slapdtest.Options{})}
	s.account(duosim.Options{Keys: []duosim.Key{
		{Kind: duosim.KeyAdmin, Integration: "DIPLANTEDKEY00000001", Secret: "planted-secret-key-planted-secret-key-42"},
		{Kind: duosim.KeyAdmin, Integration: "DIPLANTEDKEY00000002", Secret: "planted-secret-key-planted-secret-key-43"},
	}})
	for i := range people {
		s.people = append(s.people, []string{"alice", "jdoe", fmt.Sprintf("user%02d", i)}[min(i, 2)])
		s.enter(s.people[i])
	}
	if scene.config != "none" {
		s.write("config.yaml", fmt.Sprintf("ldap: {preset: openldap, urls: [%q], bind_dn: %q, bind_password: %s, users: {base_dns: [%q]}}\n%s  rate: 5000/1s\n%s",
			s.ldap.URL, slapdtest.ReaderDN, slapdtest.ReaderPassword, slapdtest.UsersDN, s.read("duo/duo.yaml"), scene.config))
	}
	if !scene.fresh {
		s.run(0, "duosync sync")
	}
	return s
}

// link puts duosync where a shell finds it.
func (s *site) link() {
	s.t.Helper()
	program, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(s.folder("bin"), "duosync")); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) folder(name string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(path, 0o700); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

// edit replaces what a pattern finds in a file, which it must.
func (s *site) edit(name, pattern, text string) {
	s.t.Helper()
	re, old := regexp.MustCompile(pattern), s.read(name)
	if !re.MatchString(old) {
		s.t.Fatalf("%s has no %s:\n%s", name, pattern, old)
	}
	s.write(name, re.ReplaceAllLiteralString(old, text))
}

// run runs a line of shell in the folder, with what lines before it exported, wants an exit
// code, and gives what it printed.
func (s *site) run(code int, line string) string {
	s.t.Helper()
	out, err := os.Create(filepath.Join(s.dir, "out")) // a file, so that what stays behind holds no pipe
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	cmd := exec.Command("bash", "-c", "[ ! -e .env ] || . ./.env\n"+line+"\ncode=$?; export -p >.env; exit $code")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.dir, strings.NewReader(s.stdin), out, out
	cmd.Env = append(os.Environ(), beDuosync+"=1", "PATH="+filepath.Join(s.dir, "bin")+":"+os.Getenv("PATH"), "SUDO_USER=", "DUOSYNC_CONFIG=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	if strings.HasSuffix(line, "&") { // it stays behind
		s.t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.t.Fatalf("%s\nexit %d, want %d\n%s", line, got, code, s.read("out"))
	}
	return s.read("out")
}

func (s *site) dn(name string) string { return "uid=" + name + "," + slapdtest.UsersDN }

// enter adds somebody to the directory.
func (s *site) enter(name string) {
	s.ldap.Add(s.dn(name), map[string][]string{
		"objectClass": {"inetOrgPerson"}, "uid": {name}, "cn": {"Person " + name}, "sn": {name}, "givenName": {"Person"}, "mail": {name + "@example.com"},
	})
}

// leave deletes so many people from the directory.
func (s *site) leave(n int) {
	for _, name := range s.people[len(s.people)-n:] {
		s.ldap.Delete(s.dn(name))
	}
}

// fillIn edits the keys of a first configuration that are marked (1), and beside them what
// a test's authorities are.
func (s *site) fillIn() {
	s.edit("config.yaml", `(?m)^  urls: .*\(1\)`, fmt.Sprintf("  urls: [%q] #", s.ldap.TLSURL))
	s.edit("config.yaml", `(?m)^  bind_dn: .*\(1\)`, fmt.Sprintf("  bind_dn: %q #", slapdtest.ReaderDN))
	s.edit("config.yaml", `(?m)^    base_dns: .*\(1\)`, fmt.Sprintf("    base_dns: [%q] #", slapdtest.UsersDN))
	s.edit("config.yaml", `(?m)^  host: .*\(1\)`, fmt.Sprintf("  host: %q #", s.duo.Host()))
	text := strings.Replace(s.read("config.yaml"), `  # ca_file: ""`, fmt.Sprintf("  ca_file: %q", s.ldap.CAFile), 1)
	s.write("config.yaml", strings.Replace(text, `  # ca_file: ""`, "  ca_file: duo/ca.pem", 1))
}

// secret is what is typed where the page asks for a secret.
func (s *site) secret(line string) string {
	key := s.duo.Key(duosim.KeyAdmin)
	switch {
	case strings.Contains(line, "LDAP_PASSWORD"):
		return slapdtest.ReaderPassword + "\n"
	case strings.Contains(line, "DUO_INTEGRATION_KEY"):
		return key.Integration + "\n"
	case strings.Contains(line, "DUO_SECRET_KEY"):
		return key.Secret + "\n"
	}
	return ""
}

// knownToDuo has everybody in Duo already, jdoe with another address.
func (s *site) knownToDuo() {
	for _, name := range s.people {
		mail := name + "@example.com"
		if name == "jdoe" {
			mail = "other@example.com"
		}
		if _, err := s.duo.AddUser(duosim.User{Username: name, Email: mail}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// newIDs has everybody entered anew.
func (s *site) newIDs() {
	s.leave(len(s.people))
	for _, name := range s.people {
		s.enter(name)
	}
}

// wrongRemoval has a run remove three people.
func (s *site) wrongRemoval() {
	s.leave(3)
	s.run(0, "duosync sync")
}

func (s *site) loseState() {
	for _, name := range s.people[len(s.people)-3:] {
		s.enter(name)
	}
	s.run(0, "rm -f duosync.db*")
}

func (s *site) newKey() {
	s.edit("config.yaml", "DIPLANTEDKEY00000001", "DIPLANTEDKEY00000002")
	s.edit("config.yaml", "planted-secret-key-planted-secret-key-42", "planted-secret-key-planted-secret-key-43")
}

func (s *site) enrollAlice() {
	s.run(0, "duosync sync")
	user, _ := s.duo.User("alice")
	if _, err := s.duo.EnrollDevice(user.ID, duosim.Phone{Number: "+12025550100", Type: "Mobile", Platform: "Apple iOS"}); err != nil {
		s.t.Fatal(err)
	}
}

// rehearse fills in a configuration for the simulator that the page has started.
func (s *site) rehearse() {
	deadline := time.Now().Add(20 * time.Second)
	for {
		if _, err := os.Stat(filepath.Join(s.dir, "sim", "duo.yaml")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			s.t.Fatal("the simulator has written no duo.yaml")
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.edit("rehearsal.yaml", `(?s)\nldap:.*?\n\n`, fmt.Sprintf("\nldap: {preset: openldap, urls: [%q], bind_dn: %q, bind_password: %s, users: {base_dns: [%q]}}\n\n",
		s.ldap.URL, slapdtest.ReaderDN, slapdtest.ReaderPassword, slapdtest.UsersDN))
	s.edit("rehearsal.yaml", `(?s)\nduo:.*?\n\n`, "\n"+s.read("sim/duo.yaml")+"\n\n")
	s.edit("rehearsal.yaml", `dsn: duosync.db`, "dsn: rehearsal.db")
}

// lend gives the page a stand-in for a program that is not on this machine.
func (s *site) lend(program string) {
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if err := os.WriteFile(filepath.Join(s.dir, "bin", program), []byte("#!/bin/sh\ntest -s \"$1\"\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		s.t.Fatal(err)
	}
}

// heldID is the ID of all that is held, or "" where nothing is.
func (s *site) heldID() string {
	var doc struct {
		Held *struct {
			ApprovalID string `json:"approval_id"`
		}
	}
	cmd := exec.Command(filepath.Join(s.dir, "bin", "duosync"), "approve", "--format", "json")
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), beDuosync+"=1")
	if out, err := cmd.Output(); err != nil || json.Unmarshal(out, &doc) != nil || doc.Held == nil {
		return s.lastID()
	}
	s.write("id", doc.Held.ApprovalID)
	return doc.Held.ApprovalID
}

// lastID is the ID that was held before it was approved.
func (s *site) lastID() string {
	data, err := os.ReadFile(filepath.Join(s.dir, "id"))
	if err != nil {
		return "ID"
	}
	return string(data)
}

func (s *site) lastRun() string {
	var doc struct {
		Runs []struct {
			RunID string `json:"run_id"`
		}
	}
	cmd := exec.Command(filepath.Join(s.dir, "bin", "duosync"), "history", "--format", "json")
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), beDuosync+"=1")
	out, err := cmd.Output()
	if err != nil || json.Unmarshal(out, &doc) != nil || len(doc.Runs) == 0 {
		return "last"
	}
	return doc.Runs[0].RunID
}

func (s *site) copyOfState() string {
	copies, err := filepath.Glob(filepath.Join(s.dir, "duosync.db.*.bak"))
	if err != nil || len(copies) == 0 {
		return "none.bak"
	}
	return filepath.Base(copies[0])
}
