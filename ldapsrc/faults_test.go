package ldapsrc_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// Every way in which a read can end early is an error that says which.
func TestNoTruncatedRead(t *testing.T) {
	t.Parallel()
	quick := func(o *ldapsrc.Options) { o.Timeout = 3 * time.Second }
	tests := []struct {
		name   string
		faults ldapsim.Faults
		change func(*ldapsrc.Options)
		words  string
		hint   string
	}{
		{"dropped between entries", ldapsim.Faults{DropAfter: 150}, nil, "failed after 150 entries|EOF", ""},
		{"dropped within an entry", ldapsim.Faults{DropAfter: 150, TearEntry: true}, nil, "failed after 150 entries|EOF", ""},
		{"dropped on the first page", ldapsim.Faults{DropAfter: 50}, nil, "search below|EOF", ""},
		{"dropped between pages", ldapsim.Faults{DropOnPage: 3}, nil, "failed after 200 entries|EOF", ""},
		{"no end of the page", ldapsim.Faults{NeverDone: true}, quick, "page 1 took longer than 3s", "ldap.timeout"},
		{"stalled", ldapsim.Faults{StallOnPage: 2}, quick, "after 100 entries|page 2 took longer than 3s", "ldap.timeout"},
		{"limit on the paged total, and no way to split", ldapsim.Faults{PagedTotal: 130, Unsearchable: map[string]string{
			"entryUUID": simUsers, "uid": simUsers, "cn": simUsers, "mail": simUsers,
		}}, nil, "size limit exceeded (LDAP code 4)|read only 130 entries|nor can it be read in parts|by entryUUID|by uid", "size.prtotal"},
		{"time limit", ldapsim.Faults{TimeLimitOnPage: 2}, nil, "time limit exceeded (LDAP code 3)|after 150 entries", "time limit"},
		{"base gone", ldapsim.Faults{Gone: []string{"OU=users, dc=example,dc=com"}}, nil, "LDAP code 32|ou=Users,dc=example,dc=com", "ldap.users.base_dns"},
		{"rights gone", ldapsim.Faults{FailOnPage: 2, FailCode: ldap.LDAPResultInsufficientAccessRights}, nil, "LDAP code 50", "right to read"},
		{"shut down", ldapsim.Faults{FailOnPage: 3, FailCode: ldap.LDAPResultUnavailable}, nil, "LDAP code 52", "try again later"},
		{"administrative limit", ldapsim.Faults{FailOnPage: 3, FailCode: ldap.LDAPResultAdminLimitExceeded}, nil,
			"LDAP code 11|read only 200 entries", "raise the server's limit"},
		{"encryption demanded", ldapsim.Faults{FailOnPage: 1, FailCode: ldap.LDAPResultStrongAuthRequired}, nil, "LDAP code 8", "ldap.start_tls"},
		{"internal failure", ldapsim.Faults{FailOnPage: 1, FailCode: ldap.LDAPResultOperationsError}, nil, "LDAP code 1", "its log"},
		{"referral", ldapsim.Faults{Referral: "ldap://other.example.com:1389/ou=Users,dc=example,dc=com??sub"}, nil,
			"other.example.com:1389", "add other.example.com to ldap.referral_hosts"},
		{"referral of the whole base", ldapsim.Faults{ReferralResult: "ldap://other.example.com/dc=elsewhere"}, nil,
			"other.example.com", "ldap.referral_hosts"},
		{"referral with an unknown scheme", ldapsim.Faults{Referral: "refldap://ad.example.com/CN=Configuration"},
			func(o *ldapsrc.Options) { o.ReferralHosts = []string{"ad.example.com"} }, "refldap://ad.example.com", ""},
		{"referral that would need plaintext", ldapsim.Faults{Referral: "ldap://ad.example.com/dc=example,dc=com"},
			func(o *ldapsrc.Options) { o.ReferralHosts = []string{"AD.example.com"} }, "unencrypted", "ldap.start_tls"},
		{"page lost its end", ldapsim.Faults{LosePagingOnPage: 2}, nil, "page 2 came without its paging control", ""},
		{"empty pages for ever", ldapsim.Faults{EmptyPages: true}, nil, "1000 empty pages", ""},
		{"bind out of service", ldapsim.Faults{BindCode: ldap.LDAPResultUnavailable}, nil, "bind|LDAP code 52", "try again later"},
		{"bind unwilling", ldapsim.Faults{BindCode: ldap.LDAPResultUnwillingToPerform}, nil, "bind|LDAP code 53", "ldap.bind_password"},
		{"bind wants encryption", ldapsim.Faults{BindCode: ldap.LDAPResultStrongAuthRequired}, nil, "bind|LDAP code 8", "ldap.start_tls"},
		{"no paging, and dropped", ldapsim.Faults{IgnorePaging: true, DropAfter: 299}, nil, "EOF", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, 300)
			sim.SetFaults(tt.faults)
			_, info, err := readAll(t, newSource(t, simOptions(sim, tt.change)))
			wantError(t, err, tt.words, tt.hint)
			if late := strings.Contains(tt.words, "took longer"); errors.Is(err, context.DeadlineExceeded) != late {
				t.Errorf("errors.Is(%v, DeadlineExceeded) is not %v", err, late)
			}
			if info.Read >= 300 && tt.faults.Referral == "" && !tt.faults.EmptyPages {
				t.Errorf("all %d entries came, the fault did not show", info.Read)
			}
		})
	}
}

