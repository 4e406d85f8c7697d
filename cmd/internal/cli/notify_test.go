package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/cmd/internal/notify/posttest"
	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// ears are a webhook and a mail server that hear what people are told.
type ears struct {
	*posttest.Server
	hook *httptest.Server
	mu   sync.Mutex
	told []string // the events of each message of the webhook
	all  []string // what it was sent
	read int      // how many mails were looked at
}

func newEars(t *testing.T) *ears {
	e := &ears{Server: posttest.New(t, "127.0.0.1", false)}
	e.hook = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		var m struct {
			Events []string
			Test   bool
		}
		if json.Unmarshal(body, &m) != nil {
			m.Events = []string{"no JSON"}
		}
		if m.Test {
			m.Events = []string{"test"}
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.told, e.all = append(e.told, strings.Join(m.Events, "+")), append(e.all, string(body))
	}))
	t.Cleanup(e.hook.Close)
	return e
}

// section is the configuration of both.
func (e *ears) section(on string) string {
	return fmt.Sprintf("notify:\n  webhook_url: %s/planted1hook2token\n  on: [%s]\n  public_url: https://duosync.example.org\n"+
		"  email: {smtp_url: 'smtp://me:pl%%40nted%%2Fpass@%s', ca_file: %s, from: duosync@example.org, to: [team@example.org]}\n", e.hook.URL, on, e.Address, e.CA)
}

// heard gives what both have heard since they were asked last; they must have heard the same.
func (e *ears) heard(t *testing.T) string {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	mails := e.Taken()
	fresh := mails[e.read:]
	if len(fresh) != len(e.told) {
		t.Errorf("%d messages to the webhook (%q), %d mails", len(e.told), e.told, len(fresh))
	}
	for i, letter := range fresh {
		parsed, err := mail.ReadMessage(strings.NewReader(letter.Data))
		if err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(e.told[min(i, len(e.told)-1)], "+"); parsed.Header.Get("X-Duosync-Event") != first || !letter.TLS {
			t.Errorf("a mail about %s (TLS: %v), and a message about %s", parsed.Header.Get("X-Duosync-Event"), letter.TLS, first)
		}
	}
	text := strings.Join(e.told, "; ")
	e.told, e.read = nil, len(mails)
	return text
}

// after fails the test unless both have heard just that.
func (e *ears) after(t *testing.T) func(what, want string) {
	return func(what, want string) {
		t.Helper()
		if got := e.heard(t); got != want {
			t.Errorf("%s: told %q, want %q", what, got, want)
		}
	}
}

// withoutSecrets fails the test where a message has one in it.
func (e *ears) withoutSecrets(t *testing.T) {
	t.Helper()
	all := e.all
	for _, letter := range e.Taken() {
		all = append(all, strings.ReplaceAll(letter.Data, "=\r\n", ""))
	}
	for _, text := range all {
		for _, secret := range []string{secretKey, bindPassword, "planted1hook2token", posttest.Password, "pl%40nted"} {
			if strings.Contains(text, secret) {
				t.Errorf("a secret in a message:\n%s", text)
			}
		}
	}
}

// tellingHouse is one with 30 people that tells of these events.
func tellingHouse(t *testing.T, events string) (*house, *ears) {
	t.Helper()
	ldif := ""
	for i := range 30 {
		ldif += someone(plain(i), "mail="+plain(i)+"@x.org")
	}
	h, e := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: ldif}}), newEars(t)
	h.write(readFile(t, h.config) + e.section(events))
	return h, e
}

