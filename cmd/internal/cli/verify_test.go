package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"duosync/duo/duosim"
)

var updateVerify = flag.Bool("update-verify", false, "write what verify says into testdata")

const (
	bypassCode = "314159265"
	wrongCode  = "271828182"
	authKey    = "DIPLANTEDAUTH0000001"
	authSecret = "planted-auth-key-planted-auth-key-000042" //nolint:gosec // planted to be searched for
)

// verifyHouse is a simulated account with a user of each kind, named by it. There is no
// directory: verify asks none.
func verifyHouse(t *testing.T, options duosim.Options) *house {
	t.Helper()
	options.Keys = append(options.Keys, duosim.Key{Kind: duosim.KeyAuth, Integration: authKey, Secret: authSecret})
	h := newHouse(t, houseOptions{ldap: "ldap: {urls: ['ldap://127.0.0.1:1']}", duo: options})
	asleep := h.group("asleep", "disabled")
	open := h.group("open", "bypass")
	staff := h.group("staff", "active")
	code := []duosim.BypassCode{{ID: "DB000000000000000001", Code: bypassCode, Uses: 1}}
	const none, plain, mobile = 0, 1, 2
	for i, u := range []struct {
		duosim.User
		phone int
	}{
		{User: duosim.User{Username: "alice", Aliases: []string{"a.smith"}, Groups: []string{staff}, BypassCodes: code}, phone: mobile},
		{User: duosim.User{Username: "caller", BypassCodes: code}, phone: plain},
		{User: duosim.User{Username: "securitykey", Enrolled: true}},
		{User: duosim.User{Username: "newcomer", BypassCodes: code}},
		{User: duosim.User{Username: "bypassed", Status: "bypass"}, phone: mobile},
		{User: duosim.User{Username: "opened", Groups: []string{open, staff}}, phone: mobile},
		{User: duosim.User{Username: "disabled", Status: "disabled", BypassCodes: code}, phone: mobile},
		{User: duosim.User{Username: "lockedout", Status: "locked out"}, phone: mobile},
		{User: duosim.User{Username: "sleeper", Groups: []string{asleep, staff}}, phone: mobile},
		{User: duosim.User{Username: "trashed", Status: "pending deletion"}, phone: mobile},
		{User: duosim.User{Username: "leaver", Status: "pending deletion", StatusBefore: "disabled"}, phone: mobile},
		{User: duosim.User{Username: "renamed <b>\u202eüser", Status: "disabled"}, phone: none},
	} {
		stored, err := h.duo.AddUser(u.User)
		if err != nil {
			t.Fatal(err)
		}
		if u.phone == none {
			continue
		}
		if _, err := h.duo.AddPhone(duosim.Phone{
			Number: fmt.Sprintf("+120255501%02d", i), Type: "mobile", Platform: "apple ios",
			Activated: u.phone == mobile, Users: []string{stored.ID},
		}); err != nil {
			t.Fatal(err)
		}
	}
	h.duo.ResetCalls()
	return h
}

func (h *house) group(name, status string) string {
	h.t.Helper()
	g, err := h.duo.AddGroup(duosim.Group{Name: name, Status: status})
	if err != nil {
		h.t.Fatal(err)
	}
	return g.ID
}

// feed runs a command line with a text on its standard input.
func (h *house) feed(in string, args ...string) result {
	h.t.Helper()
	var out, errs bytes.Buffer
	code := run(context.Background(), append(args, "--config", h.config), Stdio{
		In: strings.NewReader(in), Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false },
	})
	return result{code: code, out: out.String(), err: errs.String()}
}

// verifyAnswer is the JSON form.
type verifyAnswer struct{ Username, Result, Detail string }

func answerOf(t *testing.T, text string) verifyAnswer {
	t.Helper()
	var v verifyAnswer
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("no JSON of three fields: %v\n%s", err, text)
	}
	return v
}

func (h *house) noSecret(r result) {
	h.t.Helper()
	for _, secret := range []string{secretKey, authSecret, bypassCode, wrongCode, "enroll.invalid"} {
		if strings.Contains(r.out+r.err, secret) {
			h.t.Errorf("a secret is shown:\n%s%s", r.out, r.err)
		}
	}
}

