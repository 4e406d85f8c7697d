package ldapsrc_test

import (
	"maps"
	"testing"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/slapdtest"
)

// A name for the end of accounts that a real OpenLDAP does not know ends the read, and one by
// which it does not answer; one that it knows and answers by may be nobody's.
func TestMistypedExpiryOnSlapd(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{LDIF: "dn: uid=anna," + slapdtest.UsersDN + "\nobjectClass: inetOrgPerson\nuid: anna\ncn: anna\nsn: x\nfacsimileTelephoneNumber: 20200101000000Z\nl: 20200101000000Z\n\n"})
	for _, tt := range []struct{ expires, problem, advice string }{
		{"pwdEndTyme", `no entry has the attribute "pwdEndTyme"`, "did you mean pwdEndTime? Of the attributes for the end of accounts the server knows pwdEndTime, shadowExpire"},
		{"shadowExpires", `"shadowExpires"`, "did you mean shadowExpire?"},
		{"qqqqqq", `"qqqqqq"`, "check ldap.expires_attribute. Of the attributes for the end of accounts the server knows pwdEndTime, shadowExpire."},
		{"fax", `no entry has the attribute "fax", which the server calls facsimileTelephoneNumber: nobody's account would ever end`, "write facsimileTelephoneNumber in ldap.expires_attribute"},
		{"2.5.4.23", `"2.5.4.23", which the server calls facsimileTelephoneNumber`, "write facsimileTelephoneNumber in ldap.expires_attribute"},
		{"fax;lang-de", `calls facsimileTelephoneNumber;lang-de`, "write facsimileTelephoneNumber;lang-de in ldap.expires_attribute"},
		{"FACSIMILETelephoneNumber", "", ""},
		{"pagerTelephoneNumber;lang-de", "", ""},
		{"localityName", "", ""}, // a name of RFC 4519, which is known here
		{"streetAddress", "", ""},
		{"shadowexpire", "", ""},
		{"pwdEndTime", "", ""},
		{"description;lang-de", "", ""},
		{"2.5.4.13", `"2.5.4.13", which the server calls description`, "write description in ldap.expires_attribute"},
		{"", "", ""},
		{"none", "", ""},
	} {
		src := newSource(t, options(s, func(o *ldapsrc.Options) { o.Preset, o.Expires = schema.OpenLDAP, tt.expires }))
		_, _, err := readAll(t, src)
		if tt.problem == "" {
			if err != nil {
				t.Errorf("%q: %v", tt.expires, err)
			}
			continue
		}
		wantError(t, err, tt.problem, tt.advice)
	}
}

// What a schema says counts only where it is there, and knows what people have.
func TestSchemasThatProveNothing(t *testing.T) {
	t.Parallel()
	const at = "cn=schema,dc=example,dc=com"
	place := ldapsim.Attributes{"subschemaSubentry": {at}}
	known := []string{"( 2.5.4.0 NAME 'objectClass' )", "( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )", "(0.9.2342.19200300.100.1.3 NAME ('mail' 'rfc822Mailbox'))",
		"( 0.9.2342.19200300.100.1.1 NAME 'uid' )", "( 1.3.6.1.1.16.4 NAME 'entryUUID' )"}
	for name, tt := range map[string]struct {
		dse    ldapsim.Attributes
		types  []string // nil: there is no such entry
		has    string   // that somebody has
		refuse bool
	}{
		"no schema is named":                {types: known},
		"it is not shown":                   {dse: place},
		"it is empty":                       {dse: place, types: []string{}},
		"it lacks what people have":         {dse: place, types: known[2:]},
		"it can't be read":                  {dse: place, types: []string{"nonsense", "( )", "NAME 'x'"}},
		"somebody has it":                   {dse: place, types: known, has: "contractEnd"},
		"it is known":                       {dse: place, types: append([]string{"( 1.2.3 NAME 'CONTRACTEND' )"}, known...)},
		"it is known by a second name":      {dse: place, types: append([]string{"( 1.2.3 NAME ( 'end' 'contractEnd' ) DESC 'x' )"}, known...), refuse: true},
		"so it is, but somebody has it":     {dse: place, types: append([]string{"( 1.2.3 NAME ( 'end' 'contractEnd' ) DESC 'x' )"}, known...), has: "contractEnd"},
		"so it is, where more is lacking":   {dse: place, types: []string{"( 1.2.3 NAME ( 'end' 'contractEnd' ) DESC 'x' )"}, refuse: true},
		"it is known by its first name":     {dse: place, types: append([]string{"( 1.2.3 NAME ( 'contractend' 'end' ) )"}, known...)},
		"it is whole, and does not know it": {dse: place, types: known, refuse: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newSimWith(t, 2, ldapsim.Options{RootDSE: maps.Clone(tt.dse)})
			if tt.types != nil {
				if err := sim.Add(at, ldapsim.Attributes{"objectClass": {"subschema"}, "attributeTypes": tt.types}); err != nil {
					t.Fatal(err)
				}
			}
			if tt.has != "" {
				if err := sim.Add("uid=ends,"+simUsers, ldapsim.Attributes{"objectClass": {"person"}, "cn": {"E"}, tt.has: {"20300101000000Z"}}); err != nil {
					t.Fatal(err)
				}
			}
			_, _, err := readAll(t, newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.Expires = "contractEnd" })))
			if (err != nil) != tt.refuse {
				t.Errorf("%v", err)
			}
		})
	}
}
