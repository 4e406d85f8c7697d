package ldapsrc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

func TestReadAndLookupOnSlapd(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 650})
	src := newSource(t, options(s, func(o *ldapsrc.Options) {
		o.Attributes = []string{"UID", "cn", "mail", "modifyTimestamp"}
	}))

	people, info, err := readAll(t, src)
	if err != nil {
		t.Fatal(err)
	}
	if !info.Certificate.After(time.Now()) {
		t.Errorf("the server's certificate ends %v", info.Certificate)
	}
	if len(people) != 650 || info.Read != 650 || info.Server != s.TLSURL {
		t.Fatalf("read %d people, %+v; want 650 from %s, beyond the size limit of 500", len(people), info, s.TLSURL)
	}
	first := byUID(t, people, slapdtest.UID(0))
	if want := s.Attr(slapdtest.UserDN(0), "entryUUID"); !slices.Equal(want, []string{string(first.ID)}) {
		t.Errorf("id %s, want %s", first.ID, want)
	}
	if len(first.Attrs["modifytimestamp"]) != 1 {
		t.Errorf("the operational modifyTimestamp did not come: %v", first.Attrs)
	}
	if _, there := first.Attrs["mobile"]; there {
		t.Error("an attribute came that was not asked for")
	}
	if got := byUID(t, people, slapdtest.UID(2)).Attrs["cn"]; !slices.Equal(got, []string{"Zoë Silva"}) {
		t.Errorf("cn %q", got)
	}
	if got := byUID(t, people, slapdtest.UID(7)).Attrs; got["mail"] != nil {
		t.Errorf("mail %q of a person without", got["mail"])
	}
	standings := map[dirsync.Standing]int{}
	for _, p := range people {
		standings[p.Standing]++
	}
	if diff := cmp.Diff(map[dirsync.Standing]int{dirsync.Disabled: 26, dirsync.Enabled: 624}, standings); diff != "" {
		t.Errorf("standings (-want +got):\n%s", diff)
	}

	moved, deleted, disguised := byUID(t, people, slapdtest.UID(1)), byUID(t, people, slapdtest.UID(3)), byUID(t, people, slapdtest.UID(4))
	renamed := byUID(t, people, slapdtest.UID(5))
	s.Rename(slapdtest.UserDN(1), "uid="+slapdtest.UID(1), slapdtest.LeftDN)
	s.Delete(slapdtest.UserDN(3))
	s.Rename(slapdtest.UserDN(5), "uid=another", "")
	src2 := newSource(t, options(s, func(o *ldapsrc.Options) {
		o.Users.Filter = "(&(objectClass=person)(!(uid=" + slapdtest.UID(4) + ")))"
	}))
	mustRead(t, src2)
	var ids []dirsync.SourceID
	for _, p := range people[100:220] {
		ids = append(ids, p.ID) // three batches
	}
	found := lookup(t, src2, append(ids, moved.ID, deleted.ID, disguised.ID, renamed.ID)...)
	for _, id := range ids {
		if w := found[id]; !w.Present || w.Person == nil || w.Person.ID != id {
			t.Fatalf("%s: %+v, want it in scope", id, w)
		}
	}
	if w := found[moved.ID]; !w.Present || w.Person != nil || !strings.EqualFold(w.DN, "uid="+slapdtest.UID(1)+","+slapdtest.LeftDN) {
		t.Errorf("moved out of the base: %+v", w)
	}
	if w := found[deleted.ID]; w.Present || w.Person != nil || w.DN != "" {
		t.Errorf("deleted: %+v", w)
	}
	if w := found[disguised.ID]; !w.Present || w.Person != nil {
		t.Errorf("no longer matched by the filter: %+v", w)
	}
	if w := found[renamed.ID]; w.Person == nil || w.Person.Attrs["uid"][0] != "another" {
		t.Errorf("renamed: %+v", w)
	}
}

