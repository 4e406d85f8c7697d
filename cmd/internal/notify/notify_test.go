package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify"
	"duosync/cmd/internal/notify/posttest"
	"duosync/state"
	dirsync "duosync/sync"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// receiver keeps what it is sent, and takes it or not.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	code   int
	events []string
	raw    []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{code: 200}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		w.WriteHeader(r.code)
		var m struct {
			Events   []string
			Reminder bool
		}
		if r.code == 200 && json.Unmarshal(body, &m) == nil {
			text := strings.Join(m.Events, "+")
			if m.Reminder {
				text += " again"
			}
			r.events, r.raw = append(r.events, text), append(r.raw, string(body))
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// took gives what came since it was asked last.
func (r *receiver) took() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := strings.Join(r.events, "; ")
	r.events = nil
	return text
}

func (r *receiver) answers(code int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.code = code
}

// scene is a configuration with a state, and two channels: a webhook, and a second one in the
// place of mail.
type scene struct {
	t      *testing.T
	config *config.Config
	hook   *receiver
	at     time.Time
}

func newScene(t *testing.T, on string) *scene {
	s := &scene{t: t, hook: newReceiver(t), at: noon}
	dsn := filepath.Join(t.TempDir(), "duosync.db")
	loaded, err := config.Parse("/etc/duosync/config.yaml", fmt.Appendf(nil, `
duo: {host: api-1a2b3c4d.duosecurity.com, integration_key: DIWJ8X6AEYOR5OMC6TQ1, secret_key: planted-secret-of-duo}
state: {dsn: %s}
ldap: {bind_dn: cn=reader, bind_password: planted-password}
notify: {webhook_url: '%s/hooks/planted9token', on: [%s]}
`, dsn, s.hook.URL, on), func(string) (string, bool) { return "", false })
	must(t, err)
	s.config = &loaded.Config
	db, err := state.Open(t.Context(), dsn, state.Options{})
	must(t, err)
	must(t, db.Close())
	return s
}

