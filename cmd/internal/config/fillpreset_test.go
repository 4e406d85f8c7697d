package config_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
	"duosync/ldapsrc/schema"
)

// The words that ldap.preset takes are the kinds of directory that there are.
func TestPresetsAreKinds(t *testing.T) {
	field, _ := reflect.TypeFor[config.LDAP]().FieldByName("Preset")
	var kinds []string
	for _, preset := range schema.Presets() {
		kinds = append(kinds, string(preset))
	}
	if diff := cmp.Diff(kinds, strings.Split(field.Tag.Get("enum"), "|")); diff != "" {
		t.Error(diff)
	}
}