func TestWaysToConnect(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 3})
	strict := slapdtest.Start(t, slapdtest.Options{RequireTLS: true})
	noPEM := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(noPEM, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*ldapsrc.Options)
		words  string // of the error; "" for success
		hint   string
	}{
		{"ldaps", nil, "", ""},
		{"StartTLS", func(o *ldapsrc.Options) { o.URLs, o.StartTLS = []string{s.URL}, true }, "", ""},
		{"plain on loopback", func(o *ldapsrc.Options) { o.URLs = []string{s.URL} }, "", ""},
		{"client certificate", func(o *ldapsrc.Options) {
			o.BindDN, o.BindPassword = "", ""
			o.ClientCertFile, o.ClientKeyFile = s.ClientCertFile, s.ClientKeyFile
		}, "", ""},
		{"server name by hand", func(o *ldapsrc.Options) { o.ServerName = "localhost" }, "", ""},
		{"unknown authority", func(o *ldapsrc.Options) { o.CAFile = s.OtherCA }, "unknown authority", "ldap.ca_file"},
		{"unknown authority, StartTLS", func(o *ldapsrc.Options) {
			o.URLs, o.StartTLS, o.CAFile = []string{s.URL}, true, s.OtherCA
		}, "unknown authority", "ldap.ca_file"},
		{"wrong server name", func(o *ldapsrc.Options) { o.ServerName = "ldap.example.com" }, "ldap.example.com", "ldap.server_name"},
		{"TLS to the plain port", func(o *ldapsrc.Options) {
			o.URLs = []string{strings.Replace(s.URL, "ldap:", "ldaps:", 1)}
		}, "TLS", ""},
		{"nobody listens", func(o *ldapsrc.Options) { o.URLs = []string{"ldap://127.0.0.1:1"} }, "refused", "ldap.urls"},
		{"unknown host", func(o *ldapsrc.Options) {
			o.URLs = []string{"ldaps://directory.invalid"}
		}, "directory.invalid", "ldap.urls"},
		{"wrong password", func(o *ldapsrc.Options) { o.BindPassword = "wrong-pw" }, "invalid credentials|49|uid=reader", "ldap.bind_password"},
		{"failover after refusal to connect", func(o *ldapsrc.Options) {
			o.URLs = []string{"ldap://127.0.0.1:1", s.TLSURL}
		}, "", ""},
		{"no failover after a wrong password", func(o *ldapsrc.Options) {
			o.BindPassword = "wrong-pw"
			o.URLs = []string{s.URL, "ldap://127.0.0.1:1"}
		}, "49", "ldap.bind_password"},
		{"every server is named", func(o *ldapsrc.Options) {
			o.URLs, o.ServerName = []string{"ldap://127.0.0.1:1", s.TLSURL}, "ldap.example.com"
		}, "ldap://127.0.0.1:1: |" + s.TLSURL + ": ", "ldap.urls"},
		{"encryption demanded", func(o *ldapsrc.Options) {
			o.URLs, o.CAFile = []string{strict.URL}, strict.CAFile
		}, "confidentiality required (LDAP code 13)", "ldap.start_tls"},
		{"anonymous without rights", func(o *ldapsrc.Options) { o.BindDN, o.BindPassword = "", "" }, "LDAP code 32", "ldap.bind_dn"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			people, info, err := readAll(t, newSource(t, options(s, tt.change)))
			if tt.words != "" {
				wantError(t, err, tt.words, tt.hint)
				return
			}
			if err != nil {
				t.Fatalf("%v (%s)", err, dirsync.Hint(err))
			}
			if len(people) != 3 || !strings.HasPrefix(info.Server, "ldap") {
				t.Errorf("%d people from %q", len(people), info.Server)
			}
		})
	}
}

func TestLimitsOfSlapd(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{
		People: 300, SizeLimit: 50, PagedTotal: 250,
		Access: `access to dn.subtree="` + slapdtest.GroupsDN + `" by * none`,
	})
	tests := []struct {
		name   string
		change func(*ldapsrc.Options)
		words  string
		hint   string
	}{
		{"base does not exist", func(o *ldapsrc.Options) {
			o.Users.Bases = []string{"ou=Nowhere," + slapdtest.Suffix}
		}, `"ou=Nowhere,dc=WSO2,dc=ORG"|LDAP code 32`, "ldap.users.base_dns"},
		{"base may not be read", func(o *ldapsrc.Options) {
			o.Users.Bases = []string{slapdtest.GroupsDN}
		}, "LDAP code 32", "right to read"},
		{"second base does not exist", func(o *ldapsrc.Options) {
			o.Users.Bases = []string{slapdtest.LeftDN, "ou=Nowhere," + slapdtest.Suffix}
		}, "ou=Nowhere", "ldap.users.base_dns"},
		{"id attribute that nobody has", func(o *ldapsrc.Options) {
			o.Users.IDAttribute = "employeeNumber"
		}, `entry "uid=user0000000,ou=Users,dc=WSO2,dc=ORG"|employeeNumber`, "ldap.users.id_attribute"},
		{"id attribute that is not unique", func(o *ldapsrc.Options) {
			o.Users.IDAttribute = "sn"
		}, "came twice", "ldap.users.id_attribute"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := readAll(t, newSource(t, options(s, tt.change)))
			wantError(t, err, tt.words, tt.hint)
		})
	}
	t.Run("the administrator has no limit", func(t *testing.T) {
		t.Parallel()
		people := mustRead(t, newSource(t, options(s, func(o *ldapsrc.Options) {
			o.BindDN, o.BindPassword = slapdtest.AdminDN, slapdtest.AdminPassword
		})))
		if len(people) != 300 {
			t.Errorf("%d people", len(people))
		}
	})
}

