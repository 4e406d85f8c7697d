package several_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc/several"
	dirsync "duosync/sync"
)

// fake is a directory with one person and one group in it, of which it says what it was asked.
type fake struct {
	person string
	err    error
	asked  []string
}

func (f *fake) note(what string, ids ...dirsync.SourceID) {
	f.asked = append(f.asked, fmt.Sprint(what, ids))
}

func (f *fake) group() dirsync.GroupEntry {
	return dirsync.GroupEntry{ID: "9", Name: "staff", DN: "cn=staff", People: []dirsync.SourceID{"1"}}
}

func (f *fake) Read(_ context.Context, visit func(dirsync.Person) error) (dirsync.ReadInfo, error) {
	info := dirsync.ReadInfo{Server: "ldap://" + f.person, Identity: f.person, Read: 1, Groups: []dirsync.GroupEntry{f.group()}, Nested: []dirsync.GroupEntry{{Name: "inner", DN: "CN=Inner"}}, Warnings: []string{"odd"}}
	if err := visit(dirsync.Person{ID: "1", DN: f.person}); err != nil {
		return info, err
	}
	return info, f.err
}

func (f *fake) Lookup(_ context.Context, ids []dirsync.SourceID) (map[dirsync.SourceID]dirsync.Whereabouts, error) {
	f.note("lookup", ids...)
	found := map[dirsync.SourceID]dirsync.Whereabouts{}
	for _, id := range ids {
		found[id] = dirsync.Whereabouts{}
	}
	if slices.Contains(ids, "1") {
		found["1"] = dirsync.Whereabouts{Present: true, DN: f.person, Person: &dirsync.Person{ID: "1", DN: f.person}}
	}
	if slices.Contains(ids, "3") {
		found["3"] = dirsync.Whereabouts{Present: true, DN: "cn=out", Outside: &dirsync.Person{ID: "3", DN: "cn=out"}}
	}
	return found, f.err
}

func (f *fake) LookupGroups(_ context.Context, groups []dirsync.GroupEntry) (map[string]dirsync.GroupEntry, error) {
	found := map[string]dirsync.GroupEntry{}
	for _, g := range groups {
		f.note("group "+g.Directory, g.ID)
		if g.ID == "9" {
			found[g.Key()] = f.group()
		}
	}
	return found, f.err
}

func (f *fake) StillMembers(_ context.Context, g dirsync.GroupEntry, ids []dirsync.SourceID) (bool, error) {
	f.note("still "+string(g.ID), ids...)
	return true, f.err
}

func (f *fake) Stamps(_ context.Context, ids []dirsync.SourceID, dns []string) (map[dirsync.SourceID]string, map[string]string, error) {
	f.note("stamps "+fmt.Sprint(dns), ids...)
	byID, byDN := map[dirsync.SourceID]string{}, map[string]string{}
	for _, id := range ids {
		byID[id] = f.person
	}
	for _, dn := range dns {
		byDN[dn] = f.person
	}
	return byID, byDN, f.err
}

func two() (a, b *fake, both several.Source) {
	a, b = &fake{person: "anna"}, &fake{person: "bert"}
	return a, b, several.Source{{Name: "hr", Source: a}, {Name: "students", Source: b}}
}

