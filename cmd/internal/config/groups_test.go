package config_test

import (
	"testing"

	"duosync/cmd/internal/config"
)

func TestMirroredGroups(t *testing.T) {
	tests := []struct {
		mirror []string
		yes    []string
		no     []string
	}{
		{[]string{"VPN users"}, []string{"VPN users", "vpn USERS", "VPN  users "}, []string{"VPN", "VPNusers", ""}}, // as directories compare
		{[]string{"/vpn-.*/", "staff"}, []string{"vpn-a", "VPN-B", "Staff"}, []string{"my-vpn-a", "vpn", "staffs"}},
		{[]string{"/a|b/"}, []string{"a", "B"}, []string{"ab", "a\n"}},
	}
	for _, test := range tests {
		mirrored, err := (&config.GroupRules{Mirror: test.mirror}).Mirrored()
		if err != nil {
			t.Errorf("%q: %v", test.mirror, err)
			continue
		}
		for _, name := range test.yes {
			if !mirrored(name) {
				t.Errorf("%q leaves out %q", test.mirror, name)
			}
		}
		for _, name := range test.no {
			if mirrored(name) {
				t.Errorf("%q takes %q", test.mirror, name)
			}
		}
	}
	if mirrored, err := new(config.GroupRules).Mirrored(); mirrored != nil || err != nil {
		t.Errorf("without items there is a test, or an error: %v", err)
	}
	if _, err := (&config.GroupRules{Mirror: []string{"/(/"}}).Mirrored(); err == nil {
		t.Error("/(/ is taken")
	}
}

func TestRenamedGroups(t *testing.T) {
	rules := config.GroupRules{Rename: map[string]string{"Staff": "Personnel", "robots": "Machines"}}
	for name, want := range map[string]string{"staff": "Personnel", "STAFF": "Personnel", "robots": "Machines", "Guests": "Guests", "": ""} {
		if got := rules.Renamed(name); got != want {
			t.Errorf("%q is %q in Duo, want %q", name, got, want)
		}
	}
}
