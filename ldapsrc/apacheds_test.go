package ldapsrc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/apachedstest"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// apachedsOptions are those for ApacheDS's administrator, over TLS.
func apachedsOptions(s *apachedstest.Server, change func(*ldapsrc.Options)) ldapsrc.Options {
	opts := ldapsrc.Options{
		Servers: conn.Servers{
			URLs:         []string{s.TLSURL},
			CAFile:       s.CAFile,
			BindDN:       apachedstest.AdminDN,
			BindPassword: apachedstest.AdminPassword,
			Timeout:      20 * time.Second,
			PageSize:     100,
		},
		Users:      ldapsrc.Users{Bases: []string{apachedstest.UsersDN}},
		Attributes: []string{"uid", "cn", "mail"},
		Preset:     schema.WSO2IS,
	}
	if change != nil {
		change(&opts)
	}
	return opts
}

func asApacheDSReader(o *ldapsrc.Options) {
	o.BindDN, o.BindPassword = apachedstest.ReaderDN, apachedstest.ReaderPassword
}

// The tests below share a server: it takes seconds to start.
func TestApacheDS(t *testing.T) {
	t.Parallel()
	const people, limit = 130, 50
	s := apachedstest.Start(t, apachedstest.Options{People: people, SizeLimit: limit})

	t.Run("ways to connect", func(t *testing.T) { testApacheDSConnections(t, s, people) })
	t.Run("limit", func(t *testing.T) { testApacheDSLimit(t, s, people, limit) })
	t.Run("locks", func(t *testing.T) { testApacheDSLocks(t, s, people) })
	t.Run("odd names", func(t *testing.T) { testApacheDSNames(t, s) })
	t.Run("changes", func(t *testing.T) { testApacheDSChanges(t, s) })
	t.Run("a paged search for no attributes", func(t *testing.T) { testApacheDSNoAttributes(t, s) })
	t.Run("in parts", func(t *testing.T) { testApacheDSInParts(t, s) })
}