// verifyTest is one question, and what comes of it.
type verifyTest struct {
	name   string
	args   []string
	duo    duosim.Options
	change func(*house)
	result string
}

// TestVerify compares what verify says of everybody with testdata/verify.txtar; go test
// -update-verify writes it anew. The JSON form says the same.
func TestVerify(t *testing.T) {
	t.Parallel()
	const file = "testdata/verify.txtar"
	reader := func(h *house) { // the Admin API's keys are not what they should be
		h.edit("integration_key: DIPLANTEDKEY00000001", "integration_key: "+h.duo.Key(duosim.KeyAuth).Integration)
		h.edit("secret_key: "+secretKey, "secret_key: "+authSecret)
	}
	tests := []verifyTest{
		{name: "a device", args: []string{"alice"}, result: "allow"},
		{name: "by alias", args: []string{"A.Smith"}, result: "allow"},
		{name: "by id", args: []string{"DU000000000000000001"}, result: "allow"},
		{name: "a telephone", args: []string{"caller"}, result: "allow"},
		{name: "a security key", args: []string{"securitykey"}, result: "allow"},
		{name: "not enrolled", args: []string{"newcomer"}, result: "enroll"},
		{name: "bypass", args: []string{"bypassed"}, result: "allow"},
		{name: "bypass by a group", args: []string{"opened"}, result: "allow"},
		{name: "disabled", args: []string{"disabled"}, result: "deny"},
		{name: "disabled by a group", args: []string{"sleeper"}, result: "deny"},
		{name: "locked out", args: []string{"lockedout"}, result: "deny"},
		{name: "in the Trash", args: []string{"trashed"}, result: "allow"},
		{name: "in the Trash, disabled before", args: []string{"leaver"}, result: "deny"},
		{name: "an odd name", args: []string{"RENAMED <b>\u202eüser"}, result: "deny"},
		{name: "unknown name", args: []string{"nobody"}, result: "enroll"},
		{name: "unknown id", args: []string{"DU999999999999999999"}, result: "deny"},

		{name: "push approved", args: []string{"alice", "--push"}, result: "allow"},
		{name: "push denied", args: []string{"alice", "--push"}, duo: duosim.Options{Rules: duosim.Rules{PushAnswer: duosim.PushDeny}}, result: "deny"},
		{name: "push reported", args: []string{"alice", "--push"}, duo: duosim.Options{Rules: duosim.Rules{PushAnswer: duosim.PushFraud}}, result: "deny"},
		{name: "push not answered", args: []string{"alice", "--push"}, duo: unanswered(), result: "deny"},
		{name: "push without a device for it", args: []string{"caller", "--push"}, result: "deny"},
		{name: "push, not enrolled", args: []string{"newcomer", "--push"}, result: "enroll"},
		{name: "push, bypass", args: []string{"bypassed", "--push"}, result: "allow"},
		{name: "push, disabled", args: []string{"disabled", "--push"}, result: "deny"},
		{name: "push, unknown", args: []string{"nobody", "--push"}, result: "enroll"},

		{name: "passcode right", args: []string{"alice", "--passcode", bypassCode}, result: "allow"},
		{name: "passcode right, not enrolled", args: []string{"newcomer", "--passcode", bypassCode}, result: "allow"},
		{name: "passcode wrong", args: []string{"alice", "--passcode", wrongCode}, result: "deny"},
		{name: "passcode, disabled", args: []string{"disabled", "--passcode", bypassCode}, result: "deny"},
		{name: "passcode, bypass", args: []string{"bypassed", "--passcode", bypassCode}, result: "allow"},

		{name: "by name only", args: []string{"alice"}, change: reader, result: "allow"},
		{name: "by name only, push", args: []string{"alice", "--push"}, change: reader, result: "allow"},
		{name: "by name only, unknown", args: []string{"nobody", "--passcode", bypassCode}, change: reader, result: "enroll"},
		{name: "by name only, bypass", args: []string{"bypassed"}, change: reader, result: "allow"},
		{name: "by name only, disabled", args: []string{"disabled"}, change: reader, result: "deny"},
		{name: "by id only, unknown", args: []string{"DU999999999999999999"}, change: reader, result: "deny"},

		{name: "no Auth API keys", args: []string{"alice"}, change: func(h *house) {
			h.edit("    integration_key: "+authKey, "    integration_key: ''")
			h.edit("    secret_key: "+authSecret, "    secret_key: ''")
		}, result: "error"},
		{name: "Auth API keys of the Admin API", args: []string{"alice"}, change: func(h *house) {
			h.edit("    integration_key: "+authKey, "    integration_key: DIPLANTEDKEY00000001")
			h.edit("    secret_key: "+authSecret, "    secret_key: "+secretKey)
		}, result: "error"},
		{name: "wrong secret key", args: []string{"alice"}, change: func(h *house) {
			h.edit("    secret_key: "+authSecret, "    secret_key: wrong-secret-key-wrong-secret-key-000042")
		}, result: "error"},
		{name: "Duo is out of order", args: []string{"alice", "--push"}, duo: duosim.Options{Faults: duosim.Faults{Rules: []duosim.Fault{
			{Name: "down", Path: "/auth/v2/auth", Effect: duosim.HTML502},
		}}}, result: "error"},
	}
	golden, err := txtar.ParseFile(file)
	if err != nil && !*updateVerify {
		t.Fatal(err)
	}
	want := map[string]string{}
	if golden != nil {
		for _, f := range golden.Files {
			want[f.Name] = string(f.Data)
		}
	}
	got := &txtar.Archive{Comment: []byte("What duosync verify says; written by go test -update-verify.\n\n"), Files: make([]txtar.File, len(tests))}
	t.Run("of", func(t *testing.T) {
		for i, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				text := verified(t, tt)
				got.Files[i] = txtar.File{Name: tt.name, Data: []byte(text)}
				if !*updateVerify && text != want[tt.name] {
					t.Errorf("(-want +got):\n%s", cmp.Diff(want[tt.name], text))
				}
			})
		}
	})
	if *updateVerify {
		if err := os.WriteFile(file, txtar.Format(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// verified runs verify in both forms, and gives what it says in the first.
func verified(t *testing.T, tt verifyTest) string {
	t.Helper()
	ask := func(more ...string) result {
		h := verifyHouse(t, tt.duo)
		if tt.change != nil {
			tt.change(h)
		}
		files := contents(t, h.dir)
		r := h.run(slices.Concat([]string{"verify"}, tt.args, more)...)
		h.noSecret(r)
		if want := map[string]int{"allow": 0, "enroll": 4, "deny": 4, "error": 1}[tt.result]; r.code != want {
			t.Errorf("exit %d, want %d\n%s%s", r.code, want, r.out, r.err)
		}
		for _, call := range h.duo.Calls() {
			if call.Wrote && call.Path != "/auth/v2/auth" {
				t.Errorf("it wrote to Duo: %+v", call)
			}
		}
		if diff := cmp.Diff(files, contents(t, h.dir)); diff != "" {
			t.Errorf("files have changed (-before +after):\n%s", diff)
		}
		return r
	}
	r := ask()
	asJSON := ask("--format", "json")
	answer := answerOf(t, asJSON.out)
	if answer.Result != tt.result || asJSON.err != r.err {
		t.Errorf("as JSON: %+v %s", answer, asJSON.err)
	}
	if _, detail, found := strings.Cut(r.out, "\n"); found && words(detail) != words(answer.Detail) {
		t.Errorf("JSON says %q, the text %q", answer.Detail, detail)
	}
	return fmt.Sprintf("$ duosync verify %s\n%s%sexit %d\n\n", strings.NewReplacer(bypassCode, "CODE", wrongCode, "WRONG").Replace(strings.Join(tt.args, " ")), r.out, r.err, r.code)
}

func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// A login is started once, and only where one was asked for.
func TestVerifyCalls(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"alice"}, []string{"GET /admin/v1/users admin", "POST /auth/v2/preauth auth"}},
		{[]string{"nobody"}, []string{"GET /admin/v1/users admin", "POST /auth/v2/preauth auth"}},
		{[]string{"DU000000000000000001"}, []string{"GET /admin/v1/users/DU000000000000000001 admin", "POST /auth/v2/preauth auth"}},
		{[]string{"alice", "--push"}, []string{"GET /admin/v1/users admin", "POST /auth/v2/preauth auth", "POST /auth/v2/auth auth"}},
		{[]string{"disabled", "--push"}, []string{"GET /admin/v1/users admin", "POST /auth/v2/preauth auth"}},
	} {
		h := verifyHouse(t, duosim.Options{})
		if err := h.duo.AddFault(duosim.Fault{Name: "lost", Path: "/auth/v2/auth", Effect: duosim.CutAfter}); err != nil {
			t.Fatal(err)
		}
		h.run(append([]string{"verify"}, tt.args...)...)
		var calls []string
		for _, call := range h.duo.Calls() {
			calls = append(calls, fmt.Sprintf("%s %s %s", call.Method, call.Path, call.Key))
		}
		if diff := cmp.Diff(tt.want, calls); diff != "" {
			t.Errorf("%v: calls (-want +got):\n%s", tt.args, diff)
		}
	}
}

