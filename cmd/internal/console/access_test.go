package console

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	logs "github.com/sirupsen/logrus/hooks/test"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/state"
)

// TestByWhatName: with a token, pages are for names that are known to be ours; a page of some
// other site that points here gives itself away. What no browser asks for is not refused.
func TestByWhatName(t *testing.T) {
	d := newDesk(t)
	loaded := &config.Loaded{Config: config.Config{Notify: config.Notify{PublicURL: "https://sync.example.org:8443/"}}}
	d.status.Configured(loaded)
	if err := d.Adopt(t.Context(), config.HTTP{Token: config.NewSecret(token)}); err != nil {
		t.Fatal(err)
	}
	ask := func(path, host string, change func(*http.Request)) int {
		code, body, _ := get(t.Context(), d.handler(), path, func(r *http.Request) { r.Host = host; change(r) })
		if code == http.StatusMisdirectedRequest && !strings.Contains(body, "notify.public_url") {
			t.Errorf("%s: %q", host, body)
		}
		return code
	}
	basic := func(r *http.Request) { r.SetBasicAuth("", token) }
	for host, want := range map[string]int{
		"127.0.0.1:9377": 200, "[::1]:9377": 200, "192.0.2.7": 200, "localhost": 200, "sync.example.org": 200, "SYNC.example.org:9377": 200, "sync.example.org.:9377": 200,
		"evil.example.org": 421, "sync.example.org.evil.example": 421, "xsync.example.org": 421, "": 421, "127.0.0.1.evil.example:80": 421, "127.1": 421,
	} {
		if got := ask("/", host, basic); got != want {
			t.Errorf("%s: %d, want %d", host, got, want)
		}
		if got := ask("/metrics", host, basic); got != 200 {
			t.Errorf("metrics by %s: %d", host, got)
		}
		if got := ask("/", host, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }); got != 200 {
			t.Errorf("Bearer by %s: %d", host, got)
		}
	}
	if got := ask("/", "evil.example.org", func(*http.Request) {}); got != 421 {
		t.Errorf("without a token, by a foreign name: %d", got)
	}
}

// TestGuessing: whoever guesses has to wait, others do not, and the log says so once.
func TestGuessing(t *testing.T) {
	log, said := logs.NewNullLogger()
	d := newDesk(t)
	d.opts.Log = log
	if err := d.Adopt(t.Context(), config.HTTP{Token: config.NewSecret(token)}); err != nil {
		t.Fatal(err)
	}
	ask := func(from, given string) (int, http.Header) {
		code, _, h := get(t.Context(), d.handler(), "/", func(r *http.Request) {
			r.RemoteAddr = from
			if given != "" {
				r.SetBasicAuth("", given)
			}
		})
		return code, h
	}
	refused := 0
	for i := range 1000 {
		code, h := ask(fmt.Sprintf("192.0.2.1:%d", 1000+i), fmt.Sprint("guess", i))
		switch {
		case code == http.StatusTooManyRequests && h.Get("Retry-After") != "":
			refused++
		case code != http.StatusUnauthorized:
			t.Fatalf("guess %d: %d", i, code)
		}
	}
	if refused < 990 {
		t.Errorf("%d of 1000 guesses had to wait", refused)
	}
	if code, _ := ask("192.0.2.1:9", token); code != http.StatusTooManyRequests {
		t.Errorf("the right token from where guesses come from: %d", code)
	}
	if code, _ := ask("192.0.2.2:9", token); code != http.StatusOK {
		t.Errorf("the right token from elsewhere: %d", code)
	}
	for range 100 { // a browser that asks without one, before it asks its user
		if code, _ := ask("192.0.2.3:9", ""); code != http.StatusUnauthorized {
			t.Fatalf("without a token: %d", code)
		}
	}
	if n := len(said.AllEntries()); n != 1 {
		t.Errorf("the log has %d lines", n)
	}
	for _, entry := range said.AllEntries() {
		if line, _ := entry.String(); strings.Contains(line, "guess") || strings.Contains(line, token) {
			t.Errorf("the log says %s", line)
		}
	}
	for i := range 2 * mostMissed {
		ask(fmt.Sprintf("[2001:db8:%x:%x::1]:80", i/0x10000, i%0x10000), "x")
	}
	if n := len(d.misses.by); n > mostMissed {
		t.Errorf("%d addresses are kept", n)
	}
}

