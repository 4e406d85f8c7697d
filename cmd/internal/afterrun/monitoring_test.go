package afterrun_test

import (
	"encoding/json"
	"fmt"
	"io"
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
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.yaml.in/yaml/v3"

	"duosync/cmd/internal/afterrun"
	dirsync "duosync/sync"
)

// What is in deploy/prometheus and deploy/grafana, against the metrics that there are. Prometheus'
// own programs are Debian's package prometheus; without them these tests fail.

const deploy = "../../../deploy/"

// alertRule is a rule of deploy/prometheus/duosync.rules.yml.
type alertRule struct {
	Alert, Record, Expr, For string
	Labels, Annotations      map[string]string
}

func rules(t *testing.T) []alertRule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []alertRule
		}
	}
	text, err := os.ReadFile(deploy + "prometheus/duosync.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil || len(file.Groups) != 1 {
		t.Fatalf("%d groups, %v", len(file.Groups), err)
	}
	return file.Groups[0].Rules
}

// dashboard gives the queries of the Grafana dashboard, as Prometheus gets them, by what they are for.
func dashboard(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(deploy + "grafana/duosync.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ RefID, Expr string }
		}
		Annotations struct {
			List []struct{ Name, Expr string }
		}
		Templating struct {
			List []struct {
				Name  string
				Query any
			}
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{}
	filled := strings.NewReplacer("$__rate_interval", "1m", "$job", ".+", "$instance", ".+")
	taken := map[int]bool{}
	cells := map[[2]int]string{}
	for _, p := range d.Panels {
		if taken[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d, %q, has the number of another one, no title or no query", p.ID, p.Title)
		}
		taken[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, lies := cells[cell]; lies || cell[0] >= 24 {
					t.Errorf("panel %q lies over %q, or beyond the edge", p.Title, other)
				}
				cells[cell] = p.Title
			}
		}
		for _, target := range p.Targets {
			queries[fmt.Sprintf("panel %d %s, query %s", p.ID, p.Title, target.RefID)] = filled.Replace(target.Expr)
		}
	}
	for _, a := range d.Annotations.List {
		queries["annotation "+a.Name] = filled.Replace(a.Expr)
	}
	for _, v := range d.Templating.List {
		if query, is := v.Query.(map[string]any); is {
			inner, ok := strings.CutPrefix(fmt.Sprint(query["query"]), "label_values(")
			if !ok {
				t.Errorf("the variable %s asks %v", v.Name, query)
			}
			queries["variable "+v.Name] = filled.Replace(inner[:strings.LastIndex(inner, ",")])
		}
	}
	if len(queries) < 20 {
		t.Fatalf("%d queries", len(queries))
	}
	return queries
}

var (
	metricName = regexp.MustCompile(`\bduosync[a-z0-9_:]*`)
	selector   = regexp.MustCompile(`\b(duosync_[a-z0-9_]*)\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"`)
	template   = regexp.MustCompile(`\$labels\.([a-z_]+)`)
)

// checkExpr fails the test where an expression asks for a metric or a label that there is not.
func checkExpr(t *testing.T, where, expr string, recorded []string) {
	t.Helper()
	labels := map[string][]string{}
	for _, one := range afterrun.Listed() {
		labels[one.Name] = append(slices.Clone(one.Labels), "job", "instance")
	}
	for _, name := range metricName.FindAllString(expr, -1) {
		if labels[name] == nil && !slices.Contains(recorded, name) {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
	for _, found := range selector.FindAllStringSubmatch(expr, -1) {
		for _, m := range matcher.FindAllStringSubmatch(found[2], -1) {
			if !slices.Contains(labels[found[1]], m[1]) {
				t.Errorf("%s: %s has no label %s", where, found[1], m[1])
			}
		}
	}
}

// TestAlerts: each alert asks for metrics that there are, says what to do, is tested, and stands in
// the documentation.
func TestAlerts(t *testing.T) {
	tests, err := os.ReadFile(deploy + "prometheus/duosync.rules.test.yml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	var recorded []string
	for _, rule := range rules(t) {
		name := rule.Alert + rule.Record
		checkExpr(t, name, rule.Expr, recorded)
		if rule.Record != "" {
			recorded = append(recorded, rule.Record)
			continue
		}
		if rule.For == "" || rule.Annotations["summary"] == "" || !strings.HasSuffix(rule.Annotations["description"], ".") ||
			!slices.Contains([]string{"critical", "warning"}, rule.Labels["severity"]) {
			t.Errorf("%s: %+v lacks something", name, rule)
		}
		for _, used := range template.FindAllStringSubmatch(rule.Annotations["summary"]+rule.Annotations["description"], -1) {
			known := func(one afterrun.Metric) bool {
				return strings.Contains(rule.Expr, one.Name) && slices.Contains(one.Labels, used[1])
			}
			if !slices.ContainsFunc(afterrun.Listed(), known) {
				t.Errorf("%s: none of its metrics has a label %s", name, used[1])
			}
		}
		if !strings.Contains(string(tests), `alertname="`+name+`"`) {
			t.Errorf("%s: no test sees it fire", name)
		}
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("%s does not stand in docs/monitoring.md", name)
		}
	}
	for _, args := range [][]string{{"check", "rules", "duosync.rules.yml"}, {"test", "rules", "duosync.rules.test.yml"}} {
		run := exec.CommandContext(t.Context(), "promtool", args...)
		run.Dir = deploy + "prometheus"
		if said, err := run.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, said)
		}
	}
}

