package daemon_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
)

const token = "planted-token"

// serving starts a daemon with pages, after its first run.
func serving(t *testing.T, j *job, lines string) (address string) {
	t.Helper()
	stop := j.start(t, parse(t, lines+every("@yearly", "UTC", true)))
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	address = <-j.heard
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(strings.Join(j.statesNow(), ""), "STATUS=Last run"); {
		if time.Now().After(deadline) {
			t.Fatal("no run")
		}
		time.Sleep(time.Millisecond)
	}
	return address
}

func (j *job) statesNow() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.states...)
}

// get asks for a page. change may touch the request.
func get(t *testing.T, url string, change func(*http.Request)) (code int, body string, header http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // a certificate made by the test
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
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
		{"partial", &dirsync.Run{ID: "r1", Outcome: dirsync.OutcomePartial}, nil, 503, "left some people out; see duosync history r1"},
		{"held", &dirsync.Run{ID: "r2", Outcome: dirsync.OutcomeHeld}, nil, 503, "held by a guard; see duosync history r2"},
		{"failed", failed(errors.New("uid=secret,ou=people")), nil, 503, "failed; see the log"},
		{"paused", failed(&dirsync.Pause{Reason: "secret"}), nil, 503, "did not begin: writing is paused"},
		{"without its state", &dirsync.Run{Outcome: dirsync.OutcomeNoChanges}, errors.New("/secret: gone"), 503, "the state can't be reached"},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := newJob(oneAfterAnother(test.run))
			j.reachable = test.reachable
			address := serving(t, j, "http: {listen: '127.0.0.1:0', token: "+token+"}\n")
			code, body, _ := get(t, "http://"+address+"/readyz", nil)
			if code != test.code || !strings.Contains(body, test.want) || strings.Contains(body, "secret") {
				t.Errorf("%d %q, want %d %q", code, body, test.code, test.want)
			}
			if code, body, _ := get(t, "http://"+address+"/healthz", nil); code != 200 || body != "ok\n" {
				t.Errorf("healthz: %d %q", code, body)
			}
		})
	}
}

// TestReadyBeforeTheFirstRun: none was due yet.
func TestReadyBeforeTheFirstRun(t *testing.T) {
	j := newJob(fine(0))
	stop := j.start(t, parse(t, "http: {listen: '127.0.0.1:0'}\n"+every("@yearly", "UTC", false)))
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	address := <-j.heard
	if code, body, _ := get(t, "http://"+address+"/readyz", nil); code != 200 {
		t.Errorf("%d %s", code, body)
	}
	if code, body, _ := get(t, "http://"+address+"/", nil); code != 200 || !strings.Contains(body, "None yet") {
		t.Errorf("%d %s", code, body)
	}
}

func TestWhoMaySee(t *testing.T) {
	guarded := serving(t, newJob(fine(0)), "http: {listen: '127.0.0.1:0', token: "+token+"}\n")
	open := serving(t, newJob(fine(0)), "http: {listen: '127.0.0.1:0'}\n")
	header := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	for _, test := range []struct {
		name, address string
		change        func(*http.Request)
		want          int
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
		{"the token by any name of the host", guarded, func(r *http.Request) { r.Host = "sync.example.org"; r.SetBasicAuth("", token) }, 200},
		{"no token is set", open, nil, 200},
		{"by localhost", open, host("localhost:9377"), 200},
		{"by IPv6", open, host("[::1]:9377"), 200},
		{"by the name of a site", open, host("evil.example.org"), 403},
		{"by the name of a site and a port", open, host("127.0.0.1.evil.example.org:80"), 403},
	} {
		for _, path := range []string{"/metrics", "/"} {
			code, body, h := get(t, "http://"+test.address+path, test.change)
			if code != test.want {
				t.Errorf("%s: %s: %d, want %d", test.name, path, code, test.want)
			}
			if code == 401 && (len(h.Values("WWW-Authenticate")) != 2 || strings.Contains(body, "duosync_")) {
				t.Errorf("%s: %s: %v %s", test.name, path, h, body)
			}
		}
	}
	for _, path := range []string{"/nothing", "/metrics/x"} {
		if code, _, _ := get(t, "http://"+open+path, nil); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _, _ := get(t, "http://"+open+"/healthz", func(r *http.Request) { r.Method = http.MethodPost }); code != 405 {
		t.Errorf("POST: %d", code)
	}
}

func TestMetricsPage(t *testing.T) {
	j := newJob(oneAfterAnother(&dirsync.Run{Outcome: dirsync.OutcomeNoChanges, Complete: true, Finished: time.Unix(1700000000, 0)}))
	j.load = func() (*config.Loaded, error) { return nil, errors.New("bad") }
	address := serving(t, j, "http: {listen: '127.0.0.1:0'}\n")
	_, body, header := get(t, "http://"+address+"/metrics", nil)
	for _, line := range []string{
		"# TYPE duosync_runs_total counter", `duosync_runs_total{outcome="no-changes"} 1`, `duosync_build_info{version="test"} 1`,
		"duosync_last_success_timestamp_seconds 1.7e+09", "duosync_config_last_reload_successful 1", "# TYPE go_goroutines gauge", "# TYPE go_gc_heap_live_bytes gauge",
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("no line %s in\n%s", line, body)
		}
	}
	if got := header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4") {
		t.Errorf("content type %s", got)
	}
	j.reload()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(body, "duosync_config_last_reload_successful 0\n"); {
		if time.Now().After(deadline) {
			t.Fatalf("a bad reload does not show:\n%s", body)
		}
		_, body, _ = get(t, "http://"+address+"/metrics", nil)
	}
}

