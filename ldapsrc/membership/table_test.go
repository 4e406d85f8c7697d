package membership

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"duosync/ldapsrc/decode"
	"duosync/ldapsrc/dn"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// A table agrees with walking down from each wanted group by hand, whatever the
// groups hold: rings, groups inside several others, people inside several groups.
func TestTableAgreesWithTheGroups(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "groups")
		groups := make([]group, n)
		inside := make([][]int, n)
		people := make([][]int, n)
		for i := range groups {
			groups[i] = group{name: fmt.Sprintf("g%d", (i*5)%n*10+i), wanted: rapid.Bool().Draw(t, "wanted")}
			inside[i] = rapid.SliceOfDistinct(rapid.IntRange(0, n-1), rapid.ID).Draw(t, "inside")
			people[i] = rapid.SliceOf(rapid.IntRange(0, 5)).Draw(t, "people")
		}
		table := newTable(groups)
		for i := range groups {
			for _, inner := range inside[i] {
				table.nest(place(inner), place(i))
			}
			for _, person := range people[i] {
				table.addMember(labelOf(fmt.Sprint("uid=", person)), place(i), true)
			}
		}
		table.index()
		reader := &Reader{Groups: Groups{MemberAttributes: []string{"member"}}, decoder: &decode.Decoder{Kind: &schema.Kind{}}}
		for person := range 6 {
			want := []string(nil)
			for i := range groups {
				if groups[i].wanted && holdsPerson(i, person, inside, people, map[int]bool{}) {
					want = append(want, groups[i].name)
				}
			}
			slices.Sort(want)
			var got []string
			err := reader.NewMatcher(nil, table, nil).Add(t.Context(), dirsync.Person{DN: fmt.Sprint("UID=", person)}, func(p dirsync.Person) error {
				got = p.Groups
				return nil
			})
			if err != nil || !cmp.Equal(want, got) {
				t.Fatalf("person %d: %q, %v; want %q", person, got, err, want)
			}
		}
	})
}

func holdsPerson(at, person int, inside, people [][]int, seen map[int]bool) bool {
	if seen[at] {
		return false
	}
	seen[at] = true
	return slices.Contains(people[at], person) || slices.ContainsFunc(inside[at], func(inner int) bool {
		return holdsPerson(inner, person, inside, people, seen)
	})
}

// BenchmarkTable tells what 100,000 memberships in 50 groups cost: the heap they
// keep, and the time it takes to know the groups of one person.
func BenchmarkTable(b *testing.B) {
	const people, each = 20_000, 5
	groups := make([]group, 50)
	for i := range groups {
		groups[i] = group{name: fmt.Sprintf("group %02d", i), wanted: true}
	}
	name := func(i int) string { return fmt.Sprintf("uid=user%07d,ou=Users,dc=WSO2,dc=ORG", i) }
	before := heap()
	table := newTable(groups)
	for i := range people {
		for k := range each {
			table.addMember(dn.LabelOfUID(name(i)), place((i+k*7)%len(groups)), true)
		}
	}
	table.index()
	kept := heap() - before
	reader := &Reader{Groups: Groups{MemberAttributes: []string{memberUID}}, decoder: &decode.Decoder{Kind: &schema.Kind{}}}
	matcher := reader.NewMatcher(nil, table, nil)
	for i := 0; b.Loop(); i++ {
		who, err := matcher.candidate(b.Context(), dirsync.Person{Attrs: map[string][]string{uid: {name(i % people)}}}, nil)
		if err != nil || len(table.namesOf(who.direct)) != each {
			b.Fatal(who, err)
		}
	}
	b.ReportMetric(float64(kept)/(people*each), "B/membership")
}

func labelOf(text string) dn.Label {
	l, _, err := dn.LabelOf(text)
	if err != nil {
		panic(err)
	}
	return l
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