func TestHiddenSuffix(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{
		People: 5,
		Access: `access to dn.base="` + slapdtest.Suffix + `" by * none`,
	})
	src := newSource(t, options(s, nil))
	people := mustRead(t, src)
	_, err := src.Lookup(t.Context(), []dirsync.SourceID{people[0].ID})
	wantError(t, err, "LDAP code 32|"+slapdtest.Suffix, "the whole suffix")
}

func TestOddEntries(t *testing.T) {
	t.Parallel()
	const odd = `cn=Smith\2C J. \22Q\22 \5C \3C17\3E\3B #\2B\3D,ou=Sub,` + slapdtest.UsersDN
	s := slapdtest.Start(t, slapdtest.Options{})
	long := strings.Repeat("x", 64<<10)
	s.Add("ou=Sub,"+slapdtest.UsersDN, map[string][]string{"objectClass": {"organizationalUnit"}})
	s.Add(odd, map[string][]string{
		"objectClass": {"identityPerson"}, "uid": {"odd"}, "sn": {"Smith"}, "description": {long}, "cn;lang-en": {"English"},
		"jpegPhoto": {"\xff\xd8\x00\xfe"}, "mail": {"z@example.com", "a@example.com"},
	})
	attributes := []string{"uid", "cn", "description", "jpegPhoto", "mail", "commonName"}

	people := mustRead(t, newSource(t, options(s, func(o *ldapsrc.Options) { o.Attributes = attributes })))
	p := byUID(t, people, "odd")
	if p.Attrs["description"][0] != long || p.Attrs["jpegphoto"][0] != "\xff\xd8\x00\xfe" {
		t.Error("a long or binary value came back changed")
	}
	if diff := cmp.Diff([]string{"z@example.com", "a@example.com"}, p.Attrs["mail"]); diff != "" {
		t.Errorf("order of values (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(p.Attrs["cn"], p.Attrs["commonname"]); diff != "" {
		t.Errorf("cn and its other name (-cn +commonName):\n%s", diff)
	}
	if len(p.Attrs["cn"]) != 1 || p.Attrs["cn;lang-en"] != nil {
		t.Errorf("an attribute with an option came in unasked: %q", p.Attrs)
	}
	people = mustRead(t, newSource(t, options(s, func(o *ldapsrc.Options) { o.Attributes = []string{"uid", "CN;lang-en"} })))
	if got := byUID(t, people, "odd").Attrs["cn;lang-en"]; !slices.Equal(got, []string{"English"}) {
		t.Errorf("cn;lang-en asked for by name: %q", got)
	}

	people = mustRead(t, newSource(t, options(s, func(o *ldapsrc.Options) {
		o.Attributes, o.Users.IDAttribute = []string{"uid", "surname"}, "userid"
	})))
	if got := byUID(t, people, "odd"); got.ID != "odd" || !slices.Equal(got.Attrs["surname"], []string{"Smith"}) || got.Attrs["sn"] != nil {
		t.Errorf("attributes asked for by their second names: %+v", got)
	}

	nested := newSource(t, options(s, func(o *ldapsrc.Options) {
		o.Users.Bases = []string{"OU=sub , ou=users,dc=wso2,dc=org", slapdtest.UsersDN}
	}))
	if people := mustRead(t, nested); len(people) != 1 {
		t.Errorf("nested bases gave the person %d times", len(people))
	}
	for scope, want := range map[ldapsrc.Scope]int{ldapsrc.ScopeSub: 1, ldapsrc.ScopeOne: 0, ldapsrc.ScopeBase: 0} {
		src := newSource(t, options(s, func(o *ldapsrc.Options) { o.Users.Scope = scope }))
		if got := len(mustRead(t, src)); got != want {
			t.Errorf("scope %s: %d people, want %d", scope, got, want)
		}
		w := lookup(t, src, p.ID)[p.ID]
		if !w.Present || (w.Person != nil) != (want == 1) {
			t.Errorf("scope %s: Lookup: %+v", scope, w)
		}
	}
	self := newSource(t, options(s, func(o *ldapsrc.Options) {
		o.Users.Bases, o.Users.Scope = []string{odd}, ldapsrc.ScopeBase
	}))
	if got := len(mustRead(t, self)); got != 1 {
		t.Errorf("the person as base: %d people", got)
	}
}

func TestOpenLDAPLocks(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 3})
	s.Modify(slapdtest.UserDN(1), "pwdAccountLockedTime", "000001010000Z")
	s.Modify(slapdtest.UserDN(2), "pwdAccountLockedTime", "20260102030405Z")
	people := mustRead(t, newSource(t, options(s, func(o *ldapsrc.Options) { o.Preset = schema.OpenLDAP })))
	for i, want := range []dirsync.Standing{dirsync.Enabled, dirsync.Disabled, dirsync.LockedOut} {
		if got := byUID(t, people, slapdtest.UID(i)).Standing; got != want {
			t.Errorf("%s: %s, want %s", slapdtest.UID(i), got, want)
		}
	}
}

