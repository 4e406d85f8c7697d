package ldapsrc_test

import (
	"errors"
	"strings"
	"testing"

	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/decode"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/slapdtest"
)

func TestProbeAsksEachServer(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 3})
	servers := newSource(t, options(s, func(o *ldapsrc.Options) {
		o.URLs = []string{"ldap://127.0.0.1:1", s.URL, s.TLSURL}
	})).Probe(t.Context())
	if len(servers) != 3 {
		t.Fatalf("%d servers, want 3", len(servers))
	}
	down, plain, encrypted := servers[0], servers[1], servers[2]
	wantError(t, down.ConnectErr, "refused", "ldap.urls")
	if down.Usable() || down.URL != "ldap://127.0.0.1:1" {
		t.Errorf("the server that is down: %+v", down)
	}
	if !plain.Usable() || plain.TLS != nil || plain.Product != conn.ProductOpenLDAP || !plain.Paging {
		t.Errorf("the plain one: %+v", plain)
	}
	if !encrypted.Usable() || encrypted.TLS == nil || encrypted.TLS.PeerCertificates[0].DNSNames[0] != "localhost" {
		t.Errorf("the encrypted one: %+v", encrypted)
	}
}

func TestProbeTriesAPasswordOnce(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{})
	servers := newSource(t, options(s, func(o *ldapsrc.Options) {
		o.URLs, o.BindPassword = []string{s.URL, s.TLSURL}, "wrong-pw"
	})).Probe(t.Context())
	wantError(t, servers[0].BindErr, "invalid credentials", "ldap.bind_password")
	if second := servers[1]; second.ConnectErr != nil || !errors.Is(second.BindErr, conn.ErrNotTried) || second.Usable() {
		t.Errorf("the second server: %+v, want a login that was not tried", second)
	}
}

func TestProbeKnowsProducts(t *testing.T) {
	t.Parallel()
	for vendor, want := range map[string]conn.Product{
		"Apache Software Foundation":        conn.ProductApacheDS,
		"389 Project":                       conn.Product389,
		"":                                  "",
		"ForgeRock AS.|OpenDJ Server 4.4.3": conn.ProductOpenDJ,
		"Oracle Corporation|Oracle Unified Directory 12.2.1.4.0":       conn.ProductOpenDJ,
		"NetIQ Corporation|LDAP Agent for NetIQ eDirectory 9.2.4 (40)": conn.ProductEDirectory,
	} {
		name, version, _ := strings.Cut(vendor, "|")
		more := ldapsim.Attributes{}
		if version != "" {
			more["vendorVersion"] = []string{version}
		}
		sim, err := ldapsim.New(ldapsim.Options{Suffixes: []string{"dc=x"}, Anonymous: true, Vendor: name, RootDSE: more})
		if err == nil {
			err = sim.Start("127.0.0.1:0")
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = sim.Close() })
		server := newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.BindDN, o.BindPassword = "", "" })).Probe(t.Context())[0]
		if !server.Usable() || server.Product != want {
			t.Errorf("vendor %q: %+v, want product %q", vendor, server, want)
		}
		if known := want != ""; known != (want.LimitAdvice() != "") {
			t.Errorf("advice for %q: %q", want, want.LimitAdvice())
		}
	}
}

func TestBasesOneByOne(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{Access: `access to dn.subtree="` + slapdtest.GroupsDN + `" by * none`})
	const nowhere = "ou=Nowhere," + slapdtest.Suffix
	bases, err := newSource(t, options(s, func(o *ldapsrc.Options) {
		o.Users.Bases = []string{slapdtest.UsersDN, nowhere, slapdtest.GroupsDN}
	})).Bases(t.Context())
	if err != nil || len(bases) != 3 {
		t.Fatalf("%v (%v)", bases, err)
	}
	if bases[0].Err != nil || bases[0].DN != slapdtest.UsersDN {
		t.Errorf("the base that is there: %+v", bases[0])
	}
	wantError(t, bases[1].Err, "ou=Nowhere|LDAP code 32", "ldap.users.base_dns")
	wantError(t, bases[2].Err, "ou=Groups|LDAP code 32", "right to read")
}

// TestIDErrorsAreTold checks that errors of the id attribute can be told from
// those of the read.
func TestIDErrorsAreTold(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 20})
	for attribute, want := range map[string]bool{"employeeNumber": true, "sn": true, "entryUUID": false} {
		_, _, err := readAll(t, newSource(t, options(s, func(o *ldapsrc.Options) { o.Users.IDAttribute = attribute })))
		if errors.Is(err, decode.ErrID) != want {
			t.Errorf("id attribute %s: %v, want an ErrID: %v", attribute, err, want)
		}
	}
	_, _, err := readAll(t, newSource(t, options(s, func(o *ldapsrc.Options) { o.Users.Bases = []string{"ou=Nowhere," + slapdtest.Suffix} })))
	if err == nil || errors.Is(err, decode.ErrID) || strings.Contains(err.Error(), "entryUUID") {
		t.Errorf("a base that is not there: %v, want another error", err)
	}
}
