package check

import (
	"io"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/wire"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/schema"
)

// TestCheckCatalog: what a global catalog lacks is told of each, and of nothing else.
func TestCheckCatalog(t *testing.T) {
	for _, tt := range []struct {
		preset schema.Preset
		server conn.Server
		told   bool
	}{
		{schema.ActiveDirectory, conn.Server{URL: "ldap://dc1.example.org:3268"}, true},
		{schema.ActiveDirectory, conn.Server{URL: "ldaps://[2001:db8::1]:3269"}, true},
		{schema.Custom, conn.Server{URL: "ldaps://dc1.example.org:3269", Product: conn.ProductActiveDirectory}, true},
		{schema.ActiveDirectory, conn.Server{URL: "ldaps://dc1.example.org"}, false},
		{schema.ActiveDirectory, conn.Server{URL: "ldap://3268.example.org:389"}, false},
		{schema.OpenLDAP, conn.Server{URL: "ldap://dc1.example.org:3268", Product: conn.ProductOpenLDAP}, false},
	} {
		cfg := config.Default()
		cfg.LDAP.Preset = tt.preset
		c := ldapCheck{config: &config.Single{Config: cfg}}
		c.catalog(&tt.server)
		if told := len(c.checks) == 1; told != tt.told {
			t.Errorf("%s %s: %+v", tt.preset, tt.server.URL, c.checks)
		}
		for _, line := range c.checks {
			if !line.OK || !strings.Contains(line.Detail, "accountExpires and lockoutTime") || !strings.Contains(line.Detail, tt.server.URL) || line.Hint == "" {
				t.Errorf("%+v", line)
			}
		}
	}
}

// TestCheckOtherDomains: where the forest goes on is told, and passes.
func TestCheckOtherDomains(t *testing.T) {
	const password, child = "planted-pw", "ldap://child.example.com/dc=child,dc=example,dc=com"
	sim, err := ldapsim.New(ldapsim.Options{Suffixes: []string{"dc=example,dc=com"}, Binds: map[string]string{"cn=reader": password}, DomainScope: true})
	if err == nil {
		err = sim.Start("127.0.0.1:0")
	}
	if err == nil {
		err = sim.Add("dc=example,dc=com", ldapsim.Attributes{"objectClass": {"top"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	for referral, words := range map[string]string{
		"": "", child: child, child + "/" + password: "child.example.com", "ldap://example.com/CN=Configuration,DC=example,DC=com": "",
	} {
		sim.SetFaults(ldapsim.Faults{Referral: referral})
		cfg := config.Default()
		cfg.LDAP.Preset, cfg.LDAP.URLs, cfg.LDAP.Users.Bases = schema.ActiveDirectory, []string{sim.URL()}, []string{"dc=example,dc=com"}
		cfg.LDAP.BindDN, cfg.LDAP.BindPassword = "cn=reader", config.NewSecret(password)
		rules, err := wire.Rules(&cfg)
		if err != nil {
			t.Fatal(err)
		}
		c := ldapCheck{config: &config.Single{Config: cfg}, rules: &rules}
		if c.source, err = wire.NewSource(c.config, &rules, quiet); err != nil {
			t.Fatal(err)
		}
		c.domains(t.Context())
		if err := c.source.Close(); err != nil {
			t.Fatal(err)
		}
		if told := len(c.checks) == 1; told != (words != "") {
			t.Errorf("%q: %+v", referral, c.checks)
		}
		for _, line := range c.checks {
			if !line.OK || !strings.Contains(line.Detail, words) || strings.Contains(line.Detail, password) {
				t.Errorf("%+v", line)
			}
		}
	}
}
