package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// praise are words by which a text says that all is well. What follows on ", but" takes it
// back.
var praise = regexp.MustCompile(`(?i)(nothing to do|all done|all is well|in step with the directory|there is nobody to pair|Duo holds what was left there|\bready\b|nothing waits for an approval|no changes)(, but)?`)

// praises gives what a text says of all being well.
func praises(text string) []string {
	var found []string
	for _, m := range praise.FindAllStringSubmatch(strings.Join(strings.Fields(text), " "), -1) {
		if m[2] == "" {
			found = append(found, m[1])
		}
	}
	return found
}

// attentive is a house with 30 people, of whom 25 are not as the directory asks for: five in
// conflict, ten disabled by others, five with bypass, five locked out.
func attentive(t *testing.T) *house {
	t.Helper()
	ldif := ""
	for i := range 30 {
		ldif += someone(plain(i), "mail="+plain(i)+"@x.org", "givenName=P")
	}
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: ldif}, sync: ample})
	for i := 25; i < 30; i++ {
		h.handUser(duosim.User{Username: plain(i)})
	}
	h.want(4, "applied")
	for i := range 20 {
		h.change(plain(i), func(u *duosim.User) {
			switch {
			case i < 10:
				u.Status = "disabled"
			case i < 15:
				u.Status = "bypass"
			case i == 15:
				u.Status, u.LockoutReason = "locked out", dirsync.NotEnrolled
			default:
				u.Status, u.LockoutReason = "locked out", "Failed Attempts"
			}
		})
	}
	h.want(0, "no-changes", "--refresh")
	return h
}

// settle has humans settle all of it.
func (h *house) settle() {
	h.t.Helper()
	for i := range 20 {
		h.change(plain(i), func(u *duosim.User) { u.Status, u.LockoutReason = "active", "" })
	}
	for i := 25; i < 30; i++ {
		h.duo.RemoveUser(h.user(plain(i)).ID)
	}
	h.want(0, "applied", "--refresh")
	h.want(0, "no-changes")
}

// page gives what the daemon shows, its metrics and its readiness, before it has made a run.
func (h *house) page() (page, metrics, ready string) {
	h.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		h.t.Fatal(err)
	}
	config, err := os.ReadFile(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	file := filepath.Join(h.dir, "daemon.yaml")
	if err := os.WriteFile(file, append(config, "schedule: {at_start: false}\nhttp: {listen: '"+address+"'}\n"...), 0o600); err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(h.t.Context())
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"run", "--config", file}, Stdio{Out: io.Discard, Err: io.Discard, Env: func(string) (string, bool) { return "", false }})
	}()
	get := func(path string) string {
		for {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
			if err != nil {
				h.t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				select {
				case code := <-ended:
					h.t.Fatalf("the daemon has ended with %d", code)
				case <-time.After(10 * time.Millisecond):
				}
				continue
			}
			text, err := io.ReadAll(answer.Body)
			if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK && path != "/readyz" {
				h.t.Fatalf("%s: %d %v", path, answer.StatusCode, err)
			}
			if err != nil {
				h.t.Fatal(err)
			}
			return string(text)
		}
	}
	metrics = get("/metrics") // once that is served, the status is known
	page = get("/")
	ready = get("/readyz")
	stop()
	if code := <-ended; code != 0 {
		h.t.Errorf("the daemon ended with %d", code)
	}
	return page, metrics, ready
}

