package ldapsrc_test

import (
	"path/filepath"
	"testing"

	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/schema"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*ldapsrc.Options)
		words  string
		hint   string
	}{
		{"no URL", func(o *ldapsrc.Options) { o.URLs = nil }, "no LDAP server", "ldap.urls"},
		{"scheme", func(o *ldapsrc.Options) { o.URLs = []string{"http://example.com"} }, "http://example.com", "ldap.urls"},
		{"no host", func(o *ldapsrc.Options) { o.URLs = []string{"ldap://:389"} }, "name a host", "ldap.urls"},
		{"credentials in the URL", func(o *ldapsrc.Options) { o.URLs = []string{"ldap://me:wrong-pw@example.com"} }, "hold a user", "ldap.bind_dn"},
		{"password in the clear", func(o *ldapsrc.Options) { o.URLs = []string{"ldap://ldap.example.com"} }, "unencrypted", "ldap.start_tls"},
		{"second URL in the clear", func(o *ldapsrc.Options) {
			o.URLs = []string{"ldaps://a.example.com", "ldap://192.0.2.1"}
		}, "ldap://192.0.2.1|unencrypted", "ldap.allow_plaintext"},
		{"DN without password", func(o *ldapsrc.Options) { o.BindPassword = "" }, "anonymous", "ldap.bind_password"},
		{"password without DN", func(o *ldapsrc.Options) { o.BindDN = "" }, "no bind DN", "ldap.bind_dn"},
		{"CA file missing", func(o *ldapsrc.Options) { o.CAFile = filepath.Join(t.TempDir(), "none") }, "none", "ldap.ca_file"},
		{"CA file without certificate", func(o *ldapsrc.Options) { o.CAFile = "options_test.go" }, "ldap.ca_file|no PEM text", "BEGIN CERTIFICATE"},
		{"certificate without key", func(o *ldapsrc.Options) { o.ClientCertFile = "x" }, "together", "ldap.client_key_file"},
		{"certificate in the clear", func(o *ldapsrc.Options) {
			o.URLs, o.ClientCertFile, o.ClientKeyFile = []string{"ldap://127.0.0.1"}, "x", "y"
		}, "encrypted", "ldap.start_tls"},
		{"client certificate missing", func(o *ldapsrc.Options) { o.ClientCertFile, o.ClientKeyFile = "x", "y" }, "x", "ldap.client_cert_file"},
		{"no base", func(o *ldapsrc.Options) { o.Users.Bases = nil }, "no base DN", "ldap.users.base_dns"},
		{"empty base", func(o *ldapsrc.Options) { o.Users.Bases = []string{" "} }, "is no DN", "ldap.users.base_dns"},
		{"base that is no DN", func(o *ldapsrc.Options) { o.Users.Bases = []string{"Users"} }, `"Users" is no DN`, "ldap.users.base_dns"},
		{"a base twice", func(o *ldapsrc.Options) {
			o.Users.Bases = []string{"ou=Users,dc=x", "OU=users, DC=X"}
		}, "twice", "ldap.users.base_dns"},
		{"scope", func(o *ldapsrc.Options) { o.Users.Scope = "all" }, `"all"`, "sub, one or base"},
		{"filter without brackets", func(o *ldapsrc.Options) { o.Users.Filter = "uid=*" }, "character 1: a ( is missing", "ldap.users.filter"},
		{"filter not closed", func(o *ldapsrc.Options) { o.Users.Filter = "(&(uid=*)(cn=x)" }, "character 16: a ) is missing", "ldap.users.filter"},
		{"filter goes on", func(o *ldapsrc.Options) { o.Users.Filter = "(uid=*)(cn=x)" }, "character 8", "ldap.users.filter"},
		{"filter without value", func(o *ldapsrc.Options) { o.Users.Filter = "(uid)" }, "character 2: attribute=value", "ldap.users.filter"},
		{"filter without attribute", func(o *ldapsrc.Options) { o.Users.Filter = "(=x)" }, "character 2", "ldap.users.filter"},
		{"filter with a bare backslash", func(o *ldapsrc.Options) { o.Users.Filter = `(cn=a\)` }, "character 6", "ldap.users.filter"},
		{"filter negates nothing", func(o *ldapsrc.Options) { o.Users.Filter = "(&(uid=*)(!))" }, "character 12", "ldap.users.filter"},
		{"filter that go-ldap refuses", func(o *ldapsrc.Options) { o.Users.Filter = "(u(id=x)" }, "character 2", "ldap.users.filter"},
		{"attribute name", func(o *ldapsrc.Options) { o.Attributes = []string{"given name"} }, `"given name"`, "mapping"},
		{"all attributes", func(o *ldapsrc.Options) { o.Attributes = []string{"*"} }, `"*"`, "mapping"},
		{"id attribute name", func(o *ldapsrc.Options) { o.Users.IDAttribute = "(uid" }, `"(uid"`, "ldap.users.id_attribute"},
		{"groups without base", func(o *ldapsrc.Options) { o.Groups.Bases = nil }, "no base DN for groups", "ldap.groups.base_dns"},
		{"groups' base that is no DN", func(o *ldapsrc.Options) { o.Groups.Bases = []string{"Groups"} }, `"Groups" is no DN`, "ldap.groups.base_dns"},
		{"groups' filter", func(o *ldapsrc.Options) { o.Groups.Filter = "cn=*" }, "character 1", "ldap.groups.filter"},
		{"groups' name", func(o *ldapsrc.Options) { o.Groups.NameAttribute = "c n" }, `"c n"`, "ldap.groups.name_attribute"},
		{"groups' members", func(o *ldapsrc.Options) { o.Groups.MemberAttributes = []string{"*"} }, `"*"`, "ldap.groups.member_attribute"},
		{"preset", func(o *ldapsrc.Options) { o.Preset = "domino" }, "domino", "wso2is openldap"},
		{"timeout", func(o *ldapsrc.Options) { o.Timeout = -1 }, "negative", "ldap.timeout"},
		{"page size", func(o *ldapsrc.Options) { o.PageSize = -1 }, "-1", "ldap.page_size"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opts := ldapsrc.Options{
				Servers: conn.Servers{URLs: []string{"ldaps://ldap.example.com"}, BindDN: simDN, BindPassword: simPassword},
				Users:   ldapsrc.Users{Bases: []string{simUsers}}, Preset: schema.WSO2IS,
				Groups: membership.Groups{Bases: []string{simGroups}, Want: anyGroup},
			}
			tt.change(&opts)
			_, err := ldapsrc.New(opts)
			wantError(t, err, tt.words, tt.hint)
		})
	}
}

