package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"fmt"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"duosync/cmd/internal/check"
	"duosync/duo/duosim"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/slapdtest"
	"duosync/state"
	dirsync "duosync/sync"
)

// fault is something wrong, and the line of check that must tell of it.
type fault struct {
	name   string
	slapd  slapdtest.Options // a server of its own, where anything is set
	sim    *sim              // a simulated directory in its place
	duo    duosim.Options
	plant  func(h *house)
	check  string // the line's name
	leaves string // the name of a line that is not checked then, or ""
	note   bool   // the check passes, with a hint
	detail string
	hint   string
}

// sim is a simulated directory of plain people.
type sim struct {
	ldapsim.Options
	ldapsim.Faults
	people  int
	expired bool // it shows a certificate that has ended
}

func (f *fault) house(t *testing.T, shared *slapdtest.Server) *house {
	t.Helper()
	opts := houseOptions{duo: f.duo, ldap: ldapSection(shared.URL)}
	switch {
	case f.sim != nil:
		opts.ldap = strings.Replace(ldapSection(f.sim.start(t)), "{", "{users: {base_dns: ['ou=people,dc=x']}, ", 1)
	case f.slapd != slapdtest.Options{}:
		opts.ldap, opts.slapd = "", f.slapd
	}
	return newHouse(t, opts)
}

