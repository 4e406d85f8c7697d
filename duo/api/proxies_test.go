package api_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"duosync/duo/api"
	"duosync/duo/api/apitest"
	"duosync/duo/duosim"
	dirsync "duosync/sync"
)

// connectProxy is an HTTP proxy that answers a CONNECT with a status, or lets it through.
type connectProxy struct {
	*httptest.Server
	asked atomic.Int32
}

func newConnectProxy(t *testing.T, refuse func(r *http.Request, header http.Header) int) *connectProxy {
	t.Helper()
	p := &connectProxy{}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if status := refuse(r, w.Header()); status != 0 {
			w.WriteHeader(status)
			return
		}
		behind, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		client, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(behind, client)
			_ = behind.Close()
		}()
		_, _ = io.Copy(client, behind)
		_ = client.Close()
	}))
	p.Config.ErrorLog = apitest.Quiet()
	p.Start()
	t.Cleanup(p.Close)
	return p
}

func (p *connectProxy) url(user *url.Userinfo) string {
	return (&url.URL{Scheme: "http", User: user, Host: p.Listener.Addr().String()}).String()
}

// behindProxy gives options of a client that calls a simulated Duo through a proxy.
func behindProxy(t *testing.T, proxy string) api.Options {
	t.Helper()
	sim := duosim.New(duosim.Options{Keys: []duosim.Key{{Kind: duosim.KeyAdmin, Integration: apitest.IntegrationKey, Secret: apitest.SecretKey}}})
	if err := sim.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	dir := t.TempDir()
	if err := sim.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	return api.Options{Host: sim.Host(), IntegrationKey: apitest.IntegrationKey, SecretKey: apitest.SecretKey, CAFile: dir + "/ca.pem", ProxyURL: proxy,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

// A proxy that does not let us through is asked once, a password with it is sent once, and
// what is told is its answer and one remedy, which is tried where it is ours.
func TestProxiesThatRefuse(t *testing.T) {
	t.Parallel()
	const password = "pr0xy-password"
	user := url.UserPassword("duosync", password)
	login := func(schemes ...string) func(*http.Request, http.Header) int {
		return func(r *http.Request, header http.Header) int {
			_, given, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
			if given == password && schemes[0] == "Basic" {
				return 0
			}
			for _, scheme := range schemes {
				header.Add("Proxy-Authenticate", scheme+` realm="x"`)
			}
			return http.StatusProxyAuthRequired
		}
	}
	always := func(status int) func(*http.Request, http.Header) int {
		return func(*http.Request, http.Header) int { return status }
	}
	for name, test := range map[string]struct {
		proxy  func(*http.Request, http.Header) int
		user   *url.Userinfo
		words  string
		hint   string
		tries  int32
		remedy *url.Userinfo
	}{
		"no login":                  {login("Basic"), nil, "407 Proxy Authentication Required, it offers Basic", "put them into duo.proxy_url", 1, user},
		"a wrong password":          {login("Basic"), url.UserPassword("duosync", "wr0ng"), "it offers Basic", "does not take the user and the password in duo.proxy_url", 1, user},
		"NTLM only, with password":  {login("NTLM"), user, "it offers NTLM", "takes no password as duosync sends one (Basic)", 1, nil},
		"NTLM and Negotiate":        {login("Negotiate", "NTLM"), nil, "it offers Negotiate, NTLM", "cntlm", 1, nil},
		"forbidden":                 {always(http.StatusForbidden), nil, "403 Forbidden", "the proxy forbids it: have connections to 127.0.0.1:", 1, nil},
		"forbidden, with password":  {always(http.StatusForbidden), user, "403 Forbidden", "the proxy forbids it", 1, nil},
		"it does not get through":   {always(http.StatusBadGateway), nil, "502 Bad Gateway", "does not get through to 127.0.0.1:", 4, nil},
		"a web server in its place": {always(http.StatusMethodNotAllowed), nil, "405 Method Not Allowed", "no proxy for HTTPS (CONNECT): check duo.proxy_url", 4, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := newConnectProxy(t, test.proxy)
			o := behindProxy(t, proxy.url(test.user))
			_, err := connect(t, o).CountUsers(t.Context())
			if !errors.Is(err, api.ErrTransport) || !strings.Contains(err.Error(), test.words) || !strings.Contains(dirsync.Hint(err), test.hint) {
				t.Errorf("got %v → %s", err, dirsync.Hint(err))
			}
			if text := err.Error() + dirsync.Hint(err); strings.Contains(text, password) || strings.Contains(text, "wr0ng") {
				t.Errorf("a password is told: %s", text)
			}
			if asked := proxy.asked.Load(); asked != test.tries {
				t.Errorf("asked %d times", asked)
			}
			if closed := test.tries == 1; closed != api.Stops(err) {
				t.Errorf("that no further call is made is %v", api.Stops(err))
			}
			if test.remedy != nil {
				o.ProxyURL = proxy.url(test.remedy)
				if _, err := connect(t, o).CountUsers(t.Context()); err != nil {
					t.Errorf("after the remedy: %v", err)
				}
			}
		})
	}
}

// A proxy in the environment that is no URL ends it before any call: net/http would go out
// directly.
func TestProxyInTheEnvironment(t *testing.T) {
	for text, told := range map[string]string{
		"http://proxy.example.com:3128":        "",
		"proxy.example.com:3128":               "",
		"proxy.example.com":                    "",
		"socks5://proxy.example.com":           "",
		"http://me:s3cr3t@proxy.example.com/":  "",
		"http://[::1":                          "not a URL",
		"http://me:s3cr3t%zz@proxy:3128":       "a character in the user",
		"http://proxy.example.com:31x28":       "not a URL",
		"http://proxy.example.com:99999":       "port",
		"http://":                              "not a URL",
		"ftp://me:s3cr3t@proxy.example.com":    "scheme",
		"http:/proxy.example.com:3128":         "",
		"me:s3cr3t@proxy example.com:3128":     "not a URL",
		"http://me:s3cr3t#x@proxy:3128":        "a character in the user",
		`DOM\me:s3cr3t@proxy:3128`:             "a character in the user",
		"\"http://me:s3cr3t@proxy.example:1\"": "not a URL",
	} {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
			t.Setenv("HTTPS_PROXY", "")
			t.Setenv("https_proxy", "")
			t.Setenv(name, text)
			_, err := api.New(api.Options{Host: "api-1a2b3c4d.duosecurity.com", IntegrationKey: apitest.IntegrationKey, SecretKey: apitest.SecretKey})
			if told == "" && err != nil || told != "" && (err == nil || !strings.Contains(err.Error(), told) || !strings.Contains(err.Error(), name) || dirsync.Hint(err) == "") {
				t.Errorf("%s=%s: %v → %s", name, text, err, dirsync.Hint(err))
			}
			if err != nil && strings.Contains(err.Error()+dirsync.Hint(err), "s3cr3t") {
				t.Errorf("a password is told: %v", err)
			}
			if _, err := api.New(api.Options{
				Host: "api-1a2b3c4d.duosecurity.com", IntegrationKey: apitest.IntegrationKey, SecretKey: apitest.SecretKey, ProxyURL: "http://proxy.example.com:3128",
			}); err != nil {
				t.Errorf("%s does not matter where duo.proxy_url is set: %v", name, err)
			}
		}
	}
}