// TestMisses: the wait grows, has an end, and is forgotten.
func TestMisses(t *testing.T) {
	var m misses
	from, now := netip.MustParsePrefix("192.0.2.1/32"), time.Unix(1e9, 0)
	for i := range 40 {
		m.miss(from, now)
		switch wait := m.wait(from, now); {
		case i+1 < freeMisses && wait != 0:
			t.Errorf("after %d: %v", i+1, wait)
		case i+1 >= freeMisses && (wait < time.Second || wait > longestWait):
			t.Errorf("after %d: %v", i+1, wait)
		}
	}
	if got := m.wait(from, now); got != longestWait {
		t.Errorf("in the end %v", got)
	}
	now = now.Add(missMemory + time.Minute)
	m.miss(from, now)
	if got := m.wait(from, now); got != 0 {
		t.Errorf("a day later %v", got)
	}
}

// TestReadOnly: nothing but GET and HEAD, and the style sheet is sent once.
func TestReadOnly(t *testing.T) {
	d := newDesk(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace, "PROPFIND"} {
		for _, path := range []string{"/", "/runs", "/people", "/nope", "/style.css", "/metrics", "/healthz"} {
			code, _, h := get(t.Context(), d.handler(), path, func(r *http.Request) { r.Method = method })
			if code != http.StatusMethodNotAllowed || h.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d %v", method, path, code, h)
			}
		}
	}
	code, style, h := get(t.Context(), d.handler(), "/style.css", nil)
	if code != 200 || !strings.Contains(style, ".status") || h.Get("ETag") == "" || !strings.HasPrefix(h.Get("Content-Type"), "text/css") {
		t.Fatalf("%d %v", code, h)
	}
	code, again, _ := get(t.Context(), d.handler(), "/style.css", func(r *http.Request) { r.Header.Set("If-None-Match", h.Get("ETag")) })
	if code != http.StatusNotModified || again != "" {
		t.Errorf("again: %d, %d bytes", code, len(again))
	}
	code, _, h = get(t.Context(), d.handler(), "/", func(r *http.Request) { r.Method = http.MethodHead })
	if code != 200 || h.Get("Content-Security-Policy") != policy || h.Get("Set-Cookie") != "" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("HEAD: %d %v", code, h)
	}
}

// TestManyAtOnce: a bounded number of pages is made at a time, a bounded number waits, and the
// others are asked to come again; health does not wait.
func TestManyAtOnce(t *testing.T) {
	d := newDesk(t)
	var now, most atomic.Int32
	release := make(chan struct{})
	d.opts.Glance = func(ctx context.Context, _ *config.Loaded, _ func(*past.Moment) error) error {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		<-release
		return nil
	}
	handler := d.handler()
	const all = pagesAtOnce + pagesQueued + 20
	var waiting sync.WaitGroup
	codes := make(chan int, all)
	for range all {
		waiting.Go(func() {
			code, _, h := get(t.Context(), handler, "/runs", nil)
			if code == http.StatusServiceUnavailable && h.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			codes <- code
		})
	}
	for range 20 {
		if code := <-codes; code != http.StatusServiceUnavailable {
			t.Fatalf("beyond the bound: %d", code)
		}
	}
	if code, _, _ := get(t.Context(), handler, "/healthz", nil); code != 200 {
		t.Errorf("health: %d", code)
	}
	close(release)
	waiting.Wait()
	close(codes)
	for code := range codes {
		if code != http.StatusOK {
			t.Errorf("of those that waited: %d", code)
		}
	}
	if got := most.Load(); got > pagesAtOnce {
		t.Errorf("%d pages were made at once", got)
	}
}

// TestThePagesOfAStateThatCannotBeRead say so, and no page has a secret.
func TestThePagesOfAStateThatCannotBeRead(t *testing.T) {
	d := newDesk(t)
	d.status.Configured(&config.Loaded{File: "/srv/duo/config.yaml", Config: config.Config{HTTP: config.HTTP{Token: config.NewSecret(token)}}})
	d.condition = state.Condition{Stamp: "1"}
	for _, path := range []string{"/", "/runs", "/runs/x", "/runs/x?format=json", "/people", "/people?q=x", "/people?status=attention", "/people/x", "/people/..%2f..%2fetc", "/people/%2e%2e", "/waiting", "/groups", "/drift", "/nope"} {
		code, body, _ := get(t.Context(), d.handler(), path, nil)
		if code != 200 && code != 404 && code != 503 && code != 400 {
			t.Errorf("%s: %d", path, code)
		}
		if strings.Contains(body, token) {
			t.Errorf("%s shows the token", path)
		}
		if !strings.Contains(body, "duosync</title>") {
			t.Errorf("%s: %q", path, body)
		}
	}
}