func TestDashboard(t *testing.T) {
	for where, expr := range dashboard(t) {
		checkExpr(t, where, expr, nil)
	}
}

// server starts a Prometheus that scrapes target, and gives where it is.
func server(t *testing.T, target string) string {
	t.Helper()
	dir := t.TempDir()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := filepath.Abs(deploy + "prometheus/duosync.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("global: {scrape_interval: 250ms, evaluation_interval: 250ms}\nrule_files: [%q]\nscrape_configs: [{job_name: duosync, static_configs: [{targets: [%q]}]}]\n", rules, u.Host)
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	run := exec.CommandContext(t.Context(), "prometheus", "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address) //nolint:gosec // made here
	run.Stdout, run.Stderr = &said, &said
	if err := run.Start(); err != nil {
		t.Fatalf("%v; Debian has it in the package prometheus", err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	return "http://" + address
}

// ask gives how many series a query has, and why it can't be answered.
func ask(t *testing.T, server, query string) (series int, err error) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+"/api/v1/query?query="+url.QueryEscape(query), nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0, err
	}
	body, err := io.ReadAll(reply.Body)
	if err := reply.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		return 0, err
	}
	var answer struct {
		Status, Error string
		Data          struct{ Result []any }
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Status != "success" {
		return 0, fmt.Errorf("%s %w: %s", answer.Status, err, answer.Error)
	}
	return len(answer.Data.Result), nil
}

// TestQueriesAnswer has a real Prometheus scrape the metrics, and asks it every query of the
// dashboard: each gives something.
func TestQueriesAnswer(t *testing.T) {
	after := afterrun.New(afterrun.Options{Version: "test"})
	m := after.Metrics()
	c := parse(t, "")
	c.HTTP.TLSCertFile = chain(t, 1)
	m.Configured(c, true)
	run := func() {
		after.Follow(t.Context(), c, &dirsync.Run{Outcome: dirsync.OutcomeFailed, Complete: true, Started: time.Now(), Finished: time.Now(),
			Usage: dirsync.Usage{Calls: 100, Retries: 3, Throttled: 2}, Operations: []*dirsync.Operation{{Op: &dirsync.Op{Action: dirsync.Create}, Result: dirsync.ResultApplied}}}, nil)
		m.Stands(everything())
		m.Planned(time.Now(), time.Hour)
		m.Reloaded(true)
	}
	run()
	metrics := promhttp.HandlerFor(prometheus.Gatherers{m}, promhttp.HandlerOpts{})
	scraped := make(chan struct{}, 100)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		metrics.ServeHTTP(w, q)
		select {
		case scraped <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(target.Close)
	at := server(t, target.URL)
	for range 12 { // counters grow from scrape to scrape
		select {
		case <-scraped:
			run()
		case <-time.After(time.Minute):
			t.Fatal("Prometheus does not scrape")
		}
	}
	queries := dashboard(t)
	queries["the interval"] = "duosync:run_interval_seconds"
	for where, query := range queries {
		var series int
		err := fmt.Errorf("not asked yet")
		for range 40 {
			if series, err = ask(t, at, query); err == nil && series > 0 {
				break
			}
			<-scraped
		}
		if err != nil || series == 0 {
			t.Errorf("%s: %d series, %v:\n%s", where, series, err, query)
		}
	}
}
