package channel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify/channel"
	"duosync/cmd/internal/notify/message"
	dirsync "duosync/sync"
)

var test = message.Test("test-1", message.About{Account: "api-1a2b3c4d.duosecurity.com", Directory: "dc=example"})

// pauses notes how long a channel waits, and waits for nothing.
type pauses struct {
	mu  sync.Mutex
	all []time.Duration
}

func (p *pauses) options() channel.Options {
	return channel.Options{Version: "test", Timeout: 5 * time.Second, Sleep: func(ctx context.Context, d time.Duration) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all = append(p.all, d)
		return ctx.Err()
	}}
}

// reply is what a receiver answers; zero: it does not.
type reply struct {
	code   int
	header map[string]string
	body   string
}

// receiver answers one after another, the last one for ever, and keeps what it gets.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	got     []*http.Request
	bodies  []string
	replies []reply
}

func newReceiver(t *testing.T, replies ...reply) *receiver {
	r := &receiver{replies: replies}
	over := make(chan struct{})
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.got, r.bodies = append(r.got, q), append(r.bodies, string(body))
		answer := r.replies[min(len(r.got), len(r.replies))-1]
		r.mu.Unlock()
		if answer.code == 0 {
			select {
			case <-over:
			case <-q.Context().Done():
			}
			return
		}
		for name, value := range answer.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(answer.code)
		_, _ = io.WriteString(w, answer.body)
	}))
	t.Cleanup(func() { close(over); r.Close() })
	return r
}

// took gives the requests that came so far.
func (r *receiver) took() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

const path = "/services/T0PLANTED/B0PLANTED/planted9secret7token"

func webhookTo(url, format string, opts channel.Options) channel.Channel {
	return channel.Of(&config.Notify{WebhookURL: config.NewSecret(url), WebhookFormat: format}, opts)[0]
}

func TestWebhook(t *testing.T) {
	ok := reply{code: 200, body: "ok"}
	for name, test := range map[string]struct {
		replies []reply
		tries   int
		waits   []time.Duration
		wrong   string // "": it was taken
		hint    string
	}{
		"taken":                       {[]reply{ok}, 1, nil, "", ""},
		"accepted":                    {[]reply{{code: 202}}, 1, nil, "", ""},
		"500, then taken":             {[]reply{{code: 500}, {code: 503}, ok}, 3, []time.Duration{time.Second, 2 * time.Second}, "", ""},
		"500 for ever":                {[]reply{{code: 500, body: "<html>oops</html>"}}, 4, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, "127.0.0.1 answered 500", "wrong with the receiver"},
		"asked to wait":               {[]reply{{code: 429, header: map[string]string{"Retry-After": "7"}}, ok}, 2, []time.Duration{7 * time.Second}, "", ""},
		"asked to wait until a time":  {[]reply{{code: 503, header: map[string]string{"Retry-After": "Wed, 04 Mar 2026 12:00:09 GMT", "Date": "Wed, 04 Mar 2026 12:00:00 GMT"}}, ok}, 2, []time.Duration{9 * time.Second}, "", ""},
		"asked to wait for too long":  {[]reply{{code: 429, header: map[string]string{"Retry-After": "600"}}, ok}, 1, nil, "answered 429", "sent too much"},
		"asked to wait since a while": {[]reply{{code: 429, header: map[string]string{"Retry-After": "Wed, 04 Mar 2020 12:00:00 GMT"}}, ok}, 2, []time.Duration{time.Second}, "", ""},
		"gone":                        {[]reply{{code: 404, body: "no_service"}}, 1, nil, "answered 404 no_service", "make a new one"},
		"not read":                    {[]reply{{code: 400, body: "invalid_payload"}}, 1, nil, "answered 400 invalid_payload", "webhook_format"},
		"an answer that repeats it":   {[]reply{{code: 410, body: "no hook at " + path}}, 1, nil, "answered 410", "make a new one"},
		"moved on the same server":    {[]reply{{code: 308, header: map[string]string{"Location": path + "/2"}}, ok}, 2, nil, "", ""},
		"moved elsewhere":             {[]reply{{code: 307, header: map[string]string{"Location": "http://elsewhere.example/planted"}}}, 1, nil, "redirects to elsewhere.example", "no other server"},
		"moved to a page":             {[]reply{{code: 302, header: map[string]string{"Location": "/login"}}}, 1, nil, "redirects to 127.0.0.1", ""},
		"in a circle":                 {[]reply{{code: 307, header: map[string]string{"Location": path}}}, 4, nil, "redirects to 127.0.0.1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, p := newReceiver(t, test.replies...), &pauses{}
			answer, err := webhookTo(r.URL+path, "json", p.options()).Send(t.Context(), message.Test("test-1", message.About{}))
			checkError(t, err, test.wrong, test.hint)
			if err == nil && !strings.HasPrefix(answer, "20") {
				t.Errorf("the answer is %q", answer)
			}
			got := r.took()
			if len(got) != test.tries || !slices.Equal(p.all, test.waits) {
				t.Errorf("%d tries, waits %v; want %d, %v", len(got), p.all, test.tries, test.waits)
			}
			for i, q := range got {
				if q.Method != http.MethodPost || q.Header.Get("Content-Type") != "application/json" || q.Header.Get("Idempotency-Key") != "test-1" || !json.Valid([]byte(r.bodies[i])) {
					t.Errorf("try %d: %s %v %q", i+1, q.Method, q.Header, r.bodies[i])
				}
			}
		})
	}
}

