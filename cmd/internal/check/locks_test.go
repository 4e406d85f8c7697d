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
			seen := newCensus(&rules)
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
