package config

import (
	"reflect"
	"time"
)

// preset is a kind of directory: what section ldap holds where the file is
// silent.
type preset struct {
	ldap LDAP
	keys []string // the key paths that this preset is about; others are plain defaults
}

func presetOf(name string) (preset, bool) {
	var l LDAP
	switch name {
	case "wso2is":
		l = wso2is()
	case "openldap":
		l = unhomed(name, "(objectClass=inetOrgPerson)", "entryUUID", "(objectClass=groupOfNames)")
	case "389ds":
		l = unhomed(name, "(|(objectClass=person)(objectClass=nsPerson))", "nsUniqueId", "(objectClass=groupOfNames)")
	case "activedirectory":
		l = unhomed(name, "(&(objectCategory=person)(objectClass=user))", "objectGUID", "(objectClass=group)")
	case "custom":
		l = unhomed(name, "(objectClass=person)", "entryUUID", "(objectClass=groupOfNames)")
	default:
		return preset{}, false
	}
	return preset{l, presetKeys()}, true
}

func presetKeys() []string {
	return []string{
		"ldap.urls",
		"ldap.users.base_dns", "ldap.users.filter", "ldap.users.scope", "ldap.users.id_attribute",
		"ldap.groups.base_dns", "ldap.groups.filter", "ldap.groups.name_attribute",
		"ldap.groups.member_attribute", "ldap.groups.nested",
	}
}

// wso2is is WSO2 Identity Server's embedded store, an ApacheDS as WSO2 ships it.
func wso2is() LDAP {
	return LDAP{
		Preset:   "wso2is",
		URLs:     []string{"ldap://localhost:10389"},
		Timeout:  30 * time.Second,
		PageSize: 1000,
		Users: LDAPUsers{
			Bases: []string{"ou=Users,dc=WSO2,dc=ORG"}, Filter: "(objectClass=person)", Scope: "sub",
			IDAttribute: "entryUUID",
		},
		Groups: LDAPGroups{
			Bases: []string{"ou=Groups,dc=WSO2,dc=ORG"}, Filter: "(objectClass=groupOfNames)",
			NameAttribute: "cn", MemberAttribute: "member", Nested: true,
		},
	}
}

// unhomed is a directory with the usual schema of its kind. Everyone's suffix
// is another, so it has no bases.
func unhomed(name, users, id, groups string) LDAP {
	l := wso2is()
	l.Preset = name
	l.URLs = []string{"ldap://localhost:389"}
	l.Users.Bases, l.Users.Filter, l.Users.IDAttribute = nil, users, id
	l.Groups.Bases, l.Groups.Filter = nil, groups
	return l
}

// fill sets what the file left out to the values of the file's preset.
func (r *reader) fill(c *Config) {
	p, ok := presetOf(c.LDAP.Preset)
	if !ok {
		return
	}
	from := reflect.ValueOf(&Config{LDAP: p.ldap}).Elem()
	to := reflect.ValueOf(c).Elem()
	for _, path := range p.keys {
		if _, written := r.marks[path]; written {
			continue
		}
		lookup(to, path).Set(lookup(from, path))
		r.origins[path] = "preset " + c.LDAP.Preset
	}
}
