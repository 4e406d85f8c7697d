package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
)

func TestExample(t *testing.T) {
	loaded, err := config.Parse("/etc/duosync/config.yaml", config.Example(), func(name string) (string, bool) {
		value, ok := map[string]string{"LDAP_PASSWORD": "a", "DUO_INTEGRATION_KEY": "b", "DUO_SECRET_KEY": "c"}[name]
		return value, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.LDAP.BindDN, want.LDAP.BindPassword = "uid=admin,ou=system", config.NewSecret("a")
	want.Duo.Host, want.Duo.IntegrationKey, want.Duo.SecretKey = "api-xxxxxxxx.duosecurity.com", "b", config.NewSecret("c")
	want.State.DSN = config.NewSecret("/etc/duosync/duosync.db")
	if diff := cmp.Diff(want, loaded.Config); diff != "" {
		t.Errorf("the example holds something else than the defaults (-default +example)\n%s", diff)
	}
	for _, path := range config.Leaves() {
		if source := loaded.Source(path); source == "default" || strings.HasPrefix(source, "preset") {
			t.Errorf("the example lacks %s", path)
		}
	}
}

func TestExampleIsAtTheTop(t *testing.T) {
	got, err := os.ReadFile("../../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(config.Example()), string(got)); diff != "" {
		t.Errorf("copy example.yaml to config.example.yaml (-example.yaml +config.example.yaml)\n%s", diff)
	}
}