// checkError looks for what an error says, and that it tells no secret.
func checkError(t *testing.T, err error, wrong, hint string) {
	t.Helper()
	if (err == nil) != (wrong == "") {
		t.Fatalf("the error is %v, want %q", err, wrong)
	}
	if err == nil {
		return
	}
	if !strings.Contains(err.Error(), wrong) || !strings.Contains(dirsync.Hint(err), hint) {
		t.Errorf("the error is %v (%s), want %q (%s)", err, dirsync.Hint(err), wrong, hint)
	}
	if text := strings.ToLower(fmt.Sprint(err, dirsync.Hint(err))); strings.Contains(text, "planted") || strings.Contains(text, "token") {
		t.Errorf("it tells the secret: %s", text)
	}
}

// A receiver that takes and never answers is left, and so is one that nobody is.
func TestWebhookSilent(t *testing.T) {
	p := &pauses{}
	opts := p.options()
	opts.Timeout = 50 * time.Millisecond
	r := newReceiver(t, reply{})
	_, err := webhookTo(r.URL+path, "json", opts).Send(t.Context(), test)
	checkError(t, err, "127.0.0.1: no answer within 50ms", "may have the message")
	if len(p.all) != 0 || len(r.took()) > 1 {
		t.Errorf("it may have the message, and got %d; waits %v", len(r.took()), p.all)
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nobody.Addr().String()
	_ = nobody.Close()
	_, err = webhookTo("http://"+address+path, "json", p.options()).Send(t.Context(), test)
	checkError(t, err, "nothing listens there", "whether the receiver runs")
}

// What is at the other end in place of a receiver is told in a plain sentence, with what to do.
func TestWebhookFaults(t *testing.T) {
	closing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closing.Close() }()
	go func() {
		for {
			conn, err := closing.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 10))
			_ = conn.Close()
		}
	}()
	plain := newReceiver(t, reply{code: 200})
	for url, want := range map[string][2]string{
		"http://" + closing.Addr().String():              {"closed the connection", "whether something listens there"},
		strings.Replace(plain.URL, "http:", "https:", 1): {"speaks no TLS there", "Correct the port"},
	} {
		_, err := webhookTo(url+path, "json", (&pauses{}).options()).Send(t.Context(), test)
		checkError(t, err, want[0], want[1])
	}
	for code, hint := range map[int]string{405: "takes no messages", 413: "64 KB", 415: "webhook_format", 401: "make a new one", 502: "wrong with the receiver"} {
		_, err := webhookTo(newReceiver(t, reply{code: code}).URL+path, "json", (&pauses{}).options()).Send(t.Context(), test)
		checkError(t, err, fmt.Sprint("answered ", code), hint)
	}
}

// What a webhook is sent goes by its format.
func TestWebhookFormats(t *testing.T) {
	for format, key := range map[string]string{"json": "schema", "slack": "blocks", "teams": "attachments", "": "schema"} {
		r := newReceiver(t, reply{code: 200})
		if _, err := webhookTo(r.URL, format, channel.Options{}).Send(t.Context(), test); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(r.bodies[0]), &got); err != nil || got[key] == nil {
			t.Errorf("%s: %v, %s", format, err, r.bodies[0])
		}
	}
}

// A certificate that nobody vouches for is refused.
func TestWebhookCertificate(t *testing.T) {
	r := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }))
	r.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	r.StartTLS()
	defer r.Close()
	p := &pauses{}
	_, err := webhookTo(r.URL+path, "json", p.options()).Send(t.Context(), test)
	checkError(t, err, "certificate is signed by unknown authority", "SSL_CERT_FILE")
	if len(p.all) > 0 {
		t.Errorf("it was tried again: %v", p.all)
	}
}
