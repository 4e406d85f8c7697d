package wire

import "testing"

// TestFingerprints: what states have accepted stays accepted, and the place changes
// with the suffix and the id attribute alone.
func TestFingerprints(t *testing.T) {
	_, plain := rulesOf(t, "")
	_, grouped := rulesOf(t, "sync: {scope: {include_groups: [Staff]}}\n")
	if plain.Directories[0].Scope != "08d6f67430e27900" || grouped.Directories[0].Scope != "05bb0edadc7a795d" {
		t.Errorf("the fingerprints have changed, and every state would hold as scope_changed: %s, %s", plain.Directories[0].Scope, grouped.Directories[0].Scope)
	}
	if plain.Directories[0].Place == "" || plain.Directories[0].Place == plain.Directories[0].Scope {
		t.Errorf("place %q", plain.Directories[0].Place)
	}
	for text, same := range map[string]bool{
		"ldap: {users: {base_dns: ['ou=People,dc=WSO2,dc=ORG']}}\n":         true,
		"ldap: {users: {base_dns: ['ou=Users,DC=wso2,dc=org']}}\n":          true,
		"ldap: {users: {filter: '(uid=a*)', scope: one}}\n":                 true,
		"sync: {mapping: {username: mail}, scope: {include_groups: [a]}}\n": true,
		"ldap: {users: {id_attribute: ENTRYUUID}}\n":                        true,
		"ldap: {users: {id_attribute: nsUniqueId}}\n":                       false,
		"ldap: {users: {base_dns: ['ou=Users,dc=example,dc=org']}}\n":       false,
		"ldap: {users: {base_dns: ['ou=U,dc=WSO2,dc=ORG', 'ou=U,dc=x']}}\n": false,
	} {
		if _, r := rulesOf(t, text); (r.Directories[0].Place == plain.Directories[0].Place) != same {
			t.Errorf("%sthe place is the same: %v, want %v", text, !same, same)
		}
	}
}

// TestMappingDigest: it changes with what fields and groups are made of, and with nothing else.
func TestMappingDigest(t *testing.T) {
	_, plain := rulesOf(t, "")
	for text, same := range map[string]bool{
		"sync: {limits: {max_update: off}}\n":                                true,
		"sync: {scope: {include_groups: [a]}, groups: {mirror: [a]}}\n":      false,
		"ldap: {users: {base_dns: ['ou=Users,dc=example,dc=org']}}\n":        true,
		"sync: {mapping: {realname: cn}}\n":                                  true, // the default
		"sync: {mapping: {realname: displayName}}\n":                         false,
		"sync: {mapping: {notes: title}}\n":                                  false,
		"sync: {mapping: {phones: [mobile]}}\n":                              false,
		"sync: {mapping: {phones: [{number: mobile, type: landline}]}}\n":    false,
		"sync: {mapping: {aliases: [mail]}}\n":                               false,
		"sync: {mapping: {status: \"uid != '' ? 'active' : 'disabled'\"}}\n": false,
		"sync: {normalize: {phone_region: DE}}\n":                            false,
		"sync: {status_lockouts: true}\n":                                    false,
	} {
		if _, r := rulesOf(t, text); (r.Directories[0].Digest == plain.Directories[0].Digest) != same {
			t.Errorf("%sthe digest is the same: %v, want %v", text, !same, same)
		}
	}
}
