package config_test

import (
	"testing"

	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
)

// Each field of a Duo user with a single value has a key of its name in sync.mapping.
func TestMappingHasEveryField(t *testing.T) {
	m := config.Mapping{
		Username: "username", Realname: "realname", Firstname: "firstname", Lastname: "lastname",
		Email: "email", Notes: "notes", Status: "status",
	}
	for _, field := range dirsync.FieldNames {
		if got := m.Of(field); got != field {
			t.Errorf("%s: %q", field, got)
		}
	}
	if got := m.Of("nothing"); got != "" {
		t.Errorf("a field without a key: %q", got)
	}
}
