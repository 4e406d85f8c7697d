package daemon_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"duosync/cmd/internal/cli"
	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	"duosync/state"
)

// beDuosync has the test binary be duosync itself.
const beDuosync = "DUOSYNC_TEST_BE_DUOSYNC"

func TestMain(m *testing.M) {
	if os.Getenv(beDuosync) != "" {
		os.Exit(cli.Main(os.Args[1:], cli.Process()))
	}
	os.Exit(m.Run())
}

// patience is how long the tests wait for what should come at once, before they
// give up.
const patience = 60 * time.Second

// plant is a slapd, a simulated Duo and a configuration for a daemon of its own
// process.
type plant struct {
	t       *testing.T
	dir     string
	ldap    *slapdtest.Server
	duo     *duosim.Server
	onCall  atomic.Pointer[func(duosim.Call)]
	address string
	mu      sync.Mutex
	ids     map[string]map[string]bool // of the users that Duo ever had under a name
}

func newPlant(t *testing.T, people int, faults ...duosim.Fault) *plant {
	t.Helper()
	p := &plant{t: t, dir: t.TempDir(), ldap: slapdtest.Start(t, slapdtest.Options{People: people}), address: freeAddress(t), ids: map[string]map[string]bool{}}
	p.duo = duosim.New(duosim.Options{Faults: duosim.Faults{Rules: faults}, OnCall: func(c duosim.Call) {
		if c.Wrote {
			p.note()
		}
		if f := p.onCall.Load(); f != nil {
			(*f)(c)
		}
	}})
	if err := p.duo.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.duo.Close() })
	if err := p.duo.WriteFiles(p.dir); err != nil {
		t.Fatal(err)
	}
	p.configure("")
	return p
}

func (p *plant) path(name string) string { return filepath.Join(p.dir, name) }

