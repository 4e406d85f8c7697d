package cli

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	"duosync/state/pgtest"
)

// The secrets that are planted to be searched for: by each of these names, a text
// that changes under every way of escaping it.
const (
	plantedBind  = "planted-bind/p&ss+w<rd=1 %41"
	plantedProxy = "planted-proxy/p&ss+w<rd=2%41"
	plantedToken = "planted-token/t+ken=3&4<5%41"
	plantedBeat  = "planted-hb-6d1f9c47d2e0"
	plantedWrong = "planted-wrong/p&ss+w<rd=7"
)

func planted() map[string]string {
	return map[string]string{
		"bind password": plantedBind, "Duo secret key": secretKey, "auth secret key": authSecret, "proxy password": plantedProxy,
		"HTTP token": plantedToken, "heartbeat's token": plantedBeat, "PostgreSQL password": pgtest.Password, "wrong secret": plantedWrong,
	}
}

// secretsIn names the planted secrets that a text shows, in any form or by a piece of
// eight characters.
func secretsIn(text string) []string {
	var found []string
	plain := squeezed(text)
	for name, secret := range planted() {
		inPieces := false
		pieces := make(map[string]bool)
		for i := range len(squeezed(secret)) - 7 {
			pieces[squeezed(secret)[i:i+8]] = true
		}
		for i := range max(0, len(plain)-7) {
			inPieces = inPieces || pieces[plain[i:i+8]]
		}
		if inPieces || slices.ContainsFunc(formsOf(secret), func(form string) bool { return strings.Contains(text, form) }) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// squeezed folds case and leaves blanks out.
func squeezed(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), "")) }

// formsOf gives the texts by which a secret can show: itself, escaped as in URLs,
// JSON, Go, HTML and hexadecimal digits, and what base64 makes of it wherever in a longer
// text it stands.
func formsOf(secret string) []string {
	quoted, _ := json.Marshal(secret) // a string always can be
	forms := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), url.UserPassword("", secret).String()[1:], html.EscapeString(secret),
		string(quoted[1 : len(quoted)-1]), strings.Trim(fmt.Sprintf("%q", secret), `"`), hex.EncodeToString([]byte(secret)), fmt.Sprintf("%X", secret),
	}
	for before := range 3 {
		whole := append(make([]byte, before), secret...)
		from, to := (before*8+5)/6, len(whole)*8/6 // the characters that nothing around it changes
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			forms = append(forms, encoding.EncodeToString(whole)[from:to])
		}
	}
	return forms
}

// TestSecretsAreFound shows that the search of TestSecretsShowNowhere would find them.
func TestSecretsAreFound(t *testing.T) {
	for name, secret := range planted() {
		for _, text := range []string{
			"x" + secret, secret[3:11], strings.ToUpper(secret[:5] + "\n" + secret[5:10]), url.QueryEscape(secret), html.EscapeString("<" + secret), fmt.Sprintf("%q %x", secret, secret), hex.EncodeToString([]byte("a" + secret)),
			base64.StdEncoding.EncodeToString([]byte("u:" + secret)), base64.URLEncoding.EncodeToString([]byte("user:" + secret + "x")), base64.StdEncoding.EncodeToString([]byte("duosync:" + secret)),
		} {
			if got := secretsIn(text); !slices.Contains(got, name) {
				t.Errorf("%s is not found in %q, but %v", name, text, got)
			}
		}
	}
	if got := secretsIn("a planted secret <secret>"); got != nil {
		t.Errorf("found %v where nothing is", got)
	}
}

// vault is a house whose every secret is planted, and used.
type vault struct {
	*house
	proxy *proxy
	heart string // the URL of the heartbeat, without its path
	beats atomic.Int32
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{proxy: startProxy(t)}
	v.house = newHouse(t, houseOptions{
		slapd: slapdtest.Options{People: 12},
		duo:   duosim.Options{Keys: []duosim.Key{{Kind: duosim.KeyAuth, Integration: authKey, Secret: authSecret}}},
	})
	v.ldap.Modify(slapdtest.ReaderDN, "userPassword", plantedBind)
	v.ldap.Modify(slapdtest.UserDN(2), "mobile", "+1 202 555 0123")
	heart := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v.beats.Add(1); r.URL.Path != "/"+plantedBeat {
			http.Error(w, "no", http.StatusNotFound)
		}
	}))
	t.Cleanup(heart.Close)
	v.heart = heart.URL
	v.edit(fmt.Sprintf("%q", bindPassword), fmt.Sprintf("%q", plantedBind))
	v.edit("duo:\n", fmt.Sprintf("duo:\n  proxy_url: %q\n", v.proxy.url(plantedProxy)))
	v.edit("sync:\n", fmt.Sprintf("http: {listen: '', token: %q}\nnotify: {heartbeat_url: '%s/%s', textfile: duosync.prom}\nschedule: {cron: '@every 1s', jitter: 0s}\nsync:\n  mapping: {phones: [mobile]}\n",
		plantedToken, heart.URL, plantedBeat))
	return v
}

