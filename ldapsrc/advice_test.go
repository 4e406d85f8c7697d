package ldapsrc_test

import (
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/slapdtest"
)

// trouble is a server that can't be used as it is addressed: the cause that is told, the
// advice, and what that advice comes down to, after which the directory must be read.
type trouble struct {
	name   string
	server slapdtest.Options
	change func(*slapdtest.Server, *ldapsrc.Options)
	cause  string // words of the error, with | between them
	hint   string
	heal   func(*slapdtest.Server, *ldapsrc.Options) // nil: the remedy is the server's, and tried by mend
	mend   *slapdtest.Options                        // the server as the advice has it
}

const tlsFiles = "TLSCACertificateFile {{.Dir}}/ca.pem\nTLSCertificateFile {{.Dir}}/server.pem\nTLSCertificateKeyFile {{.Dir}}/server.key\n"

func nobody(_ *slapdtest.Server, o *ldapsrc.Options) { o.BindDN, o.BindPassword = "", "" }

func reader(_ *slapdtest.Server, o *ldapsrc.Options) {
	o.BindDN, o.BindPassword = slapdtest.ReaderDN, slapdtest.ReaderPassword
}

func plainly(s *slapdtest.Server, o *ldapsrc.Options) { o.URLs = []string{s.URL} }

func overTLS(s *slapdtest.Server, o *ldapsrc.Options) { o.URLs, o.StartTLS = []string{s.TLSURL}, false }

func withCertificate(s *slapdtest.Server, o *ldapsrc.Options) {
	o.ClientCertFile, o.ClientKeyFile = s.ClientCertFile, s.ClientKeyFile
}

func both(changes ...func(*slapdtest.Server, *ldapsrc.Options)) func(*slapdtest.Server, *ldapsrc.Options) {
	return func(s *slapdtest.Server, o *ldapsrc.Options) {
		for _, change := range changes {
			change(s, o)
		}
	}
}

// wrongPort addresses one kind of port as if it were the other.
func wrongPort(s *slapdtest.Server, o *ldapsrc.Options) {
	o.URLs = []string{"ldap" + strings.TrimPrefix(s.TLSURL, "ldaps")}
}

func wrongTLSPort(s *slapdtest.Server, o *ldapsrc.Options) {
	o.URLs = []string{"ldaps" + strings.TrimPrefix(s.URL, "ldap")}
}

func tls12(more string) string {
	return tlsFiles + "TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.2" + more
}

// encryptionTroubles are those of TLS.
func encryptionTroubles() []trouble {
	const asTLS, plain = "the server speaks TLS on this port", "the server does not speak TLS on this port, but plain LDAP"
	good := &slapdtest.Options{People: 3}
	startTLS := func(_ *slapdtest.Server, o *ldapsrc.Options) { o.StartTLS = true }
	return []trouble{
		{name: "ldap:// to the TLS port", change: wrongPort, cause: asTLS, hint: "use ldaps://127.0.0.1:", heal: overTLS},
		{name: "ldap:// to the TLS port, nobody", change: both(wrongPort, nobody), cause: asTLS, hint: "use ldaps://127.0.0.1:", heal: both(overTLS, reader)},
		{name: "StartTLS to the TLS port", change: both(wrongPort, startTLS), cause: asTLS, hint: "ldap.start_tls: false", heal: overTLS},
		{name: "ldaps:// to the plain port", change: wrongTLSPort, cause: plain, hint: "use ldap://127.0.0.1:", heal: both(plainly, startTLS)},
		{
			name: "ldaps:// to a server without TLS", server: slapdtest.Options{TLS: "none"}, change: wrongTLSPort, cause: plain + ", and offers no StartTLS",
			hint: "have TLS set up", mend: good, heal: overTLS,
		},
		{
			name: "StartTLS to a server without TLS", server: slapdtest.Options{TLS: "none"}, change: both(plainly, startTLS), cause: "StartTLS|LDAP code 2",
			hint: "does not offer StartTLS", mend: good, heal: both(plainly, startTLS),
		},
		{
			name: "TLS 1.0 only", server: slapdtest.Options{RSA: true, TLS: tlsFiles + "TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.0"},
			cause: "the server offers TLS 1.0 at most", hint: "TLS 1.2", mend: &slapdtest.Options{RSA: true, TLS: tls12("")},
		},
		{
			name: "TLS 1.1 only, by StartTLS", server: slapdtest.Options{RSA: true, TLS: tlsFiles + "TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.1"}, change: both(plainly, startTLS),
			cause: "the server offers TLS 1.1 at most", hint: "TLS 1.2", mend: &slapdtest.Options{RSA: true, TLS: tls12("")}, heal: both(plainly, startTLS),
		},
		{
			name: "RSA key exchange only", server: slapdtest.Options{RSA: true, TLS: tls12(":-KX-ALL:+RSA")}, cause: "RSA key exchange only",
			hint: "ECDHE", mend: &slapdtest.Options{RSA: true, TLS: tls12(":-KX-ALL:+ECDHE-RSA")},
		},
		{
			name: "DHE key exchange only", server: slapdtest.Options{RSA: true, TLS: tls12(":-KX-ALL:+DHE-RSA")}, cause: "TLS: ",
			hint: "ECDHE", mend: &slapdtest.Options{RSA: true, TLS: tls12(":-KX-ALL:+ECDHE-RSA")},
		},
	}
}

