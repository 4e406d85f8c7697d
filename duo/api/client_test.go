package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"
	logs "github.com/sirupsen/logrus/hooks/test"

	"duosync/duo/api"
	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

func TestBothSignaturesAreAccepted(t *testing.T) {
	odd := "Zoë + Ångström <*~&=?/%> \"q\" 日本"
	for _, version := range []int{0, 2, 5} {
		p := newPlay(t,
			exchange{Call: list, Params: map[string]string{"username": odd}, Body: ok("[]")},
			exchange{Call: post, Params: map[string]string{"username": "zoe", "realname": odd}, Body: ok(user("DU1", "zoe"))},
			exchange{Call: edit, Params: map[string]string{"email": ""}, Body: ok(user("DU1", "zoe"))},
			exchange{Call: erase, Params: map[string]string{}, Body: ok(`""`)},
		)
		o := p.Options()
		o.Signature = version
		c := connect(t, o)
		if a, err := c.UserByName(t.Context(), odd); err != nil || a != nil {
			t.Errorf("look-up: %v, %v", a, err)
		}
		if _, err := c.CreateUser(t.Context(), dirsync.Fields{"username": "zoe", "realname": odd}); err != nil {
			t.Errorf("create: %v", err)
		}
		if _, err := c.ModifyUser(t.Context(), "DU1", dirsync.Fields{"email": ""}); err != nil {
			t.Errorf("modify: %v", err)
		}
		if err := c.DeleteUser(t.Context(), "DU1"); err != nil {
			t.Errorf("delete: %v", err)
		}
	}
}

func TestRetries(t *testing.T) {
	const created = "create"
	ann := ok(user("DU1", "ann"))
	down := func(call string) exchange { return exchange{Call: call, Status: 502, Body: apitest.Gateway} }
	tests := map[string]struct {
		method string
		script []exchange
		want   api.Kind // "" for a success
	}{
		"a read after a cut, HTML and FAIL 200": {"GET", []exchange{
			{Call: one, Cut: true}, {Call: one, Body: apitest.Gateway}, {Call: one, Body: fail(50000, "", "")}, {Call: one, Body: ann},
		}, ""},
		"a modify after a cut and a 500": {"POST", []exchange{
			{Call: edit, Cut: true}, {Call: edit, Status: 500, Body: fail(50000, "", "")}, {Call: edit, Body: ann},
		}, ""},
		"a delete after a 503":          {"DELETE", []exchange{{Call: erase, Status: 503}, {Call: erase, Body: ok(`""`)}}, ""},
		"a read that never gets better": {"GET", []exchange{down(one), down(one), down(one), down(one)}, api.ErrServer},
		"a limit is no hiccup":          {"POST", []exchange{{Call: edit, Status: 500, Body: fail(50001, "", "")}}, api.ErrLimit},
		"nor is a refused value":        {"POST", []exchange{{Call: edit, Status: 400, Body: fail(40002, "", "")}}, api.ErrInvalid},
		"nor an unknown id":             {"GET", []exchange{{Call: one, Status: 404, Body: apitest.NotFound}}, api.ErrNotFound},
		"a create is sent once":         {created, []exchange{down(post)}, api.ErrServer},
		"a create that was cut as well": {created, []exchange{{Call: post, Cut: true}}, api.ErrTransport},
		"a create after 429":            {created, []exchange{{Call: post, Status: 429}, {Call: post, Body: ann}}, ""},
		"a redirect is not followed":    {created, []exchange{{Call: post, Status: 302, Header: map[string]string{"Location": "https://127.0.0.1:1/"}}}, api.ErrNotDuo},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t, test.script...)
			c := p.Client()
			var err error
			switch test.method {
			case "GET":
				_, err = c.User(t.Context(), "DU1")
			case "POST":
				_, err = c.ModifyUser(t.Context(), "DU1", dirsync.Fields{"email": "a@b"})
			case "DELETE":
				err = c.DeleteUser(t.Context(), "DU1")
			default:
				_, err = c.CreateUser(t.Context(), dirsync.Fields{"username": "ann"})
			}
			if test.want == "" && err != nil || test.want != "" && !errors.Is(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if u := c.Usage(); u.Calls != len(test.script) || u.Retries != len(test.script)-1 {
				t.Errorf("usage %+v after %d calls", u, len(test.script))
			}
		})
	}
}