// shows fails the test where a text shows a secret.
func (v *vault) shows(what, text string) {
	v.t.Helper()
	if found := secretsIn(text); found != nil {
		v.t.Errorf("%s shows the %s:\n%s", what, strings.Join(found, " and the "), brief(text))
	}
}

// quiet runs a command at debug level, with either form of log, and searches what
// it says.
func (v *vault) quiet(args ...string) result {
	v.t.Helper()
	var last result
	for _, format := range []string{"text", "json"} {
		last = v.run(append(args, "--log-level", "debug", "--log-format", format)...)
		v.shows(strings.Join(args, " "), last.out+last.err)
	}
	return last
}

// files searches all files but those that hold the secrets by design.
func (v *vault) files() {
	v.t.Helper()
	searched := 0
	if err := filepath.WalkDir(v.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "config.yaml" || entry.Name() == "duo.yaml" || filepath.Ext(path) == ".secret" || filepath.Base(path) == "duosync" {
			return err
		}
		data, err := os.ReadFile(path)
		v.shows(path, string(data))
		searched++
		return err
	}); err != nil || searched == 0 {
		v.t.Errorf("%d files searched: %v", searched, err)
	}
}

// TestSecretsShowNowhere runs the commands with a secret in every place that takes
// one, well and badly, and searches all that comes out.
func TestSecretsShowNowhere(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	formats := []string{"table", "json", "markdown", "html", "csv"}
	v.quiet("config", "show")
	if r := v.quiet("check"); r.code != 0 {
		t.Fatalf("check: exit %d\n%s%s", r.code, r.out, r.err)
	}
	for _, format := range formats {
		v.quiet("sync", "--dry-run", "--format", format)
	}
	v.quiet("sync", "--dry-run", "--plan-out", filepath.Join(v.dir, "plan"))
	v.quiet("sync", "--output", filepath.Join(v.dir, "report.html"), "--format", "html")
	v.ldap.Delete(slapdtest.UserDN(3))
	run := v.quiet("sync", "--format", "json")
	if run.code != 0 || v.beats.Load() < 2 || v.proxy.let.Load() == 0 {
		t.Fatalf("exit %d, %d heartbeats, %d connections through the proxy\n%s", run.code, v.beats.Load(), v.proxy.let.Load(), run.err)
	}
	for _, format := range formats {
		v.quiet("history", "--format", format)
		v.quiet("due", "--format", format)
		v.quiet("drift", "--format", format)
		v.quiet("explain", slapdtest.UID(1), "--format", format)
		v.quiet("history", "2", "--format", format) // several runs begin so
	}
	var past struct {
		Runs []struct {
			ID string `json:"run_id"`
		}
	}
	if err := json.Unmarshal([]byte(v.quiet("history", "--format", "json").out), &past); err != nil || len(past.Runs) < 3 {
		t.Fatalf("%d runs: %v", len(past.Runs), err)
	}
	for _, id := range past.Runs {
		v.quiet("history", id.ID)
		v.quiet("undo", id.ID)
	}
	for _, args := range [][]string{
		{"verify", slapdtest.UID(1)}, {"verify", slapdtest.UID(1), "--passcode", "000000"}, {"apply", filepath.Join(v.dir, "plan")}, {"apply", v.config},
		{"rebuild"}, {"approve", "0123456789"}, {"approve"}, {"disable", slapdtest.UID(1), "--reason", "x"}, {"enable", slapdtest.UID(1)}, {"pause", "--reason", "x"}, {"sync"}, {"resume"}, {"sync", "--refresh"}, {"config", "init", "--config", v.config}, {"version"},
	} {
		v.quiet(args...)
	}
	v.files()
}

// TestWrongSecretsShowNowhere has every secret refused, by those who are sent it
// and by a proxy that says aloud what it was sent.
func TestWrongSecretsShowNowhere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, from, to, says string
		loud                 bool
		command              []string
	}{
		{name: "bind", from: fmt.Sprintf("%q", plantedBind), to: fmt.Sprintf("%q", plantedWrong), says: "invalid credentials"},
		{name: "Duo", from: "secret_key: " + secretKey, to: "secret_key: " + plantedWrong, says: "401"},
		{name: "Auth API", from: "secret_key: " + authSecret, to: "secret_key: " + plantedWrong, says: "401", command: []string{"verify", slapdtest.UID(1)}},
		{name: "proxy", from: url.UserPassword("duosync", plantedProxy).String(), to: url.UserPassword("duosync", plantedWrong).String(), says: "Proxy"},
		{name: "loud proxy", from: url.UserPassword("duosync", plantedProxy).String(), to: url.UserPassword("duosync", plantedWrong).String(), loud: true, says: "you said"},
		{name: "heartbeat", from: "/" + plantedBeat, to: "/" + plantedWrong, says: "404"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			v.proxy.loud.Store(test.loud)
			v.edit(test.from, strings.ReplaceAll(test.to, "<", "%3C"))
			if test.command == nil {
				test.command = []string{"sync"}
			}
			r := v.quiet(test.command...)
			if (r.code == 0) != (test.name == "heartbeat") || !strings.Contains(r.out+r.err, test.says) {
				t.Errorf("exit %d, and nothing says %q:\n%s%s", r.code, test.says, r.out, r.err)
			}
			v.quiet("check")
			v.quiet("check", "--format", "json")
			v.quiet("history", "--format", "json")
			v.files()
		})
	}
}