// TestAPageWithoutItsEnd: from a kind of server that answers each page with the paging
// control, a page without it is one that lost its end, be it the first.
func TestAPageWithoutItsEnd(t *testing.T) {
	t.Parallel()
	for vendor, broken := range map[string]bool{"389 Project": true, "Apache Software Foundation": false} {
		sim := newSimWith(t, 300, ldapsim.Options{Vendor: vendor})
		sim.SetFaults(ldapsim.Faults{LosePagingOnPage: 1})
		_, _, err := readAll(t, newSource(t, simOptions(sim, nil)))
		if broken {
			wantError(t, err, "page 1 came without its paging control", "")
		} else if err != nil {
			t.Errorf("%s: %v", vendor, err)
		}
	}
}

func TestCompleteReads(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults ldapsim.Faults
		size   int // of a page
		people int
	}{
		{"pages", ldapsim.Faults{}, 100, 300},
		{"a page as large as all", ldapsim.Faults{}, 300, 300},
		{"one by one", ldapsim.Faults{}, 1, 20},
		{"pages that are cut to the server's own size", ldapsim.Faults{MaxPageSize: 70}, 1000, 300},
		{"a server's own size that is a page", ldapsim.Faults{MaxPageSize: 100}, 100, 300},
		{"unpaged, beyond the server's own size", ldapsim.Faults{MaxPageSize: 70, IgnorePaging: true}, 1000, 300},
		{"paging ignored", ldapsim.Faults{IgnorePaging: true}, 100, 300},
		{"last page without control", ldapsim.Faults{LosePagingOnPage: 1}, 300, 300},
		{"nobody", ldapsim.Faults{}, 100, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, tt.people)
			sim.SetFaults(tt.faults)
			people := mustRead(t, newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.PageSize = tt.size })))
			seen := map[dirsync.SourceID]bool{}
			for _, p := range people {
				seen[p.ID] = true
			}
			if len(people) != tt.people || len(seen) != tt.people {
				t.Errorf("%d people, %d ids, want %d", len(people), len(seen), tt.people)
			}
		})
	}
}