func TestEachAttemptIsSignedAnew(t *testing.T) {
	var dates []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dates = append(dates, r.Header.Get("Date"))
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	p := newPlay(t)
	o := p.Options()
	o.Host, o.RootCAs = server.Listener.Addr().String(), apitest.RootsOf(server)
	if _, err := connect(t, o).User(t.Context(), "DU1"); !errors.Is(err, api.ErrRateLimited) {
		t.Fatalf("got %v", err)
	}
	if len(dates) != 8 {
		t.Errorf("%d attempts, want 8", len(dates))
	}
	for i := 1; i < len(dates); i++ {
		if dates[i] == dates[i-1] {
			t.Errorf("attempts %d and %d have the date %s", i, i+1, dates[i])
		}
	}
	if waited := p.Time.Waited(); waited < 95*time.Second || waited > 143*time.Second {
		t.Errorf("waited %s in all, want 1+2+4+8+16+32+32 seconds and up to half as much", waited)
	}
}

// TestPatience plays the call that takes longest: it is throttled as often as it may be,
// and then its connection breaks each time, after a whole Timeout.
func TestPatience(t *testing.T) {
	var script []exchange
	for range 7 {
		script = append(script, exchange{Call: one, Status: 429})
	}
	for range 4 {
		script = append(script, exchange{Call: one, Cut: true})
	}
	p := newPlay(t, script...)
	c := p.Client()
	if _, err := c.User(t.Context(), "DU1"); !errors.Is(err, api.ErrTransport) {
		t.Fatal(err)
	}
	took := p.Time.Waited() + 4*c.Timeout()
	if most := c.Patience(); took > most || took < most*2/3 {
		t.Errorf("the call took up to %s, its patience is %s", took, most)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	p := newPlay(t,
		exchange{Call: one, Status: 429, Header: map[string]string{"Retry-After": "17"}},
		exchange{Call: one, Status: 429, Header: map[string]string{"Retry-After": "Sun, 01 Mar 2026 12:01:17 GMT"}},
		exchange{Call: one, Body: ok(user("DU1", "ann"))},
		exchange{Call: one, Status: 429, Body: fail(42901, "Too Many Requests", ""), Header: map[string]string{"Retry-After": "601"}},
	)
	c := p.Client()
	if _, err := c.User(t.Context(), "DU1"); err != nil {
		t.Fatal(err)
	}
	times := p.Times()
	if gap := times[1].Sub(times[0]); gap < 17*time.Second {
		t.Errorf("came back after %s of 17s", gap)
	}
	if gap := times[2].Sub(times[1]); gap < time.Minute {
		t.Errorf("came back after %s of a minute", gap)
	}
	for range 2 { // and nobody else calls in the meantime
		_, err := c.User(t.Context(), "DU1")
		if !errors.Is(err, api.ErrRateLimited) || !strings.Contains(err.Error(), "no more calls for 10m1s") {
			t.Errorf("got %v", err)
		}
	}
}

// The end of ctx is the end of a wait. A write that Duo refused meanwhile was not carried out,
// and a look that was cut off blames nobody.
func TestTheEndOfPatience(t *testing.T) {
	enough := errors.New("sync.max_duration is over")
	t.Run("a pause", func(t *testing.T) {
		p := newPlay(t, exchange{Call: edit, Status: 429, Header: map[string]string{"Retry-After": "300"}})
		ctx, cancel := context.WithCancelCause(t.Context())
		options := p.Options()
		options.Sleep = func(ctx context.Context, _ time.Duration) error {
			cancel(enough)
			return ctx.Err()
		}
		c := connect(t, options)
		if _, err := c.ModifyUser(ctx, "DU1", dirsync.Fields{"email": "a@example.com"}); !errors.Is(err, api.ErrRateLimited) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an answer", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			cancel(enough)
			<-r.Context().Done()
		}))
		defer server.Close()
		p := newPlay(t)
		options := p.Options()
		options.Host, options.RootCAs = server.Listener.Addr().String(), apitest.RootsOf(server)
		_, err := connect(t, options).User(ctx, "DU1")
		if !errors.Is(err, enough) || dirsync.Hint(err) != "" {
			t.Errorf("got %v, hint %q", err, dirsync.Hint(err))
		}
	})
}