// TestStatusPage shows what a human needs, and nothing that a name in the
// directory could inject.
func TestStatusPage(t *testing.T) {
	const evil = `<script>alert(1)</script>`
	run := &dirsync.Run{
		ID: "20000101T000000Z-abc", Outcome: dirsync.OutcomeHeld, ApprovalID: "0123456789ab", Complete: true, InScope: 812,
		Guards: []dirsync.Guard{{Name: "max_remove", Limit: "5%", Affected: 99, Total: 812, Held: true, ApprovalID: "0123456789ab"}, {Name: "max_update", Limit: "77%"},
			{Name: "ids_changed", Affected: 7, Held: true, Partial: true, Remedy: "duosync rebuild --write"}},
		Conflicts: []dirsync.Conflict{{Username: evil, Reason: "two people claim it"}},
		Waiting:   []dirsync.Waiting{{Username: "leaver" + evil, Action: dirsync.Trash, Due: time.Date(2000, 2, 1, 0, 0, 0, 0, time.UTC)}},
	}
	for range 99 {
		run.Operations = append(run.Operations, &dirsync.Operation{Op: &dirsync.Op{Action: dirsync.Disable}, Result: dirsync.ResultHeld})
	}
	address := serving(t, newJob(oneAfterAnother(run)), "http: {listen: '127.0.0.1:0'}\n")
	_, body, header := get(t, "http://"+address+"/", nil)
	for _, want := range []string{
		"<td>held</td>", "<code>duosync approve 0123456789ab</code>", "max_remove", "99 of 812", "<td>the whole run</td>", "<td>7</td>", "<td>what follows from it</td><td>duosync rebuild --write</td>", "<th>disable</th><td>99</td>",
		"leaver&lt;script&gt;", "2000-02-01 00:00:00 UTC", "two people claim it", "Not ready",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"<script", "77%"} {
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

// TestMovingPages reloads other addresses, and TLS, into a running daemon.
func TestMovingPages(t *testing.T) {
	dir := t.TempDir()
	writeCertificate(t, dir)
	withTLS := fmt.Sprintf(", tls_cert_file: %q, tls_key_file: %q", filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	j := newJob(fine(0))
	first := serving(t, j, "http: {listen: '127.0.0.1:0'}\n")
	load := func(listen, more string) {
		t.Helper()
		before := j.told("RELOADING=1")
		loaded := parse(t, fmt.Sprintf("http: {listen: %q%s}\n", listen, more)+every("@yearly", "UTC", true))
		ready := j.told("READY=1")
		j.load = func() (*config.Loaded, error) { return loaded, nil }
		j.reload()
		for deadline := time.Now().Add(10 * time.Second); j.told("READY=1") == ready; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d reloads, not ready", before)
			}
		}
	}
	free := freeAddress(t)
	load(free, "")
	if code, _, _ := get(t, "http://"+<-j.heard+"/healthz", nil); code != 200 {
		t.Errorf("at the new address: %d", code)
	}
	if conn, err := net.Dial("tcp", first); err == nil {
		_ = conn.Close()
		t.Error("the old address is still served")
	}
	load(free, withTLS)
	if code, _, _ := get(t, "https://"+free+"/healthz", nil); code != 200 {
		t.Errorf("over TLS: %d", code)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	load(taken.Addr().String(), "") // can't be: the old one goes on
	if code, _, _ := get(t, "https://"+free+"/healthz", nil); code != 200 {
		t.Errorf("after a reload that failed: %d", code)
	}
	_, port, err := net.SplitHostPort(free)
	if err != nil {
		t.Fatal(err)
	}
	load("0.0.0.0:"+port, ", token: abc") // the same port, on more addresses
	if code, _, _ := get(t, "http://"+free+"/healthz", nil); code != 200 {
		t.Errorf("on all addresses: %d", code)
	}
	load("", "")
	if conn, err := net.Dial("tcp", free); err == nil {
		_ = conn.Close()
		t.Error("pages are served though http.listen is empty")
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func writeCertificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: certificate}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
