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

	"duosync/cmd/internal/check"
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
				want = append(want, "administrator", "reader", "klee", "dns-dc1") // the accounts for users that are there
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
			n.edit("ldap.users.base_dns", values["ldap.users.base_dns"]) // where a preset has one, another has none
			for _, c := range contradictions()[name] {
				n.contradicts(&c)
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
// accounts. One person's entry has another name than the account.
func addOthers(d *directory) {
	for rdn, attrs := range map[string]map[string][]string{
		"CN=Kim Lee":      {"objectClass": {"user"}, "sAMAccountName": {"klee"}, "userAccountControl": {"544"}, "givenName": {"Kim"}, "sn": {"Lee"}},
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

// contradiction is what somebody writes into a right configuration, and what check says of it.
type contradiction struct {
	key, value string
	fails      bool   // a check fails for it
	name       string // of the line
	words      []string
}

// contradictions are those tried on each kind of directory, whose twelve people are there.
func contradictions() map[string][]contradiction {
	const preset, filter, id, username = "ldap.preset", "ldap.users.filter", "ldap.users.id_attribute", "sync.mapping.username"
	return map[string][]contradiction{
		"OpenLDAP": {
			{preset, "activedirectory", true, "LDAP preset", []string{"the server is OpenLDAP, ldap.preset is activedirectory", "set ldap.preset: openldap"}},
			{preset, "activedirectory", true, "LDAP search", []string{"ldap.users.filter: (objectClass=inetOrgPerson)"}},
			{preset, "custom", false, "LDAP locks", []string{"everybody counts as active", "set ldap.preset: openldap"}},
			{id, "uid", false, "LDAP preset", []string{"changes when people are renamed", "set ldap.users.id_attribute: entryUUID"}},
			{id, "objectGUID", true, "LDAP ids", []string{"ldap.users.id_attribute: entryUUID"}},
			{username, "cn", false, "LDAP preset", []string{"12 of 12 people have another uid", `"person00" is "person 0"`, "set sync.mapping.username: uid"}},
			{username, "sAMAccountName", true, "LDAP attributes", []string{"sync.mapping.username: uid"}},
			{username, "cn + '$'", false, "LDAP usernames", []string{`12 usernames of 12 people end in $: such as "person `, "ldap.users.filter"}},
			{"sync.mapping.email", "'sn < \"4\" ? \"team@example.com\" : mail'", false, "LDAP attributes", []string{"of 12 people share 1 address with others: ", `"team@example.com" of uid=person`}},
		},
		"389": {
			{preset, "openldap", true, "LDAP preset", []string{"the server is 389 Directory Server, ldap.preset is openldap", "set ldap.preset: 389ds"}},
			{preset, "openldap", true, "LDAP ids", []string{"ldap.users.id_attribute: nsUniqueId"}},
			{preset, "custom", true, "LDAP ids", []string{"ldap.users.id_attribute: nsUniqueId"}},
		},
		"FreeIPA's layout": {
			{preset, "wso2is", true, "LDAP ids", []string{"entryUUID"}},
		},
		"WSO2's ApacheDS": {
			{preset, "openldap", false, "LDAP preset", []string{"the server is ApacheDS, ldap.preset is openldap", "set ldap.preset: wso2is"}},
		},
		"Samba AD": {
			{preset, "wso2is", true, "LDAP preset", []string{"the server is Active Directory, ldap.preset is wso2is", "set ldap.preset: activedirectory"}},
			{preset, "wso2is", true, "LDAP ids", []string{"ldap.users.id_attribute: objectGUID"}},
			{filter, "(objectClass=person)", true, "LDAP preset", []string{"are no users' accounts: such as CN=", "set ldap.users.filter: (sAMAccountType=805306368)"}},
			{filter, "(&(objectClass=person)(sAMAccountName=*))", false, "LDAP usernames", []string{"4 usernames of ", ` end in $: such as "`, "ldap.users.filter"}},
			{id, "sAMAccountName", false, "LDAP preset", []string{"changes when people are renamed", "objectGUID"}},
			{username, "cn", false, "LDAP preset", []string{`1 of 18 people have another sAMAccountName than their username (cn): "klee" is "kim lee"`}},
			{username, "uid", true, "LDAP attributes", []string{"sync.mapping.username: sAMAccountName"}},
		},
	}
}

// contradicts writes a contradiction into the configuration, and wants check to tell of it.
func (n *newcomer) contradicts(c *contradiction) {
	n.t.Helper()
	before, err := os.ReadFile(n.file)
	if err != nil {
		n.t.Fatal(err)
	}
	n.edit(c.key, c.value)
	code, out, errs := n.run("check", "--format", "json")
	var document struct{ Checks []check.Check }
	if err := json.Unmarshal([]byte(out), &document); err != nil || (code == 1) != c.fails {
		n.t.Errorf("%s: %s: exit %d, %v\n%s%s", c.key, c.value, code, err, out, errs)
	}
	if !slices.ContainsFunc(document.Checks, func(line check.Check) bool {
		return line.Name == c.name && !slices.ContainsFunc(c.words, func(words string) bool { return !strings.Contains(line.Detail+" → "+line.Hint, words) })
	}) {
		n.t.Errorf("%s: %s: no line %q with %q\n%s", c.key, c.value, c.name, c.words, out)
	}
	if _, table, _ := n.run("check"); strings.Contains(table, "all is well") != (c.name == "LDAP locks" || c.name == "LDAP attributes" && !c.fails) {
		n.t.Errorf("%s: %s: the first line\n%s", c.key, c.value, table)
	}
	if err := os.WriteFile(n.file, before, 0o600); err != nil {
		n.t.Fatal(err)
	}
}
