package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
)

const two = `
directories:
  - name: hr
    urls: [ldaps://hr.example.org]
    bind_dn: uid=reader,ou=System
    bind_password: planted-password
  - name: students
    preset: openldap
    users: {base_dns: ["ou=people,dc=example,dc=org"]}
    timeout: 5s
    mapping: {realname: displayName, aliases: [mail]}
sync: {mapping: {realname: cn, email: ""}, scope: {include_groups: [hr/staff]}}
`

// TestDirectories: an item has the defaults of section ldap, by its own preset, and of its
// mapping what it leaves out is as in sync.mapping.
func TestDirectories(t *testing.T) {
	loaded := load(t, keys+two)
	want := config.Default()
	singles := loaded.Config.Each()
	if len(singles) != 2 || singles[0].Name != "hr" || singles[1].Name != "students" || singles[0].OwnMapping || !singles[1].OwnMapping {
		t.Fatalf("%d directories", len(singles))
	}
	hr, students := singles[0], singles[1]
	want.LDAP.URLs, want.LDAP.BindDN, want.LDAP.BindPassword = []string{"ldaps://hr.example.org"}, "uid=reader,ou=System", config.NewSecret("planted-password")
	if diff := cmp.Diff(want.LDAP, hr.LDAP, cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
		t.Errorf("hr (-want +got):\n%s", diff)
	}
	if hr.Sync.Mapping.Realname != "cn" || hr.Sync.Mapping.Email != "" || hr.Sync.Mapping.Username != "uid" || len(hr.Sync.Mapping.Aliases) > 0 {
		t.Errorf("hr maps %+v", hr.Sync.Mapping)
	}
	if m := students.Sync.Mapping; m.Realname != "displayName" || m.Email != "" || m.Username != "uid" || len(m.Aliases) != 1 || m.Lastname != "sn" {
		t.Errorf("students maps %+v", m)
	}
	if l := students.LDAP; l.Timeout != 5*time.Second || l.PageSize != 1000 || l.Users.Filter != "(objectClass=inetOrgPerson)" || !l.Groups.Nested {
		t.Errorf("students %+v", l)
	}
	if plain := load(t, keys).Config.Each(); len(plain) != 1 || plain[0].Name != "" || plain[0].OwnMapping {
		t.Errorf("without directories: %+v", plain)
	}
}

// TestShowDirectories: what is shown reads back as the same, without a secret, and names where
// each value comes from.
func TestShowDirectories(t *testing.T) {
	loaded := load(t, keys+two)
	shown := string(config.Show(loaded))
	for _, want := range []string{"  - name: hr", "    users:\n", "# preset openldap", "# sync.mapping"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not shown:\n%s", want, shown)
		}
	}
	if strings.Contains(shown, "planted-password") || strings.Contains(shown, "\nldap:") {
		t.Errorf("a secret, or section ldap, is shown:\n%s", shown)
	}
	again, err := config.Parse("/etc/duosync/config.yaml", config.ShowRevealed(loaded), environment)
	if err != nil {
		t.Fatalf("what is shown is refused: %v\n%s", err, shown)
	}
	if diff := cmp.Diff(loaded.Config, again.Config, cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
		t.Errorf("what is shown reads otherwise (-want +got):\n%s", diff)
	}
}
