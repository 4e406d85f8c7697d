package naming_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/naming"
)

// fillIDs sets every field of a value, at any depth; each SourceID is a plain one.
func fillIDs(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		return
	case v.Type() == reflect.TypeFor[dirsync.SourceID]():
		v.SetString("plain")
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint64:
		v.SetUint(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillIDs(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillIDs(v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fillIDs(key)
		fillIDs(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fillIDs(v.Field(i))
		}
	}
}

// plainIDs gives where in a value a SourceID stands that has no name.
func plainIDs(path string, v reflect.Value) (found []string) {
	if v.Type() == reflect.TypeFor[dirsync.SourceID]() {
		if !strings.HasPrefix(v.String(), "hr/") {
			return []string{path}
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return plainIDs(path, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = append(found, plainIDs(path+"[]", v.Index(i))...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			found = append(found, plainIDs(path+" key", key)...)
			found = append(found, plainIDs(path+"[]", v.MapIndex(key))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && v.Type() != reflect.TypeFor[time.Time]() {
				found = append(found, plainIDs(path+"."+field.Name, v.Field(i))...)
			}
		}
	}
	return found
}

// filledWithIDs gives a T with every field set.
func filledWithIDs[T any]() T {
	var value T
	fillIDs(reflect.ValueOf(&value).Elem())
	return value
}

// TestNamingMissesNoID: wherever the state keeps the id of a person or a group, it gets the
// name, also in a field that is added later.
func TestNamingMissesNoID(t *testing.T) {
	t.Parallel()
	naming := naming.Name("hr")
	baseline := filledWithIDs[dirsync.Baseline]()
	baseline.Directories = map[string]dirsync.Reference{"": filledWithIDs[dirsync.Reference]()}
	named := naming.Baseline(&baseline)
	for what, value := range map[string]any{
		"link": naming.Link(filledWithIDs[dirsync.Link]()), "group": naming.Group(filledWithIDs[dirsync.GroupLink]()),
		"mark": naming.Mark(filledWithIDs[dirsync.Mark]()), "operation": naming.Op(filledWithIDs[dirsync.Op]()), "baseline": named,
		"told": naming.Told(map[string]dirsync.Told{"person|plain": filledWithIDs[dirsync.Told]()}),
	} {
		if plain := plainIDs(what, reflect.ValueOf(value)); len(plain) > 0 {
			t.Errorf("without a name: %s", strings.Join(plain, ", "))
		}
	}
	ref := named.Directories["hr"]
	if len(named.Directories) != 1 || ref.Scope != baseline.Scope || ref.Place != baseline.Place || ref.Mapping != baseline.Mapping || ref.InScope != baseline.InScope || ref.Sighted != baseline.Sighted {
		t.Errorf("what was accepted is not the directory's: %+v", ref)
	}
	for key := range ref.Groups {
		if key != "id:hr/plain" {
			t.Errorf("a group stands under %q", key)
		}
	}
	if named.Scope != "" || baseline.Scope == "" {
		t.Error("what was accepted stands in the baseline still, or was taken from the old one")
	}
}

// TestNamingKeepsWhatWasTold: it is not told as new again.
func TestNamingKeepsWhatWasTold(t *testing.T) {
	t.Parallel()
	ids := []dirsync.SourceID{"1", "2"}
	told := naming.Name("hr").Told(map[string]dirsync.Told{
		"name|anna": {Hash: dirsync.HashIDs(ids), Sources: ids}, "person|1": {Hash: 7}, "unsure|2": {Hash: 8}, "group|staff": {Hash: 9},
	})
	want := map[string]dirsync.Hash{"name|anna": dirsync.HashIDs([]dirsync.SourceID{"hr/1", "hr/2"}), "person|hr/1": 7, "unsure|hr/2": 8, "group|staff": 9}
	if len(told) != len(want) {
		t.Errorf("told %v", told)
	}
	for key, hash := range want {
		if told[key].Hash != hash {
			t.Errorf("%s has the hash %d, want %d", key, told[key].Hash, hash)
		}
	}
}

// TestSpelledGroups: how the configuration can name a group, by its directory or without.
func TestSpelledGroups(t *testing.T) {
	t.Parallel()
	there := dirsync.Directories{{Name: "hr"}, {Name: "students"}}
	for _, test := range []struct {
		directories      dirsync.Directories
		directory, group string
		want             []string
	}{
		{nil, "", "staff", []string{"staff"}},
		{nil, "", "hr/staff", []string{"hr/staff"}},
		{dirsync.Directories{{}}, "", "hr/staff", []string{"hr/staff"}},
		{there, "hr", "staff", []string{"hr/staff", "staff"}},
		{there, "students", "hr/staff", []string{"students/hr/staff"}}, // or it would be taken for one of hr
		{there, "students", " HR /staff", []string{"students/ HR /staff"}},
		{there, "students", "it/staff", []string{"students/it/staff", "it/staff"}},
	} {
		if got := test.directories.Spelled(test.directory, test.group); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s in %q: %q, want %q", test.group, test.directory, got, test.want)
		}
	}
	for text, want := range map[string][2]string{"hr/staff": {"hr", "staff"}, "HR/staff": {"hr", "staff"}, "it/staff": {"", "it/staff"}, "hr/a/b": {"hr", "a/b"}, "staff": {"", "staff"}} {
		if directory, group := there.Reference(text); directory != want[0] || group != want[1] {
			t.Errorf("%s is %q in %q", text, group, directory)
		}
	}
}
