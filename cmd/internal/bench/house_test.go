package bench_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/watch"
	"duosync/cmd/internal/wire"
	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// asked are the attributes that a run with the usual mapping asks for, and how it asks.
var (
	asked    = []string{"entryUUID", "uid", "cn", "sn", "givenName", "mail", "modifyTimestamp"}
	filter   = "(objectClass=inetOrgPerson)"
	pageSize = 1000
)

// house is a slapd with people, and a simulated Duo without a limit.
type house struct {
	t      *testing.T
	n      int
	ldap   *slapdtest.Server
	duo    *duosim.Server
	config string
}

func newHouse(t *testing.T, n int) *house {
	t.Helper()
	h := &house{t: t, n: n, ldap: slapdtest.Start(t, slapdtest.Options{People: n})}
	h.duo, h.config = h.account(duosim.Options{}, "1000000/1s")
	return h
}

// account starts a Duo, and gives it with the configuration of a duosync that calls it at a
// rate, with a state of its own.
func (h *house) account(options duosim.Options, rate string) (*duosim.Server, string) {
	h.t.Helper()
	duo := duosim.New(options)
	if err := duo.Start("127.0.0.1:0"); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = duo.Close() })
	dir := h.t.TempDir()
	if err := duo.WriteFiles(dir); err != nil {
		h.t.Fatal(err)
	}
	section, err := os.ReadFile(filepath.Join(dir, "duo.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	text := fmt.Sprintf(`ldap:
  preset: openldap
  urls: [%q]
  bind_dn: %q
  bind_password: %q
  page_size: %d
  users: {base_dns: [%q], filter: %q}
state: {dsn: state.db}
%s  rate: %s
`, h.ldap.URL, slapdtest.ReaderDN, slapdtest.ReaderPassword, pageSize, slapdtest.UsersDN, filter, section, rate)
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return duo, path
}

// sync measures a run of the program.
func (h *house) sync(what string, flags ...string) figures {
	h.t.Helper()
	h.duo.ResetCalls()
	name := os.Getenv(binaryVariable)
	var env []string
	if name == "" {
		name, env = os.Args[0], []string{be + "=" + beDuosync}
	}
	f := h.process(what, env, name, append([]string{"sync", "--config", h.config, "--format", "json", "--output", filepath.Join(h.t.TempDir(), "report.json")}, flags...)...)
	f.calls = len(h.duo.Calls())
	return f
}

func (h *house) ldapsearch() figures {
	h.t.Helper()
	return h.process(ldapsearch, nil, "ldapsearch", append([]string{"-x", "-LLL", "-H", h.ldap.URL, "-D", slapdtest.ReaderDN, "-w", slapdtest.ReaderPassword,
		"-b", slapdtest.UsersDN, "-E", fmt.Sprintf("pr=%d/noprompt", pageSize), filter}, asked...)...)
}

// reader is what go-ldap alone takes, see plainReader.
func (h *house) reader() figures {
	h.t.Helper()
	return h.process(reader, []string{be + "=" + beReader}, os.Args[0], h.ldap.URL)
}

// plainReader reads all people from a server by go-ldap, page by page, and keeps nothing.
func plainReader(args []string) int {
	err := func() error {
		conn, err := ldap.DialURL(args[0])
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		if err := conn.Bind(slapdtest.ReaderDN, slapdtest.ReaderPassword); err != nil {
			return err
		}
		page := ldap.NewControlPaging(uint32(pageSize)) //nolint:gosec // a small constant
		for {
			got, err := conn.Search(ldap.NewSearchRequest(slapdtest.UsersDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, asked, []ldap.Control{page}))
			if err != nil {
				return err
			}
			next, ok := ldap.FindControl(got.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
			if !ok || len(next.Cookie) == 0 {
				return nil
			}
			page.SetCookie(next.Cookie)
		}
	}()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// change gives one person in a hundred another mail address.
func (h *house) change(word string) {
	h.t.Helper()
	h.ldap.Do(func(c *ldap.Conn) error {
		for i := 0; i < h.n; i += 100 {
			request := ldap.NewModifyRequest(slapdtest.UserDN(i), nil)
			request.Replace("mail", []string{slapdtest.UID(i) + "." + word + "@example.net"})
			if err := c.Modify(request); err != nil {
				return err
			}
		}
		return nil
	})
}

// holds fails unless Duo has each person once.
func (h *house) holds(want int) {
	h.t.Helper()
	names := map[string]bool{}
	for _, u := range h.duo.Snapshot().Users {
		names[u.Username] = true
	}
	if len(names) != want {
		h.t.Errorf("Duo holds %d people, want %d", len(names), want)
	}
}

// stateSize is the size of the state, with what SQLite keeps beside it.
func (h *house) stateSize() (size int64) {
	h.t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(filepath.Join(filepath.Dir(h.config), "state.db"+suffix)); err == nil {
			size += info.Size()
		}
	}
	return size
}

// limited gives the same directory with a Duo that lets 50 calls a minute through.
func (h *house) limited() *limitedHouse {
	h.t.Helper()
	l := &limitedHouse{t: h.t, clock: newClock()}
	l.duo, l.config = h.account(duosim.Options{Now: l.clock.now, RateLimits: []duosim.RateLimit{{Calls: 50, Window: time.Minute, RetryAfter: true}}}, "50/1m")
	return l
}

// limitedHouse runs in this process, by the clock that its Duo has, too.
type limitedHouse struct {
	t      *testing.T
	clock  *clock
	duo    *duosim.Server
	config string
}

func (l *limitedHouse) attempt(refresh bool) *limitedRun {
	l.t.Helper()
	loaded, err := config.Load(l.config, os.LookupEnv)
	if err != nil {
		l.t.Fatal(err)
	}
	log := logrus.New()
	log.SetLevel(logrus.ErrorLevel)
	l.duo.ResetCalls()
	before := l.clock.now()
	run := wire.Attempt(l.t.Context(), loaded, wire.Setup{Log: log, Version: "bench", Timing: wire.Timing{Now: l.clock.now, Sleep: l.clock.sleep}},
		wire.RunOptions{Refresh: refresh}, watch.New(nil))
	if run.Outcome != dirsync.OutcomeApplied && run.Outcome != dirsync.OutcomeNoChanges {
		l.t.Fatalf("a run against a limit: %s, %v", run.Outcome, run.Err)
	}
	took := &limitedRun{took: l.clock.now().Sub(before), calls: len(l.duo.Calls())}
	_ = l.clock.sleep(l.t.Context(), 10*time.Minute) // the next run does not begin in the window of this one
	return took
}

// clock is a time that passes only while somebody waits for it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().Truncate(time.Second)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := c.at.Add(d); d > 0 && until.After(c.at) {
		c.at = until
	}
	return nil
}

// commandLine is what was measured, for an error.
func commandLine(name string, args []string) string {
	return filepath.Base(name) + " " + strings.Join(args, " ")
}