// TestDatabaseSecretShowsNowhere keeps the state in PostgreSQL, with the right
// password, a wrong one, and where nobody listens.
func TestDatabaseSecretShowsNowhere(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Launch("")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	v := newVault(t)
	database := server.Database(t)
	dsn := server.URL(database, pgtest.Password, "sslmode=disable")
	v.edit("state: {dsn: state.db}", fmt.Sprintf("state: {dsn: %q}", dsn))
	for _, to := range []string{
		dsn, server.URL(database, plantedWrong, "sslmode=disable"), server.URL("nothing", pgtest.Password, "sslmode=disable"),
		server.URL(database, pgtest.Password, "sslmode=disable&connect_timeout="+pgtest.Password), "postgres://duosync:" + pgtest.Password + "@127.0.0.1:1/" + database,
		"postgres://duosync:" + pgtest.Password + "@[/" + database,
	} {
		v.edit(fmt.Sprintf("state: {dsn: %q}", dsn), fmt.Sprintf("state: {dsn: %q}", to))
		for _, args := range [][]string{{"config", "show"}, {"check"}, {"sync"}, {"sync", "--dry-run", "--format", "json"}, {"history"}, {"due", "--format", "json"}, {"pause", "--reason", "x"}, {"resume"}} {
			r := v.quiet(args...)
			if (r.code == 0) != (to == dsn) && args[0] != "config" {
				t.Errorf("%v: exit %d with %q\n%s%s", args, r.code, to, r.out, r.err)
			}
		}
		v.edit(fmt.Sprintf("state: {dsn: %q}", to), fmt.Sprintf("state: {dsn: %q}", dsn))
	}
	v.files()
}

// TestDaemonShowsNoSecret searches what a process of its own lets out: its
// arguments, pages, metrics, log and the trace of a crash.
func TestDaemonShowsNoSecret(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	binary := filepath.Join(v.dir, "duosync")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "duosync/cmd/duosync").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	v.edit("listen: ''", fmt.Sprintf("listen: %q", address))
	if err := os.WriteFile(filepath.Join(v.dir, "bind.secret"), []byte(plantedBind), 0o600); err != nil {
		t.Fatal(err)
	}
	v.edit(fmt.Sprintf("bind_password: %q", plantedBind), "bind_password_file: bind.secret")
	v.edit("secret_key: "+secretKey, "secret_key: '${DUO_SECRET}'")
	cmd := exec.CommandContext(t.Context(), binary, "run", "--config", v.config, "--log-level", "debug")
	cmd.Env = append(os.Environ(), "DUO_SECRET="+secretKey, "GOTRACEBACK=all")
	var said lockedBuffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	page := func(path, authorization string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", authorization)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, ""
		}
		defer func() { _ = answer.Body.Close() }()
		body, _ := io.ReadAll(answer.Body)
		v.shows(path, fmt.Sprint(answer.Header, string(body)))
		return answer.StatusCode, string(body)
	}
	quietRuns := regexp.MustCompile(`duosync_runs_total\{outcome="no-changes"\} [1-9]`)
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if _, text := page("/metrics", "Bearer "+plantedToken); quietRuns.MatchString(text) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no run without changes came:\n%s", said.String())
		}
	}
	for _, path := range []string{"/", "/metrics", "/healthz", "/readyz", "/" + url.PathEscape(plantedWrong)} {
		for _, authorization := range []string{"", "Bearer " + plantedToken, "Bearer " + plantedWrong, "Basic " + base64.StdEncoding.EncodeToString([]byte("x:"+plantedWrong))} {
			if code, _ := page(path, authorization); code == 0 {
				t.Errorf("%s did not answer", path)
			}
		}
	}
	arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	v.shows("the process list", string(arguments))
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the daemon ended well, and was to crash")
	}
	if text := said.String(); !strings.Contains(text, "goroutine ") || !strings.Contains(text, "called Duo") {
		t.Errorf("neither a trace nor a log:\n%s", brief(text))
	}
	v.shows("the log with a trace", said.String())
	v.files()
}
