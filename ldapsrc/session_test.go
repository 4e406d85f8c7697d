package ldapsrc_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/membership"
	dirsync "duosync/sync"
)

// relay stands before servers as a balancer does: each connection goes to the one
// that is set.
type relay struct {
	listener net.Listener
	to       atomic.Pointer[string]
	made     atomic.Int32
	mu       sync.Mutex
	open     []net.Conn
}

func newRelay(t *testing.T, to *ldapsim.Server) *relay {
	t.Helper()
	return startRelay(t, listen(t), to.URL(), io.Discard)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// startRelay passes on what comes to a listener. sees gets a copy of what clients send.
func startRelay(t *testing.T, listener net.Listener, to string, sees io.Writer) *relay {
	t.Helper()
	r := &relay{listener: listener}
	r.set(to)
	var serving sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		r.drop()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", *r.to.Load())
			if err != nil {
				_ = near.Close()
				continue
			}
			r.made.Add(1)
			r.mu.Lock()
			r.open = append(r.open, near, far)
			r.mu.Unlock()
			pass := func(to io.Writer, from io.Reader) {
				_, _ = io.Copy(to, from)
				_ = near.Close()
				_ = far.Close()
			}
			serving.Go(func() { pass(near, far) })
			serving.Go(func() { pass(far, io.TeeReader(near, sees)) })
		}
	})
	return r
}

func (r *relay) url() string { return "ldap://" + r.listener.Addr().String() }

func (r *relay) set(url string) {
	addr := strings.TrimPrefix(url, "ldap://")
	r.to.Store(&addr)
}

// drop closes all connections.
func (r *relay) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		_ = c.Close()
	}
	r.open = nil
}

func dnsName(name string) ldapsim.Attributes { return ldapsim.Attributes{"dnsHostName": {name}} }

// What is looked at again is looked at over the connection of the read; where that
// was lost, on the same server or not at all.
func TestSecondLookIsOnTheServerOfTheRead(t *testing.T) {
	t.Parallel()
	usn := func(name string, n int) ldapsim.Attributes {
		return ldapsim.Attributes{"dnsHostName": {name}, "highestCommittedUSN": {fmt.Sprint(n)}}
	}
	tests := []struct {
		name         string
		first, later ldapsim.Attributes // root DSE at the read, and at the second look
		other        bool               // another server answers a new connection
		drop         bool
		words        string
	}{
		{"the connection is there", nil, nil, true, false, ""},
		{"lost, and made anew", nil, nil, false, true, ""},
		{"lost, and further on", usn("a", 99), usn("a", 100), false, true, ""},
		{"lost, and behind", usn("a", 100), usn("a", 99), false, true, "lags behind"},
		{"there, and behind", usn("a", 100), usn("a", 99), false, false, "lags behind"},
		{"lost, and another answers", dnsName("dc1.example.com"), dnsName("dc2.example.com"), true, true,
			"dc1.example.com was read, and now dc2.example.com answers"},
		{"lost, and another of the same name", dnsName("dc1.example.com"), dnsName("dc1.example.com"), true, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first, second := newSim(t, 5), newSim(t, 0)
			first.SetRootDSE(tt.first)
			r := newRelay(t, first)
			src := newSource(t, simOptions(first, func(o *ldapsrc.Options) { o.URLs = []string{"ldap://127.0.0.1:1", r.url()} }))
			people := mustRead(t, src)
			if tt.other {
				r.set(second.URL())
				second.SetRootDSE(tt.later)
				add(t, second, simUser(0), ldapsim.Attributes{"objectClass": {"person"}, "entryUUID": {string(people[0].ID)}})
			} else {
				first.SetRootDSE(tt.later)
			}
			if tt.drop {
				r.drop()
			}
			id := people[0].ID
			found, err := src.Lookup(t.Context(), []dirsync.SourceID{id})
			_, _, stampErr := src.Stamps(t.Context(), nil, []string{simUser(0)})
			_, groupErr := src.LookupGroups(t.Context(), []dirsync.GroupEntry{{DN: simUser(0)}})
			if tt.words != "" {
				wantError(t, err, tt.words, "run again")
				wantError(t, stampErr, tt.words, "run again")
				wantError(t, groupErr, tt.words, "run again")
				return
			}
			if err := errors.Join(err, stampErr, groupErr); err != nil || !found[id].Present {
				t.Errorf("%+v, %v", found, err)
			}
			want := int32(1)
			if tt.drop {
				want = 2
			}
			if got := r.made.Load(); got != want {
				t.Errorf("%d connections, want %d", got, want)
			}
		})
	}
}

