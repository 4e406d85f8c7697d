package ldapsim_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc/ldapsim"
)

const (
	bindDN   = "cn=admin,dc=example,dc=com"
	password = "sim-secret"
	people   = "ou=People,dc=example,dc=com"
)

// entries are three people and what they are below.
func entries() []struct {
	dn         string
	attributes ldapsim.Attributes
} {
	return []struct {
		dn         string
		attributes ldapsim.Attributes
	}{
		{"dc=example,dc=com", ldapsim.Attributes{"objectClass": {"domain"}}},
		{people, ldapsim.Attributes{"objectClass": {"organizationalUnit"}}},
		{"ou=Left,dc=example,dc=com", ldapsim.Attributes{"objectClass": {"organizationalUnit"}}},
		{"uid=anna," + people, ldapsim.Attributes{
			"objectClass": {"person"}, "entryUUID": {"00000000-0000-4000-8000-000000000001"}, "cn": {"Anna Silva"}, "cn;lang-de": {"Ännchen"},
			"mail": {"anna@example.com"}, "age": {"9"},
		}},
		{"uid=zoe," + people, ldapsim.Attributes{
			"objectClass": {"person"}, "cn": {`Zoë "Z"`}, "age": {"10"}, "accountLock": {"TRUE"},
			"manager": {"uid=anna, ou=people, DC=example,DC=com"},
		}},
		{`cn=Smith\2C J.,` + people, ldapsim.Attributes{"objectClass": {"person"}, "uid": {"smith"}, "age": {"100"}}},
	}
}

func start(t *testing.T, change func(*ldapsim.Options)) *ldapsim.Server {
	t.Helper()
	opts := ldapsim.Options{
		Suffixes: []string{"dc=example,dc=com"},
		Binds:    map[string]string{bindDN: password},
		Now:      func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	}
	if change != nil {
		change(&opts)
	}
	s, err := ldapsim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries() {
		if err := s.Add(entry.dn, entry.attributes); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func connect(t *testing.T, s *ldapsim.Server) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Bind(bindDN, password); err != nil {
		t.Fatal(err)
	}
	return c
}

// find gives the names of what a search returns, in order.
func find(t *testing.T, c *ldap.Conn, scope int, filter string) []string {
	t.Helper()
	result, err := c.Search(&ldap.SearchRequest{BaseDN: people, Scope: scope, Filter: filter})
	if err != nil {
		t.Fatalf("%s: %v", filter, err)
	}
	var names []string
	for _, e := range result.Entries {
		rdn, _, _ := strings.Cut(e.DN, ",ou=")
		names = append(names, strings.TrimSuffix(rdn, ",dc=example,dc=com"))
	}
	return names
}

func wantCode(t *testing.T, err error, code uint16) {
	t.Helper()
	var answer *ldap.Error
	if !errors.As(err, &answer) || answer.ResultCode != code {
		t.Errorf("%v, want LDAP code %d", err, code)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, nil))
	const anna, zoe, smith = "uid=anna", "uid=zoe", `cn=Smith\2C J.`
	tests := []struct {
		filter string
		want   []string
	}{
		{"(objectClass=person)", []string{anna, zoe, smith}},
		{"(UID=ANNA)", []string{anna}},
		{"(cn=anna   silva)", []string{anna}},
		{"(cn=Ännchen)", []string{anna}},
		{"(cn;lang-de=ännchen)", []string{anna}},
		{"(cn;lang-fr=ännchen)", nil},
		{`(cn=zoë "z")`, []string{zoe}},
		{"(cn=Smith, J.)", []string{smith}},
		{"(mail=*)", []string{anna}},
		{"(!(accountLock=true))", []string{"ou=People", anna, smith}},
		{"(&(objectClass=person)(|(uid=zoe)(uid=smith)))", []string{zoe, smith}},
		{"(cn=an*sil*a)", []string{anna}},
		{"(cn=*silva)", []string{anna}},
		{"(cn=silva*)", nil},
		{"(cn=*nn*)", []string{anna}},
		{"(age>=10)", []string{zoe, smith}},
		{"(age<=10)", []string{anna, zoe}},
		{"(uid~=Anna)", []string{anna}},
		{"(manager=UID=anna,ou=People,dc=example,dc=com)", []string{zoe}},
		{"(modifyTimestamp>=20260102030405Z)", []string{"ou=People", anna, zoe, smith}},
		{"(modifyTimestamp>=20260102030406Z)", nil},
		{"(entryUUID=00000000-0000-4000-8000-000000000001)", []string{anna}},
		{"(&)", []string{"ou=People", anna, zoe, smith}},
		{"(|)", nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, find(t, c, ldap.ScopeWholeSubtree, tt.filter)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.filter, diff)
		}
	}
	if got := find(t, c, ldap.ScopeBaseObject, "(objectClass=*)"); !slices.Equal(got, []string{"ou=People"}) {
		t.Errorf("base: %q", got)
	}
	if got := find(t, c, ldap.ScopeSingleLevel, "(objectClass=*)"); !slices.Equal(got, []string{anna, zoe, smith}) {
		t.Errorf("one level: %q", got)
	}
	_, err := c.Search(&ldap.SearchRequest{BaseDN: people, Filter: "(cn:caseExactMatch:=x)"})
	wantCode(t, err, ldap.LDAPResultInappropriateMatching)
	_, err = c.Search(&ldap.SearchRequest{BaseDN: "ou=Nobody,dc=example,dc=com", Filter: "(cn=x)"})
	wantCode(t, err, ldap.LDAPResultNoSuchObject)
	_, err = c.Search(&ldap.SearchRequest{BaseDN: "nonsense", Filter: "(cn=x)"})
	wantCode(t, err, ldap.LDAPResultInvalidDNSyntax)
}