func TestPlaintextRule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url      string
		password string
		startTLS bool
		allow    bool
		refused  bool
	}{
		{url: "ldap://127.0.0.1:10389", password: simPassword},
		{url: "ldap://[::1]:10389", password: simPassword},
		{url: "ldap://LocalHost", password: simPassword},
		{url: "ldaps://ldap.example.com", password: simPassword},
		{url: "ldap://ldap.example.com", password: simPassword, startTLS: true},
		{url: "ldap://ldap.example.com", password: simPassword, allow: true},
		{url: "ldap://ldap.example.com"}, // nothing to give away
		{url: "ldap://ldap.example.com", password: simPassword, refused: true},
		{url: "ldap://localhost.example.com", password: simPassword, refused: true},
		{url: "ldap://[2001:db8::1]", password: simPassword, refused: true},
		{url: "ldap://0.0.0.0", password: simPassword, refused: true},
	}
	for _, tt := range tests {
		opts := ldapsrc.Options{
			Servers: conn.Servers{URLs: []string{tt.url}, StartTLS: tt.startTLS, AllowPlaintext: tt.allow},
			Users:   ldapsrc.Users{Bases: []string{simUsers}}, Preset: schema.WSO2IS,
		}
		if tt.password != "" {
			opts.BindDN, opts.BindPassword = simDN, tt.password
		}
		if _, err := ldapsrc.New(opts); (err != nil) != tt.refused {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

func TestFiltersThatCompile(t *testing.T) {
	t.Parallel()
	for _, filter := range []string{
		"(objectClass=person)", "(&(objectClass=person)(!(accountLock=true)))", `(cn=a\28b\29)`, "(&)", "(|(uid=a*b*c)(mail=*))",
		"(modifyTimestamp>=20260101000000Z)", "(memberOf:1.2.840.113556.1.4.1941:=cn=x,dc=y)", "  (uid=*)  ", "(cn=Zoë)", "",
	} {
		_, err := ldapsrc.New(ldapsrc.Options{
			Servers: conn.Servers{URLs: []string{"ldaps://x"}}, Users: ldapsrc.Users{Bases: []string{simUsers}, Filter: filter}, Preset: schema.OpenLDAP,
		})
		if err != nil {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	tests := []struct {
		bases []string
		want  string
	}{
		{[]string{"ou=Users,dc=WSO2,dc=ORG"}, "dc=wso2,dc=org"},
		{[]string{"OU=People , DC=wso2, dc=org", "ou=Users,dc=WSO2,dc=ORG"}, "dc=wso2,dc=org"},
		{[]string{"ou=a,dc=z", "ou=a,dc=b"}, "dc=b; dc=z"},
		{[]string{"ou=Users,o=Example Corp"}, "o=example corp"},
		{[]string{`ou=Users,o=Smith\2C Inc`}, `o=smith\, inc`},
		{[]string{"dc=org"}, "dc=org"},
		{[]string{"dc=x,ou=Users,dc=org"}, "dc=org"},
		{[]string{"not a DN "}, "not a dn"},
	}
	for _, tt := range tests {
		if got := ldapsrc.Directory(tt.bases); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.bases, got, tt.want)
		}
	}
}

// What a preset fills in passes the checks, and each has an id attribute and the
// names by which groups are read.
func TestDefaults(t *testing.T) {
	t.Parallel()
	for _, preset := range schema.Presets() {
		kind, ok := schema.Of(preset)
		if !ok || kind.Users.IDAttribute == "" || kind.Users.Filter == "" || kind.Groups.Filter == "" ||
			kind.Groups.NameAttribute == "" || kind.Groups.MemberAttribute == "" {
			t.Errorf("%s: %+v", preset, kind)
		}
		users, groups := ldapsrc.Users{Bases: []string{simUsers}}, membership.Groups{Bases: []string{simGroups}, Want: anyGroup}
		if _, err := ldapsrc.New(ldapsrc.Options{Servers: conn.Servers{URLs: []string{"ldaps://x"}}, Users: users, Groups: groups, Preset: preset}); err != nil {
			t.Errorf("%s: %v", preset, err)
		}
	}
}