// TestNotifications: twelve runs of all kinds tell exactly what is configured, by webhook and
// mail alike, each in a process of its own.
func TestNotifications(t *testing.T) {
	h, e := tellingHouse(t, "failure, held, conflict, change")
	after := e.after(t)
	if r := h.run("notify", "test"); r.code != 0 || !strings.Contains(r.out, "taken by all") || strings.Contains(r.out+r.err, "planted") {
		t.Errorf("notify test: exit %d\n%s%s", r.code, r.out, r.err)
	}
	after("a test", "test")
	h.want(0, "planned", "--dry-run")
	after("a dry run", "")
	h.want(0, "applied")
	after("the first run", "change")
	h.want(0, "no-changes")
	after("nothing to do", "")
	h.edit("bind_password: \"", "bind_password: \"wrong-")
	h.want(1, "failed")
	after("a wrong password", "failure")
	h.want(1, "failed")
	after("and again", "")
	h.edit("bind_password: \"wrong-", "bind_password: \"")
	h.want(0, "no-changes")
	after("the right one", "recovered")
	for i := range 10 {
		h.ldap.Delete(userDN(plain(i)))
	}
	id := h.want(3, "held").report.ApprovalID
	after("ten leavers", "held")
	if !strings.Contains(e.all[len(e.all)-1], "duosync approve "+id+" --config "+h.config) {
		t.Errorf("no command to approve it in %s", e.all[len(e.all)-1])
	}
	h.want(3, "held")
	after("and again", "")
	h.run("pause", "--reason", "lunch")
	h.want(1, "failed")
	after("a pause", "")
	h.run("resume")
	if r := h.run("approve", id); r.code != 0 {
		t.Fatal(r.err)
	}
	h.want(0, "applied")
	after("approved", "recovered+change")
	if _, err := h.duo.AddUser(duosim.User{Username: "stranger"}); err != nil {
		t.Fatal(err)
	}
	h.ldap.Add(userDN("stranger"), attributesOf("stranger", nil))
	h.want(4, "no-changes")
	after("a name that is taken", "conflict")
	h.want(0, "no-changes")
	after("and again", "")
	h.ldap.Add(userDN("late"), attributesOf("late", nil))
	plan := filepath.Join(h.dir, "plan.json")
	h.want(0, "planned", "--dry-run", "--plan-out", plan)
	after("a plan", "")
	if r := h.run("apply", plan); r.code != 0 {
		t.Fatal(r.err)
	}
	after("a plan that is applied", "change")
	e.withoutSecrets(t)
}

// A channel that is down is a warning, and no failure of the run; the test command tells of
// it with exit 1.
func TestNotificationsFail(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: someone("anna")}})
	down := "notify: {webhook_url: 'http://127.0.0.1:1/planted1hook2token', on: [change]}\n"
	base := readFile(t, h.config)
	if r := h.run("notify", "test"); r.code != 1 || !strings.Contains(r.err, "nobody to tell") {
		t.Errorf("notify test without a channel: exit %d\n%s", r.code, r.err)
	}
	h.write(base + "notify: {webhook_url: 'http://127.0.0.1:1/planted1hook2token', on: [failure]}\n")
	if r := h.sync(); r.code != 0 || r.err != "" {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
	h.write(base + down)
	h.ldap.Add(userDN("ben"), attributesOf("ben", nil))
	r := h.sync()
	if r.code != 0 || !strings.Contains(r.err, "people could not be told") || !strings.Contains(r.err, "127.0.0.1") || strings.Contains(r.err, "planted") {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
	if r := h.run("notify", "test"); r.code != 1 || !strings.Contains(r.out, "FAILED") || !strings.Contains(r.err, "webhook did not take the message") || strings.Contains(r.out+r.err, "planted") {
		t.Errorf("notify test: exit %d\n%s%s", r.code, r.out, r.err)
	}
	for _, args := range [][]string{{"notify", "tst"}, {"notif", "test"}, {"notify", "test", "--fromat", "json"}} {
		if r := h.run(args...); r.code != 1 || !strings.Contains(r.err, "id you mean") {
			t.Errorf("%v: exit %d\n%s", args, r.code, r.err)
		}
	}
}

// TestNotificationsOfADaemon: it tells of what stands once, over many runs, and when it ends.
func TestNotificationsOfADaemon(t *testing.T) {
	h, e := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: someone("anna")}}), newEars(t)
	h.write(readFile(t, h.config) + e.section("failure, held, change") + "schedule: {cron: '@every 1s', jitter: 0s}\n")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"run", "--config", h.config}, Stdio{Out: io.Discard, Err: io.Discard, Env: os.LookupEnv})
	}()
	until := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: it did not come to that; told %q", what, e.told)
			}
		}
	}
	messages := func(n int) func() bool {
		return func() bool {
			e.mu.Lock()
			defer e.mu.Unlock()
			return len(e.told) >= n && len(e.Taken()) >= n
		}
	}
	failures := func() int {
		r := h.run("history", "--format", "json")
		return strings.Count(r.out, `"failed"`)
	}
	until("the first run", messages(1))
	h.ldap.Stop()
	until("a failure", messages(2))
	before := failures()
	until("three more failures", func() bool { return failures() >= before+3 })
	h.ldap.Restart()
	until("its end", messages(3))
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("the daemon ended with %d", code)
	}
	if got := e.heard(t); got != "change; failure; recovered" {
		t.Errorf("told %q", got)
	}
	e.withoutSecrets(t)
}