func TestWhatTheAdminIsTold(t *testing.T) {
	early := map[string]string{"Date": "Sun, 01 Mar 2026 11:52:57 GMT"}
	tests := map[string]struct {
		answer exchange
		kind   api.Kind
		text   string
		hint   string
	}{
		"an unknown key": {
			exchange{Status: 401, Body: fail(40102, "Invalid integration key in request credentials", "")},
			api.ErrUnauthorized, "401/40102: Invalid integration key", "duo.integration_key",
		},
		"a wrong secret": {
			exchange{Status: 401, Body: fail(40103, "Invalid signature in request credentials", "")},
			api.ErrUnauthorized, "Invalid signature", "duo.secret_key",
		},
		"a wrong clock": {
			exchange{Status: 401, Body: fail(40105, "Bad request timestamp", ""), Header: early},
			api.ErrUnauthorized, "Bad request timestamp", "clock is 7m3s ahead of Duo's",
		},
		"a bad signature that is the clock's": {
			exchange{Status: 401, Body: fail(40103, "Invalid signature", ""), Header: early},
			api.ErrUnauthorized, "Invalid signature", "clock is 7m3s ahead of Duo's",
		},
		"keys of an Auth API": {
			exchange{Status: 403, Body: fail(40301, "Access forbidden", "Wrong integration type for this API.")},
			api.ErrForbidden, "Wrong integration type", "Admin API application",
		},
		"a missing right": {
			exchange{Status: 403, Body: fail(40301, "Access forbidden", "")},
			api.ErrForbidden, "Access forbidden", "Grant resource",
		},
		"a portal": {
			exchange{Status: 200, Body: "<html>log in</html>", Header: map[string]string{"Content-Type": "text/html; charset=utf-8"}},
			api.ErrNotDuo, "text/html (19 bytes)", "check duo.host",
		},
		"a apitest.Gateway": {
			exchange{Status: 502, Body: apitest.Gateway, Header: map[string]string{"Content-Type": "text/html"}},
			api.ErrServer, "HTTP 502", "try again later",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.answer.Call = post
			_, err := newPlay(t, test.answer).Client().CreateUser(t.Context(), dirsync.Fields{"username": "ann"})
			if !errors.Is(err, test.kind) {
				t.Errorf("got %v, want %q", err, test.kind)
			}
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %q lacks %q", err, test.text)
			}
			if hint := dirsync.Hint(err); !strings.Contains(hint, test.hint) {
				t.Errorf("hint %q lacks %q", hint, test.hint)
			}
		})
	}
}