func TestVerifyReadsThePasscode(t *testing.T) {
	t.Parallel()
	for in, code := range map[string]int{bypassCode + "\n": 0, "  " + bypassCode: 0, bypassCode + "\r\nmore\n": 0, wrongCode + "\n": 4, "": 1, "\n" + bypassCode: 1} {
		h := verifyHouse(t, duosim.Options{})
		r := h.feed(in, "verify", "alice", "--passcode", "-", "--format", "json", "--log-level", "debug")
		if r.code != code || !strings.Contains(r.err, "/auth/v2/") && code != 1 {
			t.Errorf("%q: exit %d\n%s%s", in, r.code, r.out, r.err)
		}
		h.noSecret(r)
		if answer := answerOf(t, r.out); code == 1 && (answer.Result != "error" || !strings.Contains(r.err, "no passcode on standard input")) {
			t.Errorf("%q: %+v\n%s", in, answer, r.err)
		}
	}
}

// unanswered is a Duo of whose pushes nobody takes notice, and where a minute passes
// between two looks at one.
func unanswered() duosim.Options {
	var looks atomic.Int64
	return duosim.Options{
		Rules: duosim.Rules{PushAnswer: duosim.PushWaiting},
		Now:   func() time.Time { return time.Now().Add(time.Duration(looks.Load()) * time.Minute) },
		OnCall: func(call duosim.Call) {
			if call.Path == "/auth/v2/auth_status" {
				looks.Add(1)
			}
		},
	}
}

