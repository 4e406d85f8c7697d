package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"duosync/cmd/internal/wire"
	"duosync/duo/duosim"
	"duosync/ldapsrc/ldapsim"
)

const (
	siteSuffix   = "dc=WSO2,dc=ORG"
	siteUsers    = "ou=Users," + siteSuffix
	siteGroups   = "ou=Groups," + siteSuffix
	siteReader   = "uid=reader,ou=system"
	sitePassword = "site-bind-password"
)

// site is a directory and a Duo account in this process, and a configuration for
// duosync in processes of its own.
type site struct {
	t      *testing.T
	dir    string
	config string
	dsn    string
	ldap   *ldapsim.Server
	duo    *duosim.Server
	ledger ledger
	onCall atomic.Pointer[func(duosim.Call)] // after the ledger
	timing wire.Timing                       // of all runs; the clock apart
	ahead  time.Duration                     // of the clock
}

type siteOptions struct {
	dsn     string // "": a SQLite file
	sync    string // lines below sync:
	duo     string // lines below duo:
	more    string // sections
	timeout string // of LDAP and Duo; "": 30s
	rules   duosim.Rules
	unheard bool // no ledger, which takes its time with many people
}

func newSite(t *testing.T, opts siteOptions) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	s.dsn = cmp.Or(opts.dsn, filepath.Join(s.dir, "state.db"))
	var err error
	s.ldap, err = ldapsim.New(ldapsim.Options{Suffixes: []string{siteSuffix}, Binds: map[string]string{siteReader: sitePassword}})
	s.must(err)
	s.must(s.ldap.Start("127.0.0.1:0"))
	t.Cleanup(func() { _ = s.ldap.Close() })
	s.must(errors.Join(
		s.ldap.Add(siteSuffix, ldapsim.Attributes{"objectClass": {"domain"}}),
		s.ldap.Add(siteUsers, ldapsim.Attributes{"objectClass": {"organizationalUnit"}}),
		s.ldap.Add(siteGroups, ldapsim.Attributes{"objectClass": {"organizationalUnit"}}),
	))
	s.duo = duosim.New(duosim.Options{Rules: opts.rules, OnCall: func(c duosim.Call) {
		if c.Method != "GET" && !opts.unheard {
			s.ledger.note(s.duo.Snapshot)
		}
		if f := s.onCall.Load(); f != nil {
			(*f)(c)
		}
	}})
	s.must(s.duo.Start("127.0.0.1:0"))
	t.Cleanup(func() { _ = s.duo.Close() })
	s.must(s.duo.WriteFiles(s.dir))
	section, err := os.ReadFile(filepath.Join(s.dir, "duo.yaml"))
	s.must(err)
	timeout := cmp.Or(opts.timeout, "30s")
	s.config = filepath.Join(s.dir, "config.yaml")
	s.must(os.WriteFile(s.config, fmt.Appendf(nil, `%s
  rate: 5000/1s
  timeout: %s
%s
ldap: {urls: [%q], bind_dn: %q, bind_password: %q, timeout: %s}
state: {dsn: %q}
%s
sync:
%s`, section, timeout, opts.duo, s.ldap.URL(), siteReader, sitePassword, timeout, s.dsn, opts.more, opts.sync), 0o600))
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// before sets what is done with each call to Duo, after its effect and before its
// reply.
func (s *site) before(reply func(duosim.Call)) { s.onCall.Store(&reply) }

// hire adds a person to the directory, with attribute=value pairs.
func (s *site) hire(uid string, pairs ...string) {
	s.t.Helper()
	attrs := ldapsim.Attributes{"objectClass": {"person"}, "uid": {uid}, "cn": {uid}, "sn": {uid}}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		attrs[name] = append(attrs[name], value)
	}
	s.must(s.ldap.Add(s.person(uid), attrs))
}

func (s *site) person(cn string) string { return "cn=" + cn + "," + siteUsers }

// process is duosync at work.
type process struct {
	*site
	cmd       *exec.Cmd
	out, errs bytes.Buffer
	started   chan struct{} // closed when it runs
	done      chan struct{} // closed when it has ended
}