// configure writes the configuration, and more at its end.
func (p *plant) configure(more string) {
	p.t.Helper()
	duo, err := os.ReadFile(p.path("duo.yaml"))
	if err != nil {
		p.t.Fatal(err)
	}
	text := fmt.Sprintf(`%s
  rate: 5000/1s
  bulk: auto
ldap: {urls: [%q], bind_dn: %q, bind_password: %q}
state: {dsn: state.db}
schedule: {cron: "@every 1s", jitter: 0s}
http: {listen: %q, token: %q}
notify: {textfile: duosync.prom}
sync: {limits: {max_remove: off, max_update: off}, on_missing: {action: delete, then: keep}}
%s`, duo, p.ldap.URL, slapdtest.ReaderDN, slapdtest.ReaderPassword, p.address, token, more)
	if err := os.WriteFile(p.path("config.yaml"), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// rewrite replaces a part of the configuration.
func (p *plant) rewrite(from, to string) {
	p.t.Helper()
	text, err := os.ReadFile(p.path("config.yaml"))
	if err != nil || strings.Count(string(text), from) != 1 {
		p.t.Fatalf("no single %q in the configuration: %v", from, err)
	}
	if err := os.WriteFile(p.path("config.yaml"), []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// process is a daemon at work.
type process struct {
	*plant
	cmd     *exec.Cmd
	notices *net.UnixConn
	mu      sync.Mutex
	heard   string // by the service manager
	exited  chan error
}

// start starts `duosync run`, beside a service manager that listens.
func (p *plant) start() *process {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	d := &process{plant: p, cmd: exec.Command(self, "run", "--config", p.path("config.yaml"), "--log-level", "info"), exited: make(chan error, 1)}
	socket := &net.UnixAddr{Name: filepath.Join(p.t.TempDir(), "notify"), Net: "unixgram"}
	if d.notices, err = net.ListenUnixgram("unixgram", socket); err != nil {
		p.t.Fatal(err)
	}
	go d.listen()
	d.cmd.Env = append(os.Environ(), beDuosync+"=1", "NOTIFY_SOCKET="+socket.Name, "WATCHDOG_USEC=500000")
	log, err := os.OpenFile(p.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	d.cmd.Stderr = log
	if err := errors.Join(d.cmd.Start(), log.Close()); err != nil {
		p.t.Fatal(err)
	}
	go func() { d.exited <- d.cmd.Wait() }()
	p.t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // does nothing where it has ended
		_ = d.notices.Close()
		if p.t.Failed() {
			p.t.Logf("the daemon's log:\n%s", tail(p.log()))
		}
	})
	return d
}

// log is what all daemons of the plant have logged.
func (p *plant) log() string {
	p.t.Helper()
	data, err := os.ReadFile(p.path("log"))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

func (d *process) listen() {
	buffer := make([]byte, 4096)
	for {
		n, err := d.notices.Read(buffer)
		if err != nil {
			return
		}
		d.mu.Lock()
		d.heard += string(buffer[:n]) + "\n"
		d.mu.Unlock()
	}
}

func (d *process) hears(state string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Contains(d.heard, state)
}

func (d *process) signal(s os.Signal) {
	d.t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
}

// wait waits for the end of the process.
func (d *process) wait() error {
	d.t.Helper()
	select {
	case err := <-d.exited:
		return err
	case <-time.After(patience):
		d.t.Fatal("the daemon does not end")
		return nil
	}
}

// until waits for something to come true.
func (d *process) until(what string, done func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("%s: not in %s", what, patience)
		}
	}
}

// metrics gives the values of the metrics page by series.
func (d *process) metrics() map[string]float64 {
	d.t.Helper()
	code, body, _ := get(d.t, "http://"+d.address+"/metrics", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
	if code != http.StatusOK {
		d.t.Fatalf("/metrics: %d %s", code, body)
	}
	return values(body)
}

// textfile gives the same of a textfile.
func textfile(t *testing.T, path string) map[string]float64 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return values(string(data))
}

func values(text string) map[string]float64 {
	values := make(map[string]float64)
	for line := range strings.Lines(text) {
		series, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		if value, err := strconv.ParseFloat(number, 64); err == nil {
			values[series] = value
		}
	}
	return values
}

// answers reports whether something listens.
func answers(address string) bool {
	conn, err := net.Dial("tcp", address)
	return err == nil && conn.Close() == nil
}

// runs waits until so many runs have ended, and gives the metrics of then.
func (d *process) runs(n int) (m map[string]float64) {
	d.t.Helper()
	d.until(fmt.Sprintf("%d runs", n), func() bool {
		m = d.metrics()
		return ended(m) >= n
	})
	return m
}

func ended(m map[string]float64) (n int) {
	for series, value := range m {
		if strings.HasPrefix(series, "duosync_runs_total{") {
			n += int(value)
		}
	}
	return n
}

// history gives all runs of the state, oldest first.
func (p *plant) history() []state.Run {
	p.t.Helper()
	db, err := state.OpenReadOnly(p.t.Context(), p.path("state.db"))
	if err != nil {
		p.t.Fatal(err)
	}
	runs, err := db.Runs(p.t.Context(), 0)
	if err := errors.Join(err, db.Close()); err != nil {
		p.t.Fatal(err)
	}
	return reversed(runs)
}

func reversed[T any](list []T) []T {
	out := make([]T, 0, len(list))
	for i := range list {
		out = append(out, list[len(list)-1-i])
	}
	return out
}

// orderly checks that all runs are in the history, and that no two overlap.
func (p *plant) orderly(want int) {
	p.t.Helper()
	runs := p.history()
	if len(runs) != want {
		p.t.Errorf("%d runs in the history, want %d", len(runs), want)
	}
	for i, run := range runs {
		if run.By != "schedule" {
			p.t.Errorf("run %s is by %q", run.ID, run.By)
		}
		if run.Finished.IsZero() {
			p.t.Errorf("run %s was not ended", run.ID)
		}
		if i > 0 && run.Started.Before(runs[i-1].Finished) {
			p.t.Errorf("run %s began at %s, before %s ended at %s", run.ID, run.Started, runs[i-1].ID, runs[i-1].Finished)
		}
	}
}

// note remembers who is in Duo.
func (p *plant) note() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.duo.Users() {
		if p.ids[u.Username] == nil {
			p.ids[u.Username] = map[string]bool{}
		}
		p.ids[u.Username][u.ID] = true
	}
}

// createdOnce checks that everyone in Duo was created once, alone or with others.
func (p *plant) createdOnce() {
	p.t.Helper()
	p.note()
	for _, u := range p.duo.Users() {
		if n := len(p.ids[u.Username]); n != 1 {
			p.t.Errorf("%s was created %d times", u.Username, n)
		}
	}
}

// disturb makes everyday changes and troubles around run n. The number of people
// stays the same.
func (d *process) disturb(n int) {
	d.t.Helper()
	if n%7 == 5 {
		d.ldap.Restart()
	}
	dn := slapdtest.UserDN(n % 5)
	d.ldap.Modify(dn, "mail", fmt.Sprintf("mail%d@example.com", n))
	switch n % 7 {
	case 1:
		d.ldap.Add(passing(n), map[string][]string{"objectClass": {"inetOrgPerson"}, "cn": {"P"}, "sn": {"P"}})
	case 3:
		d.ldap.Delete(passing(n - 2))
	case 4:
		d.ldap.Stop()
	case 5:
		d.configure("ldap: twice") // a mistake
		d.signal(syscall.SIGHUP)
	case 6:
		d.configure("") // as before
		d.signal(syscall.SIGHUP)
	}
}

func passing(n int) string { return fmt.Sprintf("uid=passing%d,%s", n, slapdtest.UsersDN) }

func tail(s string) string { return s[max(0, len(s)-6000):] }

// everyday are faults of Duo that a run copes with.
func everyday() []duosim.Fault {
	post := func(name string, every int, effect duosim.Effect) duosim.Fault {
		return duosim.Fault{Name: name, Method: "POST", Every: every, Effect: effect}
	}
	return []duosim.Fault{post("lost", 23, duosim.CutAfter), post("cut", 17, duosim.CutBefore), post("html", 29, duosim.HTML502), post("500", 31, duosim.Error500)}
}