func (s *scene) options() notify.Options {
	return notify.Options{Version: "test", Now: func() time.Time { return s.at }, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

// run makes a run half an hour later: "ok", "held", "failed", "changed".
func (s *scene) run(kind string) *dirsync.Run {
	s.at = s.at.Add(30 * time.Minute)
	run := &dirsync.Run{ID: "run of " + s.at.Format(time.TimeOnly), Complete: true, Outcome: dirsync.OutcomeNoChanges, Started: s.at, Finished: s.at}
	switch kind {
	case "held":
		run.Outcome = dirsync.OutcomeHeld
		run.Guards = []dirsync.Guard{{Name: "max_remove", Held: true, Affected: 40, Total: 100, Limit: "5%", ApprovalID: "abc"}}
	case "failed":
		run.Outcome, run.Complete, run.Err = dirsync.OutcomeFailed, false, errors.New("bind: wrong password planted-password for cn=reader")
	case "changed":
		run.Outcome = dirsync.OutcomeApplied
		run.Operations = []*dirsync.Operation{{Result: dirsync.ResultApplied, Op: &dirsync.Op{Action: dirsync.Create, Username: s.at.String()}}}
	}
	return run
}

// tell has a process tell of a run, and checks what arrives, and whether something is wrong.
func (s *scene) tell(teller *notify.Teller, kind, want, wrong string) {
	s.t.Helper()
	var errs []string
	for _, r := range teller.Tell(s.t.Context(), s.config, s.run(kind), false) {
		if r.Err != nil {
			errs = append(errs, r.Err.Error())
		}
	}
	if got := s.hook.took(); got != want {
		s.t.Errorf("a run that %s: the receiver got %q, want %q", kind, got, want)
	}
	if text := strings.Join(errs, "; "); (wrong == "") != (text == "") || !strings.Contains(text, wrong) || strings.Contains(text, "planted") {
		s.t.Errorf("a run that %s: wrong is %q, want %q", kind, text, wrong)
	}
}

// Each run in a process of its own, as cron has it: what was told is in the state.
func TestProcesses(t *testing.T) {
	s := newScene(t, "failure, held, change")
	for _, step := range []struct{ kind, want string }{
		{"ok", ""}, {"changed", "change"}, {"failed", "failure"}, {"failed", ""}, {"held", "held+recovered"}, {"held", ""}, {"held", ""},
		{"failed", "failure"}, {"held", "recovered"}, {"changed", "recovered+change"}, {"ok", ""}, {"held", "held"},
	} {
		s.tell(notify.New(s.options()), step.kind, step.want, "")
	}
	for _, body := range s.hook.raw {
		if strings.Contains(body, "planted") {
			t.Errorf("a secret in %s", body)
		}
	}
}

// What a channel did not take is told by the next run, also the end of what it was told.
func TestNotTaken(t *testing.T) {
	s := newScene(t, "failure, held, change")
	s.hook.answers(500)
	s.tell(notify.New(s.options()), "held", "", "127.0.0.1 answered 500")
	s.tell(notify.New(s.options()), "changed", "", "answered 500") // and is over, untold
	s.tell(notify.New(s.options()), "held", "", "answered 500")
	s.hook.answers(200)
	s.tell(notify.New(s.options()), "held", "held+change", "")
	s.hook.answers(404)
	s.tell(notify.New(s.options()), "ok", "", "answered 404")
	s.hook.answers(200)
	s.tell(notify.New(s.options()), "ok", "recovered", "")
	s.tell(notify.New(s.options()), "ok", "", "")
}

// forgetful is a store that keeps nothing, as where a process is killed in between.
type forgetful struct{ notify.Store }

func (f forgetful) Notify(context.Context, string, json.RawMessage) error {
	return errors.New("disk full")
}

// A process that was killed after a message was taken, and before that was kept, has the
// next one tell it once more, and no more than that.
func TestKilledInBetween(t *testing.T) {
	s := newScene(t, "failure, held, change")
	broken := s.options()
	broken.Open = func(ctx context.Context, c *config.Config) (notify.Store, error) {
		db, err := state.OpenBeside(ctx, c.State.DSN.Reveal(), state.Options{Existing: true})
		return forgetful{db}, err
	}
	s.tell(notify.New(broken), "held", "held", "disk full")
	s.tell(notify.New(s.options()), "held", "held", "")
	s.tell(notify.New(s.options()), "held", "", "")
	s.tell(notify.New(broken), "changed", "recovered+change", "disk full")
	s.tell(notify.New(s.options()), "ok", "recovered", "") // the change is not told again
	s.tell(notify.New(s.options()), "ok", "", "")

	// A daemon remembers by itself, and keeps it once that is possible.
	daemon := notify.New(broken)
	s.tell(daemon, "held", "held", "disk full")
	s.tell(daemon, "held", "", "disk full")
	s.tell(daemon, "failed", "failure", "")
	s.tell(daemon, "failed", "", "")
	s.tell(daemon, "held", "recovered", "disk full")
}

// Where the state can't be opened a failed run tells all the same: a daemon once, a process
// of its own each time.
func TestNoState(t *testing.T) {
	s := newScene(t, "failure")
	s.config.State.DSN = config.NewSecret(filepath.Join(t.TempDir(), "nowhere", "duosync.db"))
	daemon := notify.New(s.options())
	s.tell(daemon, "failed", "failure", "")
	s.tell(daemon, "failed", "", "")
	s.tell(notify.New(s.options()), "failed", "failure", "")
	s.tell(notify.New(s.options()), "failed", "failure", "")
	s.tell(daemon, "ok", "recovered", "nowhere")

	// A state of another account is not touched.
	s = newScene(t, "failure")
	opened := false
	opts := s.options()
	opts.Open = func(context.Context, *config.Config) (notify.Store, error) {
		opened = true
		return nil, errors.New("opened")
	}
	run := s.run("failed")
	run.Err = fmt.Errorf("it is another's: %w", state.ErrBinding)
	notify.New(opts).Tell(t.Context(), s.config, run, false)
	if s.hook.took() != "failure" || opened {
		t.Errorf("opened %v", opened)
	}
}

// A run that was stopped is told by whoever stopped it; one that came to its end is told even
// when the process is to end.
func TestStopped(t *testing.T) {
	s := newScene(t, "failure, held, change")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	teller := notify.New(s.options())
	if teller.Tell(ctx, s.config, s.run("failed"), false); s.hook.took() != "" {
		t.Error("a run that was stopped is told")
	}
	if teller.Tell(ctx, s.config, s.run("changed"), false); s.hook.took() != "change" {
		t.Error("a change is not told")
	}
}

// One channel that is down keeps nothing from the other one, and each goes by what it has
// taken.
func TestChannelsApart(t *testing.T) {
	s := newScene(t, "held")
	s.config.Notify.Email = config.Email{SMTPURL: config.NewSecret("smtp://127.0.0.1:1"), From: "a@example.org", To: []string{"b@example.org"}}
	s.tell(notify.New(s.options()), "held", "held", "notify.email: 127.0.0.1: ")
	s.tell(notify.New(s.options()), "held", "", "notify.email: 127.0.0.1: ")
	s.tell(notify.New(s.options()), "ok", "recovered", "")
}

func TestTry(t *testing.T) {
	s := newScene(t, "held")
	found, err := notify.Try(t.Context(), s.config, s.options())
	must(t, err)
	if found.Err() != nil || len(found.Channels) != 1 || found.Channels[0].Host != "127.0.0.1" || found.Channels[0].Detail != "200" {
		t.Errorf("%+v, %v", found, found.Err())
	}
	s.config.Notify.Email = config.Email{SMTPURL: config.NewSecret("smtp://127.0.0.1:1"), From: "a@example.org", To: []string{"b@example.org"}}
	found, err = notify.Try(t.Context(), s.config, s.options())
	must(t, err)
	if err := found.Err(); err == nil || !strings.Contains(err.Error(), "email did not take the message") {
		t.Errorf("%+v, %v", found, err)
	}
	s.hook.answers(410)
	found, err = notify.Try(t.Context(), s.config, s.options())
	must(t, err)
	if err := found.Err(); err == nil || !strings.HasPrefix(err.Error(), "2 channels") || dirsync.Hint(err) == "" {
		t.Errorf("%+v, %v", found, err)
	}
	if !slices.ContainsFunc(s.hook.raw, func(body string) bool { return strings.Contains(body, `"test":true`) }) {
		t.Errorf("sent %q", s.hook.raw)
	}
	s.config.Notify = config.Notify{}
	if _, err := notify.Try(t.Context(), s.config, s.options()); err == nil || dirsync.Hint(err) == "" {
		t.Errorf("nobody to tell: %v", err)
	}
}

// A process that is to end keeps what one channel has taken, though another one hangs, and the
// next one tells that one alone.
func TestKeptWhileAnotherHangs(t *testing.T) {
	s := newScene(t, "held, change")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = silent.Close() }()
	s.config.Notify.Email = config.Email{SMTPURL: config.NewSecret("smtp://" + silent.Addr().String()), From: "a@example.org", To: []string{"b@example.org"}}
	kept := make(chan string, 9)
	opts := s.options()
	opts.Open = func(ctx context.Context, c *config.Config) (notify.Store, error) {
		db, err := state.OpenBeside(ctx, c.State.DSN.Reveal(), state.Options{Existing: true})
		return watched{db, kept}, err
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan []notify.Result)
	go func() { ended <- notify.New(opts).Tell(ctx, s.config, s.run("changed"), false) }()
	if name := <-kept; name != "webhook" {
		t.Fatalf("kept first: %s", name)
	}
	if s.hook.took() != "change" {
		t.Error("the webhook is not told")
	}
	stop()
	for _, r := range <-ended {
		if r.Channel == "" {
			t.Errorf("not kept: %v", r.Err)
		}
	}
	if name := <-kept; name != "email" {
		t.Errorf("kept: %s", name)
	}
	post := posttest.New(t, "", false)
	s.config.Notify.Email.SMTPURL = config.NewSecret("smtp://" + post.Address)
	s.tell(notify.New(s.options()), "ok", "", "")
	if mails := post.Taken(); len(mails) != 1 || !strings.Contains(mails[0].Data, "earlier run") {
		t.Errorf("the mail is not told of what it missed: %+v", mails)
	}
	s.tell(notify.New(s.options()), "ok", "", "")
	if len(post.Taken()) != 1 {
		t.Error("it is told twice")
	}
}

// watched is a store that tells what it has kept.
type watched struct {
	notify.Store
	kept chan<- string
}

func (w watched) Notify(ctx context.Context, name string, memory json.RawMessage) error {
	err := w.Store.Notify(ctx, name, memory)
	if err == nil {
		w.kept <- name
	}
	return err
}

// The state has which channel does not work, until it does; a mail that is refused for one of its
// recipients is taken, and not told again.
func TestTroubles(t *testing.T) {
	s := newScene(t, "held, change")
	post := posttest.New(t, "", false)
	post.Unknown = "gone@example.org"
	s.config.Notify.Email = config.Email{SMTPURL: config.NewSecret("smtp://" + post.Address), From: "a@example.org", To: []string{"b@example.org", "gone@example.org"}}
	s.hook.answers(500)
	troubles := func(want string) {
		t.Helper()
		db, err := state.OpenBeside(t.Context(), s.config.State.DSN.Reveal(), state.Options{Existing: true})
		must(t, err)
		got, err := db.Troubles(t.Context())
		must(t, errors.Join(err, db.Close()))
		if len(got) > 1 || (want == "") != (len(got) == 0) || !strings.Contains(got["webhook"].Why, want) || strings.Contains(got["webhook"].Why, "planted") {
			t.Errorf("troubles %+v, want %q", got, want)
		}
	}
	s.tell(notify.New(s.options()), "held", "", "gone@example.org")
	troubles("answered 500")
	s.hook.answers(200)
	s.tell(notify.New(s.options()), "held", "held", "")
	troubles("")
	if n := len(post.Taken()); n != 1 {
		t.Errorf("%d mails", n)
	}
}