// A read that waits for a page that never comes ends with its context, and with the source.
func TestCancelDuringStall(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(context.CancelFunc, *ldapsrc.Source)
		want string
	}{
		"context": {func(cancel context.CancelFunc, _ *ldapsrc.Source) { cancel() }, "context canceled"},
		"Close":   {func(_ context.CancelFunc, src *ldapsrc.Source) { _ = src.Close() }, "after 100 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, 300)
			src := newSource(t, simOptions(sim, nil))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			given, asked := make(chan struct{}), make(chan struct{})
			sim.SetFaults(ldapsim.Faults{StallOnPage: 2, BeforePage: func(page int) {
				if page == 2 {
					close(asked)
				}
			}})
			go func() {
				<-given // the first page
				<-asked // the second
				tt.end(cancel, src)
			}()
			n := 0
			_, err := src.Read(ctx, func(dirsync.Person) error {
				if n++; n == 100 {
					close(given)
				}
				return nil
			})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// A person who moves to a part that was read already is not in the read, but
// the second look finds them in scope.
func TestMovedWhileReading(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 0)
	other := "ou=More,dc=example,dc=com"
	if err := sim.Add(other, ldapsim.Attributes{"objectClass": {"top"}}); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		simAdd(t, sim, i, simUsers)
		simAdd(t, sim, 100+i, other)
	}
	mover := simID(t, sim, "uid=sim0105,"+other)
	pages := 0
	sim.SetFaults(ldapsim.Faults{BeforePage: func(int) {
		if pages++; pages == 2 {
			if err := sim.Move("uid=sim0105,"+other, simUsers); err != nil {
				t.Error(err)
			}
		}
	}})
	src := newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.Users.Bases = []string{simUsers, other} }))
	people := mustRead(t, src)
	if len(people) != 19 || slices.ContainsFunc(people, func(p dirsync.Person) bool { return p.ID == mover }) {
		t.Fatalf("%d people; want all but the one who moved", len(people))
	}
	w := lookup(t, src, mover)[mover]
	if !w.Present || w.Person == nil || w.DN != "uid=sim0105,"+simUsers {
		t.Errorf("Lookup: %+v", w)
	}
}

// The other way round a person is read twice, which is no complete read either.
func TestMovedAndReadTwice(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 5)
	pages := 0
	sim.SetFaults(ldapsim.Faults{BeforePage: func(int) {
		if pages++; pages == 2 {
			if err := sim.Move(simUser(3), simLeft); err != nil {
				t.Error(err)
			}
		}
	}})
	_, _, err := readAll(t, newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.Users.Bases = []string{simUsers, simLeft} })))
	wantError(t, err, "uid=sim0003,ou=Left|came twice", "run again")
}

func TestLookupDoubts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults ldapsim.Faults
		words  string
		hint   string
	}{
		{"searching by id finds nothing", ldapsim.Faults{BlindFilter: "entryUUID"}, "not found by searching", "let the account search"},
		{"suffix gone", ldapsim.Faults{Gone: []string{"dc=example,dc=com"}}, "LDAP code 32", "the whole suffix"},
		{"base gone", ldapsim.Faults{Gone: []string{simUsers}}, "LDAP code 32", "ldap.users.base_dns"},
		{"referral", ldapsim.Faults{Referral: "ldap://other.example.com/dc=com"}, "referral", "ldap.referral_hosts"},
		{"limit", ldapsim.Faults{PagedTotal: 2}, "LDAP code 4", "limit"},
		{"dropped", ldapsim.Faults{DropOnPage: 1}, "EOF", ""},
		{"no end", ldapsim.Faults{NeverDone: true}, "took longer", "ldap.timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, 10)
			src := newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.Timeout = 3 * time.Second }))
			people := mustRead(t, src)
			if err := sim.Delete(simUser(9)); err != nil {
				t.Fatal(err)
			}
			sim.SetFaults(tt.faults)
			_, err := src.Lookup(t.Context(), []dirsync.SourceID{people[8].ID, people[9].ID})
			wantError(t, err, tt.words, tt.hint)
		})
	}
}