// TestNobodyIsForgotten runs every command while 25 people need a human: each says so, and
// none that all is well. With nobody left, they do say it.
func TestNobodyIsForgotten(t *testing.T) {
	h := attentive(t)
	first := h.history("--format", "json")[1]["run_id"].(string)
	plan := filepath.Join(h.dir, "plan")
	commands := []struct {
		args  []string
		bad   int    // the exit code while somebody needs a human
		needs string // what it says then
		well  string // what it says with nobody; "" for nothing in particular
	}{
		{[]string{"sync"}, 0, "nothing to do, but 25 people need attention", "Run: nothing to do"},
		{[]string{"sync", "--dry-run", "--plan-out", plan}, 0, "nothing to do, but 25 people need attention", "Dry run: nothing to do"},
		{[]string{"sync", "--refresh", "--dry-run"}, 0, "nothing to do, but 25 people need attention", "Dry run: nothing to do"},
		{[]string{"sync", "--only", plain(0)}, 0, "nothing to do, but 25 people need attention", "Run: nothing to do"},
		{[]string{"apply", plan}, 0, "nothing to do, but 25 people need attention", "nothing to do"},
		{[]string{"history"}, 0, "25", "no-changes"},
		{[]string{"history", "last"}, 0, "attention", "nothing to do"},
		{[]string{"history", first}, 0, "done, but 5 people need attention", ""},
		{[]string{"due"}, 0, "25 people need attention; see below", "nobody is waiting for one"},
		{[]string{"approve"}, 0, "nothing waits for an approval, but 25 people need attention", "nothing waits for an approval"},
		{[]string{"drift"}, exitPending, "15 differences from what was left in Duo; 25 people need attention", "Drift: Duo holds what was left there"},
		{[]string{"explain", plain(0)}, 0, "NEEDS ATTENTION; disabled in Duo, not by duosync", plain(0) + ": nothing to do"},
		{[]string{"explain", plain(12)}, 0, "NEEDS ATTENTION; bypass in Duo, not by duosync", plain(12) + ": nothing to do"},
		{[]string{"explain", plain(15)}, 0, "the person has not enrolled; nobody tampered", plain(15) + ": nothing to do"},
		{[]string{"explain", plain(16)}, 0, `locked out by Duo`, plain(16) + ": nothing to do"},
		{[]string{"explain", plain(27)}, 0, "CONFLICT, a human has to settle it", plain(27) + ": nothing to do"},
		{[]string{"check"}, 0, "none failed, but 25 people need attention", "Check: all is well"},
		{[]string{"undo", "last"}, 0, "nothing to do, but", "nothing to do"},
		{[]string{"rebuild"}, 0, "nothing was written; 25 people need attention", "there is nobody to pair"},
	}
	for _, settled := range []bool{false, true} {
		if settled {
			h.settle()
		}
		for _, c := range commands {
			for _, format := range []string{"table", "markdown", "html"} {
				r := h.run(append(slices.Clone(c.args), "--format", format)...)
				text := strings.Join(strings.Fields(strings.NewReplacer("&#39;", "'").Replace(r.out)), " ")
				name := strings.Join(c.args, " ") + " as " + format
				switch said := praises(r.out + r.err); {
				case !settled && (r.code != c.bad || !strings.Contains(text, c.needs)):
					t.Errorf("%s: exit %d, want %d, and no %q:\n%s%s", name, r.code, c.bad, c.needs, brief(r.out), r.err)
				case !settled && len(said) > 0:
					t.Errorf("%s says %q:\n%s", name, said, brief(r.out))
				case settled && (!strings.Contains(text, c.well) || c.well != "" && strings.Contains(strings.ToLower(text), "need attention")) && c.args[0] != "history":
					t.Errorf("%s with nobody: exit %d, no %q:\n%s%s", name, r.code, c.well, brief(r.out), r.err)
				}
			}
		}
	}
}