// Each read replaces the connection of the one before; Close ends the last one.
func TestReadReplacesTheConnection(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 3)
	r := newRelay(t, sim)
	src := newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.URLs = []string{r.url()} }))
	lookup(t, src, simID(t, sim, simUser(0)))
	for range 3 {
		people := mustRead(t, src)
		var looking sync.WaitGroup
		for _, p := range people {
			looking.Go(func() {
				if found, err := src.Lookup(t.Context(), []dirsync.SourceID{p.ID}); err != nil || !found[p.ID].Present {
					t.Errorf("%+v, %v", found, err)
				}
			})
		}
		looking.Wait()
	}
	if got := r.made.Load(); got != 4 {
		t.Errorf("%d connections, want one for the first look and one for each read", got)
	}
	enough := errors.New("enough")
	if _, err := src.Read(t.Context(), func(p dirsync.Person) error {
		if _, err := src.Lookup(t.Context(), []dirsync.SourceID{p.ID}); err != nil {
			t.Error(err)
		}
		return enough
	}); !errors.Is(err, enough) {
		t.Error(err)
	}
	_ = src.Close()
	_, err := src.Lookup(t.Context(), []dirsync.SourceID{simID(t, sim, simUser(0))})
	wantError(t, err, "closed", "")
}

func TestIdentityAndMarker(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		dse      ldapsim.Attributes
		change   func(*ldapsrc.Options)
		identity string // "" for the address
		marker   dirsync.Marker
	}{
		{"nothing is told", nil, nil, "", nil},
		{"Active Directory", ldapsim.Attributes{
			"dnsHostName": {"dc1.example.com"}, "serverName": {"CN=DC1,CN=Servers"}, "highestCommittedUSN": {"12345"},
		}, nil, "dc1.example.com", dirsync.Marker{"usn": "00000000000000012345"}},
		{"a server name alone", ldapsim.Attributes{"serverName": {"CN=DC1"}, "lastChangeNumber": {"0"}}, nil, "CN=DC1",
			dirsync.Marker{"change": "00000000000000000000"}},
		{"no numbers", ldapsim.Attributes{"highestCommittedUSN": {"many"}, "lastChangeNumber": {"1", "2"}}, nil, "", nil},
		{"change sequence numbers", ldapsim.Attributes{"objectClass": {"OpenLDAProotDSE"}}, nil, "", dirsync.Marker{
			"csn:dc=example,dc=com:001": "20261124062944.000003Z#000000#001#000000",
			"csn:dc=example,dc=com:002": "20261124062944.000002Z#000000#002#000000",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, 2)
			sim.SetRootDSE(tt.dse)
			if err := sim.Replace("dc=example,dc=com", "contextCSN", "20261124062944.000003Z#000000#001#000000",
				"20261124062944.000002Z#000000#002#000000", "nonsense"); err != nil {
				t.Fatal(err)
			}
			_, info, err := readAll(t, newSource(t, simOptions(sim, tt.change)))
			if err != nil {
				t.Fatal(err)
			}
			if tt.identity == "" {
				tt.identity = "127.0.0.1 (" + strings.TrimPrefix(sim.URL(), "ldap://") + ")"
			}
			if info.Identity != tt.identity {
				t.Errorf("identity %q, want %q", info.Identity, tt.identity)
			}
			if diff := cmp.Diff(tt.marker, info.Marker); diff != "" {
				t.Errorf("marker (-want +got):\n%s", diff)
			}
		})
	}
}

// Numbers compare as text, whatever their length.
func TestMarkersCompare(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 1)
	src := newSource(t, simOptions(sim, nil))
	var before dirsync.Marker
	for _, n := range []string{"9", "10", "099", "100", "18446744073709551615"} {
		sim.SetRootDSE(ldapsim.Attributes{"highestCommittedUSN": {n}})
		_, info, err := readAll(t, src)
		if err != nil || info.Marker.Behind(before) || before != nil && !before.Behind(info.Marker) {
			t.Errorf("%v after %v (%v)", info.Marker, before, err)
		}
		before = info.Marker
	}
}

