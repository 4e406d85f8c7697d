package check

import (
	"fmt"
	"strings"
	"testing"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
)

func plain(i int) string { return fmt.Sprintf("plain%03d", i) }

// TestCheckUnreadableStatus fails where an attribute does not come back that every
// entry has, for all or for some.
func TestCheckUnreadableStatus(t *testing.T) {
	const attribute = "userAccountControl"
	cfg := config.Default()
	cfg.LDAP.Preset = "activedirectory"
	for name, test := range map[string]struct {
		blind int
		fails bool
	}{"all": {5, true}, "some": {2, true}, "none": {0, false}} {
		t.Run(name, func(t *testing.T) {
			rules, err := wire.Rules(&cfg)
			if err != nil {
				t.Fatal(err)
			}
			c := ldapCheck{config: &config.Single{Config: cfg}, rules: &rules}
			seen := newCensus(&rules, nil)
			for i := range 5 {
				p := dirsync.Person{ID: dirsync.SourceID(plain(i)), DN: "cn=" + plain(i), Attrs: map[string][]string{"uid": {plain(i)}, "useraccountcontrol": {"512"}}, Standing: dirsync.Enabled}
				if i < test.blind {
					delete(p.Attrs, "useraccountcontrol")
					p.Standing, p.Unsure = dirsync.Unreadable, &dirsync.Unsure{Attribute: strings.ToLower(attribute)}
				}
				seen.count(&p)
			}
			c.locks(seen)
			if len(c.checks) != 1 || c.checks[0].OK == test.fails {
				t.Fatalf("checks %+v", c.checks)
			}
			if line := c.checks[0]; test.fails && (!strings.Contains(line.Detail, attribute+" did not come back for ") || !strings.Contains(line.Hint, "Pre-Windows 2000 Compatible Access")) {
				t.Errorf("%+v", line)
			}
		})
	}
}

// TestCheckExpiry notes a configured end of accounts that nobody has, or that no status is
// made of.
func TestCheckExpiry(t *testing.T) {
	for name, test := range map[string]struct {
		expires, status string
		want            string // in a note before the line about locks; "" for none
	}{
		"seen":           {"shadowExpire", config.StatusPreset, ""},
		"seen, any case": {"SHADOWEXPIRE", `in_group("x") ? "disabled" : preset`, ""},
		"for nobody":     {"validUntil", config.StatusPreset, "validUntil came back for nobody"},
		"without effect": {"shadowExpire", `uid == "x" ? "disabled" : "active"`, "ldap.expires_attribute has no effect"},
		"not ours":       {"shadowExpire", "", "ldap.expires_attribute has no effect"},
		"the preset's":   {"pwdEndTime", config.StatusPreset, ""},
		"none":           {"none", config.StatusPreset, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config.Default()
			cfg.LDAP.Preset, cfg.LDAP.ExpiresAttribute, cfg.Sync.Mapping.Status = "openldap", test.expires, test.status
			rules, err := wire.Rules(&cfg)
			if err != nil {
				t.Fatal(err)
			}
			c, seen := ldapCheck{config: &config.Single{Config: cfg}, rules: &rules}, newCensus(&rules, nil)
			seen.count(&dirsync.Person{ID: "1", DN: "cn=x", Attrs: map[string][]string{"uid": {"x"}, "shadowexpire": {"20543"}}, Standing: dirsync.Enabled})
			c.locks(seen)
			notes := c.checks[:len(c.checks)-1]
			if (len(notes) > 0) != (test.want != "") || len(notes) > 0 && (!notes[0].OK || notes[0].Hint == "" || !strings.Contains(notes[0].Detail, test.want)) {
				t.Errorf("%+v", c.checks)
			}
		})
	}
}
