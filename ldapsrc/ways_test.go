package ldapsrc_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/slapdtest"
)

// Over a socket the user of this process reads, by SASL EXTERNAL.
func TestSocket(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 250, Socket: true})
	over := func(socket string, change func(*ldapsrc.Options)) ldapsrc.Options {
		return options(s, func(o *ldapsrc.Options) {
			o.URLs, o.CAFile, o.BindDN, o.BindPassword = []string{"ldapi://" + url.PathEscape(socket)}, "", "", ""
			if change != nil {
				change(o)
			}
		})
	}
	src := newSource(t, over(s.Socket, nil))
	people, info, err := readAll(t, src)
	if err != nil || len(people) != 250 || info.Server != "ldapi://"+url.PathEscape(s.Socket) {
		t.Fatalf("%d people from %s, %v", len(people), info.Server, err)
	}
	s.Delete(slapdtest.UserDN(1))
	if found := lookup(t, src, people[0].ID, people[1].ID); !found[people[0].ID].Present || found[people[1].ID].Present {
		t.Errorf("looked up over it: %+v", found)
	}
	s.Restart() // the connection is lost, and made anew over the socket
	if found := lookup(t, src, people[0].ID); !found[people[0].ID].Present {
		t.Errorf("looked up after a restart: %+v", found)
	}
	for _, server := range src.Probe(t.Context()) {
		if !server.Usable() || server.TLS != nil {
			t.Errorf("%+v", server)
		}
	}
	// An account of the directory, whose password does not leave this machine.
	mustRead(t, newSource(t, over(s.Socket, func(o *ldapsrc.Options) {
		o.BindDN, o.BindPassword = slapdtest.ReaderDN, slapdtest.ReaderPassword
	})))
	_, _, err = readAll(t, newSource(t, over(s.Socket+"-not", nil)))
	wantError(t, err, "no such file", "path of the socket in ldap.urls")
	if err := os.WriteFile(s.Socket+"-file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err = readAll(t, newSource(t, over(s.Socket+"-file", nil)))
	wantError(t, err, "refused", "ldap.urls")
}

// zone answers as DNS does, by service and domain; a name that is not in it does not exist.
type zone map[string][]*net.SRV

func (z zone) lookup(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	full := "_" + service + "._" + proto + "." + name
	records, found := z[full]
	if !found {
		return "", nil, &net.DNSError{Err: "no such host", Name: full, IsNotFound: true}
	}
	return full, records, nil
}

func record(t *testing.T, target, serverURL string) *net.SRV {
	t.Helper()
	u, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return &net.SRV{Target: target, Port: uint16(port)}
}

// A domain's servers are those that DNS names when it is connected to, and each must bear
// its own name in its certificate.
func TestServersOfADomain(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 3})
	dead := &net.SRV{Target: "localhost.", Port: 1}
	for _, tt := range []struct {
		name   string
		url    string
		zone   zone
		server string // that answers; "" for an error
		words  string
		hint   string
	}{
		{"ldaps by its own records", "srv+ldaps://example.org", zone{
			"_ldaps._tcp.example.org.": {record(t, "localhost.", s.TLSURL)}, "_ldap._tcp.example.org.": {dead},
		}, "ldaps://localhost", "", ""},
		{"the next where the first is down", "srv+ldaps://example.org", zone{
			"_ldaps._tcp.example.org.": {dead, record(t, "localhost.", s.TLSURL)},
		}, "ldaps://localhost", "", ""},
		{"ldaps by the records of ldap", "srv+ldaps://example.org/", zone{
			"_ldap._tcp.example.org.": {record(t, "localhost", s.TLSURL)},
		}, "ldaps://localhost", "", ""},
		{"a name that the certificate lacks", "srv+ldaps://example.org", zone{
			"_ldaps._tcp.example.org.": {record(t, "localhost.localdomain.", s.TLSURL)},
		}, "", "localhost.localdomain", ""},
		{"nobody known", "srv+ldaps://example.org", zone{}, "", "no such host", "_ldap._tcp.example.org"},
		{"nobody there", "srv+ldaps://example.org", zone{"_ldap._tcp.example.org.": {{Target: "."}}}, "", "has no LDAP server", "ldap.urls"},
		{"no encrypted port", "srv+ldaps://example.org", zone{"_ldap._tcp.example.org.": {record(t, "localhost.", s.URL)}}, "", "TLS", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			src := newSource(t, options(s, func(o *ldapsrc.Options) { o.URLs, o.LookupSRV = []string{tt.url}, tt.zone.lookup }))
			people, info, err := readAll(t, src)
			if tt.server == "" {
				wantError(t, err, tt.words, tt.hint)
				probed := src.Probe(t.Context())
				if len(probed) == 0 || probed[0].Usable() {
					t.Errorf("probed: %+v", probed)
				}
				return
			}
			if err != nil || len(people) != 3 || !strings.HasPrefix(info.Server, tt.server) {
				t.Fatalf("%d people from %s, %v", len(people), info.Server, err)
			}
			if found := lookup(t, src, people[0].ID); !found[people[0].ID].Present {
				t.Error("the second look found nobody")
			}
		})
	}
}

// DNS is asked at each connect, and a password goes to none of its servers in the clear.
func TestDomainIsAskedAnew(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 3})
	asked := []string{}
	names := zone{"_ldaps._tcp.example.org.": {{Target: "localhost.", Port: 1}}}
	opts := options(s, func(o *ldapsrc.Options) {
		o.URLs = []string{"srv+ldaps://example.org"}
		o.LookupSRV = func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error) {
			asked = append(asked, service+" "+name)
			return names.lookup(ctx, service, proto, name)
		}
	})
	src := newSource(t, opts)
	_, _, err := readAll(t, src)
	wantError(t, err, "refused", "ldap.urls")
	names["_ldaps._tcp.example.org."] = []*net.SRV{record(t, "localhost.", s.TLSURL)}
	mustRead(t, src)
	if diff := cmp.Diff([]string{"ldaps example.org.", "ldaps example.org."}, asked); diff != "" {
		t.Errorf("what DNS was asked for (-want +got):\n%s", diff)
	}
	opts.URLs = []string{"srv+ldap://example.org"}
	_, err = ldapsrc.New(opts)
	wantError(t, err, "srv+ldap://example.org|unencrypted", "ldap.start_tls")
	opts.StartTLS = true
	names["_ldap._tcp.example.org."] = []*net.SRV{record(t, "localhost.", s.URL)}
	mustRead(t, newSource(t, opts))
}

// Active Directory's other names for an account reach the server as they are.
func TestLoginNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"duosync@example.com", `EXAMPLE\duosync`} {
		sim, err := ldapsim.New(ldapsim.Options{Suffixes: []string{"dc=example,dc=com"}, Binds: map[string]string{name: simPassword}})
		if err != nil {
			t.Fatal(err)
		}
		if err := sim.Start("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = sim.Close() })
		add(t, sim, "dc=example,dc=com", ldapsim.Attributes{"objectClass": {"top"}})
		add(t, sim, simUsers, ldapsim.Attributes{"objectClass": {"top"}})
		opts := simOptions(sim, func(o *ldapsrc.Options) { o.Preset, o.BindDN = schema.ActiveDirectory, name })
		if people := mustRead(t, newSource(t, opts)); len(people) != 0 {
			t.Errorf("%s: %d people", name, len(people))
		}
		opts.BindPassword = "wrong-pw"
		_, _, err = readAll(t, newSource(t, opts))
		wantError(t, err, `bind as "`+name+`"`, "ldap.bind_dn")
	}
}