// certificateTroubles are those of the client's certificate.
func certificateTroubles() []trouble {
	const demanded = "the server demands a client certificate, signed by CN=duosync test CA"
	demand := slapdtest.Options{TLS: tlsFiles + "TLSVerifyClient demand"}
	startTLS := func(_ *slapdtest.Server, o *ldapsrc.Options) { o.StartTLS = true }
	strange := func(s *slapdtest.Server, o *ldapsrc.Options) {
		o.ClientCertFile, o.ClientKeyFile = s.OtherCA, strings.TrimSuffix(s.OtherCA, ".pem")+".key"
	}
	return []trouble{
		{name: "demanded, TLS 1.3", server: demand, cause: demanded, hint: "ldap.client_cert_file", heal: withCertificate},
		{name: "demanded, TLS 1.2", server: slapdtest.Options{TLS: tls12("\nTLSVerifyClient demand")}, cause: demanded, hint: "ldap.client_cert_file", heal: withCertificate},
		{name: "demanded, of nobody", server: demand, change: nobody, cause: demanded, hint: "ldap.client_cert_file", heal: withCertificate},
		{name: "demanded, by StartTLS", server: demand, change: both(plainly, startTLS), cause: demanded, hint: "ldap.client_cert_file", heal: both(plainly, startTLS, withCertificate)},
		{name: "of another authority", server: demand, change: strange, cause: demanded + ", and that of ldap.client_cert_file is of another", hint: "ldap.client_cert_file", heal: withCertificate},
		{
			name: "EXTERNAL where none is asked for", server: slapdtest.Options{TLS: tlsFiles + "TLSVerifyClient never"}, change: both(nobody, withCertificate),
			cause: "client certificate's subject|LDAP code 7", hint: "TLSVerifyClient try", mend: &slapdtest.Options{}, heal: both(nobody, withCertificate),
		},
		{
			name: "EXTERNAL where none is asked for, other remedy", server: slapdtest.Options{TLS: tlsFiles + "TLSVerifyClient never"}, change: both(nobody, withCertificate),
			cause: "client certificate's subject|LDAP code 7", hint: "or give ldap.bind_dn and ldap.bind_password", heal: reader,
		},
	}
}

// answerTroubles are codes that slapd answers with.
func answerTroubles() []trouble {
	base := func(dn string) func(*slapdtest.Server, *ldapsrc.Options) {
		return func(_ *slapdtest.Server, o *ldapsrc.Options) { o.Users.Bases = []string{dn} }
	}
	as := func(dn, password string) func(*slapdtest.Server, *ldapsrc.Options) {
		return func(_ *slapdtest.Server, o *ldapsrc.Options) { o.BindDN, o.BindPassword = dn, password }
	}
	const without = "cn=without," + slapdtest.UsersDN
	return []trouble{
		{name: "1, nobody", server: slapdtest.Options{Global: "require bind"}, change: nobody, cause: "LDAP code 1)", hint: "lets nobody in without a login", heal: reader},
		{name: "8, SASL", server: slapdtest.Options{Global: "require SASL"}, change: plainly, cause: "LDAP code 8)", hint: "SASL EXTERNAL", heal: both(nobody, withCertificate)},
		{
			name: "11, page size", server: slapdtest.Options{People: 30, Limits: "size.pr=10"}, cause: "LDAP code 11)", hint: "ldap.page_size",
			heal: func(_ *slapdtest.Server, o *ldapsrc.Options) { o.PageSize = 10 },
		},
		{
			name: "11, no paging", server: slapdtest.Options{Limits: "size.prtotal=disabled"}, cause: "LDAP code 11)", hint: "size.prtotal=unlimited",
			mend: &slapdtest.Options{Limits: "size=unlimited size.unchecked=unlimited size.prtotal=unlimited time=unlimited"},
		},
		{
			name: "11, unchecked", server: slapdtest.Options{People: 60, Limits: "size.unchecked=10"}, cause: "LDAP code 11)", hint: "size.unchecked=unlimited",
			change: func(_ *slapdtest.Server, o *ldapsrc.Options) { o.Users.Filter = "(sn=*)" },
			mend:   &slapdtest.Options{People: 60, Limits: "size=unlimited size.unchecked=unlimited size.prtotal=unlimited time=unlimited"},
		},
		{
			name: "13, plain", server: slapdtest.Options{RequireTLS: true}, change: plainly, cause: "LDAP code 13)", hint: "ldap.start_tls: true",
			heal: func(_ *slapdtest.Server, o *ldapsrc.Options) { o.StartTLS = true },
		},
		{name: "13, encrypted", server: slapdtest.Options{Global: "security ssf=512"}, cause: "LDAP code 13)", hint: "OpenLDAP: security", mend: &slapdtest.Options{Global: "security ssf=128"}},
		{name: "32, base", change: base("ou=Nowhere," + slapdtest.Suffix), cause: "LDAP code 32)", hint: "check ldap.users.base_dns", heal: base(slapdtest.UsersDN)},
		{name: "32, nobody", change: nobody, cause: "LDAP code 32)", hint: "set ldap.bind_dn", heal: reader},
		{
			name: "32, no rights", server: slapdtest.Options{Access: `access to dn.subtree="` + slapdtest.UsersDN + `" by * none`}, cause: "LDAP code 32)", hint: "right to read and search",
			mend: &slapdtest.Options{},
		},
		{name: "34", change: as("duosync@example.org", "x"), cause: "LDAP code 34)", hint: "write ldap.bind_dn as a DN", heal: reader},
		{name: "48, nobody", server: slapdtest.Options{Global: "disallow bind_anon\nrequire authc"}, change: nobody, cause: "LDAP code ", hint: "set ldap.bind_dn", heal: reader},
		{
			name: "48, without a password", server: slapdtest.Options{LDIF: "dn: " + without + "\nobjectClass: inetOrgPerson\ncn: without\nsn: W\n", Access: "access to attrs=userPassword by anonymous auth"},
			change: as(without, "x"), cause: "LDAP code 4", hint: "ldap.bind_dn", heal: reader,
		},
		{name: "49", change: as(slapdtest.ReaderDN, "wrong-pw"), cause: "LDAP code 49)", hint: "ldap.bind_password", heal: reader},
		{name: "50", server: slapdtest.Options{Access: `access to dn.subtree="` + slapdtest.UsersDN + `" by dn.exact="` + slapdtest.ReaderDN + `" disclose by * none`}, cause: "LDAP code 50)", hint: "right to read and search", mend: &slapdtest.Options{}},
		{name: "53, nobody", server: slapdtest.Options{Global: "require authc"}, change: nobody, cause: "LDAP code 53)", hint: "set ldap.bind_dn", heal: reader},
		{name: "53, no passwords", server: slapdtest.Options{Global: "disallow bind_simple"}, cause: "LDAP code 53)", hint: "have simple binds allowed", mend: &slapdtest.Options{}},
	}
}