func TestAttributeSelection(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, nil))
	users := []string{"age", "cn", "cn;lang-de", "mail", "objectClass", "uid"}
	stamps := []string{"createTimestamp", "entryUUID", "modifyTimestamp"}
	both := append(slices.Clone(users), stamps...)
	slices.Sort(both)
	tests := []struct {
		asked []string
		want  []string
	}{
		{nil, users},
		{[]string{"*"}, users},
		{[]string{"+"}, stamps},
		{[]string{"*", "+"}, both},
		{[]string{"1.1"}, nil},
		{[]string{"MAIL", "entryuuid", "nothing"}, []string{"entryUUID", "mail"}},
		{[]string{"cn"}, []string{"cn", "cn;lang-de"}},
		{[]string{"cn;lang-de"}, []string{"cn;lang-de"}},
	}
	for _, tt := range tests {
		for _, typesOnly := range []bool{false, true} {
			result, err := c.Search(&ldap.SearchRequest{
				BaseDN: "uid=anna," + people, Filter: "(objectClass=*)", Attributes: tt.asked, TypesOnly: typesOnly,
			})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, a := range result.Entries[0].Attributes {
				got = append(got, a.Name)
				if (len(a.Values) == 0) != typesOnly {
					t.Errorf("types only %v: %s has %d values", typesOnly, a.Name, len(a.Values))
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", tt.asked, diff)
			}
		}
	}
}

func TestChangesOverTheWire(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := connect(t, s)
	add := ldap.NewAddRequest("uid=new,"+people, nil)
	add.Attribute("objectClass", []string{"person"})
	add.Attribute("jpegPhoto", []string{"\xff\x00\xfe"})
	if err := c.Add(add); err != nil {
		t.Fatal(err)
	}
	wantCode(t, c.Add(add), ldap.LDAPResultEntryAlreadyExists)
	wantCode(t, c.Add(ldap.NewAddRequest("uid=x,ou=Nowhere,dc=example,dc=com", nil)), ldap.LDAPResultNoSuchObject)
	wantCode(t, c.Add(ldap.NewAddRequest("dc=org", nil)), ldap.LDAPResultNoSuchObject)

	mod := ldap.NewModifyRequest("UID=New,"+people, nil)
	mod.Add("mail", []string{"b@x", "a@x"})
	mod.Replace("sn", []string{"New"})
	if err := c.Modify(mod); err != nil {
		t.Fatal(err)
	}
	wantCode(t, c.Modify(mod), ldap.LDAPResultAttributeOrValueExists)
	mod = ldap.NewModifyRequest("uid=new,"+people, nil)
	mod.Delete("mail", []string{"B@X"})
	mod.Delete("sn", nil)
	if err := c.Modify(mod); err != nil {
		t.Fatal(err)
	}
	wantCode(t, c.Modify(mod), ldap.LDAPResultNoSuchAttribute)
	attrs, _ := s.Entry("uid=new," + people)
	if diff := cmp.Diff([]string{"a@x"}, attrs["mail"]); diff != "" || attrs["sn"] != nil || attrs["jpegPhoto"][0] != "\xff\x00\xfe" {
		t.Errorf("after the changes: %q", attrs)
	}
	id := attrs["entryUUID"]

	if err := c.ModifyDN(ldap.NewModifyDNRequest("uid=new,"+people, "uid=newer", true, "ou=Left,dc=example,dc=com")); err != nil {
		t.Fatal(err)
	}
	attrs, ok := s.Entry("uid=newer,ou=Left,dc=example,dc=com")
	if !ok || !slices.Equal(attrs["uid"], []string{"newer"}) || !slices.Equal(attrs["entryUUID"], id) {
		t.Errorf("renamed and moved: %q", attrs)
	}
	wantCode(t, c.ModifyDN(ldap.NewModifyDNRequest("uid=anna,"+people, "uid=zoe", true, "")), ldap.LDAPResultEntryAlreadyExists)
	wantCode(t, c.ModifyDN(ldap.NewModifyDNRequest(people, "ou=People", true, "uid=anna,"+people)), ldap.LDAPResultUnwillingToPerform)
	wantCode(t, c.Del(ldap.NewDelRequest(people, nil)), ldap.LDAPResultNotAllowedOnNonLeaf)
	if err := c.Del(ldap.NewDelRequest("uid=anna,"+people, nil)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, c.Del(ldap.NewDelRequest("uid=anna,"+people, nil)), ldap.LDAPResultNoSuchObject)
}

