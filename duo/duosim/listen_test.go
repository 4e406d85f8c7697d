package duosim_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/duo/duosim"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

func TestWriteFiles(t *testing.T) {
	server, _ := start(t, duosim.Options{})
	dir := filepath.Join(t.TempDir(), "new", "dir")
	for range 2 { // the second time replaces the first
		if err := server.WriteFiles(dir); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "duo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	admin, auth := server.Key(duosim.KeyAdmin), server.Key(duosim.KeyAuth)
	want := fmt.Sprintf("duo:\n  host: %s\n  integration_key: %s\n  secret_key: %s\n  ca_file: %s/ca.pem\n  auth:\n    integration_key: %s\n    secret_key: %s\n",
		server.Host(), admin.Integration, admin.Secret, dir, auth.Integration, auth.Secret)
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	var section map[string]map[string]any
	if err := yaml.Unmarshal(text, &section); err != nil {
		t.Error(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "ca.pem", string(ca), string(server.CAPEM()))
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			t.Fatal(err)
		}
		same(t, file.Name(), info.Mode().Perm(), 0o600)
	}
	same(t, "files", len(files), 2)
	if err := duosim.New(duosim.Options{}).WriteFiles(dir); err == nil {
		t.Error("files of a server that was not started")
	}
	if err := server.WriteFiles(filepath.Join(dir, "ca.pem")); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func TestKeys(t *testing.T) {
	seen := map[string]bool{}
	server := duosim.New(duosim.Options{})
	for _, kind := range []duosim.KeyKind{duosim.KeyAdmin, duosim.KeyReader, duosim.KeyAuth} {
		key := server.Key(kind)
		if len(key.Integration) != 20 || !strings.HasPrefix(key.Integration, "DI") || len(key.Secret) != 40 || seen[key.Integration] {
			t.Errorf("%s: %+v", kind, key)
		}
		seen[key.Integration] = true
	}
	given := duosim.Key{Kind: duosim.KeyAuth, Integration: "DIGIVEN", Secret: "s"}
	same(t, "given", duosim.New(duosim.Options{Keys: []duosim.Key{given}}).Key(duosim.KeyAuth), given)
}

func TestStartTellsWhatIsWrong(t *testing.T) {
	key := duosim.Key{Kind: duosim.KeyAdmin, Integration: "DI", Secret: "s"}
	for name, options := range map[string]duosim.Options{
		"key twice":        {Keys: []duosim.Key{key, key}},
		"empty key":        {Keys: []duosim.Key{{Kind: duosim.KeyAdmin}}},
		"no window":        {RateLimits: []duosim.RateLimit{{Calls: 1}}},
		"rate limit path":  {RateLimits: []duosim.RateLimit{{Calls: 1, Window: time.Second, Path: "re:("}}},
		"fault":            {Faults: duosim.Faults{Rules: []duosim.Fault{{}}}},
		"no such address ": {CertificateNames: []string{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			addr := "127.0.0.1:0"
			if options.CertificateNames != nil {
				addr = "127.0.0.1:none"
			}
			server := duosim.New(options)
			if err := server.Start(addr); err == nil {
				t.Error("started")
			}
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	server, _ := start(t, duosim.Options{})
	if err := server.Start("127.0.0.1:0"); err == nil {
		t.Error("started twice")
	}
}

func TestCertificate(t *testing.T) {
	server := duosim.New(duosim.Options{CertificateNames: []string{"duo.test", "192.0.2.1"}})
	if err := server.Start(":0"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for range 2 {
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		}
	}()
	same(t, "a host to reach it by", strings.HasPrefix(server.Host(), "127.0.0.1:"), true)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.CAPEM())
	dial := func(config *tls.Config) error {
		conn, err := tls.Dial("tcp", server.Host(), config)
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	for _, name := range []string{"127.0.0.1", "::1", "localhost", "duo.test", "192.0.2.1"} {
		if err := dial(&tls.Config{RootCAs: roots, ServerName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if dial(&tls.Config{RootCAs: roots, ServerName: "other.test"}) == nil {
		t.Error("another name was taken")
	}
	if dial(&tls.Config{ServerName: "localhost"}) == nil {
		t.Error("the system's roots know the CA")
	}
	request, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+server.Host()+"/auth/v2/ping", nil)
	if err != nil {
		t.Fatal(err)
	}
	if reply, err := http.DefaultClient.Do(request); err == nil {
		same(t, "without TLS", reply.StatusCode, http.StatusBadRequest)
		_ = reply.Body.Close()
	}
}

func TestLargeBody(t *testing.T) {
	server, c := start(t, duosim.Options{})
	reply := c.post("/admin/v1/users", params{"username": strings.Repeat("x", 2<<20)})
	if reply.err == nil { // the server may close before all is sent
		same(t, "status", reply.status, http.StatusRequestEntityTooLarge)
	}
	same(t, "users", len(server.Users()), 0)
}

func TestCallsAreRecorded(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now})
	c.create("zoe")
	c.post("/admin/v1/users/bulk_restore", params{"user_id_list": []string{"DU"}}).empty()
	c.as(duosim.KeyReader).get("/admin/v1/users", params{"limit": 1}).ok(nil)
	c.with(func(c *client) { c.key.Secret = "x" }).get("/admin/v1/users", nil).refused(40103, "")
	admin, reader := server.Key(duosim.KeyAdmin).Integration, server.Key(duosim.KeyReader).Integration
	now := clock.Now()
	want := []duosim.Call{
		{Time: now, Method: "POST", Path: "/admin/v1/users", Params: map[string]string{"username": "zoe"}, Key: duosim.KeyAdmin, Integration: admin, Status: 200, Wrote: true},
		{Time: now, Method: "POST", Path: "/admin/v1/users/bulk_restore", Params: map[string]string{"user_id_list": `["DU"]`}, Key: duosim.KeyAdmin, Integration: admin, Status: 200},
		{Time: now, Method: "GET", Path: "/admin/v1/users", Params: map[string]string{"limit": "1"}, Key: duosim.KeyReader, Integration: reader, Status: 200},
		{Time: now, Method: "GET", Path: "/admin/v1/users", Status: 401, Code: 40103},
	}
	if diff := cmp.Diff(want, server.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestAccountByHand(t *testing.T) {
	server, _ := start(t, duosim.Options{})
	g, err := server.AddGroup(duosim.Group{Name: "staff"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := server.AddPhone(duosim.Phone{Number: "+12025550100"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.AddUser(duosim.User{ID: "DU000000000000000002", Username: "zoe"}); err != nil {
		t.Fatal(err)
	}
	u, err := server.AddUser(duosim.User{Username: "ada", Aliases: []string{"", "countess", ""}, Groups: []string{g.ID}, Phones: []string{p.ID}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := server.AddUser(duosim.User{Username: "bob"})
	if err != nil || v.ID == u.ID || v.ID == "DU000000000000000002" {
		t.Errorf("%v, %v", v.ID, err)
	}
	before := server.Snapshot()
	same(t, "sorted", before.Users[0].Username+before.Users[1].Username+before.Users[2].Username, "adabobzoe")
	same(t, "users of the phone", before.Phones[0].Users[0], u.ID)
	for name, err := range map[string]error{
		"taken":         second(server.AddUser(duosim.User{Username: "new", Aliases: []string{"COUNTESS"}})),
		"id taken":      second(server.AddUser(duosim.User{ID: u.ID, Username: "new"})),
		"no name":       second(server.AddUser(duosim.User{})),
		"no group":      second(server.AddUser(duosim.User{Username: "new", Groups: []string{"DG"}})),
		"no phone":      second(server.AddUser(duosim.User{Username: "new", Phones: []string{"DP"}})),
		"nobody":        server.SetUser(duosim.User{ID: "DU", Username: "new"}),
		"nine aliases":  second(server.AddUser(duosim.User{Username: "new", Aliases: strings.Split("1 2 3 4 5 6 7 8 9", " ")})),
		"set taken":     server.SetUser(duosim.User{ID: u.ID, Username: "zoe"}),
		"group taken":   second(server.AddGroup(duosim.Group{Name: "Staff"})),
		"number taken":  second(server.AddPhone(duosim.Phone{Number: "+12025550100"})),
		"number form":   second(server.AddPhone(duosim.Phone{Number: "2025550100"})),
		"unknown owner": second(server.AddPhone(duosim.Phone{Users: []string{"DU"}})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if diff := cmp.Diff(before, server.Snapshot()); diff != "" {
		t.Error(diff)
	}
	u.Username, u.Phones, u.Groups, u.Aliases = "adele", nil, nil, nil
	if err := server.SetUser(u); err != nil {
		t.Fatal(err)
	}
	same(t, "phone let go", len(server.Snapshot().Phones[0].Users), 0)
	_, found := server.User("countess")
	same(t, "name let go", found, false)
	same(t, "removed", server.RemoveUser(u.ID), true)
	same(t, "removed again", server.RemoveUser(u.ID), false)
}

func second[T any](_ T, err error) error { return err }

func TestManyAtOnce(t *testing.T) {
	server, c := start(t, duosim.Options{})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 10 {
				c.post("/admin/v1/users", params{"username": fmt.Sprint("user", i, "-", j)})
				_ = server.Users()
			}
		})
	}
	all.Wait()
	same(t, "users", len(server.Users()), 80)
	same(t, "calls", len(server.Calls()), 80)
}