// command prepares a command line in a process of its own.
func (s *site) command(args ...string) *process {
	s.t.Helper()
	self, err := os.Executable()
	s.must(err)
	p := &process{site: s, cmd: exec.CommandContext(s.t.Context(), self, append(args, "--config", s.config)...),
		started: make(chan struct{}), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), beDuosync+"=1", operationTime+"="+s.timing.Operation.String(),
		callTime+"="+s.timing.Call.String(), clockAhead+"="+s.ahead.String())
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	return p
}

func (p *process) start() *process {
	p.t.Helper()
	p.must(p.cmd.Start())
	close(p.started)
	go func() {
		_ = p.cmd.Wait() // its state tells
		close(p.done)
	}()
	return p
}

func (s *site) start(args ...string) *process {
	s.t.Helper()
	return s.command(args...).start()
}

// startRun starts a run that reports as JSON.
func (s *site) startRun(args ...string) *process {
	s.t.Helper()
	return s.start(append([]string{"sync", "--format", "json"}, args...)...)
}

// kill ends the process at once, if it has not ended.
func (p *process) kill() {
	<-p.started
	_ = p.cmd.Process.Kill()
}

func (p *process) signal(sig syscall.Signal) {
	p.t.Helper()
	p.must(p.cmd.Process.Signal(sig))
}

// wait gives what the process left behind; code -1 where it was killed.
func (p *process) wait() result {
	p.t.Helper()
	<-p.done
	r := result{code: p.cmd.ProcessState.ExitCode(), out: p.out.String(), err: p.errs.String()}
	if r.code >= 0 && strings.HasPrefix(r.out, "{") {
		p.must(json.Unmarshal(p.out.Bytes(), &r.report))
	}
	return r
}

// run runs a command line in this process.
func (s *site) run(args ...string) result {
	s.t.Helper()
	var out, errs bytes.Buffer
	a := &app{Stdio: Stdio{Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false }}, timing: s.timing}
	a.timing.Sleep = hurried
	a.timing.Now = func() time.Time { return time.Now().Add(s.ahead) }
	r := result{code: a.run(s.t.Context(), append(args, "--config", s.config)), out: out.String(), err: errs.String()}
	if strings.HasPrefix(r.out, "{") {
		s.must(json.Unmarshal(out.Bytes(), &r.report))
	}
	return r
}

func (s *site) sync(args ...string) result {
	s.t.Helper()
	return s.run(append([]string{"sync", "--format", "json"}, args...)...)
}

// want makes a run and checks how it ended.
func (s *site) want(code int, outcome string, args ...string) result {
	s.t.Helper()
	r := s.sync(args...)
	if r.code != code || r.report.Outcome != outcome {
		s.t.Fatalf("sync %v: exit %d, outcome %q; want %d, %q\n%s%s", args, r.code, r.report.Outcome, code, outcome, r.err, brief(r.out))
	}
	return r
}

// settled checks that nothing is left to do: not for a dry run, not for a run, and
// not for one that reads all of Duo.
func (s *site) settled() {
	s.t.Helper()
	if r := s.want(0, "no-changes", "--dry-run", "--detailed-exitcode"); len(r.report.Conflicts) > 0 {
		s.t.Errorf("conflicts: %v", r.report.Conflicts)
	}
	before := s.ledger.count()
	s.want(0, "no-changes")
	s.want(0, "no-changes", "--refresh")
	if n := s.ledger.count(); n != before {
		s.t.Errorf("runs without changes wrote to Duo: %v", s.ledger.since(before))
	}
}

// onEither runs a test with a state in SQLite, and with one in PostgreSQL.
func onEither(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, postgres(t).Schema(t))
	})
}

// edit replaces a part of the configuration.
func (s *site) edit(from, to string) {
	s.t.Helper()
	data, err := os.ReadFile(s.config)
	s.must(err)
	if strings.Count(string(data), from) != 1 {
		s.t.Fatal(fmt.Errorf("the configuration has no single %q:\n%s", from, data))
	}
	s.must(os.WriteFile(s.config, []byte(strings.Replace(string(data), from, to, 1)), 0o600))
}
