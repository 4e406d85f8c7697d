package directories_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/cli"
	"duosync/ldapsrc/sambatest"
)

// mostEdits is how many values of a fresh configuration an administrator has to change.
const mostEdits = 5

// newcomer is somebody with a directory, a Duo account and nothing but what `config init`
// says.
type newcomer struct {
	t    *testing.T
	file string
	env  map[string]string
}

func (n *newcomer) run(args ...string) (code int, out, errs string) {
	n.t.Helper()
	var o, e bytes.Buffer
	code = cli.Main(append(args, "--config", n.file), cli.Stdio{Out: &o, Err: &e, Env: func(name string) (string, bool) {
		value, ok := n.env[name]
		return value, ok
	}})
	return code, o.String(), e.String()
}

// edit sets the one value of a key in a section, and takes its remark's mark off.
func (n *newcomer) edit(path, value string) {
	n.t.Helper()
	data, err := os.ReadFile(n.file)
	if err != nil {
		n.t.Fatal(err)
	}
	section, key, _ := strings.Cut(path, ".")
	key = key[strings.LastIndex(key, ".")+1:]
	begin := strings.Index("\n"+string(data), "\n"+section+":")
	line := regexp.MustCompile(`(?m)^( +)(?:# )?` + key + `: .*$`)
	at := line.FindSubmatchIndex(data[begin:])
	if begin < 0 || at == nil {
		n.t.Fatalf("there is no %s in\n%s", path, data)
	}
	text := string(data[:begin+at[3]]) + key + ": " + value + string(data[begin+at[1]:])
	if err := os.WriteFile(n.file, []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// TestNewcomer: `config init --preset`, the edits that it names, and the dry run shows the
// people of the directory, and nothing else that is in it.
func TestNewcomer(t *testing.T) {
	for name, start := range kinds() {
		t.Run(name, func(t *testing.T) {
			d := start(t)
			part := func(pattern string) string { return regexp.MustCompile(pattern).FindStringSubmatch(d.config)[1] }
			base := part(`users: \{base_dns: \["([^"]*)"`)
			var want []string
			for i := range 12 {
				person := fmt.Sprintf("person%02d", i)
				d.Do(func(c *ldap.Conn) error {
					request := ldap.NewAddRequest(d.rdn+"="+person+","+d.users, nil)
					for attribute, values := range d.person(person, i) {
						request.Attribute(attribute, values)
					}
					request.Attribute("givenName", []string{"Kim"})
					return c.Add(request)
				})
				if i == 3 {
					d.lock(d, d.rdn+"="+person+","+d.users)
					continue
				}
				want = append(want, person)
			}
			if name == "Samba AD" {
				base = sambatest.Suffix // the whole domain
				addOthers(d)
				want = append(want, "administrator", "reader")
			}

			n := &newcomer{t: t, file: filepath.Join(t.TempDir(), "config.yaml"), env: map[string]string{"LDAP_PASSWORD": part(`bind_password: "([^"]*)"`)}}
			duo, section := account(t, filepath.Dir(n.file))
			n.env["DUO_INTEGRATION_KEY"], n.env["DUO_SECRET_KEY"] = "DIPLANTEDKEY00000001", strings.Repeat("s", 40)
			if code, out, errs := n.run("config", "init", "--preset", part(`preset: (\S+)`)); code != 0 {
				t.Fatalf("config init: exit %d\n%s%s", code, out, errs)
			}
			values := map[string]string{
				"ldap.urls": `["` + part(`urls: \["([^"]*)"`) + `"]`, "ldap.bind_dn": part(`bind_dn: ("[^"]*")`),
				"ldap.users.base_dns": `["` + base + `"]`, "duo.host": duo.Host(),
			}
			edits := 0
			for _, key := range toBeEdited(t, n.file) {
				if values[key] == "" {
					t.Fatalf("%s is to be edited, and nobody knows to what", key)
				}
				n.edit(key, values[key])
				edits++
			}
			n.edit("duo.ca_file", regexp.MustCompile(`ca_file: (\S+)`).FindStringSubmatch(section)[1]) // of the simulator
			if edits++; edits > mostEdits {
				t.Errorf("%d edits", edits)
			}
			code, out, errs := n.run("check")
			if code != 0 || strings.Contains(out, "LDAP preset") {
				t.Errorf("check: exit %d\n%s%s", code, out, errs)
			}
			code, out, errs = n.run("sync", "--dry-run", "--format", "json")
			var report struct {
				Operations []struct{ Action, Username string }
			}
			if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 {
				t.Fatalf("sync: exit %d, %v\n%s%s", code, err, out, errs)
			}
			var got []string
			for _, o := range report.Operations {
				got = append(got, strings.TrimPrefix(o.Username, o.Action))
				if o.Action != "create" {
					t.Errorf("%s %s", o.Action, o.Username)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the dry run creates (-want +got):\n%s", diff)
			}
		})
	}
}

// toBeEdited reads in a fresh configuration which keys are to be edited.
func toBeEdited(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^# To be edited, each marked \(1\): (.*)\.$`).FindSubmatch(data)
	if m == nil {
		t.Fatalf("it does not say what is to be edited:\n%s", data)
	}
	return strings.Split(string(m[1]), ", ")
}

// addOthers adds what is in a domain beside people: a computer, a contact, a managed service
// account and a trust's.
func addOthers(d *directory) {
	for rdn, attrs := range map[string]map[string][]string{
		"CN=LAPTOP7":      {"objectClass": {"computer"}, "sAMAccountName": {"LAPTOP7$"}, "userAccountControl": {"4096"}},
		"CN=Ann Outside":  {"objectClass": {"contact"}, "mail": {"ann@elsewhere.example"}, "givenName": {"Ann"}},
		"CN=managed":      {"objectClass": {"msDS-GroupManagedServiceAccount"}, "sAMAccountName": {"managed$"}, "userAccountControl": {"4096"}, "msDS-ManagedPasswordInterval": {"30"}},
		"CN=managed once": {"objectClass": {"msDS-ManagedServiceAccount"}, "sAMAccountName": {"once$"}, "userAccountControl": {"4096"}},
	} {
		d.Do(func(c *ldap.Conn) error {
			request := ldap.NewAddRequest(rdn+","+d.users, nil)
			for attribute, values := range attrs {
				request.Attribute(attribute, values)
			}
			return c.Add(request)
		})
	}
}
