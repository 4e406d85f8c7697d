package planfile

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Settings digests sections of the configuration: for each key path, such as
// ldap.users.filter, its effective value. Of a secret it only tells whether there
// is one, for that is all that its JSON form shows.
func (k Key) Settings(sections map[string]any) (map[string]string, error) {
	digests := map[string]string{}
	for name, section := range sections {
		if err := k.settings(digests, name, reflect.ValueOf(section)); err != nil {
			return nil, err
		}
	}
	return digests, nil
}

// settings digests what is below path: fields with a yaml tag are keys of a
// section, and all else is a value.
func (k Key) settings(digests map[string]string, path string, v reflect.Value) error {
	section := false
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			name, tagged := v.Type().Field(i).Tag.Lookup("yaml")
			if !tagged {
				continue
			}
			section = true
			if err := k.settings(digests, path+"."+name, v.Field(i)); err != nil {
				return err
			}
		}
	}
	if section {
		return nil
	}
	var text []byte
	if kind := v.Kind(); kind != reflect.Slice && kind != reflect.Map || v.Len() > 0 { // none is like an empty one
		var err error
		if text, err = json.Marshal(v.Interface()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	digests[path] = k.digest(path + "=" + string(text))
	return nil
}