func TestMoveTree(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	if err := s.Add("cn=card,uid=anna,"+people, nil); err != nil {
		t.Fatal(err)
	}
	n := s.Len()
	if err := s.Move("uid=anna,"+people, "ou=Left,dc=example,dc=com"); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename("uid=anna,ou=Left,dc=example,dc=com", `uid=a\2Cnna`); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Entry(`cn=card,uid=a\,nna,ou=left,dc=example,dc=com`); !ok || s.Len() != n {
		t.Error("the entry below did not come along")
	}
	if err := s.Replace(`uid=a\2cnna,ou=Left,dc=example,dc=com`, "mail"); err != nil {
		t.Fatal(err)
	}
	if attrs, _ := s.Entry(`uid=a\2cnna,ou=Left,dc=example,dc=com`); attrs["mail"] != nil || attrs["uid"][0] != "a,nna" {
		t.Errorf("%q", attrs)
	}
}

func TestBinds(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c, err := ldap.DialURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	search := &ldap.SearchRequest{BaseDN: people, Filter: "(objectClass=*)"}
	_, err = c.Search(search)
	wantCode(t, err, ldap.LDAPResultInsufficientAccessRights)
	wantCode(t, c.Del(ldap.NewDelRequest("uid=anna,"+people, nil)), ldap.LDAPResultInsufficientAccessRights)
	wantCode(t, c.UnauthenticatedBind(""), ldap.LDAPResultInappropriateAuthentication)
	wantCode(t, c.UnauthenticatedBind(bindDN), ldap.LDAPResultUnwillingToPerform)
	wantCode(t, c.Bind(bindDN, "other"), ldap.LDAPResultInvalidCredentials)
	wantCode(t, c.Bind("cn=nobody", password), ldap.LDAPResultInvalidCredentials)
	wantCode(t, c.ExternalBind(), ldap.LDAPResultAuthMethodNotSupported)
	root, err := c.Search(&ldap.SearchRequest{Filter: "(objectClass=*)", Attributes: []string{"+", "*"}})
	if err != nil || root.Entries[0].GetAttributeValue("namingContexts") != "dc=example,dc=com" ||
		root.Entries[0].GetAttributeValue("supportedControl") != ldap.ControlTypePaging {
		t.Errorf("root DSE: %v, %v", root, err)
	}
	if err := c.Bind("CN=Admin, DC=example,DC=com", password); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Search(search); err != nil {
		t.Error(err)
	}
	search.Controls = []ldap.Control{ldap.NewControlString("1.2.3.4", true, "")}
	_, err = c.Search(search)
	wantCode(t, err, ldap.LDAPResultUnavailableCriticalExtension)

	open := start(t, func(o *ldapsim.Options) { o.Anonymous = true })
	c2, err := ldap.DialURL(open.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c2.Close() }()
	search.Controls = nil
	if _, err := c2.Search(search); err != nil {
		t.Errorf("anonymous where allowed: %v", err)
	}
}

func TestPagesAndLimits(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *ldapsim.Options) { o.SizeLimit = 20 })
	for i := range 95 {
		if err := s.Add(fmt.Sprintf("uid=p%02d,%s", i, people), ldapsim.Attributes{"objectClass": {"person"}}); err != nil {
			t.Fatal(err)
		}
	}
	c := connect(t, s)
	request := func() *ldap.SearchRequest {
		return &ldap.SearchRequest{BaseDN: people, Scope: ldap.ScopeWholeSubtree, Filter: "(objectClass=person)"}
	}
	for _, size := range []uint32{1, 7, 49, 98, 500} {
		result, err := c.SearchWithPaging(request(), size)
		if err != nil || len(result.Entries) != 98 {
			t.Errorf("pages of %d: %d entries, %v", size, len(result.Entries), err)
		}
	}
	result, err := c.Search(request())
	wantCode(t, err, ldap.LDAPResultSizeLimitExceeded)
	if len(result.Entries) != 20 {
		t.Errorf("%d entries up to the limit of 20", len(result.Entries))
	}
	small := request()
	small.SizeLimit = 3
	result, err = c.Search(small)
	wantCode(t, err, ldap.LDAPResultSizeLimitExceeded)
	if len(result.Entries) != 3 {
		t.Errorf("%d entries up to the asked limit of 3", len(result.Entries))
	}
	forged := request()
	control := ldap.NewControlPaging(10)
	control.SetCookie([]byte("forged"))
	forged.Controls = []ldap.Control{control}
	_, err = c.Search(forged)
	wantCode(t, err, ldap.LDAPResultUnwillingToPerform)
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, opts := range []ldapsim.Options{
		{Suffixes: []string{"x"}},
		{Binds: map[string]string{"cn=x": ""}},
		{Implicit: true},
	} {
		if _, err := ldapsim.New(opts); err == nil {
			t.Errorf("%+v passes", opts)
		}
	}
}