func TestLookupIDs(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 3)
	src := newSource(t, simOptions(sim, nil))
	id := simID(t, sim, simUser(1))
	upper := dirsync.SourceID(strings.ToUpper(string(id)))
	for got, w := range lookup(t, src, id, upper) {
		if !w.Present || w.Person == nil || w.Person.ID != id {
			t.Errorf("%s: %+v", got, w)
		}
	}
	if got, err := src.Lookup(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("no ids: %v, %v", got, err)
	}
	if found := lookup(t, src, id, "*", "uid=sim0001"); found["*"].Present || found["uid=sim0001"].Present || !found[id].Present {
		t.Errorf("ids that can't be one: %+v", found)
	}

	byMail := newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.Users.IDAttribute = "mail" }))
	if people := mustRead(t, byMail); people[0].ID != "sim0000@example.com" {
		t.Errorf("id %q", people[0].ID)
	}
	found := lookup(t, byMail, "SIM0001@example.com", "*)(objectClass=*", "sim0009@example.com")
	if w := found["SIM0001@example.com"]; w.Person == nil || w.Person.ID != "sim0001@example.com" {
		t.Errorf("an id in another case: %+v", w)
	}
	if found["*)(objectClass=*"].Present || found["sim0009@example.com"].Present {
		t.Errorf("found who is not there: %+v", found)
	}
}

func TestFollowReferrals(t *testing.T) {
	t.Parallel()
	far := newSim(t, 0)
	for i := range 150 {
		simAdd(t, far, 1000+i, simUsers)
	}
	near := newSim(t, 120)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(far.URL(), "ldap://"))
	here := func(o *ldapsrc.Options) { o.ReferralHosts = []string{"127.0.0.1:" + port} }
	for _, faults := range []ldapsim.Faults{
		{Referral: far.URL() + "/" + simUsers + "??sub"},
		{Referral: far.URL()},
	} {
		near.SetFaults(faults)
		if got := len(mustRead(t, newSource(t, simOptions(near, here)))); got != 270 {
			t.Errorf("%s: %d people, want 120 here and 150 there", faults.Referral, got)
		}
	}
	near.SetFaults(ldapsim.Faults{ReferralResult: far.URL() + "/" + simUsers + "??sub?(uid=sim10*)"})
	if got := len(mustRead(t, newSource(t, simOptions(near, here)))); got != 100 {
		t.Errorf("the base elsewhere, with a filter: %d people", got)
	}

	far.SetFaults(ldapsim.Faults{Referral: far.URL() + "/" + simLeft})
	_, _, err := readAll(t, newSource(t, simOptions(near, here)))
	wantError(t, err, "more than 5 referrals", "circle")
	far.SetFaults(ldapsim.Faults{DropAfter: 20})
	_, _, err = readAll(t, newSource(t, simOptions(near, here)))
	wantError(t, err, "EOF", "")
}

func TestFailover(t *testing.T) {
	t.Parallel()
	sick, well := newSim(t, 1), newSim(t, 2)
	both := func(o *ldapsrc.Options) {
		o.URLs, o.Timeout = []string{sick.URL(), well.URL()}, 3*time.Second
	}
	for _, code := range []uint16{ldap.LDAPResultBusy, ldap.LDAPResultUnavailable} {
		sick.SetFaults(ldapsim.Faults{BindCode: code})
		_, info, err := readAll(t, newSource(t, simOptions(sick, both)))
		if err != nil || info.Server != well.URL() || info.Read != 2 {
			t.Errorf("bind code %d: %+v, %v", code, info, err)
		}
	}
	sick.SetFaults(ldapsim.Faults{BindCode: ldap.LDAPResultInvalidCredentials})
	_, _, err := readAll(t, newSource(t, simOptions(sick, both)))
	wantError(t, err, "LDAP code 49", "ldap.bind_password")
	// A read that broke off is not begun anew elsewhere: half of it is out.
	sick.SetFaults(ldapsim.Faults{DropOnPage: 1})
	_, _, err = readAll(t, newSource(t, simOptions(sick, both)))
	wantError(t, err, "EOF", "")

	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	_, info, err := readAll(t, newSource(t, simOptions(sick, func(o *ldapsrc.Options) {
		o.URLs, o.Timeout = []string{"ldap://" + silent.Addr().String(), well.URL()}, 3*time.Second
	})))
	if err != nil || info.Server != well.URL() {
		t.Errorf("after a server that says nothing: %+v, %v", info, err)
	}
}