func TestBasesOfPeople(t *testing.T) {
	t.Parallel()
	sim := newSim(t, 2)
	simAdd(t, sim, 7, simLeft)
	_, info, _ := readAll(t, newSource(t, simOptions(sim, nil)))
	if len(info.Bases) != 0 {
		t.Errorf("one base: %q", info.Bases)
	}
	src := newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.Users.Bases = []string{"OU=users , DC=example,dc=com", simLeft} }))
	people, info, err := readAll(t, src)
	if diff := cmp.Diff([]string{"ou=users,dc=example,dc=com", "ou=left,dc=example,dc=com"}, info.Bases); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	for _, p := range people {
		want := info.Bases[0]
		if strings.Contains(p.DN, "Left") {
			want = info.Bases[1]
		}
		if again := lookup(t, src, p.ID)[p.ID].Person; p.Base != want || again == nil || again.Base != want {
			t.Errorf("%s: base %q, and looked up %+v", p.DN, p.Base, again)
		}
	}
}

// A server that breaks off half-way costs nothing but its read: the next one is read from
// the beginning, each is tried once, and the second look is on the one that was read whole.
func TestReadGoesOnAtTheNextServer(t *testing.T) {
	t.Parallel()
	quick := func(o *ldapsrc.Options) { o.Timeout = 3 * time.Second }
	groups := func(o *ldapsrc.Options) {
		o.Groups = membership.Groups{Bases: []string{simLeft}, Want: func(string) bool { return true }}
	}
	for _, tt := range []struct {
		name    string
		faults  []ldapsim.Faults // of each server
		change  func(*ldapsrc.Options)
		answers int    // the server that is read, or -1
		words   string // of the error
	}{
		{"no trouble", []ldapsim.Faults{{}, {}}, nil, 0, ""},
		{"dropped", []ldapsim.Faults{{DropAfter: 150}, {}}, nil, 1, ""},
		{"dropped before the people", []ldapsim.Faults{{DropAfter: 1}, {}}, groups, 1, ""},
		{"dropped twice", []ldapsim.Faults{{DropAfter: 150}, {DropOnPage: 3}, {}}, nil, 2, ""},
		{"stalled", []ldapsim.Faults{{StallOnPage: 2}, {}}, quick, 1, ""},
		{"out of service", []ldapsim.Faults{{FailOnPage: 2, FailCode: ldap.LDAPResultUnavailable}, {}}, nil, 1, ""},
		{"busy", []ldapsim.Faults{{FailOnPage: 2, FailCode: ldap.LDAPResultBusy}, {}}, nil, 1, ""},
		{"all break off", []ldapsim.Faults{{DropAfter: 150}, {DropAfter: 120}}, nil, -1, "failed after 120 entries"},
		{"the next can't be reached", []ldapsim.Faults{{DropAfter: 150}, {BindCode: ldap.LDAPResultUnavailable}}, nil, -1, "bind"},
		{"an answer is no failure of the server", []ldapsim.Faults{{FailOnPage: 2, FailCode: ldap.LDAPResultInsufficientAccessRights}, {}}, nil, -1, "LDAP code 50"},
		{"a limit is none", []ldapsim.Faults{{FailOnPage: 2, FailCode: ldap.LDAPResultAdminLimitExceeded}, {}}, nil, -1, "LDAP code 11"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var sims []*ldapsim.Server
			var urls []string
			for i, faults := range tt.faults {
				sim := newSim(t, 200+i) // the later ones know somebody more
				add(t, sim, "cn=team,"+simLeft, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "cn": {"team"}, "member": {simUser(1)}})
				sim.SetRootDSE(dnsName(fmt.Sprintf("dc%d.example.com", i)))
				sim.SetFaults(faults)
				sims, urls = append(sims, sim), append(urls, sim.URL())
			}
			src := newSource(t, simOptions(sims[0], func(o *ldapsrc.Options) {
				o.URLs = urls
				if tt.change != nil {
					tt.change(o)
				}
			}))
			for range 2 { // the next read begins at the first again
				var people []dirsync.Person
				attempts := 0
				info, err := dirsync.ReadWhole(t.Context(), src, func(broken *dirsync.ReadAgain) func(dirsync.Person) error {
					if attempts > 0 && broken.Server != urls[attempts-1] {
						t.Errorf("%s broke off, want %s", broken.Server, urls[attempts-1])
					}
					attempts++
					people = nil
					return func(p dirsync.Person) error {
						people = append(people, p)
						return nil
					}
				})
				if tt.answers < 0 {
					wantError(t, err, tt.words, "")
					continue
				}
				if err != nil || len(people) != 200+tt.answers || info.Server != urls[tt.answers] || attempts != tt.answers+1 {
					t.Fatalf("%d people of %s after %d attempts: %v", len(people), info.Server, attempts, err)
				}
				last := people[len(people)-1].ID // whom no earlier server knows
				if found := lookup(t, src, last); !found[last].Present {
					t.Errorf("the second look is not where the read was")
				}
			}
		})
	}
}