// TestRead: everybody comes in the order of the directories, under the name of each.
func TestRead(t *testing.T) {
	t.Parallel()
	_, b, both := two()
	var people []string
	info, err := both.Read(t.Context(), func(p dirsync.Person) error {
		people = append(people, fmt.Sprint(p.Directory, " ", p.ID, " ", p.DN))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"hr hr/1 anna", "students students/1 bert"}, people); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	var groups []string
	for _, g := range slices.Concat(info.Groups, info.Nested) {
		groups = append(groups, fmt.Sprint(g.Directory, " ", g.Key(), " ", g.People))
	}
	if diff := cmp.Diff([]string{"hr id:hr/9 [hr/1]", "students id:students/9 [students/1]", "hr dn:hr/cn=inner []", "students dn:students/cn=inner []"}, groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if info.Read != 2 || len(info.Parts) != 2 || info.Of("students").Identity != "bert" || info.Of("hr").Groups[0].ID != "hr/9" || info.Of("none") != nil {
		t.Errorf("%+v", info)
	}
	if diff := cmp.Diff([]string{"hr: odd", "students: odd"}, info.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}

	b.err = dirsync.WithHint(errors.New("page 2 did not come"), "run again")
	info, err = both.Read(t.Context(), func(dirsync.Person) error { return nil })
	if err == nil || err.Error() != "the directory students: page 2 did not come" || dirsync.Hint(err) != "run again" || len(info.Parts) != 2 {
		t.Errorf("half a read: %v, %+v", err, info)
	}
	enough := errors.New("enough")
	if _, err = both.Read(t.Context(), func(dirsync.Person) error { return enough }); !errors.Is(err, enough) || err.Error() != enough.Error() {
		t.Errorf("an error of the visitor: %v", err)
	}
}

// TestEachIsAskedForItsOwn: no directory is asked for what another one has, and what none has is
// an error.
func TestEachIsAskedForItsOwn(t *testing.T) {
	t.Parallel()
	a, b, both := two()
	outside, err := both.Lookup(t.Context(), []dirsync.SourceID{"students/3"})
	if p := outside["students/3"].Outside; err != nil || p == nil || p.ID != "students/3" || p.Directory != "students" {
		t.Errorf("%+v, %v", outside, err)
	}
	found, err := both.Lookup(t.Context(), []dirsync.SourceID{"hr/1", "students/1", "students/2/x"})
	if err != nil || len(found) != 3 || found["hr/1"].Person.ID != "hr/1" || found["students/1"].Person.Directory != "students" || found["students/2/x"].Present {
		t.Errorf("%+v, %v", found, err)
	}
	groups, err := both.LookupGroups(t.Context(), []dirsync.GroupEntry{{Directory: "hr", ID: "hr/9"}, {Directory: "students", ID: "students/8"}})
	if g := groups["id:hr/9"]; err != nil || len(groups) != 1 || g.ID != "hr/9" || g.Directory != "hr" {
		t.Errorf("%+v, %v", groups, err)
	}
	if still, err := both.StillMembers(t.Context(), dirsync.GroupEntry{Directory: "students", ID: "students/9"}, []dirsync.SourceID{"students/1", "hr/1"}); !still || err != nil {
		t.Errorf("%v, %v", still, err)
	}
	byID, _, err := both.Stamps(t.Context(), []dirsync.SourceID{"hr/1", "students/1"}, nil)
	if err != nil || byID["hr/1"] != "anna" || byID["students/1"] != "bert" {
		t.Errorf("%v, %v", byID, err)
	}
	_, byDN, err := dirsync.In(both, "students").Stamps(t.Context(), []dirsync.SourceID{"students/1"}, []string{"cn=x"})
	if err != nil || !maps.Equal(byDN, map[string]string{"cn=x": "bert"}) {
		t.Errorf("%v, %v", byDN, err)
	}
	want := []string{"lookup[1]", "group [9]", "stamps [][1]"}
	if diff := cmp.Diff(want, a.asked); diff != "" {
		t.Errorf("hr was asked (-want +got):\n%s", diff)
	}
	want = []string{"lookup[3]", "lookup[1 2/x]", "group [8]", "still 9[1]", "stamps [][1]", "stamps [cn=x][1]"}
	if diff := cmp.Diff(want, b.asked); diff != "" {
		t.Errorf("students was asked (-want +got):\n%s", diff)
	}
	for what, err := range map[string]error{
		"lookup": second(both.Lookup(t.Context(), []dirsync.SourceID{"gone/1"})), "an id without a name": second(both.Lookup(t.Context(), []dirsync.SourceID{"1"})),
		"group":         second(both.LookupGroups(t.Context(), []dirsync.GroupEntry{{Directory: "gone", ID: "gone/1"}})),
		"still members": second(both.StillMembers(t.Context(), dirsync.GroupEntry{Directory: "gone"}, nil)),
	} {
		if err == nil {
			t.Errorf("%s of a directory that there is not: no error", what)
		}
	}
	if _, _, err := both.Stamps(t.Context(), nil, []string{"cn=x"}); err == nil {
		t.Error("a DN was asked for in no directory")
	}
	b.err = errors.New("down")
	if _, err := both.Lookup(t.Context(), []dirsync.SourceID{"hr/1", "students/1"}); err == nil || err.Error() != "the directory students: down" {
		t.Errorf("a second look that failed: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