func (s *sim) start(t *testing.T) string {
	t.Helper()
	opts := s.Options
	opts.Suffixes, opts.Binds = []string{"dc=x"}, map[string]string{slapdtest.ReaderDN: bindPassword}
	if s.expired {
		opts.TLS, opts.Implicit = &tls.Config{Certificates: []tls.Certificate{expiredCertificate(t)}, MinVersion: tls.VersionTLS12}, true
	}
	server, err := ldapsim.New(opts)
	if err == nil {
		err = server.Start("127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	for _, dn := range []string{"dc=x", "ou=people,dc=x"} {
		if err := server.Add(dn, ldapsim.Attributes{"objectClass": {"top"}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range s.people {
		if err := server.Add(fmt.Sprintf("uid=sim%d,ou=people,dc=x", i), ldapsim.Attributes{
			"objectClass": {"person"}, "cn": {"Sim Person"}, "sn": {"Person"}, "givenName": {"Sim"}, "mail": {"sim@example.com"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	server.SetFaults(s.Faults)
	return server.URL()
}

// expiredCertificate is one of yesterday. It is its own authority.
func expiredCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// edits plants a fault by edits of the configuration, in pairs of from and to.
func edits(pairs ...string) func(*house) {
	return func(h *house) {
		for i := 0; i < len(pairs); i += 2 {
			h.edit(pairs[i], pairs[i+1])
		}
	}
}

func ldapFaults(shared *slapdtest.Server) []fault {
	inLDAP := func(keys string) func(*house) { return edits("ldap: {", "ldap: {"+keys+", ") }
	tlsTo := func(ca, more string) func(*house) {
		return edits(shared.URL, shared.TLSURL, "ldap: {", fmt.Sprintf("ldap: {ca_file: %q, %s", ca, more))
	}
	return []fault{
		{name: "wrong port", plant: edits(shared.URL, "ldap://127.0.0.1:1"), check: check.LDAPConnection, leaves: check.LDAPUsernames, detail: "ldap://127.0.0.1:1: ", hint: "port in ldap.urls"},
		{name: "one server of two down", plant: edits(shared.URL+`"`, `ldap://127.0.0.1:1", "`+shared.URL+`"`), check: check.LDAPConnection, detail: "127.0.0.1:1: ", hint: "ldap.urls"},
		{name: "wrong authority", plant: tlsTo(shared.OtherCA, ""), check: check.LDAPConnection, detail: "unknown authority", hint: "ldap.ca_file"},
		{name: "wrong server name", plant: tlsTo(shared.CAFile, "server_name: ldap.example.org, "), check: check.LDAPConnection, detail: "ldap.example.org", hint: "ldap.server_name"},
		{name: "authority's file is not there", plant: tlsTo("/nowhere/ca.pem", ""), check: check.Configuration, detail: "ldap.ca_file: /nowhere/ca.pem can't be read"},
		{name: "certificate that ends soon", plant: tlsTo(shared.CAFile, ""), check: check.LDAPConnection, note: true, detail: "localhost is good for 23h", hint: "renewed"},
		{name: "certificate that has ended", sim: &sim{expired: true}, check: check.LDAPConnection, detail: "expired", hint: "renewed"},
		{name: "TLS to a plain port", plant: edits(shared.URL, strings.Replace(shared.URL, "ldap:", "ldaps:", 1)), check: check.LDAPConnection, detail: "TLS"},
		{name: "StartTLS refused", sim: &sim{people: 3}, plant: inLDAP("start_tls: true"), check: check.LDAPConnection, detail: "StartTLS", hint: "ldaps://"},
		{name: "encryption demanded", slapd: slapdtest.Options{RequireTLS: true}, check: check.LDAPLogin, detail: "confidentiality required", hint: "ldap.start_tls"},
		{name: "wrong password", plant: edits(bindPassword, "planted-wrong"), check: check.LDAPLogin, detail: "invalid credentials", hint: "ldap.bind_password"},
		{name: "wrong password is not tried twice", plant: edits(bindPassword, "planted-wrong", shared.URL+`"`, shared.URL+`", "`+shared.TLSURL+`"`,
			"ldap: {", fmt.Sprintf("ldap: {ca_file: %q, ", shared.CAFile)), check: check.LDAPLogin, detail: "not checked: the login that another server refused"},
		{name: "wrong base", plant: inLDAP("users: {base_dns: ['ou=Nowhere,dc=WSO2,dc=ORG']}"), check: check.LDAPBase, detail: "ou=Nowhere", hint: "ldap.users.base_dns"},
		{name: "base without read rights", slapd: slapdtest.Options{People: 3, Access: `access to dn.subtree="` + slapdtest.UsersDN + `" by * none`},
			check: check.LDAPBase, detail: "LDAP code 32", hint: "right to read"},
		{name: "people without read rights", slapd: slapdtest.Options{People: 3, Access: `access to dn.children="` + slapdtest.UsersDN + `" by * none`},
			check: check.LDAPSearch, detail: "nobody matches", hint: "ldap.users.filter"},
		{name: "filter that finds nobody", plant: inLDAP("users: {filter: '(uid=nobody)'}"), check: check.LDAPSearch, detail: "(uid=nobody)", hint: "ldap.users.filter"},
		{name: "id attribute that nobody has", plant: inLDAP("users: {id_attribute: employeeNumber}"), check: check.LDAPIDs, detail: "employeeNumber", hint: "ldap.users.id_attribute"},
		{name: "id attribute that two share", plant: inLDAP("users: {id_attribute: sn}"), check: check.LDAPIDs, detail: "came twice", hint: "ldap.users.id_attribute"},
		{name: "attribute without read rights", slapd: slapdtest.Options{People: 30, Access: "access to attrs=mail by * none"},
			check: check.LDAPAttributes, detail: "mail (for email) came back for none of 30 people", hint: "read these attributes"},
		{name: "attribute misspelt", plant: func(h *house) { h.edit("sync:\n", "sync:\n  mapping: {firstname: givenNam}\n") },
			check: check.LDAPAttributes, detail: "givennam (for firstname)", hint: "has no attribute givennam, but has givenName"},
		{name: "texts without quotes", plant: func(h *house) {
			h.edit("sync:\n", "sync:\n  mapping: {status: 'employeeType == locked ? disabled : preset'}\n")
		}, check: check.LDAPUsernames, detail: "status: the expression gives", hint: "if disabled or employeetype or locked is meant as a text"},
		{name: "a status without quotes", plant: func(h *house) { h.edit("sync:\n", "sync:\n  mapping: {status: active}\n") },
			check: check.LDAPAttributes, detail: "active (for status)", hint: "as in 'active'"},
		{name: "people without a username", slapd: slapdtest.Options{LDIF: "dn: cn=Nameless," + slapdtest.UsersDN + "\nobjectClass: inetOrgPerson\ncn: Nameless\nsn: N\n", People: 20},
			check: check.LDAPUsernames, detail: "1 person can't be carried over: the username is missing", hint: "uid"},
		{name: "a group of a mapping that is not there", plant: func(h *house) {
			h.edit("sync:\n", "sync:\n  mapping: {notes: 'in_group(\"nowhere\") ? \"in\" : \"\"'}\n")
		},
			check: check.LDAPGroups, detail: "of in_group in sync.mapping, nowhere cannot be found", hint: "ldap.groups"},
		{name: "a group to mirror that is not there", plant: func(h *house) { h.edit("sync:\n", "sync:\n  groups: {mirror: [nowhere]}\n") },
			check: check.LDAPGroups, note: true, detail: "of sync.groups.mirror, nowhere cannot be found", hint: "nobody is in"},
		{name: "two people with one username", plant: func(h *house) { h.edit("sync:\n", "sync:\n  mapping: {username: sn}\n") },
			check: check.LDAPUsernames, detail: "are both", hint: "sync.scope.exclude_users"},
		{name: "limit of the paged total", slapd: slapdtest.Options{People: 300, PagedTotal: 250}, check: check.LDAPLimits, note: true,
			detail: "all 300 people came", hint: "size.prtotal=unlimited"},
		{name: "ApacheDS' limit", sim: &sim{people: 1100, Options: ldapsim.Options{Vendor: "Apache Software Foundation"}, Faults: ldapsim.Faults{PagedTotal: 1000}},
			check: check.LDAPLimits, note: true, detail: "after 1000 entries; all 1100 people came", hint: "uid=admin,ou=system"},
		{name: "a limit that leaves no parts", sim: &sim{people: 30, Options: ldapsim.Options{Vendor: "Apache Software Foundation"}, Faults: ldapsim.Faults{PagedTotal: 1}},
			check: check.LDAPLimits, detail: "nor can it be read in parts", hint: "uid=admin,ou=system"},
		{name: "ApacheDS' limit ahead", sim: &sim{people: 30, Options: ldapsim.Options{Vendor: "Apache Software Foundation"}},
			check: check.LDAPLimits, note: true, detail: "all 30 people came", hint: "1000"},
		{name: "time limit", sim: &sim{people: 30, Faults: ldapsim.Faults{TimeLimitOnPage: 2}}, plant: inLDAP("page_size: 10"),
			check: check.LDAPLimits, detail: "time limit", hint: "indexed"},
		{name: "lost connection", sim: &sim{people: 30, Faults: ldapsim.Faults{DropAfter: 10}}, check: check.LDAPSearch, detail: "after 10 entries", hint: "the directory's log"},
		{name: "id that can't be searched", sim: &sim{people: 5, Faults: ldapsim.Faults{BlindFilter: "entryUUID"}},
			check: check.LDAPLookup, detail: "not found", hint: "search (not only read)"},
		{name: "suffix without read rights", slapd: slapdtest.Options{People: 20, Access: `access to dn.base="` + slapdtest.Suffix + `" by * none`},
			check: check.LDAPLookup, detail: "LDAP code 32", hint: "the whole suffix"},
		{name: "locks that can't be read", slapd: slapdtest.Options{LDIF: someone("odd", "accountLock=maybe") + someone("even", "accountLock=1") + someone("well", "accountLock=true"), People: 2},
			check: check.LDAPLocks, note: true, detail: `accountLock of 2 people has a value that can't be read, such as "maybe", "1"`, hint: "true or false"},
		{name: "people with several values", slapd: slapdtest.Options{LDIF: someone("many", "mail=a@example.com", "mail=b@example.com") + someone("more", "mail=c@example.com", "mail=d@example.com") +
			someone("one", "mail=e@example.com"), People: 2}, check: check.LDAPAttributes, note: true,
			detail: `2 of 5 people have several values of mail (for email): uid=many,ou=Users,dc=WSO2,dc=ORG with "a@example.com" and "b@example.com", uid=more,`, hint: "the one that is there"},
		{name: "an address of several people", slapd: slapdtest.Options{LDIF: someone("a", "mail=team@example.com") + someone("b", "mail=Team@example.com") +
			someone("c", "mail=team@example.com"), People: 2}, check: check.LDAPAttributes, note: true,
			detail: `3 of 5 people share 1 address with others: "team@example.com" of uid=`, hint: "adopt_if_email_matches"},
		{name: "locks that can't be seen", sim: &sim{people: 5}, check: check.LDAPLocks, note: true, detail: "accountLock", hint: "UserStoreBasedIdentityDataStore"},
	}
}

func duoFaults() []fault {
	admin := "DIPLANTEDKEY00000001"
	keys := func(kind duosim.KeyKind) func(*house) {
		return func(h *house) {
			key := h.duo.Key(kind)
			h.edit(admin, key.Integration)
			h.edit(secretKey, key.Secret)
		}
	}
	return []fault{
		{name: "wrong Duo host", plant: func(h *house) { h.edit(h.duo.Host(), "127.0.0.1:1") }, check: check.DuoConnection, leaves: check.DuoWrite, detail: "127.0.0.1", hint: "duo.host"},
		{name: "untrusted authority of Duo", plant: func(h *house) { h.edit("  ca_file:", "  #ca_file:") }, check: check.DuoConnection, detail: "unknown authority", hint: "duo.ca_file"},
		{name: "a proxy that is not there", plant: func(h *house) { h.edit("  host:", "  proxy_url: http://user:planted-wrong@127.0.0.1:1\n  host:") },
			check: check.DuoConnection, detail: "through the proxy http://127.0.0.1:1", hint: "duo.proxy_url"},
		{name: "something else than Duo", duo: duosim.Options{Faults: duosim.Faults{Rules: []duosim.Fault{{Name: "portal", Effect: duosim.HTML502}}}},
			check: check.DuoConnection, detail: "502", hint: "try again later"},
		{name: "clock ten minutes off", duo: duosim.Options{Now: func() time.Time { return time.Now().Add(10 * time.Minute) }},
			check: check.DuoClock, detail: "ahead of this machine's", hint: "NTP"},
		{name: "clock two minutes off", duo: duosim.Options{Now: func() time.Time { return time.Now().Add(-2 * time.Minute) }},
			check: check.DuoClock, note: true, detail: "behind this machine's", hint: "NTP"},
		{name: "wrong integration key", plant: func(h *house) { h.edit(admin, "DIWRONGKEY0000000001") }, check: check.DuoKeys, detail: "40102", hint: "duo.integration_key"},
		{name: "wrong secret key", plant: func(h *house) { h.edit(secretKey, strings.Repeat("w", 40)) }, check: check.DuoKeys, detail: "40103", hint: "duo.secret_key"},
		{name: "keys of an Auth API application", plant: keys(duosim.KeyAuth), check: check.DuoApplication, detail: "40301", hint: "Admin API application"},
		{name: "keys that may only read", plant: keys(duosim.KeyReader), check: check.DuoWrite, detail: "40301", hint: "Grant resource - Write"},
		{name: "users who are there already", plant: func(h *house) {
			if _, err := h.duo.AddUser(duosim.User{Username: "somebody"}); err != nil {
				h.t.Fatal(err)
			}
		}, check: check.DuoUsers, note: true, detail: "Duo has 1 user, the state none", hint: "sync.existing"},
	}
}

func stateFaults(t *testing.T) []fault {
	begin := func(h *house, db *state.DB, b dirsync.Binding) dirsync.Journal {
		h.t.Helper()
		j, err := db.Begin(h.t.Context(), dirsync.RunStart{ID: "first", Started: time.Now(), Binding: b})
		if err != nil {
			h.t.Fatal(err)
		}
		return j
	}
	with := func(do func(h *house, db *state.DB) error) func(*house) {
		return func(h *house) {
			h.t.Helper()
			db, err := state.Open(h.t.Context(), h.state, state.Options{})
			if err == nil {
				err = do(h, db)
			}
			if err != nil {
				h.t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	execute := func(statement string) func(*house) {
		return func(h *house) {
			h.t.Helper()
			db, err := sql.Open("sqlite", h.state)
			if err == nil {
				_, err = db.ExecContext(h.t.Context(), statement)
			}
			if err != nil {
				h.t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	return []fault{
		{name: "state of another account", plant: with(func(h *house, db *state.DB) error {
			return begin(h, db, dirsync.Binding{Host: "api-other.duosecurity.com", Key: "DIOTHER", Directory: "dc=other"}).Finish(h.t.Context(),
				dirsync.RunEnd{Finished: time.Now(), Outcome: dirsync.OutcomeApplied})
		}), check: check.StateOwner, detail: "api-other.duosecurity.com", hint: "a state of its own"},
		{name: "state of a newer duosync", plant: func(h *house) {
			with(func(*house, *state.DB) error { return nil })(h)
			execute(`INSERT INTO duosync_schema (version_id, is_applied) VALUES (9999, 1)`)(h)
		}, check: check.StateFile, detail: "newer duosync", hint: "update duosync"},
		{name: "another program's database", plant: execute(`CREATE TABLE letters (id INTEGER)`), check: check.StateFile, detail: "not a state of duosync", hint: "state.dsn"},
		{name: "a state that is a folder", plant: func(h *house) {
			if err := os.Mkdir(h.state, 0o700); err != nil {
				h.t.Fatal(err)
			}
		}, check: check.StateFile, detail: "is a folder", hint: "state.dsn"},
		{name: "a state below a file", plant: func(h *house) { h.edit("dsn: state.db", "dsn: config.yaml/state.db") }, check: check.StateFile, detail: "config.yaml", hint: "state.dsn"},
		{name: "lock held", plant: func(h *house) {
			db, err := state.Open(h.t.Context(), h.state, state.Options{})
			if err != nil {
				h.t.Fatal(err)
			}
			h.t.Cleanup(func() { _ = db.Close() })
		}, check: check.StateLock, detail: fmt.Sprintf("process %d on ", os.Getpid()), hint: "wait until that run has ended"},
		{name: "state open to others", plant: func(h *house) {
			with(func(*house, *state.DB) error { return nil })(h)
			if err := os.Chmod(h.state, 0o644); err != nil { //nolint:gosec // the fault
				h.t.Fatal(err)
			}
		}, check: check.StateFile, note: true, detail: "chmod 600"},
		{name: "paused", plant: with(func(h *house, db *state.DB) error {
			return db.Pause(h.t.Context(), dirsync.Pause{Since: time.Now(), Reason: "moving house"})
		}), check: check.StateOpen, note: true, detail: "moving house", hint: "duosync resume"},
		{name: "a run that was cut off", plant: with(func(h *house, db *state.DB) error {
			j := begin(h, db, dirsync.Binding{Host: "127.0.0.1", Key: "DIPLANTEDKEY00000001", Directory: "dc=wso2,dc=org"})
			_, err := j.Intend(h.t.Context(), []*dirsync.Op{{Action: dirsync.Create, Source: "a", Username: "a"}}, time.Now())
			return err
		}), check: check.StateOpen, note: true, detail: "1 operation is not known", hint: "the next run"},
		{name: "an approval not used", plant: with(func(h *house, db *state.DB) error {
			return db.Approve(h.t.Context(), dirsync.Approval{ID: "feedbeef", Until: time.Now().Add(time.Hour)})
		}), check: check.StateOpen, note: true, detail: "feedbeef", hint: "held"},
	}
}

func configFaults() []fault {
	return []fault{
		{name: "broken YAML", plant: edits("ldap: {", "ldap: {{"), check: check.Configuration, detail: "broken YAML"},
		{name: "a key that is none", plant: edits("ldap: {", "ldap: {base_dn: x, "), check: check.Configuration, detail: "base_dn"},
		{name: "a filter that is none", plant: edits("ldap: {", "ldap: {users: {filter: '(uid=*'}, "), check: check.Configuration, detail: "ldap.users.filter"},
		{name: "a secret that all can read", plant: func(h *house) {
			if err := os.Chmod(h.config, 0o644); err != nil { //nolint:gosec // the fault
				h.t.Fatal(err)
			}
		}, check: check.Configuration, note: true, detail: "chmod o-r"},
	}
}
