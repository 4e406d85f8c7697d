package wire

import (
	"slices"
	"testing"
)

// TestFingerprints: what states have accepted stays accepted, and the place changes
// with the suffix and the id attribute alone.
func TestFingerprints(t *testing.T) {
	_, plain := rulesOf(t, "")
	_, grouped := rulesOf(t, "sync: {scope: {include_groups: [Staff]}}\n")
	if plain.Scope != "08d6f67430e27900" || grouped.Scope != "05bb0edadc7a795d" {
		t.Errorf("the fingerprints have changed, and every state would hold as scope_changed: %s, %s", plain.Scope, grouped.Scope)
	}
	if plain.Place == "" || plain.Place == plain.Scope {
		t.Errorf("place %q", plain.Place)
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
		if _, r := rulesOf(t, text); (r.Place == plain.Place) != same {
			t.Errorf("%sthe place is the same: %v, want %v", text, !same, same)
		}
	}
}

// TestMembersInTheFingerprint: one attribute is known by its name alone, however it is
// written, and several by their names, in any order.
func TestMembersInTheFingerprint(t *testing.T) {
	const include = "sync: {scope: {include_groups: [Staff]}}\nldap: {groups: {member_attribute: "
	of := func(members string) string {
		_, r := rulesOf(t, include+members+"}}\n")
		return r.Scope
	}
	if one := of("member"); one != "05bb0edadc7a795d" || one != of("[Member]") {
		t.Errorf("one attribute: %s and %s", one, of("[Member]"))
	}
	if of("member, member_of: ''") != of("member") || of("member, member_of: memberOf") == of("member") || of("member, member_of: memberof") != of("member, member_of: memberOf") {
		t.Error("an attribute of people that names their groups")
	}
	if of("[member, uniqueMember]") != of("[UNIQUEMEMBER, member]") || of("[member, uniqueMember]") == of("member") {
		t.Errorf("several: %s and %s", of("[member, uniqueMember]"), of("[UNIQUEMEMBER, member]"))
	}
}

// TestMemberOf: the attribute is read, and watched, where something asks for groups.
func TestMemberOf(t *testing.T) {
	const memberOf = "ldap: {preset: activedirectory, users: {base_dns: ['dc=x']}, groups: {base_dns: ['dc=x'], member_of: isMemberOf}}\n"
	if _, r := rulesOf(t, memberOf); r.MemberOf != "" || r.Via["ismemberof"] != "" {
		t.Errorf("nothing asks for groups: %q, %q", r.MemberOf, r.Via)
	}
	for _, asks := range []string{"scope: {exclude_groups: [a]}", "groups: {mirror: [a]}", "mapping: {notes: 'in_group(\"a\") ? \"x\" : \"\"'}"} {
		_, r := rulesOf(t, memberOf+"sync: {"+asks+"}\n")
		if _, counted := r.Dependents()["ismemberof"]; !counted || r.MemberOf != "isMemberOf" || r.Via["ismemberof"] != "ismemberof" || r.Via["memberof"] != "memberof" {
			t.Errorf("%s: %q, %q", asks, r.MemberOf, r.Via)
		}
		if names := attributes(&r); !slices.Contains(names, "isMemberOf") {
			t.Errorf("%s: %q", asks, names)
		}
	}
}

// TestReferralsAreScope: what other domains add to people is a scope of its own, of which
// the one without is a part; a directory of another kind has none.
func TestReferralsAreScope(t *testing.T) {
	const ad = "ldap: {preset: activedirectory, users: {base_dns: ['dc=example,dc=org']}"
	_, without := rulesOf(t, ad+"}\n")
	_, with := rulesOf(t, ad+", referral_hosts: [child.example.org]}\n")
	_, more := rulesOf(t, ad+", referral_hosts: [child.example.org, other.example.org]}\n")
	if with.Narrower != without.Scope || with.Scope == without.Scope || with.Place == without.Place || without.Narrower != "" || more.Scope != with.Scope {
		t.Errorf("without %q %q %q, with %q %q %q, with more %q", without.Scope, without.Narrower, without.Place, with.Scope, with.Narrower, with.Place, more.Scope)
	}
	_, plain := rulesOf(t, "")
	if _, r := rulesOf(t, "ldap: {referral_hosts: [a.example.org]}\n"); r.Scope != plain.Scope || r.Place != plain.Place || r.Narrower != "" {
		t.Errorf("of another kind: %q %q %q", r.Scope, r.Place, r.Narrower)
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
		"ldap: {expires_attribute: shadowExpire}\n":                          false,
		"ldap: {expires_attribute: ''}\n":                                    true, // the preset's own
		"ldap: {expires_attribute: none}\n":                                  true, // it has none
	} {
		if _, r := rulesOf(t, text); (r.Digest == plain.Digest) != same {
			t.Errorf("%sthe digest is the same: %v, want %v", text, !same, same)
		}
	}
}
