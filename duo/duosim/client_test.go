package duosim_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/duo/duosim"
)

// clock is Duo's clock, under the test's control.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// start runs a server over TLS for the time of a test, by a clock of the test's.
func start(t *testing.T, options duosim.Options) (*duosim.Server, *client) {
	t.Helper()
	if options.Now == nil {
		options.Now = newClock().Now
	}
	server := duosim.New(options)
	if err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(server.CAPEM()) {
		t.Fatal("the CA is no PEM")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return server, &client{
		t: t, http: &http.Client{Transport: transport}, server: server, now: options.Now,
		key: server.Key(duosim.KeyAdmin), version: "v5", host: strings.Split(server.Host(), ":")[0],
	}
}

// client is a small Duo client of its own: it shares nothing with the server.
type client struct {
	t       *testing.T
	http    *http.Client
	server  *duosim.Server
	now     func() time.Time
	key     duosim.Key
	version string // v5, v2-sha1 or v2-sha512
	host    string // as signed
	tamper  func(*http.Request)
}

func (c *client) with(change func(*client)) *client {
	changed := *c
	change(&changed)
	return &changed
}

func (c *client) as(kind duosim.KeyKind) *client {
	return c.with(func(c *client) { c.key = c.server.Key(kind) })
}

// params are a call's parameters.
type params map[string]any

// answer is a reply, decoded as far as it goes.
type answer struct {
	t        *testing.T
	err      error
	status   int
	header   http.Header
	body     string
	Stat     string          `json:"stat"`
	Code     any             `json:"code"`
	Message  string          `json:"message"`
	Detail   string          `json:"message_detail"`
	Response json.RawMessage `json:"response"`
	Metadata map[string]any  `json:"metadata"`
}

func (c *client) get(path string, p params) *answer  { c.t.Helper(); return c.call("GET", path, p) }
func (c *client) post(path string, p params) *answer { c.t.Helper(); return c.call("POST", path, p) }
func (c *client) delete(path string, p params) *answer {
	c.t.Helper()
	return c.call("DELETE", path, p)
}

func (c *client) call(method, path string, p params) *answer {
	c.t.Helper()
	query, body, contentType := "", []byte(nil), ""
	switch {
	case method == "GET" || method == "DELETE":
		query = encode(p)
	case c.version == "v5":
		contentType = "application/json"
		if p == nil {
			p = params{}
		}
		body = mustJSON(c.t, p)
	default:
		contentType = "application/x-www-form-urlencoded"
		body = []byte(strings.ReplaceAll(encode(p), "%20", "+")) // as browsers write it
	}
	return c.send(method, path, query, contentType, body)
}

func (c *client) send(method, path, query, contentType string, body []byte) *answer {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, "https://"+c.server.Host()+path+"?"+query, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	date := c.now().UTC().Format("Mon, 02 Jan 2006 15:04:05 -0000")
	request.Header.Set("Date", date)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	request.SetBasicAuth(c.key.Integration, c.sign(date, method, path, query, contentType, body))
	if c.tamper != nil {
		c.tamper(request)
	}
	reply, err := c.http.Do(request)
	if err != nil {
		return &answer{t: c.t, err: err}
	}
	defer func() { _ = reply.Body.Close() }()
	text, err := io.ReadAll(reply.Body)
	a := &answer{t: c.t, err: err, status: reply.StatusCode, header: reply.Header, body: string(text)}
	_ = json.Unmarshal(text, a) // HTML stays in body
	return a
}

func (c *client) sign(date, method, path, query, contentType string, body []byte) string {
	lines := []string{date, method, c.host, path}
	digest := sha512.New
	switch c.version {
	case "v5":
		lines = append(lines, query, hexSHA512(body), hexSHA512(nil))
	case "v2-sha1":
		digest = sha1.New
		fallthrough
	case "v2-sha512":
		if contentType != "" {
			query = strings.ReplaceAll(string(body), "+", "%20")
		}
		lines = append(lines, query)
	}
	return hexMAC(digest, c.key.Secret, strings.Join(lines, "\n"))
}

func hexMAC(digest func() hash.Hash, secret, text string) string {
	mac := hmac.New(digest, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func hexSHA512(data []byte) string {
	sum := sha512.Sum512(data)
	return hex.EncodeToString(sum[:])
}

// encode gives parameters sorted and encoded as Duo signs them; arrays as JSON.
func encode(p params) string {
	var parts []string
	for name, value := range p {
		text, ok := value.(string)
		if !ok {
			text = fmt.Sprint(value)
		}
		parts = append(parts, url.QueryEscape(name)+"="+strings.ReplaceAll(url.QueryEscape(text), "+", "%20"))
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func mustJSON(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ok demands success and decodes the response into into, unless that is nil.
func (a *answer) ok(into any) *answer {
	a.t.Helper()
	if a.err != nil || a.status != 200 || a.Stat != "OK" {
		a.t.Fatalf("want success, got %v %d %s", a.err, a.status, a.body)
	}
	if into != nil {
		if err := json.Unmarshal(a.Response, into); err != nil {
			a.t.Fatalf("response %s: %v", a.Response, err)
		}
	}
	return a
}

// empty demands success with "" as the response.
func (a *answer) empty() {
	a.t.Helper()
	if a.ok(nil); string(a.Response) != `""` {
		a.t.Fatalf(`want "", got %s`, a.Response)
	}
}

// refused demands a failure with a code and its HTTP status, and that detail.
func (a *answer) refused(code int, detail string) {
	a.t.Helper()
	if a.err != nil || a.status != code/100 || a.Stat != "FAIL" || a.Code != float64(code) || a.Detail != detail {
		a.t.Fatalf("want %d %q, got %v %d %s", code, detail, a.err, a.status, a.body)
	}
}

// cut demands that the connection ended without a reply.
func (a *answer) cut() {
	a.t.Helper()
	if !errors.Is(a.err, io.EOF) {
		a.t.Fatalf("want a cut connection, got %v %d %s", a.err, a.status, a.body)
	}
}

// user is a Duo user as a client reads it.
type user struct {
	ID        string            `json:"user_id"`
	Username  string            `json:"username"`
	Realname  string            `json:"realname"`
	Firstname *string           `json:"firstname"`
	Email     string            `json:"email"`
	Notes     string            `json:"notes"`
	Status    string            `json:"status"`
	Created   int64             `json:"created"`
	Enrolled  bool              `json:"is_enrolled"`
	Synced    *int64            `json:"last_directory_sync"`
	Alias1    *string           `json:"alias1"`
	Aliases   map[string]string `json:"aliases"`
	Groups    []group           `json:"groups"`
	Phones    []phone           `json:"phones"`
}

type group struct {
	ID     string `json:"group_id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

type phone struct {
	ID        string  `json:"phone_id"`
	Number    string  `json:"number"`
	Extension string  `json:"extension"`
	Type      string  `json:"type"`
	Platform  string  `json:"platform"`
	Predelay  *string `json:"predelay"`
	Users     []user  `json:"users"`
}

// create makes a user who must be fine.
func (c *client) create(username string, more ...params) user {
	c.t.Helper()
	p := params{"username": username}
	for _, m := range more {
		for name, value := range m {
			p[name] = value
		}
	}
	var u user
	c.post("/admin/v1/users", p).ok(&u)
	return u
}

// usernames lists what a list call answers.
func (c *client) usernames(p params) []string {
	c.t.Helper()
	var users []user
	c.get("/admin/v1/users", p).ok(&users)
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = u.Username
	}
	return names
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