// TestAttentionInJSON: the keys are those that others rely on.
func TestAttentionInJSON(t *testing.T) {
	h := attentive(t)
	r := h.run("sync", "--format", "json")
	var doc struct {
		Summary   map[string]int
		Attention []map[string]string
		Conflicts []struct {
			Username, Remedy string
			People           []map[string]string
		}
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Summary["attention"] != 25 || len(doc.Attention) != 25 || len(doc.Conflicts) != 5 {
		t.Errorf("attention %d, %d listed, %d conflicts", doc.Summary["attention"], len(doc.Attention), len(doc.Conflicts))
	}
	for _, a := range doc.Attention {
		_, remedy := a["remedy"]
		since, err := time.Parse(time.RFC3339, a["since"])
		if len(a) != 5 || a["username"] == "" || a["source_id"] == "" || a["reason"] == "" || !remedy || err != nil || since.After(time.Now()) {
			t.Errorf("%v", a)
		}
	}
	c := doc.Conflicts[0]
	if len(c.People) != 1 || c.People[0]["dn"] != userDN(plain(25)) || c.People[0]["username"] != plain(25) || c.People[0]["source_id"] == "" ||
		c.Remedy != "duosync sync --adopt "+plain(25)+" --config "+h.config {
		t.Errorf("%+v", c)
	}
	for _, format := range []string{"table", "markdown", "html"} {
		text := h.run("sync", "--format", format).out
		if !regexp.MustCompile(`(?m)^\s*(<pre><code>)?`+regexp.QuoteMeta(c.Remedy)+`(</code></pre>)?$`).MatchString(text) || !strings.Contains(text, userDN(plain(25))) {
			t.Errorf("%s has no line with the command, or no DN:\n%s", format, text)
		}
	}
	runs := h.history("--format", "json")
	if n := runs[0]["summary"].(map[string]any)["attention"]; n != 25.0 {
		t.Errorf("history: attention %v", n)
	}
}

// TestAttentionInCSV: each document that lists who needs attention has as many rows of them.
func TestAttentionInCSV(t *testing.T) {
	h := attentive(t)
	for _, args := range [][]string{{"sync"}, {"sync", "--dry-run"}, {"history", "last"}, {"drift"}, {"due"}, {"undo", "last"}, {"rebuild"}} {
		var doc struct {
			Attention []struct{ Username, Reason string }
		}
		if err := json.Unmarshal([]byte(h.run(append(slices.Clone(args), "--format", "json")...).out), &doc); err != nil {
			t.Fatal(err)
		}
		text := h.run(append(slices.Clone(args), "--format", "csv")...).out
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		n := 0
		for _, row := range rows {
			if !slices.Contains(row, "attention") {
				continue
			}
			if n < len(doc.Attention) && (!slices.Contains(row, doc.Attention[n].Username) || !slices.Contains(row, doc.Attention[n].Reason)) {
				t.Errorf("%v: the row %q is not about %+v", args, row, doc.Attention[n])
			}
			n++
		}
		if n != len(doc.Attention) || n == 0 {
			t.Errorf("%v: %d rows, and %d who need attention:\n%s", args, n, len(doc.Attention), text)
		}
	}
}

// TestAttentionOnThePage: what an earlier process left is told before the first run.
func TestAttentionOnThePage(t *testing.T) {
	h := attentive(t)
	h.write(readFile(t, h.config) + "notify: {textfile: duosync.prom}\n")
	h.want(0, "no-changes")
	page, metrics, ready := h.page()
	if said := praises(page); len(said) > 0 || ready != "ok\n" || !strings.Contains(page, ">Attention</h1>") || !strings.Contains(page, "25 people need attention.") || strings.Contains(page, "In step") || !strings.Contains(page, "?status=attention") {
		t.Errorf("the page says %q:\n%s", said, page)
	}
	for what, text := range map[string]string{"metrics": metrics, "textfile": readFile(t, filepath.Join(h.dir, "duosync.prom"))} {
		if !strings.Contains(text, "\nduosync_attention 25\n") {
			t.Errorf("%s:\n%s", what, text)
		}
	}
	h.settle()
	if page, metrics, ready = h.page(); ready != "ok\n" || !strings.Contains(page, ">In step</h1>") || strings.Contains(page, ">Attention<") || !strings.Contains(metrics, "\nduosync_attention 0\n") {
		t.Errorf("with nobody who needs a human:\n%s", page)
	}
}

// TestWhatStandsIsTold: check, and a daemon that has made no run yet, tell what stands in the
// state.
func TestWhatStandsIsTold(t *testing.T) {
	ldif := ""
	for i := range 12 {
		ldif += someone(plain(i), "mail="+plain(i)+"@x.org", "givenName=P")
	}
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: ldif}})
	h.want(0, "applied")
	says := func(when, check, ready, outcome string, page ...string) {
		t.Helper()
		for _, format := range []string{"table", "markdown", "html"} {
			r := h.run("check", "--format", format)
			text := strings.Join(strings.Fields(r.out), " ")
			if !strings.Contains(text, check) || len(praises(text)) > 0 != (ready == "ok\n") || r.code != 0 && check != "FAILED" {
				t.Errorf("%s: check: exit %d, want %q\n%s%s", when, r.code, check, r.out, r.err)
			}
		}
		shown, metrics, said := h.page()
		if !strings.Contains(said, ready) || strings.Contains(shown, ">In step</h1>") != (ready == "ok\n") || !strings.Contains(metrics, "\nduosync_last_run_outcome{outcome=\""+outcome+"\"} 1\n") {
			t.Errorf("%s: readyz %q, want %q\n%s\n%s", when, said, ready, shown, metrics)
		}
		for _, want := range page {
			if !strings.Contains(shown, want) {
				t.Errorf("%s: the page has no %q:\n%s", when, want, shown)
			}
		}
	}
	says("after a good run", "all is well", "ok\n", "applied", ">applied, ")
	h.run("pause", "--by", "carla", "--reason", "migration")
	says("paused", "made, none failed, but writing is paused; nothing was changed", "writing is paused", "applied", "by carla: migration", ">duosync resume --config ")
	h.run("resume")
	for i := range 8 {
		h.ldap.Delete(userDN(plain(i)))
	}
	h.want(3, "held", "--by", "dora")
	says("held", "made, none failed, but a guard holds the whole run; nothing", "was held by a guard", "held", "max_remove", "made by dora", plain(0), ">duosync approve ")
	h.want(0, "no-changes", "--only", plain(9))
	says("held, then a run for one person", "but a guard holds the whole run; nothing", "was held by a guard", "held", "made by dora", ", only "+plain(9))
	h.ends("r1", dirsync.OutcomeHeld, twoHolds, holdsOfTwo())
	says("held in part", "but a guard holds a part of the run; nothing", "the last run, r1, was held", "held", ">duosync approve two --config ")
	h.ldap.Stop()
	h.want(1, "failed")
	says("failed", "FAILED", "failed", "failed", "reading the directory", "min_group staff")
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
