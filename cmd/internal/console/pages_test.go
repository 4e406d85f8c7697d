package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	logs "github.com/sirupsen/logrus/hooks/test"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/state"
	dirsync "duosync/sync"
)

const token = "planted-token"

// served gives the pages of a daemon after a run; nil: before the first one. "" is no
// token.
func served(t *testing.T, run *dirsync.Run, reachable error, token string) http.Handler {
	t.Helper()
	log, _ := logs.NewNullLogger()
	after := afterrun.New(afterrun.Options{Version: "test", Log: log})
	status := &Status{}
	status.Configured(&config.Loaded{})
	if run != nil {
		after.Follow(t.Context(), &config.Config{}, run, nil)
		status.Ended(run)
	}
	s := New(status, after.Metrics(), Options{Examine: examine(reachable), Log: log, Version: "test"})
	if err := s.Adopt(t.Context(), config.HTTP{Token: config.NewSecret(token)}); err != nil {
		t.Fatal(err)
	}
	return s.handler()
}

// examine gives a look at a state, which fails with reachable unless that is nil.
func examine(reachable error) func(*config.Loaded) (state.Condition, error) {
	return func(*config.Loaded) (state.Condition, error) { return state.Condition{Stamp: "1"}, reachable }
}

// get asks for a page. change may touch the request.
func get(ctx context.Context, handler http.Handler, path string, change func(*http.Request)) (code int, body string, header http.Header) {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:9377"+path, nil)
	if change != nil {
		change(r)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String(), answer.Header()
}

func TestReadiness(t *testing.T) {
	for _, test := range []struct {
		name      string
		run       *dirsync.Run
		reachable error
		code      int
		want      string
	}{
		{"no changes", &dirsync.Run{Outcome: dirsync.OutcomeNoChanges}, nil, 200, "ok"},
		{"applied", &dirsync.Run{Outcome: dirsync.OutcomeApplied}, nil, 200, "ok"},
		{"partial", &dirsync.Run{ID: "r1", Outcome: dirsync.OutcomePartial}, nil, 503, "the last run, r1, left some people out"},
		{"held", &dirsync.Run{ID: "r2", Outcome: dirsync.OutcomeHeld}, nil, 503, "the last run, r2, was held by a guard"},
		{"failed", &dirsync.Run{Outcome: dirsync.OutcomeFailed, Err: errors.New("uid=secret,ou=people")}, nil, 503, "failed; the status page says why"},
		{"paused", &dirsync.Run{Outcome: dirsync.OutcomeFailed, Err: &dirsync.Pause{Reason: "secret"}}, nil, 503, "did not begin: writing is paused"},
		{"without its state", &dirsync.Run{Outcome: dirsync.OutcomeNoChanges}, errors.New("/secret: gone"), 503, "the state can't be reached"},
	} {
		t.Run(test.name, func(t *testing.T) {
			console := served(t, test.run, test.reachable, token)
			code, body, _ := get(t.Context(), console, "/readyz", nil)
			if code != test.code || !strings.Contains(body, test.want) || strings.Contains(body, "secret") || strings.Contains(body, "duosync ") {
				t.Errorf("%d %q, want %d %q", code, body, test.code, test.want)
			}
			if code, body, _ := get(t.Context(), console, "/healthz", nil); code != 200 || body != "ok\n" {
				t.Errorf("healthz: %d %q", code, body)
			}
		})
	}
}

// TestAttentionIsNotReady: while somebody needs a human, the page says so where it would
// say that all is well, names them, and readiness stays.
func TestAttentionIsNotReady(t *testing.T) {
	var all []dirsync.Attention
	for i := range 60 {
		all = append(all, dirsync.Attention{Username: fmt.Sprintf("p%02d", i), Source: dirsync.SourceID(fmt.Sprint(i)), Reason: "disabled in Duo by <others>", Remedy: "duosync sync --adopt x", Since: time.Unix(1700000000, 0)})
	}
	run := &dirsync.Run{Outcome: dirsync.OutcomeNoChanges, Complete: true, Attention: all, Conflicts: []dirsync.Conflict{{Username: "p00", Reason: "two claim the name",
		People: []dirsync.Who{{Source: "0", DN: "uid=p00,ou=people", Username: "p00"}, {Source: "77"}}, Remedy: "duosync sync --adopt p00"}}}
	console := served(t, run, nil, "")
	if code, body, _ := get(t.Context(), console, "/readyz", nil); code != 200 || body != "ok\n" {
		t.Errorf("readyz: %d %q", code, body)
	}
	_, body, _ := get(t.Context(), console, "/", nil)
	for _, want := range []string{"<title>Attention · Now · duosync</title>", ">Attention</h1>", "60 people need attention.", ">p09<", "disabled in Duo by &lt;others&gt;", ">duosync sync --adopt x</code>", ">All 60</a>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "In step") || strings.Contains(body, "p10") {
		t.Errorf("the page says that all is well, or names too many:\n%s", body)
	}
	_, body, _ = get(t.Context(), console, "/people?status=attention", nil)
	for _, want := range []string{">p49<", "60 people need attention"} {
		if !strings.Contains(body, want) {
			t.Errorf("the list has no %q:\n%s", want, body)
		}
	}
	if _, body, _ := get(t.Context(), console, "/metrics", nil); !strings.Contains(body, "\nduosync_attention 60\n") {
		t.Errorf("metrics:\n%s", body)
	}

	// What a run that failed does not know stands, and so does what an earlier process left.
	status := &Status{}
	status.Stands(&past.Standing{Attention: all[:1]}, time.Now())
	if got := status.LastRun(); got != "No run yet; 1 person needs attention" {
		t.Error(got)
	}
	status.Ended(&dirsync.Run{Outcome: dirsync.OutcomeFailed, Err: errors.New("down")})
	if got := status.look().needs; len(got.all) != 1 {
		t.Errorf("after a failed run: %+v", got)
	}
	status.Ended(&dirsync.Run{Outcome: dirsync.OutcomeNoChanges})
	if got := status.LastRun(); strings.Contains(got, "attention") {
		t.Error(got)
	}
	if _, body, _ := get(t.Context(), served(t, &dirsync.Run{Outcome: dirsync.OutcomeNoChanges}, nil, ""), "/", nil); !strings.Contains(body, ">In step<") || strings.Contains(body, ">Attention<") {
		t.Errorf("with nobody who needs a human:\n%s", body)
	}
}

// TestReadyBeforeTheFirstRun: none was due yet.
func TestReadyBeforeTheFirstRun(t *testing.T) {
	console := served(t, nil, nil, "")
	if code, body, _ := get(t.Context(), console, "/readyz", nil); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if code, body, _ := get(t.Context(), console, "/", nil); code != 200 || !strings.Contains(body, "No run yet") {
		t.Errorf("%d %s", code, body)
	}
}

func TestWhoMaySee(t *testing.T) {
	fine := &dirsync.Run{Outcome: dirsync.OutcomeNoChanges, Complete: true}
	guarded, open := served(t, fine, nil, token), served(t, fine, nil, "")
	header := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	for _, test := range []struct {
		name    string
		console http.Handler
		change  func(*http.Request)
		want    int
	}{
		{"no token", guarded, nil, 401},
		{"Bearer", guarded, header("Bearer " + token), 200},
		{"bearer in lower case", guarded, header("bearer " + token), 200},
		{"another Bearer", guarded, header("Bearer " + token + "x"), 401},
		{"a part of it", guarded, header("Bearer " + token[:5]), 401},
		{"nothing after Bearer", guarded, header("Bearer "), 401},
		{"another scheme", guarded, header("Token " + token), 401},
		{"Basic", guarded, func(r *http.Request) { r.SetBasicAuth("anyone", token) }, 200},
		{"Basic, as the user", guarded, func(r *http.Request) { r.SetBasicAuth(token, "") }, 401},
		{"a Bearer by any name of the host", guarded, func(r *http.Request) { r.Host = "sync.example.org"; header("Bearer " + token)(r) }, 200},
		{"no token is set", open, nil, 200},
		{"by localhost", open, host("localhost:9377"), 200},
		{"by IPv6", open, host("[::1]:9377"), 200},
		{"by the name of a site", open, host("evil.example.org"), 403},
		{"by the name of a site and a port", open, host("127.0.0.1.evil.example.org:80"), 403},
	} {
		for _, path := range []string{"/metrics", "/"} {
			code, body, h := get(t.Context(), test.console, path, test.change)
			if code != test.want {
				t.Errorf("%s: %s: %d, want %d", test.name, path, code, test.want)
			}
			if code == 401 && (len(h.Values("WWW-Authenticate")) != 2 || strings.Contains(body, "duosync_")) {
				t.Errorf("%s: %s: %v %s", test.name, path, h, body)
			}
		}
	}
	for _, path := range []string{"/nothing", "/metrics/x"} {
		if code, _, _ := get(t.Context(), open, path, nil); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _, _ := get(t.Context(), open, "/healthz", func(r *http.Request) { r.Method = http.MethodPost }); code != 405 {
		t.Errorf("POST: %d", code)
	}
}

// TestStatusPage shows what a human needs, and nothing that a name in the
// directory could inject.
func TestStatusPage(t *testing.T) {
	const evil = `<script>alert(1)</script>`
	run := &dirsync.Run{
		ID: "20000101T000000Z-abc", By: "carla" + evil, Outcome: dirsync.OutcomeHeld, ApprovalID: "0123456789ab", Complete: true, InScope: 812,
		Guards: []dirsync.Guard{{Name: "max_remove", Limit: "5%", Affected: 99, Total: 812, Held: true, Names: []string{"ann" + evil, "bob"}, ApprovalID: "0123456789ab"}, {Name: "max_update", Limit: "77%"},
			{Name: "ids_changed", Affected: 7, Held: true, Partial: true, Remedy: "duosync rebuild --write"}},
		Conflicts: []dirsync.Conflict{{Username: evil, Reason: "two people claim it"}},
		Waiting:   []dirsync.Waiting{{Username: "leaver" + evil, Action: dirsync.Trash, Due: time.Date(2000, 2, 1, 0, 0, 0, 0, time.UTC)}},
	}
	for range 99 {
		run.Operations = append(run.Operations, &dirsync.Operation{Op: &dirsync.Op{Action: dirsync.Disable}, Result: dirsync.ResultHeld})
	}
	_, body, header := get(t.Context(), served(t, run, nil, ""), "/", nil)
	for _, want := range []string{
		">Held</h1>", "The guards max_remove and ids_changed hold the whole run: nothing was written.", "<strong>max_remove:</strong> 99 of 812 people", "the limit is 5%", ">duosync approve 0123456789ab</code>", "made by carla&lt;script",
		"ann&lt;script&gt;alert(1)&lt;/script&gt;, bob and others", "It holds the whole run.", "<strong>ids_changed:</strong>", "It holds what follows from it.", ">duosync rebuild --write</code>", "99 to disable", "1 person</bdi>",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"<script", "77%", "In step"} {
		if strings.Contains(body, not) {
			t.Errorf("the page holds %q", not)
		}
	}
	if !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") || header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", header)
	}
	if t.Failed() {
		t.Log(body)
	}
}
