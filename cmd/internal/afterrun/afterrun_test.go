package afterrun_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"
	logs "github.com/sirupsen/logrus/hooks/test"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
)

// parse gives a configuration with this line besides what must be there.
func parse(t *testing.T, line string) *config.Config {
	t.Helper()
	loaded, err := config.Parse("/etc/duosync/config.yaml", []byte(`
duo: {host: api-1a2b3c4d.duosecurity.com, integration_key: DIWJ8X6AEYOR5OMC6TQ1, secret_key: abc}
`+line), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return &loaded.Config
}

// follow does what follows a run of a single sync, and gives what it logs.
func follow(ctx context.Context, c *config.Config, run *dirsync.Run) (lines []string) {
	log, said := logs.NewNullLogger()
	after := afterrun.New(afterrun.Options{Version: "test", Log: log})
	after.Resume(c.Notify.Textfile)
	after.Follow(ctx, c, run, map[string]time.Duration{"read": time.Second})
	for _, entry := range said.AllEntries() {
		line := entry.Message
		for _, name := range []string{"error", "hint"} {
			if value, ok := entry.Data[name]; ok {
				line += fmt.Sprintf("; %s: %v", name, value)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func failed(err error) *dirsync.Run { return &dirsync.Run{Outcome: dirsync.OutcomeFailed, Err: err} }

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.EqualFunc(got, want, strings.Contains) {
		t.Errorf("lines:\n%s\nwant them to contain, one by one:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// samples gives the lines of a textfile that hold a value, those of durations,
// which differ from run to run, without.
func samples(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "duosync_run_duration_seconds") {
			lines = append(lines, line)
		}
	}
	return lines
}

// TestTextfile writes it for one process after another: counters go on, and what
// a failed run did not come to know stays.
func TestTextfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.prom")
	c := parse(t, "notify: {textfile: "+path+"}\n")
	op := func(action dirsync.Action, result string) *dirsync.Operation {
		return &dirsync.Operation{Op: &dirsync.Op{Action: action}, Result: result}
	}
	applied := &dirsync.Run{
		Outcome: dirsync.OutcomeApplied, Finished: time.Unix(1700000000, 500e6), Complete: true, Read: dirsync.ReadInfo{Read: 12}, InScope: 10, Unchanged: 7,
		Operations: []*dirsync.Operation{op(dirsync.Create, dirsync.ResultApplied), op(dirsync.Create, dirsync.ResultApplied), op(dirsync.Trash, dirsync.ResultApplied)},
		Waiting:    make([]dirsync.Waiting, 4), Conflicts: make([]dirsync.Conflict, 1), Attention: make([]dirsync.Attention, 2), Usage: dirsync.Usage{Calls: 5, Retries: 1, Throttled: 1},
	}
	broken := failed(errors.New("the directory is down"))
	broken.Finished, broken.Usage = time.Unix(1700000060, 0), dirsync.Usage{Calls: 2}
	broken.Operations = []*dirsync.Operation{op(dirsync.Create, dirsync.ResultFailed)}
	paused := failed(&dirsync.Pause{})
	paused.Finished = time.Unix(1700000120, 0)
	for _, run := range []*dirsync.Run{applied, broken, applied, paused, broken} {
		if log := follow(t.Context(), c, run); len(log) > 0 {
			t.Errorf("said %q", log)
		}
	}
	want := []string{
		"duosync_attention 2", `duosync_build_info{version="test"} 1`,
		"duosync_conflicts 1", "duosync_duo_calls_total 14", "duosync_duo_retries_total 2", "duosync_duo_throttled_total 2", "duosync_failed 1", "duosync_held 0",
		`duosync_last_run_outcome{outcome="applied"} 0`, `duosync_last_run_outcome{outcome="failed"} 1`, `duosync_last_run_outcome{outcome="held"} 0`,
		`duosync_last_run_outcome{outcome="no-changes"} 0`, `duosync_last_run_outcome{outcome="partial"} 0`, `duosync_last_run_outcome{outcome="skipped"} 0`,
		"duosync_last_run_timestamp_seconds 1.70000006e+09",
		"duosync_last_success_timestamp_seconds 1.7000000005e+09",
		`duosync_operations_total{action="create",result="applied"} 4`, `duosync_operations_total{action="create",result="failed"} 2`,
		`duosync_operations_total{action="trash",result="applied"} 2`,
		"duosync_paused 1", `duosync_people{state="in_scope"} 10`, `duosync_people{state="read"} 12`, `duosync_people{state="unchanged"} 7`, `duosync_people{state="waiting"} 4`,
		"duosync_refresh_interval_seconds 86400",
		`duosync_runs_total{outcome="applied"} 2`, `duosync_runs_total{outcome="failed"} 2`, `duosync_runs_total{outcome="held"} 0`,
		`duosync_runs_total{outcome="no-changes"} 0`, `duosync_runs_total{outcome="partial"} 0`, `duosync_runs_total{outcome="skipped"} 1`,
	}
	if diff := cmp.Diff(want, samples(t, path)); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("files left: %v", files)
	}
}

// TestAttentionIsLogged: a run with nothing to do does not end like one where all is well
// while somebody needs a human; it is a warning while it is new.
func TestAttentionIsLogged(t *testing.T) {
	log, said := logs.NewNullLogger()
	log.SetLevel(logrus.InfoLevel)
	after := afterrun.New(afterrun.Options{Version: "test", Log: log, LogRuns: true})
	anna, bob := dirsync.Attention{Username: "anna", Source: "1"}, dirsync.Attention{Username: "bob", Source: "2"}
	for _, step := range []struct {
		run  *dirsync.Run
		want string
	}{
		{&dirsync.Run{ID: "r1", Attention: []dirsync.Attention{anna}}, "warning: run ended; 1 person needs attention: duosync history r1"},
		{&dirsync.Run{ID: "r2", Attention: []dirsync.Attention{anna}}, "info: run ended; 1 person needs attention: duosync history r2"},
		{failed(errors.New("the directory is down")), "error: run failed"},
		{&dirsync.Run{ID: "r3", Attention: []dirsync.Attention{anna}}, "info: run ended; 1 person needs attention: duosync history r3"},
		{&dirsync.Run{ID: "r4", Attention: []dirsync.Attention{anna, bob}}, "warning: run ended; 2 people need attention: duosync history r4"},
		{&dirsync.Run{ID: "r5"}, "info: run ended"},
		{&dirsync.Run{ID: "r6", Attention: []dirsync.Attention{bob}}, "warning: run ended; 1 person needs attention: duosync history r6"},
	} {
		said.Reset()
		after.Follow(t.Context(), parse(t, ""), step.run, nil)
		entry := said.LastEntry()
		if got := entry.Level.String() + ": " + entry.Message; got != step.want {
			t.Errorf("%s: %q, want %q", step.run.ID, got, step.want)
		}
	}
}

// TestForeignTextfile: what is not ours, or broken, is not taken over.
func TestForeignTextfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.prom")
	text := "# HELP x y\nduosync_duo_calls_total 7\nother_total 3\nduosync_held\nduosync_people{state=\"read\n" +
		"duosync_runs_total{outcome=\"x\"} y} 1\nduosync_runs_total{outcome='held'} 9\nduosync_runs_total{outcome=\"held\"} many\n" +
		"duosync_runs_total{outcome=\"failed\"} -1\nduosync_runs_total{outcome=\"partial\"} NaN\nduosync_runs_total{result=\"alien\"} 1\nduosync_runs_total 99\n" +
		"# TYPE duosync_duo_retries_total histogram\nduosync_duo_retries_total 4\nduosync_duo_retries_total 5\n" +
		"duosync_build_info{version=\"older\"} 1\nduosync_config_last_reload_successful 0\n\x00\xff\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := parse(t, "notify: {textfile: "+path+"}\n")
	follow(t.Context(), c, &dirsync.Run{Outcome: dirsync.OutcomeHeld, Usage: dirsync.Usage{Calls: 1}})
	got := strings.Join(samples(t, path), "\n")
	for _, want := range []string{
		"duosync_duo_calls_total 8", "duosync_duo_retries_total 5", `duosync_build_info{version="test"} 1`,
		`duosync_runs_total{outcome="held"} 1`, `duosync_runs_total{outcome="failed"} 0`, `duosync_runs_total{outcome="partial"} 0`,
	} {
		if !strings.Contains(got+"\n", want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	for _, not := range []string{"other_total", "older", "alien", "99", "y}", "'", "reload", "\x00"} {
		if strings.Contains(got, not) {
			t.Errorf("%q was taken over", not)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestTextfileThatCannotBeWritten(t *testing.T) {
	c := parse(t, "notify: {textfile: "+filepath.Join(t.TempDir(), "none", "duosync.prom")+"}\n")
	log := follow(t.Context(), c, &dirsync.Run{Outcome: dirsync.OutcomeApplied})
	wantLines(t, log, "the textfile could not be written; error: notify.textfile: ")
	if !strings.Contains(log[0], "right to write the folder") {
		t.Errorf("no advice: %s", log[0])
	}
}

func TestHeartbeat(t *testing.T) {
	for _, test := range []struct {
		outcome string
		guards  []dirsync.Guard
		answer  int
		beats   int
		want    []string
	}{
		{dirsync.OutcomeApplied, nil, 200, 1, nil},
		{dirsync.OutcomeNoChanges, nil, 204, 1, nil},
		{dirsync.OutcomePartial, nil, 200, 1, nil},
		{dirsync.OutcomeHeld, []dirsync.Guard{{Name: "min_group", Held: true, Partial: true}}, 200, 1, nil},
		{dirsync.OutcomeHeld, []dirsync.Guard{{Name: "min_group", Held: true, Partial: true}, {Name: "max_remove", Held: true}}, 200, 0, nil},
		{dirsync.OutcomeFailed, nil, 200, 0, nil},
		{dirsync.OutcomeApplied, nil, 404, 1, []string{"the heartbeat could not be sent; error: notify.heartbeat_url: 127.0.0.1 answered 404"}},
		{dirsync.OutcomeApplied, nil, 0, 1, []string{"127.0.0.1: EOF"}},
	} {
		beats := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			beats++
			if r.Method != http.MethodGet || r.URL.Path != "/planted-path" || r.UserAgent() != "duosync/test" {
				t.Errorf("%s %s by %s", r.Method, r.URL, r.UserAgent())
			}
			if test.answer == 0 {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(test.answer)
		}))
		address := strings.Replace(server.URL, "http://", "http://planted-user:planted-password@", 1) + "/planted-path?planted-query"
		log := follow(t.Context(), parse(t, "notify: {heartbeat_url: '"+address+"'}\n"), &dirsync.Run{Outcome: test.outcome, Complete: true, Guards: test.guards})
		server.Close()
		if beats != test.beats {
			t.Errorf("%s, answer %d: %d beats, want %d", test.outcome, test.answer, beats, test.beats)
		}
		wantLines(t, log, test.want...)
		if strings.Contains(strings.Join(log, ""), "planted") {
			t.Errorf("a secret shows: %q", log)
		}
	}
}

// TestHeartbeatEchoes has a server answer with what it was sent, as no HTTP and as a
// redirect that leads nowhere.
func TestHeartbeatEchoes(t *testing.T) {
	const password, token, path = "planted-p&ss w+rd", "planted/t%oken", "planted-path-of-31-characters-ab"
	for name, echo := range map[string]func(r *http.Request) string{
		"the request": func(r *http.Request) string {
			return "You-sent:" + r.RequestURI + "," + strings.TrimPrefix(r.Header.Get("Authorization"), "Basic ") + "\r\n\r\n"
		},
		"in plain": func(r *http.Request) string {
			return "You-sent:" + strings.ReplaceAll(password, " ", "+") + "," + token + "," + path[:20] + "\r\n\r\n"
		},
		"a redirect": func(r *http.Request) string {
			return "HTTP/1.1 302 Found\r\nLocation: http://%zz/" + r.RequestURI + url.QueryEscape(r.Header.Get("Authorization")) + "\r\n\r\n"
		},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			client, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			_, _ = client.Write([]byte(echo(r)))
			_ = client.Close()
		}))
		u, err := url.Parse(server.URL + "/" + path + "/short?token=" + url.QueryEscape(token))
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword("me", password)
		log := follow(t.Context(), parse(t, "notify: {heartbeat_url: '"+u.String()+"'}\n"), &dirsync.Run{Outcome: dirsync.OutcomeApplied, Complete: true})
		server.Close()
		wantLines(t, log, "<secret>")
		for _, secret := range []string{"planted", "ss w+rd", "short", "t%25oken", "t%oken", "of-31-ch", "cGxhbnRlZC1wJn"} {
			if strings.Contains(strings.Join(log, ""), secret) {
				t.Errorf("%s: %q shows: %q", name, secret, log)
			}
		}
	}
}

// TestHeartbeatToNobody: neither a dead address nor an interrupted run shows the
// URL, or takes long.
func TestHeartbeatToNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	c := parse(t, "notify: {heartbeat_url: 'http://"+nobody+"/planted'}\n")
	log := follow(t.Context(), c, &dirsync.Run{Outcome: dirsync.OutcomeApplied, Complete: true})
	wantLines(t, log, "refused")
	if strings.Contains(log[0], "planted") {
		t.Errorf("a secret shows: %q", log)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped"))
	wantLines(t, follow(ctx, c, &dirsync.Run{Outcome: dirsync.OutcomeApplied}))
}
