package config

import (
	"reflect"
	"time"

	"duosync/cmd/internal/config/strict"
	"duosync/ldapsrc/schema"
)

// preset is a kind of directory: what the configuration holds where the file is
// silent.
type preset struct {
	config Config   // what there is of a kind of directory in it
	keys   []string // the key paths that this preset is about; others are plain defaults
}

func presetOf(name schema.Preset) (preset, bool) {
	kind, ok := schema.Of(name)
	if !ok {
		return preset{}, false
	}
	p := preset{config: Config{LDAP: ldapOf(kind)}, keys: presetKeys()}
	p.config.Sync.Mapping.Username = kind.Users.Username
	return p, true
}

func presetKeys() []string {
	return []string{
		"ldap.urls",
		"ldap.users.base_dns", "ldap.users.filter", "ldap.users.scope", "ldap.users.id_attribute",
		"ldap.groups.base_dns", "ldap.groups.filter", "ldap.groups.name_attribute",
		"ldap.groups.member_attribute", "ldap.groups.nested",
		"ldap.expires_attribute",
		"sync.mapping.username",
	}
}

// ldapOf gives section ldap for a kind of directory.
func ldapOf(kind schema.Kind) LDAP {
	return LDAP{
		Preset:   kind.Preset,
		URLs:     []string{kind.URL},
		Timeout:  30 * time.Second,
		PageSize: 1000,
		Users: LDAPUsers{
			Bases: kind.Users.Bases, Filter: kind.Users.Filter, Scope: "sub", IDAttribute: kind.Users.IDAttribute,
		},
		Groups: LDAPGroups{
			Bases: kind.Groups.Bases, Filter: kind.Groups.Filter,
			NameAttribute: kind.Groups.NameAttribute, MemberAttribute: strict.OneOrMore{kind.Groups.MemberAttribute}, Nested: true,
		},
		ExpiresAttribute: kind.Expires,
	}
}

// fillPreset sets what the file left out to the values of the file's preset.
func fillPreset(doc *strict.Document, c *Config) {
	p, ok := presetOf(c.LDAP.Preset)
	if !ok {
		return
	}
	from := reflect.ValueOf(&p.config).Elem()
	to := reflect.ValueOf(c).Elem()
	for _, path := range p.keys {
		if doc.Written(path) {
			continue
		}
		strict.Lookup(to, path).Set(strict.Lookup(from, path))
		doc.Supply(path, "preset "+string(c.LDAP.Preset))
	}
}