// TestLocksOutsideTheScope: the second look tells of whom the filter or the bases leave out,
// too, whether they are locked.
func TestLocksOutsideTheScope(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 4})
	all := mustRead(t, newSource(t, options(s, func(o *ldapsrc.Options) { o.Preset = schema.OpenLDAP })))
	s.Modify(slapdtest.UserDN(1), "pwdAccountLockedTime", "000001010000Z")
	for name, narrowed := range map[string]func(*ldapsrc.Options){
		"filter": func(o *ldapsrc.Options) { o.Users.Filter = "(uid=" + slapdtest.UID(3) + ")" },
		"base":   func(o *ldapsrc.Options) { o.Users.Bases = []string{slapdtest.UserDN(3)} },
	} {
		src := newSource(t, options(s, func(o *ldapsrc.Options) {
			o.Preset = schema.OpenLDAP
			narrowed(o)
		}))
		for i, want := range []dirsync.Standing{dirsync.Enabled, dirsync.Disabled, dirsync.Enabled} {
			id := byUID(t, all, slapdtest.UID(i)).ID
			where := lookup(t, src, id)[id]
			if where.Person != nil || where.Outside == nil || where.Outside.Standing != want || where.Outside.ID != id {
				t.Errorf("narrowed by the %s, %s: %+v, want outside and %s", name, slapdtest.UID(i), where.Outside, want)
			}
		}
		id := byUID(t, all, slapdtest.UID(3)).ID
		if where := lookup(t, src, id)[id]; where.Person == nil || where.Outside != nil {
			t.Errorf("narrowed by the %s, %s: %+v, want in scope", name, slapdtest.UID(3), where)
		}
	}
}

func TestServerDiesWhileReading(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 400})
	src := newSource(t, options(s, nil))
	seen := 0
	_, err := src.Read(t.Context(), func(dirsync.Person) error {
		if seen++; seen == 150 {
			s.Stop()
		}
		return nil
	})
	// How far the server got is its own affair: the next page is asked for
	// while this one is gone through.
	wantError(t, err, "failed after|entries", "")
	var told int
	if _, count, ok := strings.Cut(err.Error(), "failed after "); ok {
		_, _ = fmt.Sscanf(count, "%d entries", &told)
	}
	if told < seen || seen < 150 || told > 300 {
		t.Errorf("%d people were given, and %v; want at most the page after the one of the 150th", seen, err)
	}
	_, err = src.Lookup(t.Context(), []dirsync.SourceID{"00000000-0000-4000-8000-000000000000"})
	wantError(t, err, "refused", "ldap.urls")
	s.Restart()
	if got := len(mustRead(t, src)); got != 400 {
		t.Errorf("%d people after the restart", got)
	}
}

func TestReadStops(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 250})
	src := newSource(t, options(s, nil))
	enough := errors.New("enough")
	_, err := src.Read(t.Context(), func(dirsync.Person) error { return enough })
	if err != enough { //nolint:errorlint // it comes back as it is
		t.Errorf("visit's error came back as %v", err)
	}
	for _, at := range []int{1, 100, 250} {
		t.Run(fmt.Sprintf("cancelled at %d", at), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			_, err := src.Read(ctx, func(dirsync.Person) error {
				if n++; n == at {
					cancel()
				}
				return nil
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want context.Canceled", err)
			}
		})
	}
	_ = src.Close()
	if _, _, err := readAll(t, src); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("Read after Close: %v", err)
	}
}

// A consumer may take its time: only the server's counts.
func TestSlowConsumer(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 30})
	src := newSource(t, options(s, func(o *ldapsrc.Options) { o.Timeout, o.PageSize = 3*time.Second, 10 }))
	n := 0
	_, err := src.Read(t.Context(), func(dirsync.Person) error {
		if n++; n == 15 {
			time.Sleep(3100 * time.Millisecond)
		}
		return nil
	})
	if err != nil || n != 30 {
		t.Errorf("%d people, %v", n, err)
	}
}