func TestAConnectionThatFailsSaysWhatToSet(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := closed.Addr().String()
	_ = closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	silent := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is it seen when the client hangs up
		<-r.Context().Done()
	}))
	silent.Config.ErrorLog = apitest.Quiet()
	silent.StartTLS()
	defer silent.Close()
	_, port, _ := net.SplitHostPort(silent.Listener.Addr().String())
	bouncer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer bouncer.Close()
	const password = "pr0xy-pa%24sword"

	tests := map[string]struct {
		change func(*api.Options)
		hint   string
	}{
		"nobody listens":       {func(o *api.Options) { o.Host = refusing }, "nothing accepts connections at " + refusing},
		"no TLS":               {func(o *api.Options) { o.Host = plain.Listener.Addr().String() }, "does not speak TLS"},
		"an unknown authority": {func(o *api.Options) { o.RootCAs = nil }, "duo.ca_file"},
		"another name":         {func(o *api.Options) { o.Host = "localhost:" + port }, "another name than localhost"},
		"no such name":         {func(o *api.Options) { o.Host = "api-nowhere.invalid" }, "cannot be resolved"},
		"no answer":            {func(o *api.Options) { o.Timeout = 50 * time.Millisecond }, "no answer within 50ms"},
		"a proxy that is down": {func(o *api.Options) { o.ProxyURL = "http://me:" + password + "@" + refusing }, "the proxy cannot be reached"},
		"a proxy that says no": {func(o *api.Options) { o.ProxyURL = "http://me:" + password + "@" + bouncer.Listener.Addr().String() }, "does not take the user and the password in duo.proxy_url"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := newPlay(t).Options()
			o.Host, o.RootCAs = silent.Listener.Addr().String(), apitest.RootsOf(silent)
			test.change(&o)
			_, err := connect(t, o).CreateUser(t.Context(), dirsync.Fields{"username": "ann"})
			if !errors.Is(err, api.ErrTransport) {
				t.Fatalf("got %v", err)
			}
			if hint := dirsync.Hint(err); !strings.Contains(hint, test.hint) {
				t.Errorf("hint %q lacks %q\nof %v", hint, test.hint, err)
			}
			for _, secret := range []string{apitest.SecretKey, password, "pr0xy"} {
				if strings.Contains(err.Error()+dirsync.Hint(err), secret) {
					t.Errorf("%q shows a secret", err)
				}
			}
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	noPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*api.Options)
		hint   string
	}{
		"no host":              {func(o *api.Options) { o.Host = "" }, "duo.host"},
		"a URL as host":        {func(o *api.Options) { o.Host = "https://api-x.duosecurity.com" }, "duo.host"},
		"a path":               {func(o *api.Options) { o.Host = "api-x.duosecurity.com/admin" }, "duo.host"},
		"a user in the host":   {func(o *api.Options) { o.Host = "me@api-x.duosecurity.com" }, "duo.host"},
		"an empty port":        {func(o *api.Options) { o.Host = "api-x.duosecurity.com:" }, "duo.host"},
		"no integration key":   {func(o *api.Options) { o.IntegrationKey = "" }, "duo.integration_key"},
		"no secret key":        {func(o *api.Options) { o.SecretKey = "" }, "duo.secret_key"},
		"a key with a newline": {func(o *api.Options) { o.SecretKey = apitest.SecretKey + "\n" }, "duo.secret_key"},
		"signature 3":          {func(o *api.Options) { o.Signature = 3 }, "duo.signature"},
		"no CA file":           {func(o *api.Options) { o.CAFile = noPEM + ".gone" }, "duo.ca_file"},
		"a CA file that is none": {
			func(o *api.Options) { o.CAFile = noPEM }, "BEGIN CERTIFICATE",
		},
		"a proxy that is no URL":       {func(o *api.Options) { o.ProxyURL = "http://me:s3cr3t@%zz" }, "duo.proxy_url"},
		"a proxy of an unknown scheme": {func(o *api.Options) { o.ProxyURL = "ftp://me:s3cr3t@proxy" }, "duo.proxy_url"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := api.Options{Host: "api-x.duosecurity.com", IntegrationKey: apitest.IntegrationKey, SecretKey: apitest.SecretKey}
			test.change(&o)
			_, err := api.New(o)
			if err == nil || !strings.Contains(dirsync.Hint(err), test.hint) {
				t.Errorf("got %v, hint %q", err, dirsync.Hint(err))
			}
			if err != nil && (strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), apitest.SecretKey)) {
				t.Errorf("%q shows a secret", err)
			}
		})
	}
	c, err := api.New(api.Options{Host: "API-X.duosecurity.com:8443", IntegrationKey: apitest.IntegrationKey, SecretKey: apitest.SecretKey})
	if err != nil || c.Host() != "api-x.duosecurity.com" {
		t.Errorf("a host with a port: %v", err)
	}
}

