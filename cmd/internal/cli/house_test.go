package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/wire"
	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	"duosync/state"
	dirsync "duosync/sync"
)

// house is a real slapd, a simulated Duo and a configuration for both.
type house struct {
	t      *testing.T
	dir    string
	config string
	ldap   *slapdtest.Server
	duo    *duosim.Server
	state  string
}

type houseOptions struct {
	slapd slapdtest.Options
	duo   duosim.Options
	ldap  string // replaces the ldap: section
	sync  string // lines below sync:
	rate  string // of calls to Duo
	// single: each operation in a call of its own, one after another.
	single bool
}

const (
	secretKey    = "planted-secret-key-planted-secret-key-42" //nolint:gosec // planted to be searched for
	bindPassword = slapdtest.ReaderPassword
)

func newHouse(t *testing.T, opts houseOptions) *house {
	t.Helper()
	h := &house{t: t, dir: evenFolder(t)}
	h.state = filepath.Join(h.dir, "state.db")
	if opts.ldap == "" {
		h.ldap = slapdtest.Start(t, opts.slapd)
		opts.ldap = ldapSection(h.ldap.URL)
	}
	opts.duo.Keys = append(opts.duo.Keys, duosim.Key{Kind: duosim.KeyAdmin, Integration: "DIPLANTEDKEY00000001", Secret: secretKey})
	h.duo = duosim.New(opts.duo)
	if err := h.duo.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.duo.Close() })
	if err := h.duo.WriteFiles(h.dir); err != nil {
		t.Fatal(err)
	}
	if opts.rate == "" {
		opts.rate = "5000/1s"
	}
	section, err := os.ReadFile(filepath.Join(h.dir, "duo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if opts.single {
		opts.rate += "\n  bulk: off\n  max_in_flight: 1"
	}
	h.write(fmt.Sprintf("%s\n%s  rate: %s\nstate: {dsn: state.db}\nsync:\n  refresh_every: 24h\n%s", opts.ldap, section, opts.rate, opts.sync))
	return h
}

// evenFolder makes a folder whose path has 80 characters wherever tests are run, so that
// text that names it breaks at the same place.
func evenFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	dir = filepath.Join(dir, strings.Repeat("d", max(1, 79-len(dir))))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func ldapSection(url string) string {
	return fmt.Sprintf("ldap: {urls: [%q], bind_dn: %q, bind_password: %q}", url, slapdtest.ReaderDN, bindPassword)
}

func (h *house) write(config string) {
	h.t.Helper()
	h.config = filepath.Join(h.dir, "config.yaml")
	if err := os.WriteFile(h.config, []byte(config), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// edit replaces a part of the configuration.
func (h *house) edit(from, to string) {
	h.t.Helper()
	data, err := os.ReadFile(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(from)) {
		h.t.Fatalf("the configuration has no %q:\n%s", from, data)
	}
	h.write(strings.Replace(string(data), from, to, 1))
}

// result is what a command left behind.
type result struct {
	code     int
	out, err string
	report   reportDocument
}

type reportDocument struct {
	PlanID     string         `json:"plan_id"`
	ApprovalID string         `json:"approval_id"`
	Outcome    string         `json:"outcome"`
	Error      string         `json:"error"`
	Summary    map[string]int `json:"summary"`
	Duo        struct {
		Calls, Retries int
		ExpectedCalls  int `json:"expected_calls"`
	}
	Source struct {
		Read    int `json:"read"`
		InScope int `json:"in_scope"`
		Groups  int
	}
	Operations []reportOperation
	Conflicts  []struct {
		Username, Reason string
		New              bool
	}
	Guards   []reportGuard
	Warnings []string
	Only     string
}

type reportGuard struct {
	Name, Approve, Remedy, Since, Detail string
	ApprovalID                           string `json:"approval_id"`
	Affected, Total                      int
	Held                                 bool
	WholeRun                             bool `json:"whole_run"`
	About                                dirsync.About
	Names                                []string
}

// guard gives the guard of a name that holds.
func (r result) guard(t *testing.T, name string) reportGuard {
	t.Helper()
	for _, g := range r.report.Guards {
		if g.Name == name && g.Held {
			return g
		}
	}
	t.Fatalf("%s does not hold: %+v", name, r.report.Guards)
	return reportGuard{}
}

type reportOperation struct {
	Action, Username, Result, Error string
}

// run runs a command line; its stdout is taken for a JSON report where it is
// one.
func (h *house) run(args ...string) result {
	h.t.Helper()
	var out, errs bytes.Buffer
	code := run(context.Background(), append(args, "--config", h.config), Stdio{Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false }})
	r := result{code: code, out: out.String(), err: errs.String()}
	if strings.HasPrefix(r.out, "{") {
		if err := json.Unmarshal(out.Bytes(), &r.report); err != nil {
			h.t.Fatalf("the report is no JSON: %v\n%s", err, r.out)
		}
	}
	return r
}

func (h *house) sync(args ...string) result {
	h.t.Helper()
	return h.run(append([]string{"sync", "--format", "json"}, args...)...)
}

// want runs a sync and checks how it ended.
func (h *house) want(code int, outcome string, args ...string) result {
	h.t.Helper()
	r := h.sync(args...)
	if r.code != code || r.report.Outcome != outcome {
		h.t.Fatalf("sync %v: exit %d, outcome %q; want %d, %q\n%s%s", args, r.code, r.report.Outcome, code, outcome, r.err, brief(r.out))
	}
	return r
}

func brief(s string) string {
	if len(s) > 3000 {
		return s[:3000] + "…"
	}
	return s
}

// ops lists a report's operations as "action username".
func (r result) ops() []string {
	var ops []string
	for _, o := range r.report.Operations {
		ops = append(ops, o.Action+" "+o.Username)
	}
	return ops
}

// writes counts the calls that changed something in Duo, and forgets them.
func (h *house) writes() int {
	n := 0
	for _, c := range h.duo.Calls() {
		if c.Method != "GET" {
			n++
		}
	}
	h.duo.ResetCalls()
	return n
}

// stateLinks is the snapshot as a state has it, a line each.
func stateLinks(t *testing.T, dsn string) []string {
	t.Helper()
	db, err := state.OpenReadOnly(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	var links []string
	if err := errors.Join(db.Scan(t.Context(), func(b dirsync.Brief) error {
		links = append(links, fmt.Sprint(b))
		return nil
	}), db.Close()); err != nil {
		t.Fatal(err)
	}
	return links
}

// run runs a command line in this process.
func run(ctx context.Context, args []string, stdio Stdio) int {
	return (&app{Stdio: stdio, timing: wire.Timing{Check: time.Minute}}).run(ctx, args)
}