// TestNotificationsOfPeople: who needs somebody is told once, through holds, failures and
// single people's runs, and a second one when they come.
func TestNotificationsOfPeople(t *testing.T) {
	h, e := tellingHouse(t, "attention")
	after := e.after(t)
	stranger := func(name string) {
		t.Helper()
		if _, err := h.duo.AddUser(duosim.User{Username: name}); err != nil {
			t.Fatal(err)
		}
		h.ldap.Add(userDN(name), attributesOf(name, nil))
	}
	h.want(0, "applied")
	after("the first run", "")
	stranger("stranger")
	h.want(4, "no-changes")
	after("a name that is taken", "attention")
	for i := range 10 {
		h.ldap.Delete(userDN(plain(i)))
	}
	id := h.want(3, "held").report.ApprovalID
	h.want(3, "held")
	after("a hold", "")
	h.edit("bind_password: \"", "bind_password: \"wrong-")
	h.want(1, "failed")
	h.edit("bind_password: \"wrong-", "bind_password: \"")
	h.want(0, "no-changes", "--only", plain(20))
	h.want(3, "held")
	after("a failure, and a run for one person", "")
	if r := h.run("approve", id); r.code != 0 {
		t.Fatal(r.err)
	}
	h.want(0, "applied")
	after("approved", "")
	h.want(0, "no-changes", "--refresh")
	after("a refresh", "")
	stranger("second")
	h.want(4, "no-changes")
	after("a second one", "attention")
	h.want(0, "applied", "--adopt", "stranger", "--adopt", "second")
	after("both are settled", "")
	stranger("third")
	h.want(4, "no-changes")
	after("a third one", "attention")
}

// TestNotifyFailure: people are told of a unit that failed, whatever else is wrong with the
// configuration; where nobody is to be told, there is a warning.
func TestNotifyFailure(t *testing.T) {
	h, e := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: someone("anna")}}), newEars(t)
	base := readFile(t, h.config)
	if r := h.run("notify", "failure", "duosync.service"); r.code != 0 || r.out != "" || !strings.Contains(r.err, "nobody to tell") {
		t.Errorf("without a channel: exit %d\n%s%s", r.code, r.out, r.err)
	}
	h.write(base + e.section("failure"))
	h.want(0, "applied")
	h.write(base + "tiemout: 30s\n" + e.section("failure"))
	if r := h.sync(); r.code != 1 || !strings.Contains(r.err, "tiemout") {
		t.Fatalf("the mistake is none: exit %d\n%s", r.code, r.err)
	}
	if got := e.heard(t); got != "" {
		t.Errorf("a run that can't begin told %q", got)
	}
	r := h.run("notify", "failure", "duosync.service")
	if r.code != 0 || !strings.Contains(r.err, "goes on with the section notify alone") || !strings.Contains(r.err, "tiemout") || !strings.Contains(r.out, "webhook") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	if got := e.heard(t); got != "failure" {
		t.Errorf("told %q", got)
	}
	h.write(base + strings.Replace(e.section("failure"), "from:", "form:", 1))
	if r := h.run("notify", "failure", "duosync.service"); r.code != 1 || !strings.Contains(r.err, "form") {
		t.Errorf("a mistake in the section: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := h.run("notify", "failure"); r.code != 1 || !strings.Contains(r.err, "UNIT") {
		t.Errorf("without a unit: exit %d\n%s", r.code, r.err)
	}
	e.withoutSecrets(t)
}
