package framed_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc/apachedstest"
	"duosync/ldapsrc/ds389test"
	"duosync/ldapsrc/framed"
	"duosync/ldapsrc/sambatest"
	"duosync/ldapsrc/slapdtest"
)

// account is one that reads a server.
type account struct{ url, caFile, dn, password, base string }

// encrypted reports whether the connection is to be; on ldap:// by StartTLS.
func (a account) encrypted() bool { return a.caFile != "" }

// A dirty directory on each kind of server is, entry for entry and value for value, what
// go-ldap reads of it by itself.
func TestServers(t *testing.T) {
	t.Parallel()
	servers := map[string]func(t *testing.T) []account{
		"OpenLDAP": func(t *testing.T) []account {
			var group strings.Builder
			_, _ = fmt.Fprintf(&group, "dn: cn=all,%s\nobjectClass: groupOfNames\ncn: all\n", slapdtest.GroupsDN)
			for i := range 3000 {
				_, _ = fmt.Fprintf(&group, "member: %s\n", slapdtest.UserDN(i))
			}
			s := slapdtest.Start(t, slapdtest.Options{People: 3000, LDIF: group.String()})
			return []account{
				{s.URL, "", slapdtest.AdminDN, slapdtest.AdminPassword, slapdtest.Suffix},
				{s.TLSURL, s.CAFile, slapdtest.ReaderDN, slapdtest.ReaderPassword, slapdtest.Suffix},
				{s.URL, s.CAFile, slapdtest.ReaderDN, slapdtest.ReaderPassword, slapdtest.Suffix},
			}
		},
		"389": func(t *testing.T) []account {
			s := ds389test.Start(t, ds389test.Options{})
			s.Do(func(c *ldap.Conn) error { return addDirt(c, s.UsersDN) })
			return []account{{s.URL, "", s.ReaderDN, ds389test.ReaderPassword, s.UsersDN}}
		},
		"ApacheDS": func(t *testing.T) []account {
			s := apachedstest.Start(t, apachedstest.Options{People: 300})
			return []account{
				{s.URL, "", apachedstest.AdminDN, apachedstest.AdminPassword, apachedstest.UsersDN},
				{s.TLSURL, s.CAFile, apachedstest.AdminDN, apachedstest.AdminPassword, apachedstest.UsersDN},
				{s.URL, s.CAFile, apachedstest.AdminDN, apachedstest.AdminPassword, apachedstest.UsersDN},
			}
		},
		"Samba": func(t *testing.T) []account {
			s := sambatest.Start(t)
			s.Do(func(c *ldap.Conn) error {
				for i := range 50 {
					if err := sambatest.AddPerson(c, fmt.Sprintf("person%02d", i), nil); err != nil {
						return err
					}
				}
				return nil
			})
			return []account{{s.URL, "", sambatest.ReaderDN, sambatest.ReaderPassword, sambatest.Suffix}}
		},
	}
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, a := range start(t) {
				sameAsPlain(t, a)
			}
		})
	}
}

// addDirt adds people with what 389's own do not have.
func addDirt(c *ldap.Conn, base string) error {
	for i := range 300 {
		add := ldap.NewAddRequest(fmt.Sprintf("uid=dirt%03d,%s", i, base), nil)
		add.Attribute("objectClass", []string{"inetOrgPerson"})
		add.Attribute("cn", []string{"Jürgen, \"J\" #" + fmt.Sprint(i), strings.Repeat("é", i+1)})
		add.Attribute("sn;lang-de", []string{"Ä"})
		add.Attribute("sn", []string{"Ae"})
		add.Attribute("jpegPhoto", []string{strings.Repeat("\x00\xff", 100*i+1)})
		if err := c.Add(add); err != nil {
			return err
		}
	}
	return nil
}

// sameAsPlain reads everything below a base with go-ldap and with the reader.
func sameAsPlain(t *testing.T, a account) {
	t.Helper()
	plain := ldap.NewConn(dial(t, a), false)
	reader := framed.New(dial(t, a))
	client := ldap.NewConn(reader, false)
	for _, c := range []*ldap.Conn{plain, client} {
		c.Start()
		defer func() { _ = c.Close() }()
		if err := c.Bind(a.dn, a.password); err != nil {
			t.Fatal(err)
		}
	}
	want, referrals := readAll(t, a.base, plain.Search)
	got, others := readAll(t, a.base, func(r *ldap.SearchRequest) (*ldap.SearchResult, error) { return reader.Search(client, r) })
	if len(want) < 50 {
		t.Fatalf("%s: %d entries only", a.url, len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-go-ldap +reader):\n%s", a.url, diff)
	}
	if !slices.Equal(referrals, others) {
		t.Errorf("%s: referrals %q, with the reader %q", a.url, referrals, others)
	}
}

// readAll reads in pages, and gives the entries in order.
func readAll(t *testing.T, base string, search func(*ldap.SearchRequest) (*ldap.SearchResult, error)) (entries []*ldap.Entry, referrals []string) {
	t.Helper()
	paging := ldap.NewControlPaging(100)
	for {
		result, err := search(&ldap.SearchRequest{
			BaseDN: base, Scope: ldap.ScopeWholeSubtree, Filter: "(objectClass=*)", Attributes: []string{"*", "+"}, Controls: []ldap.Control{paging},
		})
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, answer{SearchResult: result}.entries()...)
		referrals = append(referrals, result.Referrals...)
		next, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok {
			t.Fatal("a page without an end")
		}
		if len(next.Cookie) == 0 {
			break
		}
		paging.SetCookie(next.Cookie)
	}
	for _, e := range entries {
		slices.SortFunc(e.Attributes, func(a, b *ldap.EntryAttribute) int { return strings.Compare(a.Name, b.Name) })
		for _, a := range e.Attributes {
			slices.Sort(a.Values)
		}
	}
	slices.SortFunc(entries, func(a, b *ldap.Entry) int { return strings.Compare(a.DN, b.DN) })
	slices.Sort(referrals)
	return entries, referrals
}

func dial(t *testing.T, a account) net.Conn {
	t.Helper()
	u, err := url.Parse(a.url)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	if !a.encrypted() {
		return stream
	}
	if u.Scheme == "ldap" {
		startTLS(t, stream)
	}
	roots := x509.NewCertPool()
	pem, _ := os.ReadFile(a.caFile)
	roots.AppendCertsFromPEM(pem)
	return tls.Client(stream, &tls.Config{RootCAs: roots, ServerName: u.Hostname(), MinVersion: tls.VersionTLS12})
}

// startTLS asks for TLS (RFC 4511, 4.14).
func startTLS(t *testing.T, stream net.Conn) {
	t.Helper()
	name := ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, "1.3.6.1.4.1.1466.20037", "")
	if _, err := stream.Write(message(1, ldap.ApplicationExtendedRequest, name)); err != nil {
		t.Fatal(err)
	}
	answer, err := ber.ReadPacket(stream)
	if err == nil {
		err = ldap.GetLDAPError(answer)
	}
	if err != nil {
		t.Fatal(err)
	}
}