// What stands in the place of a proxy and is none, or of another kind, is named: not Duo's
// firewall. One that says nothing is waited for once.
func TestWhatIsNoProxy(t *testing.T) {
	t.Parallel()
	speak := func(words string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Read(make([]byte, 512))
			_, _ = io.WriteString(c, words)
			_ = c.Close()
		}
	}
	silent := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	for name, test := range map[string]struct {
		scheme string
		serve  func(net.Conn)
		words  string
		hint   string
		once   bool
	}{
		"http, silence":       {"http", silent, "did not connect in time", "check the proxy in duo.proxy_url", true},
		"socks, silence":      {"socks5", silent, "did not connect in time", "socks5://HOST:PORT", true},
		"http, an LDAP port":  {"http", speak("0\x0c\x02\x01\x00\x78\x07\x0a\x01\x02"), "does not speak as a proxy", "set duo.proxy_url to the proxy's own address", false},
		"http, it hangs up":   {"http", speak(""), "does not speak as a proxy", "the proxy's own address", false},
		"socks, it hangs up":  {"socks5", speak(""), "does not speak as a proxy", "http://HOST:PORT", false},
		"socks, a web server": {"socks5", speak("HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak as a proxy", "http://HOST:PORT", false},
		"https, a plain one":  {"https", speak("HTTP/1.1 400 Bad Request\r\n\r\n"), "", "write http:// in place of https:// in duo.proxy_url", false},
		"no CONNECT":          {"http", speak("HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"), "501", "no proxy for HTTPS (CONNECT): check duo.proxy_url", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = listener.Close() })
			var asked atomic.Int32
			go func() {
				for {
					c, err := listener.Accept()
					if err != nil {
						return
					}
					asked.Add(1)
					go test.serve(c)
				}
			}()
			o := behindProxy(t, test.scheme+"://me:pr0xy-password@"+listener.Addr().String())
			if o.Timeout = time.Minute; test.once {
				o.Timeout = 200 * time.Millisecond
			}
			_, err = connect(t, o).CountUsers(t.Context())
			if !errors.Is(err, api.ErrTransport) || !strings.Contains(err.Error(), test.words) || !strings.Contains(dirsync.Hint(err), test.hint) {
				t.Errorf("got %v → %s", err, dirsync.Hint(err))
			}
			if strings.Contains(err.Error()+dirsync.Hint(err), "pr0xy") {
				t.Errorf("a password is told: %v → %s", err, dirsync.Hint(err))
			}
			if n := asked.Load(); test.once && n > 1 || test.once != api.Stops(err) {
				t.Errorf("asked %d times, and that no further call is made is %v", n, api.Stops(err))
			}
		})
	}
}