// Of a real server that can't be used as it is addressed the one cause is told, and the
// advice helps: the server, or what is asked of it, is changed as it says, and read.
func TestAdviceHelps(t *testing.T) {
	t.Parallel()
	for kind, troubles := range map[string][]trouble{
		"encryption": encryptionTroubles(), "certificates": certificateTroubles(), "answers": answerTroubles(),
	} {
		for _, x := range troubles {
			t.Run(kind+"/"+x.name, func(t *testing.T) {
				t.Parallel()
				x.server.People = max(x.server.People, 3)
				s := slapdtest.Start(t, x.server)
				opts := options(s, nil)
				if x.change != nil {
					x.change(s, &opts)
				}
				_, _, err := readAll(t, newSource(t, opts))
				wantError(t, err, x.cause, x.hint)
				if x.mend != nil {
					x.mend.People = max(x.mend.People, 3)
					s = slapdtest.Start(t, *x.mend)
				}
				healed := options(s, nil)
				if x.heal != nil {
					x.heal(s, &healed)
				}
				if read := mustRead(t, newSource(t, healed)); len(read) < 3 {
					t.Errorf("%d people after the remedy", len(read))
				}
			})
		}
	}
}

// What no server at hand answers, a simulated one does.
func TestAdviceByCode(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name   string
		faults ldapsim.Faults
		words  string
		hint   string
	}{
		{"paging refused", ldapsim.Faults{FailOnPage: 1, FailCode: ldap.LDAPResultUnavailableCriticalExtension}, "LDAP code 12)", "refuses paged results"},
		{"protocol", ldapsim.Faults{FailOnPage: 1, FailCode: ldap.LDAPResultProtocolError}, "LDAP code 2)", "LDAP version 3"},
		{"protocol, bind", ldapsim.Faults{BindCode: ldap.LDAPResultProtocolError}, "bind|LDAP code 2)", "LDAP version 3"},
		{"other", ldapsim.Faults{FailOnPage: 1, FailCode: ldap.LDAPResultOther}, "LDAP code 80)", "its log"},
		{"other, bind", ldapsim.Faults{BindCode: ldap.LDAPResultOther}, "bind|LDAP code 80)", "its log"},
		{"no such account", ldapsim.Faults{BindCode: ldap.LDAPResultNoSuchObject}, "bind|LDAP code 32)", "no such account"},
		{"may not log in", ldapsim.Faults{BindCode: ldap.LDAPResultInsufficientAccessRights}, "bind|LDAP code 50)", "may not log in"},
		{"no way to compare", ldapsim.Faults{FailOnPage: 1, FailCode: ldap.LDAPResultInappropriateMatching}, "LDAP code 18)", "ldap.users.filter"},
		{"unwilling", ldapsim.Faults{FailOnPage: 1, FailCode: ldap.LDAPResultUnwillingToPerform}, "LDAP code 53)", "its log"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, 3)
			sim.SetFaults(x.faults)
			_, _, err := readAll(t, newSource(t, simOptions(sim, nil)))
			wantError(t, err, x.words, x.hint)
		})
	}
}
