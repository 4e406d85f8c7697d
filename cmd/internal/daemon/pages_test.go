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
	for deadline := time.Now().Add(patience); !strings.Contains(strings.Join(j.statesNow(), ""), "STATUS=Last run"); {
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
	for deadline := time.Now().Add(patience); !strings.Contains(body, "duosync_config_last_reload_successful 0\n"); {
		if time.Now().After(deadline) {
			t.Fatalf("a bad reload does not show:\n%s", body)
		}
		_, body, _ = get(t, "http://"+address+"/metrics", nil)
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
		for deadline := time.Now().Add(patience); j.told("READY=1") == ready; time.Sleep(time.Millisecond) {
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
