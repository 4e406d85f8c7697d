package ldapsrc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"duosync/ldapsrc"
	"duosync/ldapsrc/apachedstest"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

func dnsOf(people []dirsync.Person) []string {
	var dns []string
	for _, p := range people {
		dns = append(dns, p.DN)
	}
	slices.Sort(dns)
	return dns
}

// Whatever the server's limit, page size and names: everybody comes, once, or it is an
// error; and it is one only where two entries can't be told apart by two attributes.
func TestReadInPartsIsWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		sim := newSim(t, 0)
		defer func() { _ = sim.Close() }()
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-c]{1,4}( [a-b]{1,2})?|[äÄéßİ水]{1,3}|user0[0-9]{3}`), 1, 80, strings.ToLower).Draw(rt, "names")
		for _, name := range names {
			err := sim.Add("cn="+name+","+simUsers, ldapsim.Attributes{"objectClass": {"person"}, "cn": {name}, "uid": {"u" + name}})
			if err != nil {
				rt.Skip(err) // two names that are one to the directory
			}
		}
		limit := rapid.IntRange(2, 40).Draw(rt, "limit")
		sim.SetFaults(ldapsim.Faults{PagedTotal: limit})
		src, err := ldapsrc.New(simOptions(sim, func(o *ldapsrc.Options) { o.PageSize = rapid.IntRange(1, 50).Draw(rt, "page") }))
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = src.Close() }()
		people, info, err := readAll(t, src)
		if err != nil || len(people) != len(names) {
			rt.Fatalf("%d people of %d (%d searches): %v", len(people), len(names), info.Searches, err)
		}
		if cut := info.CutAt > 0; cut != (len(names) > limit) {
			rt.Errorf("%d people with a limit of %d: cut off at %d", len(names), limit, info.CutAt)
		}
	})
}

// What a filter hides is found in another way, or the read fails.
func TestPartsThatHideSomebody(t *testing.T) {
	t.Parallel()
	const people, limit = 200, 50
	one := func(i int) string { return simUser(i) }
	all := func(names ...string) map[string]string {
		blind := make(map[string]string)
		for _, name := range names {
			blind[name] = simUsers
		}
		return blind
	}
	tests := []struct {
		name   string
		faults ldapsim.Faults
		words  string // "" where all come
	}{
		{"nothing is hidden", ldapsim.Faults{}, ""},
		{"the id of one may not be searched", ldapsim.Faults{Unsearchable: map[string]string{"entryUUID": one(190)}}, ""},
		{"the uid of one may not be searched", ldapsim.Faults{Unsearchable: map[string]string{"uid": one(190)}}, ""},
		{"the id of one whom the first search showed", ldapsim.Faults{Unsearchable: map[string]string{"entryUUID": one(3)}}, ""},
		{"ids may not be searched", ldapsim.Faults{Unsearchable: all("entryUUID")}, ""},
		{"only mails may be searched", ldapsim.Faults{Unsearchable: all("entryUUID", "uid", "cn")}, "once is not enough"},
		{"nothing may be searched", ldapsim.Faults{Unsearchable: all("entryUUID", "uid", "cn", "mail")}, "by mail"},
		{"a part breaks off", ldapsim.Faults{DropAfter: 49}, "EOF"},
		{"a limit of one", ldapsim.Faults{PagedTotal: 1}, "by entryUUID 1 entries are not to be told apart"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, people)
			if tt.faults.PagedTotal == 0 {
				tt.faults.PagedTotal = limit
			}
			sim.SetFaults(tt.faults)
			read, info, err := readAll(t, newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.PageSize = 20 })))
			if tt.words != "" {
				wantError(t, err, tt.words, "")
				return
			}
			if err != nil || len(slices.Compact(dnsOf(read))) != people || len(read) != people || info.CutAt != limit {
				t.Errorf("%d people of %d, cut off at %d in %d parts: %v", len(read), people, info.CutAt, info.Searches, err)
			}
		})
	}
}

// Whoever leaves or changes names while it is read in parts is told truly, or the read
// fails; nobody else is lost for it.
func TestReadInPartsWhileItChanges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ldapsim.Server, int) error{
		"somebody leaves": func(sim *ldapsim.Server, i int) error { return sim.Delete(simUser(i)) },
		"somebody comes": func(sim *ldapsim.Server, i int) error {
			return sim.Add(fmt.Sprintf("uid=new%d,%s", i, simUsers), ldapsim.Attributes{"objectClass": {"person"}, "cn": {"New"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at := range 30 {
				sim := newSim(t, 120)
				asked := 0
				sim.SetFaults(ldapsim.Faults{PagedTotal: 40, BeforePage: func(int) {
					if asked++; asked == at+1 {
						if err := change(sim, at); err != nil {
							t.Error(err)
						}
					}
				}})
				people, _, err := readAll(t, newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.PageSize = 15 })))
				if err != nil {
					wantError(t, err, "LDAP code 4", "")
					continue
				}
				if dns := slices.Compact(dnsOf(people)); len(dns) != len(people) || len(dns) < 119 {
					t.Errorf("changed before request %d: %d people, %d different ones", at+1, len(people), len(dns))
				}
			}
		})
	}
}

func TestSlapdReadInParts(t *testing.T) {
	t.Parallel()
	const people, limit = 650, 100
	hidden := slapdtest.UserDN(600)
	tests := []struct {
		name, access string
		words        string // "" where all come
	}{
		{"all is readable", "", ""},
		{"ids are readable and not searchable", "access to attrs=entryUUID by * =rcd", ""},
		{"one id is readable and not searchable", `access to dn.exact="` + hidden + `" attrs=entryUUID by * =rcd`, ""},
		{"one id is not readable", `access to dn.exact="` + hidden + `" attrs=entryUUID by * none`, "has no id attribute entryUUID"},
		{"no name is searchable", "access to attrs=uid,cn,mail by * =rcd", "once is not enough"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := slapdtest.Start(t, slapdtest.Options{People: people, SizeLimit: 50, PagedTotal: limit, Access: tt.access})
			for _, page := range []int{7, 100, 1000} {
				read, info, err := readAll(t, newSource(t, options(s, func(o *ldapsrc.Options) { o.PageSize = page })))
				if tt.words != "" {
					wantError(t, err, tt.words, "")
					continue
				}
				if err != nil || len(read) != people || info.CutAt == 0 {
					t.Errorf("pages of %d: %d people, cut off at %d: %v", page, len(read), info.CutAt, err)
				}
			}
		})
	}
}

// Groups come in parts, too.
func TestGroupsInParts(t *testing.T) {
	t.Parallel()
	const groups, limit = 90, 20
	ldif := &strings.Builder{}
	for i := range groups {
		_, _ = fmt.Fprintf(ldif, "dn: %s\nobjectClass: groupOfNames\ncn: team %[2]d\nmember: %s\n\n", groupDN(fmt.Sprintf("team %d", i)), i, slapdtest.UserDN(i%10))
	}
	s := slapdtest.Start(t, slapdtest.Options{People: 10, PagedTotal: limit, LDIF: ldif.String()})
	people, info, err := readAll(t, newSource(t, options(s, func(o *ldapsrc.Options) {
		withGroups(func(string) bool { return true }, nil)(o)
		o.PageSize = 6
	})))
	if err != nil || len(info.Groups) != groups || info.CutAt == 0 {
		t.Fatalf("%d groups, cut off at %d: %v", len(info.Groups), info.CutAt, err)
	}
	for _, p := range people {
		if len(p.Groups) != groups/10 {
			t.Errorf("%s is in %d groups", p.DN, len(p.Groups))
		}
	}
}

// ApacheDS counts what is below an entry: that many must have come.
func testApacheDSInParts(t *testing.T, s *apachedstest.Server) {
	want := dnsOf(mustRead(t, newSource(t, apachedsOptions(s, nil))))
	for name, change := range map[string]func(*ldapsrc.Options){
		"everybody":          nil,
		"one level":          func(o *ldapsrc.Options) { o.Users.Scope = ldapsrc.ScopeOne },
		"the whole suffix":   func(o *ldapsrc.Options) { o.Users.Bases = []string{apachedstest.Suffix} },
		"another id":         func(o *ldapsrc.Options) { o.Users.IDAttribute = "scimId" },
		"the name as the id": func(o *ldapsrc.Options) { o.Users.IDAttribute = "uid" },
		"groups beside": func(o *ldapsrc.Options) {
			o.Groups = membership.Groups{Bases: []string{apachedstest.GroupsDN}, Want: anyGroup}
		},
		"a filter with a not": func(o *ldapsrc.Options) { o.Users.Filter = "(&(objectClass=person)(!(uid=nobody)))" },
	} {
		t.Run(name, func(t *testing.T) {
			reader := apachedsOptions(s, func(o *ldapsrc.Options) {
				asApacheDSReader(o)
				if change != nil {
					change(o)
				}
			})
			people, info, err := readAll(t, newSource(t, reader))
			admin := apachedsOptions(s, change)
			if change != nil {
				want = dnsOf(mustRead(t, newSource(t, admin)))
			}
			if got := dnsOf(people); err != nil || !slices.Equal(got, want) || info.CutAt == 0 {
				t.Errorf("%d people in %d parts, want %d: %v", len(got), info.Searches, len(want), err)
			}
		})
	}
}