func testApacheDSConnections(t *testing.T, s *apachedstest.Server, people int) {
	for name, change := range map[string]func(*ldapsrc.Options){
		"ldaps":    nil,
		"plain":    func(o *ldapsrc.Options) { o.URLs = []string{s.URL} },
		"StartTLS": func(o *ldapsrc.Options) { o.URLs, o.StartTLS = []string{s.URL}, true },
		"base in another case": func(o *ldapsrc.Options) {
			o.Users.Bases = []string{strings.ToLower(apachedstest.UsersDN)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			read := mustRead(t, newSource(t, apachedsOptions(s, change)))
			if len(read) != people {
				t.Errorf("%d people, want %d", len(read), people)
			}
			if got, want := byUID(t, read, apachedstest.UID(0)).ID, s.Attr(apachedstest.UserDN(0), "entryUUID"); !slices.Equal(want, []string{string(got)}) {
				t.Errorf("id %s, want %s", got, want)
			}
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		_, _, err := readAll(t, newSource(t, apachedsOptions(s, func(o *ldapsrc.Options) { o.BindPassword = "wrong-pw" })))
		wantError(t, err, "LDAP code 49", "ldap.bind_password")
	})
	t.Run("anonymous", func(t *testing.T) {
		_, _, err := readAll(t, newSource(t, apachedsOptions(s, func(o *ldapsrc.Options) { o.BindDN, o.BindPassword = "", "" })))
		wantError(t, err, "LDAP code", "")
	})
	t.Run("base that does not exist", func(t *testing.T) {
		_, _, err := readAll(t, newSource(t, apachedsOptions(s, func(o *ldapsrc.Options) {
			o.Users.Bases = []string{"ou=Nowhere," + apachedstest.Suffix}
		})))
		wantError(t, err, "ou=Nowhere|LDAP code 32", "ldap.users.base_dns")
	})
}

// Whatever the page size, an account with a limit reads everybody, in parts.
func testApacheDSLimit(t *testing.T, s *apachedstest.Server, people, limit int) {
	for _, page := range []int{1, 7, limit / 2, limit - 1, limit, limit + 1, 2 * limit, people, 1000} {
		t.Run(fmt.Sprintf("pages of %d", page), func(t *testing.T) {
			paged := func(o *ldapsrc.Options) { o.PageSize = page }
			if got := len(mustRead(t, newSource(t, apachedsOptions(s, paged)))); got != people {
				t.Errorf("the administrator read %d people, want %d", got, people)
			}
			read, info, err := readAll(t, newSource(t, apachedsOptions(s, func(o *ldapsrc.Options) {
				asApacheDSReader(o)
				paged(o)
			})))
			if err != nil || len(read) != people || info.CutAt != limit || info.Searches < people/limit {
				t.Errorf("an account with a limit read %d people of %d, cut off at %d, in %d parts: %v", len(read), people, info.CutAt, info.Searches, err)
			}

			// Just as many as the limit allows are a whole read.
			fit := newSource(t, apachedsOptions(s, func(o *ldapsrc.Options) {
				asApacheDSReader(o)
				paged(o)
				o.Users.Filter = fmt.Sprintf("(&(objectClass=person)(uid<=%s))", apachedstest.UID(limit-1))
			}))
			got, _, err := readAll(t, fit)
			if err == nil && len(got) != limit {
				t.Errorf("a short read: %d people of %d, and no error", len(got), limit)
			}
			if err != nil {
				wantError(t, err, "LDAP code 4", "")
			}
		})
	}
}

func testApacheDSLocks(t *testing.T, s *apachedstest.Server, people int) {
	s.Modify(apachedstest.UserDN(0), "accountLock", "true")
	s.Modify(apachedstest.UserDN(0), "unlockTime", "99999999999999")
	read := mustRead(t, newSource(t, apachedsOptions(s, nil)))
	for i := range people {
		want := dirsync.Enabled
		switch {
		case i == 0:
			want = dirsync.LockedOut
		case apachedstest.Locked(i):
			want = dirsync.Disabled
		}
		if got := byUID(t, read, apachedstest.UID(i)).Standing; got != want {
			t.Errorf("%s: %s, want %s", apachedstest.UID(i), got, want)
		}
	}
}

func testApacheDSNames(t *testing.T, s *apachedstest.Server) {
	const (
		sub  = `ou=R\+D\, Colombo,` + apachedstest.UsersDN
		name = `Smith, J. "Q" \ <17>; #+=`
		jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF\x00\xfe"
		odd  = `cn=Smith\, J. \"Q\" \\ \<17\>\; \#\+\=,` + sub
	)
	s.Add(sub, map[string][]string{"objectClass": {"organizationalUnit", "top"}})
	s.Add(odd, map[string][]string{
		"objectClass": {"top", "person", "organizationalPerson", "inetOrgPerson", "wso2Person"},
		"uid":         {"odd"}, "cn": {name}, "sn": {"Smith"}, "jpegPhoto": {jpeg}, "mail": {"z@example.com", "a@example.com"},
	})
	src := newSource(t, apachedsOptions(s, func(o *ldapsrc.Options) {
		o.Users.Bases = []string{strings.ToUpper(sub)}
		o.Attributes = []string{"uid", "cn", "jpegPhoto", "mail"}
	}))
	people := mustRead(t, src)
	if len(people) != 1 {
		t.Fatalf("%d people below %s, want 1", len(people), sub)
	}
	p := people[0]
	if diff := cmp.Diff([]string{name}, p.Attrs["cn"]); diff != "" {
		t.Errorf("cn (-want +got):\n%s", diff)
	}
	if !slices.Equal(p.Attrs["jpegphoto"], []string{jpeg}) || len(p.Attrs["mail"]) != 2 {
		t.Errorf("values came back changed: %q", p.Attrs)
	}
	if w := lookup(t, src, p.ID)[p.ID]; w.Person == nil || w.DN != p.DN {
		t.Errorf("Lookup: %+v", w)
	}
	all := newSource(t, apachedsOptions(s, nil))
	mustRead(t, all)
	s.Delete(odd)
	if w := lookup(t, all, p.ID)[p.ID]; w.Present {
		t.Errorf("Lookup of the deleted: %+v", w)
	}
	// Nobody is left below the base: not a short read, and not an error of ours
	// either; the core refuses to take it for the truth.
	if _, info, err := readAll(t, src); err != nil || info.Read != 0 {
		t.Errorf("an empty base: %d entries, %v", info.Read, err)
	}
}

func testApacheDSChanges(t *testing.T, s *apachedstest.Server) {
	src := newSource(t, apachedsOptions(s, func(o *ldapsrc.Options) {
		o.Attributes = []string{"uid", "cn", "mail", "modifyTimestamp", "createTimestamp"}
	}))
	before := mustRead(t, src)
	changed, renamed, moved, gone := byUID(t, before, apachedstest.UID(1)), byUID(t, before, apachedstest.UID(2)),
		byUID(t, before, apachedstest.UID(3)), byUID(t, before, apachedstest.UID(4))
	if changed.Attrs["modifytimestamp"] != nil || len(changed.Attrs["createtimestamp"]) != 1 {
		t.Errorf("times of an entry that never changed: %q", changed.Attrs)
	}
	stamp := func() string {
		t.Helper()
		byID, byDN, err := src.Stamps(t.Context(), []dirsync.SourceID{changed.ID}, []string{apachedstest.UserDN(1), "uid=nobody," + apachedstest.UsersDN})
		if err != nil || len(byID) != 1 || len(byDN) != 1 || byID[changed.ID] != byDN[apachedstest.UserDN(1)] {
			t.Errorf("Stamps: %v, %v, %v", byID, byDN, err)
		}
		return byID[changed.ID]
	}
	csn := func() string { return "csn " + strings.Join(s.Attr(apachedstest.UserDN(1), "entryCSN"), "") }
	first, want := stamp(), csn()
	if first != want {
		t.Errorf("stamp of an entry that never changed: %q, want %q", first, want)
	}
	s.Modify(apachedstest.UserDN(1), "mail", "new@example.com")
	if got, want := stamp(), csn(); got != want || got == first {
		t.Errorf("stamp of an entry that has changed: %q, want %q", got, want)
	}
	s.Rename(apachedstest.UserDN(2), "uid=another", "")
	s.Rename(apachedstest.UserDN(3), "uid="+apachedstest.UID(3), apachedstest.LeftDN)
	s.Delete(apachedstest.UserDN(4))
	s.Add(apachedstest.UserDN(5000), apachedstest.Person(5000))

	after := mustRead(t, src)
	if len(after) != len(before)-1 { // one moved, one deleted, one added
		t.Errorf("%d people, want %d", len(after), len(before)-1)
	}
	if p := byUID(t, after, apachedstest.UID(1)); p.ID != changed.ID || !slices.Equal(p.Attrs["mail"], []string{"new@example.com"}) ||
		len(p.Attrs["modifytimestamp"]) != 1 {
		t.Errorf("changed: %+v", p)
	}
	if p := byUID(t, after, "another"); p.ID != renamed.ID {
		t.Errorf("renamed, and with another id: %+v", p)
	}
	byUID(t, after, apachedstest.UID(5000))

	found := lookup(t, src, changed.ID, renamed.ID, moved.ID, gone.ID)
	if w := found[renamed.ID]; w.Person == nil || w.Person.Attrs["uid"][0] != "another" {
		t.Errorf("Lookup of the renamed: %+v", w)
	}
	if w := found[moved.ID]; !w.Present || w.Person != nil || !strings.Contains(w.DN, "ou=Left") {
		t.Errorf("Lookup of the moved: %+v, want it out of scope", w)
	}
	if w := found[gone.ID]; w.Present {
		t.Errorf("Lookup of the deleted: %+v", w)
	}
	if w := found[changed.ID]; w.Person == nil {
		t.Errorf("Lookup of the changed: %+v", w)
	}
	reader := newSource(t, apachedsOptions(s, asApacheDSReader))
	if w := lookup(t, reader, moved.ID)[moved.ID]; !w.Present {
		t.Errorf("Lookup by an account with a limit: %+v", w)
	}
	if inParts := mustRead(t, reader); len(inParts) != len(after) {
		t.Errorf("in parts %d people came, want %d", len(inParts), len(after))
	}
}

// ApacheDS ends a paged search that asks for no attributes (1.1; RFC 4511, 4.5.1.8) after
// its first page, with success. So nothing is counted or listed by it: a read whose
// people have nothing that is asked for but the id is whole.
func testApacheDSNoAttributes(t *testing.T, s *apachedstest.Server) {
	src := newSource(t, apachedsOptions(s, func(o *ldapsrc.Options) {
		o.Attributes, o.PageSize, o.Preset = nil, 20, schema.Custom
	}))
	want := len(mustRead(t, src))
	s.Do(func(c *ldap.Conn) error {
		result, err := c.SearchWithPaging(&ldap.SearchRequest{
			BaseDN: apachedstest.UsersDN, Scope: ldap.ScopeWholeSubtree, Filter: "(objectClass=person)", Attributes: []string{"1.1"},
		}, 20)
		if err == nil && len(result.Entries) >= want {
			t.Errorf("%d entries of %d came: the server is mended, and this test has had its time", len(result.Entries), want)
		}
		return err
	})
}
