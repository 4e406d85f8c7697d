// Package apitest is a Duo that goes by a script: tests of what calls are made, and what
// follows from each answer.
package apitest

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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/duo/api"
	"duosync/duo/callrate"
)

// The keys that the scripted Duo knows.
const (
	IntegrationKey = "DIWJ8X6AEYOR5OMC6TQ1"
	SecretKey      = "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep"
)

// Exchange is one call that the scripted Duo expects, and its answer.
type Exchange struct {
	Call   string            // method and path
	Params map[string]string // of the query or the body; nil: whatever they are
	Status int               // 200 by default
	Header map[string]string
	Body   string
	Cut    bool   // the connection breaks instead of an answer
	Apart  bool   // the call must come on a connection of its own
	Echo   bool   // the answer is an error that repeats the Authorization header
	Before func() // runs as the call arrives
}

// Play is a Duo that goes by a script, over TLS, with signatures checked. A call
// that is not the next one, and one that never came, fail the test.
type Play struct {
	Time *Stage

	t      *testing.T
	server *httptest.Server
	mu     sync.Mutex
	next   []Exchange
	times  []time.Time // of the calls
}

// New starts a Duo that goes by a script, until the test ends.
func New(t *testing.T, script ...Exchange) *Play {
	t.Helper()
	p := &Play{t: t, next: script, Time: NewStage(Created)}
	p.server = httptest.NewUnstartedServer(p)
	p.server.Config.ErrorLog = Quiet()
	p.server.StartTLS()
	t.Cleanup(func() {
		p.server.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, x := range p.next {
			t.Errorf("never called: %s %v", x.Call, x.Params)
		}
	})
	return p
}

// ServeHTTP plays the next exchange.
func (p *Play) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Errorf("reading the body: %v", err)
	}
	params, err := p.check(r, body)
	if err != nil {
		p.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	p.mu.Lock()
	p.times = append(p.times, p.Time.Now())
	var x Exchange
	if len(p.next) > 0 {
		x, p.next = p.next[0], p.next[1:]
	}
	p.mu.Unlock()
	got := r.Method + " " + r.URL.Path
	if got != x.Call || x.Params != nil && !maps.Equal(params, x.Params) {
		p.t.Errorf("called %s %v\n  want %s %v", got, params, x.Call, x.Params)
	}
	if x.Apart && !r.Close {
		p.t.Errorf("%s came on a connection that is kept", got)
	}
	if x.Before != nil {
		x.Before()
	}
	if x.Cut {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Date", p.Time.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	for name, value := range x.Header {
		w.Header().Set(name, value)
	}
	if x.Status != 0 {
		w.WriteHeader(x.Status)
	}
	if x.Echo {
		x.Body = fmt.Sprintf(`{"stat": "FAIL", "code": 40002, "message": "you sent %s"}`, r.Header.Get("Authorization"))
	}
	_, _ = io.WriteString(w, x.Body)
}

// check verifies the signature independently of the package, in either version,
// and returns the parameters.
func (p *Play) check(r *http.Request, body []byte) (map[string]string, error) {
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
		mac := hmac.New(sha512.New, []byte(SecretKey))
		mac.Write([]byte(strings.Join(lines, "\n")))
		return hex.EncodeToString(mac.Sum(nil))
	}
	user, password, _ := r.BasicAuth()
	five := signed(append(lines, hash(string(body)), hash(""))...)
	two := signed(lines...)
	if user != IntegrationKey || password != five && (version == 5 && r.Method == http.MethodPost || password != two) {
		return nil, fmt.Errorf("wrong signature over %q", lines)
	}
	return params, nil
}

// Times tells when calls came, in the time of the play.
func (p *Play) Times() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.times)
}

// Options are what a client needs to call the scripted Duo.
func (p *Play) Options() api.Options {
	return api.Options{
		Host: p.server.Listener.Addr().String(), IntegrationKey: IntegrationKey, SecretKey: SecretKey,
		RootCAs: RootsOf(p.server), Timeout: 10 * time.Second, Rate: callrate.Rate{Calls: 1_000_000, Per: time.Second},
		Now: p.Time.Now, Sleep: p.Time.Sleep,
	}
}

// Client is one that calls the scripted Duo.
func (p *Play) Client() *api.Client { return Connect(p.t, p.Options()) }

// Connect gives a client that is closed when the test ends.
func Connect(t *testing.T, o api.Options) *api.Client {
	t.Helper()
	c, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Stage is a time that passes only where somebody waits. Waits of less than a
// millisecond are the rate's, and not kept.
type Stage struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

// NewStage returns a time that begins at now.
func NewStage(now time.Time) *Stage { return &Stage{now: now} }

// Now is the time of the stage.
func (s *Stage) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Sleep lets d pass at once.
func (s *Stage) Sleep(ctx context.Context, d time.Duration) error {
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

// Waited is how long all of them were together.
func (s *Stage) Waited() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum time.Duration
	for _, d := range s.waits {
		sum += d
	}
	return sum
}

// OK is a success in Duo's envelope.
func OK(response string) string { return `{"stat":"OK","response":` + response + `}` }

// Page is a page of a list.
func Page(users []string, metadata string) string {
	return `{"stat":"OK","response":[` + strings.Join(users, ",") + `],"metadata":` + metadata + `}`
}

// Fail is a failure in Duo's envelope.
func Fail(code int, message, detail string) string {
	return fmt.Sprintf(`{"stat":"FAIL","code":%d,"message":%q,"message_detail":%q}`, code, message, detail)
}

// Created is when the users of User were made: as a play begins.
var Created = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// User writes a Duo user: an id, a name, and more pairs of key and value.
func User(id, name string, more ...any) string {
	u := map[string]any{"user_id": id, "username": name, "status": "active", "created": Created.Unix()}
	for i := 0; i+1 < len(more); i += 2 {
		u[more[i].(string)] = more[i+1]
	}
	text, err := json.Marshal(u)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Again is an exchange whose answer is not about what was asked, as a read meets it until
// it gives up: the first time on a kept connection, then on new ones.
func Again(x Exchange) []Exchange {
	apart := x
	apart.Apart = true
	return []Exchange{x, apart, apart, apart}
}

// Two answers that many scripts have: there is no such object, and Duo was not reached.
var (
	NotFound = Fail(40401, "Resource not found", "")
	Gateway  = "<html>Bad Gateway</html>"
)

// Quiet is a log for servers whose clients hang up on purpose.
func Quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// RootsOf trusts a server.
func RootsOf(server *httptest.Server) *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return roots
}