// A server that echoes the password in its answer gets it into no message.
func TestSecretInAnswer(t *testing.T) {
	t.Parallel()
	const simPassword = "sim-secret/t&n+l=ng 41"
	for said, shown := range map[string]string{
		simPassword:                          "no: <secret> is wrong",
		simPassword[:15]:                     "no: <secret> is wrong",
		strings.ToUpper(simPassword):         "no: <secret> is wrong",
		"sim-\r\n secret/\x00t&n+\nl=ng\t41": "no: <secret> is wrong",
		url.QueryEscape(simPassword):         "no: <secret> is wrong",
		"Basic " + base64.StdEncoding.EncodeToString([]byte("x"+simPassword)): "no: Basic e<secret>",
	} {
		src, err := ldapsrc.New(ldapsrc.Options{
			Servers: conn.Servers{URLs: []string{refusing(t, "no: "+said+" is wrong")}, BindDN: simDN, BindPassword: simPassword},
			Users:   ldapsrc.Users{Bases: []string{simUsers}}, Preset: schema.WSO2IS,
		})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = readAll(t, src)
		wantError(t, err, "LDAP code 49|"+shown, "ldap.bind_password")
		probed := src.Probe(t.Context())
		wantError(t, probed[0].BindErr, shown, "ldap.bind_password")
	}
	if text := fmt.Sprintf("%v %+v %#v", simOptions(newSim(t, 0), nil), simOptions(newSim(t, 0), nil), simOptions(newSim(t, 0), nil)); strings.Contains(text, "sim-secret") {
		t.Errorf("the options print their password: %s", text)
	}
}

// refusing is the URL of a server that refuses each bind with a text.
func refusing(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	body := append([]byte{0x0a, 1, 49, 4, 0, 4, byte(len(text))}, text...)
	body = append([]byte{2, 1, 1, 0x61, byte(len(body))}, body...)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = conn.Write(append([]byte{0x30, byte(len(body))}, body...))
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}()
	return "ldap://" + listener.Addr().String()
}

// TestReferralTellsNoPassword has a server put what it was sent into a referral.
func TestReferralTellsNoPassword(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 1)
	for _, text := range []string{"ldap://" + simPassword + ".example/", "ldap://h/??" + simPassword, "ldap://u:" + simPassword + "@h/", "x%zz" + simPassword, simPassword + "://h"} {
		sim.SetFaults(ldapsim.Faults{Referral: text})
		_, _, err := readAll(t, newSource(t, simOptions(sim, nil)))
		wantError(t, err, "<secret>", "")
	}
	sim.SetFaults(ldapsim.Faults{})
	sim.SetRootDSE(ldapsim.Attributes{"vendorVersion": {"9.1 " + simPassword}, "dnsHostName": {simPassword + ".example"}})
	src := newSource(t, simOptions(sim, nil))
	_, info, err := readAll(t, src)
	if probed := src.Probe(t.Context()); err != nil || info.Identity != "<secret>.example" || probed[0].Version != "9.1 <secret>" {
		t.Errorf("%+v, %+v, %v", info, probed, err)
	}
}

func TestStartTLSRefused(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 1)
	_, _, err := readAll(t, newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.StartTLS = true })))
	wantError(t, err, "StartTLS|LDAP code 2", "ldaps://")
}

func TestOldTLSRefused(t *testing.T) {
	t.Parallel()
	cert, pool := selfSigned(t)
	sim, err := ldapsim.New(ldapsim.Options{
		Suffixes: []string{"dc=example,dc=com"}, Binds: map[string]string{simDN: simPassword}, Implicit: true,
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, //nolint:gosec // what must be refused
	})
	if err := errors.Join(err, sim.Start("127.0.0.1:0")); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sim.Close() }()
	_, _, err = readAll(t, newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.RootCAs = pool })))
	wantError(t, err, "TLS|protocol version", "")
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	cert, pool, err := ldapsim.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return cert, pool
}
