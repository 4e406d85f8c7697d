package afterrun_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

// exposed gives the lines of what a Prometheus gets that begin with one of these names; all
// without one.
func exposed(t *testing.T, m prometheus.Gatherer, names ...string) (lines []string) {
	t.Helper()
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(text.String()) {
		wanted := func(name string) bool { return strings.HasPrefix(line, name+" ") || strings.HasPrefix(line, name+"{") }
		if !strings.HasPrefix(line, "#") && (len(names) == 0 || slices.ContainsFunc(names, wanted)) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func wantExposed(t *testing.T, m prometheus.Gatherer, want []string, names ...string) {
	t.Helper()
	if diff := cmp.Diff(want, exposed(t, m, names...)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// everything is a standing in which each metric of the state has a value.
func everything() *past.Standing {
	doc := func(id string, finished string) *report.Document {
		d := &report.Document{}
		d.RunID, d.Outcome, d.Finished = id, dirsync.OutcomeHeld, finished
		return d
	}
	weighed := doc("r1", "2026-03-04T12:00:00Z")
	weighed.Guards = []report.Guard{
		{Name: "max_remove", Limit: "5%", Affected: 3, Total: 219},
		{Name: "max_group_loss", Limit: "50%", Affected: 90, Total: 1000, About: dirsync.About{Group: "large"}},
		{Name: "max_group_loss", Limit: "50%", Affected: 8, Total: 20, About: dirsync.About{Group: "small"}},
		{Name: "min_source", Limit: "90%", Affected: 30, Total: 209, Held: true},
		{Name: "min_attribute", Limit: "150", Affected: 4, Total: 200, About: dirsync.About{Attribute: "mail"}},
		{Name: "max_create", Limit: "off", Affected: 7, Total: 200},
		{Name: "max_recreate", Limit: "0", Affected: 1, Total: 200, Held: true},
		{Name: "scope_changed", Affected: 2, Total: 200, Held: true},
	}
	return &past.Standing{
		Paused: &dirsync.Pause{}, Refreshed: time.Unix(1700000000, 0), Last: weighed, Over: weighed, Weighed: weighed,
		Held:      []report.Guard{weighed.Guards[3], weighed.Guards[7]},
		Success:   time.Unix(1700000300, 0),
		Attention: []dirsync.Attention{{Username: "anna", Since: time.Unix(1700000200, 0)}, {Username: "bert", Since: time.Unix(1700000100, 0)}},
		Day: &dirsync.Day{Seats: dirsync.Seats{Active: 10, Bypass: 1, Disabled: 2, LockedOut: 3, Trash: 4, NeverEnrolled: 5},
			Groups: map[string]int{"staff": 7}},
	}
}

func TestStanding(t *testing.T) {
	m := afterrun.New(afterrun.Options{Version: "test"}).Metrics()
	m.Stands(everything())
	wantExposed(t, m, []string{
		"duosync_attention 2", "duosync_attention_oldest_timestamp_seconds 1.7000001e+09",
		`duosync_guard_affected{guard="max_create"} 7`, `duosync_guard_affected{guard="max_group_loss"} 8`, `duosync_guard_affected{guard="max_recreate"} 1`,
		`duosync_guard_affected{guard="max_remove"} 3`, `duosync_guard_affected{guard="min_attribute"} 4`, `duosync_guard_affected{guard="min_source"} 30`,
		`duosync_guard_affected{guard="scope_changed"} 2`,
		`duosync_guard_held{guard="max_create"} 0`, `duosync_guard_held{guard="max_group_loss"} 0`, `duosync_guard_held{guard="max_recreate"} 0`,
		`duosync_guard_held{guard="max_remove"} 0`, `duosync_guard_held{guard="min_attribute"} 0`, `duosync_guard_held{guard="min_source"} 1`,
		`duosync_guard_held{guard="scope_changed"} 1`,
		`duosync_guard_limit{guard="max_group_loss"} 10`, `duosync_guard_limit{guard="max_recreate"} 0`, `duosync_guard_limit{guard="max_remove"} 10`,
		`duosync_guard_limit{guard="min_attribute"} 50`, `duosync_guard_limit{guard="min_source"} 20`,
		"duosync_last_refresh_timestamp_seconds 1.7e+09", "duosync_never_enrolled 5", "duosync_paused 1",
		`duosync_seats{status="active"} 10`, `duosync_seats{status="bypass"} 1`, `duosync_seats{status="disabled"} 2`,
		`duosync_seats{status="locked_out"} 3`, `duosync_seats{status="trash"} 4`,
	}, "duosync_attention", "duosync_attention_oldest_timestamp_seconds", "duosync_guard_affected", "duosync_guard_limit", "duosync_guard_held",
		"duosync_last_refresh_timestamp_seconds", "duosync_paused", "duosync_seats", "duosync_never_enrolled")

	// What is over shows no more; what is not known stays.
	calm := everything()
	calm.Paused, calm.Attention, calm.Held, calm.Day = nil, nil, nil, nil
	calm.Weighed.Guards = calm.Weighed.Guards[:1]
	m.Stands(calm)
	wantExposed(t, m, []string{
		"duosync_attention 0", `duosync_guard_affected{guard="max_remove"} 3`, `duosync_guard_held{guard="max_remove"} 0`, "duosync_never_enrolled 5", "duosync_paused 0",
	}, "duosync_attention", "duosync_attention_oldest_timestamp_seconds", "duosync_guard_affected", "duosync_guard_held", "duosync_paused", "duosync_never_enrolled")
}

// TestNextRun: while a run is under way it is not known when the next one is due, and a textfile
// that is written then has nothing of it.
func TestNextRun(t *testing.T) {
	m := afterrun.New(afterrun.Options{Version: "test"}).Metrics()
	m.Planned(time.Unix(1700000000, 0), time.Hour)
	wantExposed(t, m, []string{"duosync_next_run_timestamp_seconds 1.7e+09", "duosync_run_interval_seconds 3600"},
		"duosync_next_run_timestamp_seconds", "duosync_run_interval_seconds")
	m.Began()
	wantExposed(t, m, nil, "duosync_next_run_timestamp_seconds")
}

// chain writes certificates that end so many days after a day into a file.
func chain(t *testing.T, days ...int) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, end := range days {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1700000000, 0).AddDate(0, 0, end)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	path := filepath.Join(t.TempDir(), "chain.pem")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCertificates: it is told when the first certificate of each file ends, of the directory's
// server as the last run saw it; what can't be read, or is not there any more, is left out.
func TestCertificates(t *testing.T) {
	m := afterrun.New(afterrun.Options{Version: "test"})
	c := parse(t, "")
	c.HTTP.TLSCertFile, c.LDAP.ClientCertFile = chain(t, 30, 10), chain(t, 20)
	m.Metrics().Configured(c, true)
	end := func(day int) string { return fmt.Sprint(float64(time.Unix(1700000000, 0).AddDate(0, 0, day).Unix())) }
	const name = "duosync_certificate_expiry_timestamp_seconds"
	wantExposed(t, m.Metrics(), []string{name + `{directory="",use="http"} ` + end(10), name + `{directory="",use="ldap_client"} ` + end(20)}, name)

	run := &dirsync.Run{Outcome: dirsync.OutcomeNoChanges, Complete: true, Read: dirsync.ReadInfo{Certificate: time.Unix(1700000000, 0).AddDate(0, 0, 5)}}
	c.LDAP.ClientCertFile = filepath.Join(t.TempDir(), "none")
	m.Follow(t.Context(), c, run, nil)
	wantExposed(t, m.Metrics(), []string{name + `{directory="",use="http"} ` + end(10), name + `{directory="",use="ldap_server"} ` + end(5)}, name)
	run.Read.Certificate = time.Time{}
	m.Follow(t.Context(), c, run, nil)
	wantExposed(t, m.Metrics(), []string{name + `{directory="",use="http"} ` + end(10)}, name)
}

// TestNames: each metric that is listed can be had, under a name and with words that Prometheus'
// own rules find nothing wrong with, and nothing else.
func TestNames(t *testing.T) {
	after := afterrun.New(afterrun.Options{Version: "test"})
	m := after.Metrics()
	c := parse(t, "")
	c.HTTP.TLSCertFile = chain(t, 1)
	m.Configured(c, true)
	m.Stands(everything())
	after.Follow(t.Context(), c, &dirsync.Run{Outcome: dirsync.OutcomeApplied, Complete: true, Attention: everything().Attention,
		Operations: []*dirsync.Operation{{Op: &dirsync.Op{Action: dirsync.Create, Username: "anna"}, Result: dirsync.ResultApplied}}}, nil)
	m.Stands(everything())
	m.Planned(time.Now(), time.Hour)
	m.Reloaded(true)
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("problems %v, %v", problems, err)
	}
	var listed, gathered []string
	for _, one := range afterrun.Listed() {
		listed = append(listed, one.Name)
		if one.Help == "" || !strings.HasSuffix(one.Help, ".") {
			t.Errorf("%s: no sentence tells what it is", one.Name)
		}
	}
	for _, family := range families {
		gathered = append(gathered, family.GetName())
	}
	slices.Sort(listed)
	if diff := cmp.Diff(listed, gathered); diff != "" {
		t.Errorf("metrics (-listed +gathered):\n%s", diff)
	}
	if text := strings.Join(exposed(t, m), "\n"); strings.Contains(text, "anna") || strings.Contains(text, "bert") {
		t.Errorf("a person is named:\n%s", text)
	}
}
