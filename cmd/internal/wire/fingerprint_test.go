package wire

import (
	"slices"
	"testing"

	dirsync "duosync/sync"
)

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

// TestMembersInTheFingerprint: one attribute is known by its name alone, however it is
// written, and several by their names, in any order.
func TestMembersInTheFingerprint(t *testing.T) {
	const include = "sync: {scope: {include_groups: [Staff]}}\nldap: {groups: {member_attribute: "
	of := func(members string) string {
		_, r := rulesOf(t, include+members+"}}\n")
		return r.Directories[0].Scope
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
		if names := attributes(&r.Rules); !slices.Contains(names, "isMemberOf") {
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
	if with.Directories[0].Narrower != without.Directories[0].Scope || with.Directories[0].Scope == without.Directories[0].Scope || with.Directories[0].Place == without.Directories[0].Place || without.Directories[0].Narrower != "" || more.Directories[0].Scope != with.Directories[0].Scope {
		t.Errorf("without %q %q %q, with %q %q %q, with more %q", without.Directories[0].Scope, without.Directories[0].Narrower, without.Directories[0].Place, with.Directories[0].Scope, with.Directories[0].Narrower, with.Directories[0].Place, more.Directories[0].Scope)
	}
	_, plain := rulesOf(t, "")
	if _, r := rulesOf(t, "ldap: {referral_hosts: [a.example.org]}\n"); r.Directories[0].Scope != plain.Directories[0].Scope || r.Directories[0].Place != plain.Directories[0].Place || r.Directories[0].Narrower != "" {
		t.Errorf("of another kind: %q %q %q", r.Directories[0].Scope, r.Directories[0].Place, r.Directories[0].Narrower)
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
		if _, r := rulesOf(t, text); (r.Directories[0].Digest == plain.Directories[0].Digest) != same {
			t.Errorf("%sthe digest is the same: %v, want %v", text, !same, same)
		}
	}
}

// TestFingerprintsOfSeveral: what a directory has accepted stays accepted when it gets a name,
// when another one is added, and when groups of that one are let in. It changes when its own
// groups, or its own mapping, are others.
func TestFingerprintsOfSeveral(t *testing.T) {
	const hr, students = "{name: hr}", "{name: students, urls: ['ldap://b'], users: {base_dns: ['ou=U,dc=x']}}"
	of := func(text string) dirsync.Directory {
		t.Helper()
		_, r := rulesOf(t, text)
		d, ok := r.Directories.Get("hr")
		if !ok {
			t.Fatalf("no directory hr: %+v", r.Directories)
		}
		return d
	}
	_, plain := rulesOf(t, "sync: {scope: {include_groups: [Staff]}}\n")
	was := plain.Directories[0]
	for text, same := range map[string]bool{
		"directories: [" + hr + "]\nsync: {scope: {include_groups: [staff]}}\n":                                              true,
		"directories: [" + hr + "]\nsync: {scope: {include_groups: [hr/staff]}}\n":                                           true,
		"directories: [" + hr + ", " + students + "]\nsync: {scope: {include_groups: [hr/staff]}}\n":                         true,
		"directories: [" + students + ", " + hr + "]\nsync: {scope: {include_groups: [students/pupils, hr/staff]}}\n":        true,
		"directories: [" + hr + ", " + students + "]\nsync: {scope: {include_groups: [students/pupils]}}\n":                  false,
		"directories: [" + hr + ", " + students + "]\n":                                                                      false,
		"directories: [{name: hr, users: {filter: '(uid=a*)'}}]\nsync: {scope: {include_groups: [staff]}}\n":                 false,
		"directories: [{name: hr, mapping: {username: mail}}]\nsync: {scope: {include_groups: [staff]}}\n":                   false,
		"directories: [{name: hr, mapping: {realname: mail}}, " + students + "]\nsync: {scope: {include_groups: [staff]}}\n": true,
	} {
		if got := of(text); (got.Scope == was.Scope) != same || got.Place != was.Place {
			t.Errorf("%sthe scope is the same: %v, want %v; place %s, want %s", text, !same, same, got.Place, was.Place)
		}
	}
}

// TestRulesOfSeveral: each directory has the mapping that is written for it, else the common one,
// and the directory is asked for the groups that can be its own.
func TestRulesOfSeveral(t *testing.T) {
	cfg, r := rulesOf(t, `
directories:
  - {name: hr, groups: {base_dns: ["ou=G,dc=x"]}}
  - {name: students, urls: ["ldap://b"], groups: {base_dns: ["ou=G,dc=x"]}, mapping: {username: mail, notes: 'in_group("choir") ? "c" : ""'}}
  - {name: guests, urls: ["ldap://c"], groups: {base_dns: ["ou=G,dc=x"]}, mapping: {notes: 'in_group("guests/day") ? "d" : ""'}}
sync: {scope: {include_groups: [hr/staff, visitors]}, groups: {mirror: [students/club]}}
`)
	if got := r.In("hr").Mapping[dirsync.FieldUsername].String() + " " + r.In("students").Mapping[dirsync.FieldUsername].String(); got != "uid mail" {
		t.Errorf("usernames of %s", got)
	}
	if r.In("hr").OwnMapping || !r.In("students").OwnMapping {
		t.Error("whose mapping is its own goes astray")
	}
	singles := cfg.Each()
	for i, wanted := range []map[string]bool{
		{"staff": true, "visitors": true, "club": false, "choir": false, "day": false, "hr/staff": false},
		{"staff": false, "visitors": true, "club": true, "choir": true, "day": false},
		{"staff": false, "visitors": true, "club": false, "choir": false, "day": true},
	} {
		want := groups(&singles[i], r.In(singles[i].Name)).Want
		for name, is := range wanted {
			if want(name) != is {
				t.Errorf("%s is asked about the group %s: %v", singles[i].Name, name, !is)
			}
		}
	}
	b := BindingOf(cfg)
	if b.Directory != "" || len(b.Directories) != 3 || b.Directories["hr"] != "dc=wso2,dc=org" {
		t.Errorf("binding %+v", b)
	}
}
