package faults_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim/internal/faults"
)

const faultsFile = `
seed: 7
faults:
  - name: throttled
    method: post
    path: /admin/v1/users/*
    params: {username: "z*", notes: 1}
    after: 10
    times: 3
    effect: status429
    retry_after: 2s
    reply: html
  - {name: lost, every: 2, probability: 0.25, effect: cut_after, delay: 5ms}
  - {name: broken, nth: 1, effect: 500}
  - {name: full, effect: 50001}
  - {name: page, page: 2, effect: fail_page}
  - {name: odd, effect: no_code, status: 503}
  - {name: refused, effect: refuse, code: 40002, message: m, detail: username}
`

func TestLoadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "faults.yaml")
	if err := os.WriteFile(path, []byte(faultsFile), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := faults.LoadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := faults.Faults{Seed: 7, Rules: []faults.Fault{
		{
			Name: "throttled", Method: "POST", Path: "/admin/v1/users/*", Params: map[string]string{"username": "z*", "notes": "1"},
			After: 10, Times: 3, Effect: faults.Status429, RetryAfter: 2 * time.Second, Reply: "html",
		},
		{Name: "lost", Every: 2, Probability: 0.25, Effect: faults.CutAfter, Delay: 5 * time.Millisecond},
		{Name: "broken", Nth: 1, Effect: faults.Error500},
		{Name: "full", Effect: faults.Error50001},
		{Name: "page", Page: 2, Effect: faults.FailPage},
		{Name: "odd", Effect: faults.NoCode, Status: 503},
		{Name: "refused", Effect: faults.Refuse, Code: 40002, Message: "m", Detail: "username"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := faults.NewSet(got); err != nil {
		t.Error(err)
	}
	if _, err := faults.LoadFile(path + ".none"); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestJSON(t *testing.T) {
	got, err := faults.Parse("f.json", []byte("{\"faults\": [\n\t{\"name\": \"a\", \"effect\": \"500\", \"nth\": 2}\n]}"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(faults.Faults{Rules: []faults.Fault{{Name: "a", Effect: "500", Nth: 2}}}, got); diff != "" {
		t.Error(diff)
	}
	for _, none := range []string{"", "# nothing\n", "faults: []"} {
		if got, err := faults.Parse("f", []byte(none)); err != nil || len(got.Rules) != 0 {
			t.Errorf("%q: %v, %v", none, got, err)
		}
	}
}

func TestBadFiles(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"broken syntax":       {"faults: [", "f.yaml: yaml: "},
		"a list":              {"- a", "f.yaml:1:1: the file must be a mapping"},
		"two documents":       {"faults: []\n---\nfaults: []", "f.yaml: only one document is expected"},
		"unknown key":         {"fault: []", `f.yaml:1:1: unknown key "fault"; known are: seed, faults`},
		"no list":             {"faults: {}", "f.yaml:1:9: faults must be a list"},
		"bad seed":            {"seed: -1", "f.yaml:1:7: seed must be a whole number"},
		"unknown key inside":  {"faults:\n  - {name: a, effect: slow, delai: 1s}", `f.yaml:2:29: unknown key "delai"; known are: name, method`},
		"twice":               {"faults:\n  - {name: a, name: b, effect: slow}", "f.yaml:2:15: name comes twice"},
		"no name":             {"faults:\n  - {effect: '500'}", "f.yaml:2:5: fault \"\": a fault needs a name"},
		"name taken":          {"faults:\n  - {name: a, effect: html502}\n  - {name: a, effect: html502}", `f.yaml:3:5: fault "a": the name is taken`},
		"no effect":           {"faults: [{name: a}]", `effect "" is none of [status429 500`},
		"unknown effect":      {"faults: [{name: a, effect: boom}]", `fault "a": effect "boom" is none of`},
		"wrong type":          {"faults: [{name: a, effect: '500', nth: two}]", "f.yaml:1:40: a whole number from 1 is expected here"},
		"text for a number":   {"faults: [{name: a, effect: '500', nth: '2'}]", "a whole number from 1 is expected here"},
		"zero":                {"faults: [{name: a, effect: '500', times: 0}]", "a whole number from 1 is expected here"},
		"no duration":         {"faults: [{name: a, effect: slow, delay: 5}]", "f.yaml:1:41: a duration is expected here, such as 500ms or 2s"},
		"negative duration":   {"faults: [{name: a, effect: slow, delay: -5s}]", "a duration is expected here"},
		"probability":         {"faults: [{name: a, effect: '500', probability: 2}]", "a number above 0 and up to 1"},
		"not a number":        {"faults: [{name: a, effect: '500', probability: .nan}]", "a number above 0 and up to 1"},
		"null":                {"faults: [{name: , effect: '500'}]", "a single value is expected here"},
		"a list for a text":   {"faults: [{name: [a], effect: '500'}]", "f.yaml:1:17: a single value is expected here"},
		"an alias":            {"faults: [&x {name: a, effect: '500'}, *x]", "a fault must be a mapping"},
		"slow without delay":  {"faults: [{name: a, effect: slow}]", "slow needs a delay, such as 2s"},
		"page without page":   {"faults: [{name: a, effect: fail_page}]", "fail_page needs a page"},
		"refuse without code": {"faults: [{name: a, effect: refuse}]", "refuse needs a code"},
		"code":                {"faults: [{name: a, effect: refuse, code: 200}]", "code has five digits"},
		"status":              {"faults: [{name: a, effect: no_code, status: 200}]", "status is from 400 to 599"},
		"reply":               {"faults: [{name: a, effect: status429, reply: xml}]", "reply is json, html or empty"},
		"not together":        {"faults: [{name: a, effect: '500', retry_after: 2s}]", "retry_after goes with [status429] only"},
		"nth not alone":       {"faults: [{name: a, effect: '500', nth: 2, times: 1}]", "nth strikes one call only"},
		"method":              {"faults: [{name: a, effect: '500', method: FETCH}]", `method "FETCH" is none that is used`},
		"bad path":            {"faults: [{name: a, effect: '500', path: 're:('}]", "path: error parsing regexp"},
		"bad parameter":       {"faults: [{name: a, effect: '500', params: {username: 're:['}}]", "params: username: error parsing regexp"},
		"parameters":          {"faults: [{name: a, effect: '500', params: zoe}]", "params must be a mapping"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := faults.Parse("f.yaml", []byte(test.content)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	_, err := faults.Parse("f", []byte("sed: 1\nfaults:\n  - {name: a, effect: slow, nth: 1, every: 2}\n  - {name: b, efect: x}"))
	if err == nil {
		t.Fatal("no error")
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 4 {
		t.Errorf("not all at once: %q", lines)
	}
}

// Whatever is read without an error can be used, and used to the same end.
func FuzzParse(f *testing.F) {
	f.Add([]byte(faultsFile))
	f.Add([]byte(`{"seed": 1, "faults": [{"name": "a", "effect": "slow", "delay": "1s"}]}`))
	f.Add([]byte("faults: [&x {name: a}, *x]\n"))
	f.Add([]byte("? [a]\n: b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<12 {
			return
		}
		rules, err := faults.Parse("f", data)
		if err != nil {
			return
		}
		if _, err := faults.NewSet(rules); err != nil {
			t.Errorf("read, but not taken: %v", err)
		}
	})
}
