package duo_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/duo"
)

const (
	ikey = "DIWJ8X6AEYOR5OMC6TQ1"
	skey = "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep"
)

// exchange is one call that the scripted Duo expects, and its answer.
type exchange struct {
	call   string            // method and path
	params map[string]string // of the query or the body; nil: whatever they are
	status int               // 200 by default
	header map[string]string
	body   string
	cut    bool   // the connection breaks instead of an answer
	before func() // runs as the call arrives
}

// play is a Duo that goes by a script, over TLS, with signatures checked. A call
// that is not the next one, and one that never came, fail the test.
type play struct {
	t      *testing.T
	server *httptest.Server
	time   *stage

	mu    sync.Mutex
	next  []exchange
	times []time.Time // of the calls
}

func newPlay(t *testing.T, script ...exchange) *play {
	t.Helper()
	p := &play{t: t, next: script, time: &stage{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	p.server = httptest.NewUnstartedServer(p)
	p.server.Config.ErrorLog = quiet()
	p.server.StartTLS()
	t.Cleanup(func() {
		p.server.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, x := range p.next {
			t.Errorf("never called: %s %v", x.call, x.params)
		}
	})
	return p
}

func (p *play) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Errorf("reading the body: %v", err)
	}
	params, err := p.check(r, body)
	if err != nil {
		p.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	p.mu.Lock()
	p.times = append(p.times, p.time.Now())
	var x exchange
	if len(p.next) > 0 {
		x, p.next = p.next[0], p.next[1:]
	}
	p.mu.Unlock()
	got := r.Method + " " + r.URL.Path
	if got != x.call || x.params != nil && !maps.Equal(params, x.params) {
		p.t.Errorf("called %s %v\n  want %s %v", got, params, x.call, x.params)
	}
	if x.before != nil {
		x.before()
	}
	if x.cut {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Date", p.time.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	for name, value := range x.header {
		w.Header().Set(name, value)
	}
	if x.status != 0 {
		w.WriteHeader(x.status)
	}
	_, _ = io.WriteString(w, x.body)
}

// check verifies the signature independently of the package, in either version,
// and returns the parameters.
func (p *play) check(r *http.Request, body []byte) (map[string]string, error) {
	params := make(map[string]string)
	encoded := r.URL.RawQuery
	version := 5
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form") {
		version, encoded = 2, string(body)
	} else if len(body) > 0 {
		if err := json.Unmarshal(body, &params); err != nil {
			return nil, err
		}
	}
	form, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, err
	}
	for name := range form {
		params[name] = form.Get(name)
	}
	if r.Method == http.MethodPost && r.ContentLength != int64(len(body)) {
		return nil, fmt.Errorf("content length %d of a body of %d bytes", r.ContentLength, len(body))
	}
	hash := func(data string) string {
		sum := sha512.Sum512([]byte(data))
		return hex.EncodeToString(sum[:])
	}
	host, _, _ := strings.Cut(r.Host, ":")
	lines := []string{r.Header.Get("Date"), r.Method, host, r.URL.Path, strings.ReplaceAll(form.Encode(), "+", "%20")}
	signed := func(lines ...string) string {
		mac := hmac.New(sha512.New, []byte(skey))
		mac.Write([]byte(strings.Join(lines, "\n")))
		return hex.EncodeToString(mac.Sum(nil))
	}
	user, password, _ := r.BasicAuth()
	five := signed(append(lines, hash(string(body)), hash(""))...)
	two := signed(lines...)
	if user != ikey || password != five && (version == 5 && r.Method == http.MethodPost || password != two) {
		return nil, fmt.Errorf("wrong signature over %q", lines)
	}
	return params, nil
}

// options are what a client needs to call the scripted Duo.
func (p *play) options() duo.Options {
	return duo.Options{
		Host: p.server.Listener.Addr().String(), IntegrationKey: ikey, SecretKey: skey,
		RootCAs: rootsOf(p.server), Timeout: 10 * time.Second, Rate: duo.Rate{N: 1_000_000, Per: time.Second},
		Now: p.time.Now, Sleep: p.time.Sleep,
	}
}

func (p *play) client() *duo.Client { return connect(p.t, p.options()) }

func (p *play) target() *duo.Target { return duo.NewTarget(p.client()) }

func connect(t *testing.T, o duo.Options) *duo.Client {
	t.Helper()
	c, err := duo.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// stage is a time that passes only where somebody waits. Waits of less than a
// millisecond are the rate's, and not kept.
type stage struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

func (s *stage) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stage) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	if d >= time.Millisecond {
		s.waits = append(s.waits, d)
	}
	return nil
}

func (s *stage) waited() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum time.Duration
	for _, d := range s.waits {
		sum += d
	}
	return sum
}

// Answers in Duo's envelope.

func ok(response string) string { return `{"stat":"OK","response":` + response + `}` }

func page(users []string, metadata string) string {
	return `{"stat":"OK","response":[` + strings.Join(users, ",") + `],"metadata":` + metadata + `}`
}

func fail(code int, message, detail string) string {
	return fmt.Sprintf(`{"stat":"FAIL","code":%d,"message":%q,"message_detail":%q}`, code, message, detail)
}

// user writes a Duo user: an id, a name, and more pairs of key and value.
func user(id, name string, more ...any) string {
	u := map[string]any{"user_id": id, "username": name, "status": "active", "created": 1_700_000_000}
	for i := 0; i+1 < len(more); i += 2 {
		u[more[i].(string)] = more[i+1]
	}
	text, err := json.Marshal(u)
	if err != nil {
		panic(err)
	}
	return string(text)
}

var (
	notFound = fail(40401, "Resource not found", "")
	gateway  = "<html>Bad Gateway</html>"
)

// quiet is a log for servers whose clients hang up on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func rootsOf(server *httptest.Server) *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return roots
}