func TestVerifyWaitsNoLongerThanAsked(t *testing.T) {
	t.Parallel()
	h := verifyHouse(t, duosim.Options{Rules: duosim.Rules{PushAnswer: duosim.PushWaiting}})
	r := h.run("verify", "alice", "--push", "--timeout", "1s", "--format", "json")
	if answer := answerOf(t, r.out); r.code != 1 || answer.Result != "error" || !strings.Contains(r.err, "no answer to the push within 1s") {
		t.Errorf("exit %d %+v %s", r.code, answer, r.err)
	}
}

func TestVerifyUsage(t *testing.T) {
	t.Parallel()
	h := verifyHouse(t, duosim.Options{})
	for _, tt := range []struct {
		args  []string
		words string
	}{
		{[]string{"--timeout", "0s"}, "--timeout"},
		{[]string{"--push", "--passcode", bypassCode}, "--push and --passcode do not go together"},
		{[]string{"--passcode", ""}, "--passcode is empty"},
		{[]string{"--format", "csv"}, "there is no format \"csv\""},
	} {
		if r := h.run(append([]string{"verify", "alice"}, tt.args...)...); r.code != 1 || !strings.Contains(r.err, tt.words) || strings.Contains(r.err, bypassCode) {
			t.Errorf("%v: exit %d %s", tt.args, r.code, r.err)
		}
	}
	if r := h.run("verify", " "); r.code != 1 || !strings.Contains(r.err, "USER is empty") {
		t.Errorf("exit %d %s", r.code, r.err)
	}
	if calls := h.duo.Calls(); len(calls) > 0 {
		t.Errorf("Duo was called: %+v", calls)
	}
	file := filepath.Join(h.dir, "answer.json")
	if r := h.run("verify", "alice", "--format", "json", "--output", file); r.code != 0 || r.out != "" {
		t.Errorf("--output: exit %d %s%s", r.code, r.out, r.err)
	}
	if data, err := os.ReadFile(file); err != nil || answerOf(t, string(data)).Result != "allow" {
		t.Errorf("--output wrote %s (%v)", data, err)
	}
}
