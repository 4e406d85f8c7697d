package dirsync_test

import (
	"reflect"
	"testing"

	dirsync "duosync/sync"
)

// Whatever Duo can change of a user changes the hash: else a read of all of Duo would take
// the user for unchanged, and keep what was known.
func TestAccountHash(t *testing.T) {
	never := map[string]bool{"ID": true, "Created": true}
	plain := dirsync.Account{ID: "DU1"}
	for field := range reflect.TypeFor[dirsync.Account]().Fields() {
		if never[field.Name] {
			continue
		}
		a := plain
		switch v := reflect.ValueOf(&a).Elem().FieldByIndex(field.Index); v.Interface().(type) {
		case string:
			v.SetString("x")
		case bool:
			v.SetBool(true)
		case []string:
			v.Set(reflect.ValueOf([]string{"x"}))
		case []dirsync.Membership:
			v.Set(reflect.ValueOf([]dirsync.Membership{{ID: "DG1"}}))
		case []dirsync.Phone:
			v.Set(reflect.ValueOf([]dirsync.Phone{{ID: "DP1"}}))
		default:
			t.Fatalf("%s has a type of its own: say how it changes", field.Name)
		}
		if a.Hash() == plain.Hash() {
			t.Errorf("a change of %s does not show", field.Name)
		}
	}
}
