package config

import (
	"fmt"
	"strings"

	"duosync/ldapsrc/schema"
)

// Former is a configuration as it was under the values that an earlier version filled in
// for keys that the file leaves out.
type Former struct {
	Config Config
	// Keep are the lines that keep those values, one after the other.
	Keep []string
}

// Former gives what the file said to earlier versions, the latest first, where that
// differs from what it says to this one.
func (l *Loaded) Former() []Former {
	kind, _ := schema.Of(l.Config.LDAP.Preset)
	var all []Former
	for _, users := range kind.Former {
		f := Former{Config: l.Config}
		keep := func(path string, key *string, value string) {
			if l.doc.Written(path) || value == "" || *key == value {
				return
			}
			*key = value
			f.Keep = append(f.Keep, line(path, value))
		}
		keep("ldap.users.filter", &f.Config.LDAP.Users.Filter, users.Filter)
		keep("ldap.users.id_attribute", &f.Config.LDAP.Users.IDAttribute, users.IDAttribute)
		keep("sync.mapping.username", &f.Config.Sync.Mapping.Username, users.Username)
		if len(f.Keep) > 0 {
			all = append(all, f)
		}
	}
	return all
}

// line writes a key and its value as one line of YAML.
func line(path, value string) string {
	keys := strings.Split(path, ".")
	last := len(keys) - 1
	return fmt.Sprintf("%s: {%s: '%s'%s", strings.Join(keys[:last], ": {"), keys[last], strings.ReplaceAll(value, "'", "''"), strings.Repeat("}", last))
}
