package daemon_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// TestConsole follows every link of the pages of a real daemon, after runs that created,
// changed, left people waiting and were held: each answers, is well-formed, leads nowhere
// else, and has no secret; also while directory and Duo are down.
func TestConsole(t *testing.T) {
	p := newPlant(t, 30)
	p.rewrite(`schedule: {cron: "@every 1s", jitter: 0s}`, `schedule: {cron: "@every 100h", jitter: 0s}`)
	p.rewrite("on_missing: {action: delete, then: keep}", "on_missing: {action: disable, then: trash}")
	p.run("sync")
	p.ldap.Modify(slapdtest.UserDN(1), "cn", "<script>alert(1)</script>")
	p.ldap.Delete(slapdtest.UserDN(3))
	p.run("sync", "--refresh")
	p.run("disable", nameOf(5), "--reason", "left <b>in</b> anger")
	d := p.start()
	d.until("pages", func() bool { return answers(p.address) })
	d.until("a run of the daemon", func() bool {
		_, body, _ := get(t, "http://"+p.address+"/", func(r *http.Request) { r.SetBasicAuth("", token) })
		return strings.Contains(body, ">In step<") && strings.Contains(body, "unchanged, ")
	})

	seen := map[string]string{}
	var follow func(path string)
	follow = func(path string) {
		path, _, _ = strings.Cut(path, "#")
		if _, done := seen[path]; done || path == "" || len(seen) > 400 {
			return
		}
		code, body, header := get(t, "http://"+p.address+path, func(r *http.Request) { r.SetBasicAuth("admin", token) })
		for again := 0; header.Get("Refresh") != "" && again < 20; again++ { // it is still reading
			time.Sleep(100 * time.Millisecond)
			code, body, header = get(t, "http://"+p.address+path, func(r *http.Request) { r.SetBasicAuth("admin", token) })
		}
		seen[path] = body
		if code != http.StatusOK {
			t.Errorf("%s: %d\n%s", path, code, body)
		}
		for _, secret := range []string{token, p.duo.Key(duosim.KeyAdmin).Secret, slapdtest.ReaderPassword} {
			if strings.Contains(body, secret) {
				t.Errorf("%s shows the secret %s", path, secret)
			}
		}
		switch kind := header.Get("Content-Type"); {
		case strings.HasPrefix(kind, "text/html"):
			for _, link := range linksOf(t, path, body) {
				follow(link)
			}
		case strings.HasPrefix(kind, "application/json"):
			if !json.Valid([]byte(body)) {
				t.Errorf("%s is no JSON", path)
			}
		case strings.HasPrefix(kind, "text/csv"):
			if _, err := csv.NewReader(strings.NewReader(body)).ReadAll(); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	follow("/")
	for path, want := range map[string]string{
		"/": ">In step<", "/runs": "unchanged", "/people": "28 people", "/waiting": "left &lt;b&gt;in&lt;/b&gt; anger", "/drift": "No drift", "/settings": "&lt;secret&gt;", "/groups": "No group is mirrored",
	} {
		if !strings.Contains(seen[path], want) {
			t.Errorf("%s lacks %q:\n%s", path, want, seen[path])
		}
	}
	people, runs, formats := 0, 0, 0
	for path := range seen {
		switch {
		case strings.HasPrefix(path, "/people/"):
			people++
		case strings.Contains(path, "?format="):
			formats++
		case strings.HasPrefix(path, "/runs/"):
			runs++
		}
	}
	if people < 25 || runs < 3 || formats < 9 {
		t.Errorf("%d people, %d runs and %d formats were followed", people, runs, formats)
	}
	dn := "/people?q=" + url.QueryEscape(slapdtest.UserDN(2))
	if code, body, h := get(t, "http://"+p.address+dn, func(r *http.Request) { r.SetBasicAuth("", token) }); code != http.StatusOK || !strings.Contains(body, nameOf(2)) {
		t.Errorf("by DN: %d %s\n%s", code, h.Get("Location"), body)
	}

	p.ldap.Stop()
	if err := p.duo.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/runs", "/people?q=" + nameOf(0)[:3], "/waiting", "/groups", "/drift", dn} {
		code, body, _ := get(t, "http://"+p.address+path, func(r *http.Request) { r.SetBasicAuth("", token) })
		if code != http.StatusOK {
			t.Errorf("with nothing else there, %s: %d\n%s", path, code, body)
		}
		if path == dn && (!strings.Contains(body, "could not be asked") || !strings.Contains(body, nameOf(2))) {
			t.Errorf("a DN that nobody can be asked for:\n%s", body)
		}
	}
	d.signal(syscall.SIGTERM)
	if err := d.wait(); err != nil {
		t.Error(err)
	}
}

// nameOf gives the username of a person of the directory.
func nameOf(n int) string {
	_, name, _ := strings.Cut(slapdtest.UserDN(n), "=")
	name, _, _ = strings.Cut(name, ",")
	return name
}

// run runs a command to its end.
func (p *plant) run(args ...string) {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(self, append(args, "--config", p.path("config.yaml"))...)
	cmd.Env = append(os.Environ(), beDuosync+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("duosync %v: %v\n%s", args, err, out)
	}
}

// linksOf reads a page strictly, and gives where it leads.
func linksOf(t *testing.T, path, body string) (links []string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(body, "<!DOCTYPE html>")))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return links
		}
		if err != nil {
			t.Errorf("%s is not well-formed: %v", path, err)
			return links
		}
		if start, is := token.(xml.StartElement); is {
			if start.Name.Local == "script" {
				t.Errorf("%s has a script", path)
			}
			for _, a := range start.Attr {
				if a.Name.Local == "href" && !strings.HasPrefix(a.Value, "/") && !strings.HasPrefix(a.Value, "#") {
					t.Errorf("%s leads to %s", path, a.Value)
				}
				if a.Name.Local == "href" {
					links = append(links, a.Value)
				}
			}
		}
	}
}