func TestTheLogNamesTheCallAndWhomItIsAbout(t *testing.T) {
	p := newPlay(t, exchange{Call: post, Body: ok(user("DU1", "ann"))}, exchange{Call: list, Body: ok("[]")})
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	log.SetLevel(logrus.TraceLevel)
	o := p.Options()
	o.Log = log
	c := connect(t, o)
	if _, err := c.CreateUser(t.Context(), dirsync.Fields{"username": "ann", "notes": "private"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UserByName(t.Context(), apitest.SecretKey); err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{"method=POST", "path=/admin/v1/users", "status=200", "ms=0", "about=ann"} {
		if !strings.Contains(out.String(), wanted) {
			t.Errorf("%q is not in the log:\n%s", wanted, &out)
		}
	}
	for _, unwanted := range []string{apitest.SecretKey, apitest.IntegrationKey, "private", "Basic"} {
		if strings.Contains(out.String(), unwanted) {
			t.Errorf("%q is in the log:\n%s", unwanted, &out)
		}
	}
}

func TestACancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := newPlay(t,
		exchange{Call: edit, Before: cancel, Body: ok(user("DU1", "ann"))}, // under way: finished
	)
	c := p.Client()
	if _, err := c.ModifyUser(ctx, "DU1", dirsync.Fields{"email": ""}); err != nil {
		t.Errorf("the write under way: %v", err)
	}
	_, err := c.ModifyUser(ctx, "DU1", dirsync.Fields{"email": ""})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, api.ErrNotSent) {
		t.Errorf("the next write: %v", err)
	}
}

func TestAValueThatIsNotTextIsNotSent(t *testing.T) {
	_, err := newPlay(t).Client().CreateUser(t.Context(), dirsync.Fields{"username": "ann", "realname": "\xff"})
	if !errors.Is(err, api.ErrNotSent) || !strings.Contains(err.Error(), "realname") {
		t.Errorf("got %v", err)
	}
}

func TestAnIDThatIsNoneIsNotSent(t *testing.T) {
	c := newPlay(t).Client()
	for _, id := range []string{"", "..", "a/b", "a?b", "bulk_restore ", strings.Repeat("D", 101)} {
		if err := c.DeleteUser(t.Context(), id); !errors.Is(err, api.ErrNotSent) {
			t.Errorf("delete %q: %v", id, err)
		}
		if err := c.TrashUsers(t.Context(), "DU1", id); !errors.Is(err, api.ErrNotSent) {
			t.Errorf("trash %q: %v", id, err)
		}
	}
}

// TestCallsAreLogged: the debug line of a call says how Duo answered, and whom it was about.
func TestCallsAreLogged(t *testing.T) {
	p := newPlay(t,
		exchange{Call: list, Body: ok("[]")},
		exchange{Call: edit, Status: 400, Body: fail(40002, "Invalid request parameters", "email")},
		exchange{Call: one, Status: 404, Body: apitest.NotFound},
		exchange{Call: post, Status: 302},
	)
	log, said := logs.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	o := p.Options()
	o.Log = log
	c := connect(t, o)
	anna := dirsync.Concerning(t.Context(), "anna")
	_, _ = c.UserByName(t.Context(), "bob")
	_, _ = c.ModifyUser(anna, "DU1", dirsync.Fields{"email": "x"})
	_, _ = c.User(anna, "DU1")
	_, _ = c.CreateUser(t.Context(), dirsync.Fields{"username": "cleo"})
	want := []logrus.Fields{
		{"method": "GET", "path": "/admin/v1/users", "status": 200, "stat": "OK", "about": "bob"},
		{"method": "POST", "path": "/admin/v1/users/DU1", "status": 400, "stat": "FAIL", "code": 40002, "about": "anna"},
		{"method": "GET", "path": "/admin/v1/users/DU1", "status": 404, "stat": "FAIL", "code": 40401, "about": "anna"},
		{"method": "POST", "path": "/admin/v1/users", "status": 302, "about": "cleo"}, // no answer of Duo's
	}
	var got []logrus.Fields
	for _, e := range said.AllEntries() {
		if _, timed := e.Data["ms"]; timed && e.Message == "called Duo" {
			delete(e.Data, "ms")
			got = append(got, e.Data)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
