package guard_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	dirsync "duosync/sync"
	"duosync/sync/expression"
	"duosync/sync/guard"
	"duosync/sync/mapping"
)

// sighted is the evidence of a read in which these people came by, each with or without
// a mail address, against a reference in which anna and bert had one.
func sighted(t *testing.T, stamps map[dirsync.SourceID]string, people map[dirsync.SourceID]string) guard.Evidence {
	t.Helper()
	mail, err := expression.Parse("mail")
	if err != nil {
		t.Fatal(err)
	}
	rules := &mapping.Rules{Mapping: map[string]dirsync.Expression{dirsync.FieldEmail: mail}, Exclude: func(string, string) bool { return false }}
	ref := dirsync.Reference{Identity: "server", Attributes: map[string]dirsync.AttributeSeen{"mail": {Persons: 2, Of: 3, Bearers: map[dirsync.SourceID]dirsync.Bearer{
		"anna": {Stamp: "m 1", Identity: "server"}, "bert": {Stamp: "m 1", Identity: "server"}}}}}
	sight := guard.NewSight(rules, &ref)
	for id, address := range people {
		p := &dirsync.Person{ID: id, Attrs: map[string][]string{}}
		if address != "" {
			p.Attrs["mail"] = []string{address}
		}
		want := rules.Desire(p)
		sight.Meet(p)
		sight.Count(p, &want, true)
	}
	limits := dirsync.Limits{MinAttribute: dirsync.Percent(50), MinSource: dirsync.Percent(90), Floor: 5}
	return guard.Evidence{Read: &guard.Read{Info: &dirsync.ReadInfo{Identity: "server"}, Sight: sight}, Ref: ref, Rules: rules, Policy: &guard.Policy{Limits: limits},
		Answers: guard.Answers{ByID: stamps}}
}

// An attribute that nobody has any more is doubted, unless each entry was changed.
func TestLostAttribute(t *testing.T) {
	t.Parallel()
	type ids = map[dirsync.SourceID]string
	for name, test := range map[string]struct {
		stamps, people ids
		server         string
		doubted        bool
	}{
		"both have it still":               {people: ids{"anna": "a@x", "bert": "b@x", "carl": ""}},
		"lost, and both were changed":      {ids{"anna": "m 2", "bert": "m 2"}, ids{"anna": "", "bert": "", "carl": ""}, "server", false},
		"lost, and one was not":            {ids{"anna": "m 2", "bert": "m 1"}, ids{"anna": "", "bert": "", "carl": ""}, "server", true},
		"one lost it, and was not changed": {ids{"anna": "m 1", "bert": "m 1"}, ids{"anna": "", "bert": "b@x", "carl": ""}, "server", true},
		"lost, and no stamp is shown":      {nil, ids{"anna": "", "bert": "", "carl": ""}, "server", true},
		"lost, by stamps of another kind":  {ids{"anna": "w 2", "bert": "w 2"}, ids{"anna": "", "bert": "", "carl": ""}, "server", true},
		"lost at another server":           {ids{"anna": "m 2", "bert": "m 2"}, ids{"anna": "", "bert": "", "carl": ""}, "other", true},
		"both have left":                   {nil, ids{"carl": ""}, "server", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := sighted(t, test.stamps, test.people)
			if test.server != "" {
				e.Read.Info.Identity = test.server
			}
			if got := len(guard.Examine(e).All) > 0; got != test.doubted {
				t.Errorf("doubted: %v, want %v", got, test.doubted)
			}
		})
	}
}

// A group that lost its last member is doubted, unless its entry was changed and nobody
// says to be in it.
func TestLostGroup(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		now     dirsync.GroupEntry
		still   bool
		asked   int // groups about whose members the directory is asked
		doubted string
	}{
		"nobody left":              {dirsync.GroupEntry{Members: 1, Persons: 1, Stamp: "m 1"}, false, 0, ""},
		"emptied, and changed":     {dirsync.GroupEntry{Stamp: "m 2"}, false, 1, ""},
		"emptied, yet in memberOf": {dirsync.GroupEntry{Stamp: "m 2"}, true, 1, `the group "staff" lost its last member`},
		"emptied, and unchanged":   {dirsync.GroupEntry{Stamp: "m 1"}, false, 0, `the group "staff" lost its last member`},
		"its class demands one":    {dirsync.GroupEntry{Stamp: "m 2", Hidden: true}, false, 0, `the group "staff" lost its last member`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := sighted(t, nil, map[dirsync.SourceID]string{"anna": "a@x", "bert": "b@x"})
			e.Ref.Groups = map[string]dirsync.GroupSeen{"id:g": {ID: "g", Name: "staff", Stamp: "m 1", Identity: "server", Members: 1, Persons: 1, People: []dirsync.SourceID{"anna"}}}
			test.now.ID, test.now.Name = "g", "staff"
			e.Read.Info.Groups = []dirsync.GroupEntry{test.now}
			if q := e.Questions(); len(q.Members) != test.asked {
				t.Errorf("asks about %d groups, want %d", len(q.Members), test.asked)
			}
			e.Still = test.still
			got := ""
			for _, d := range guard.Examine(e).All {
				got += d.Detail
			}
			if diff := cmp.Diff(test.doubted, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Of people who were in a group by their own entries, these are the evidence, beside the
// group's for whoever was in it by that.
func TestLostGroupOfPeopleByTheirOwnEntries(t *testing.T) {
	t.Parallel()
	type stamps = map[dirsync.SourceID]string
	own := stamps{"anna": "m 1", "bert": "m 1"}
	for name, test := range map[string]struct {
		was     dirsync.GroupSeen
		group   string // its stamp now
		people  stamps // theirs
		doubted bool
	}{
		"all of them were changed":               {dirsync.GroupSeen{Own: 2, OwnStamps: own}, "m 1", stamps{"anna": "m 2", "bert": "m 2"}, false},
		"one was not":                            {dirsync.GroupSeen{Own: 2, OwnStamps: own}, "m 2", stamps{"anna": "m 1", "bert": "m 2"}, true},
		"one shows no stamp":                     {dirsync.GroupSeen{Own: 2, OwnStamps: own}, "m 2", stamps{"anna": "m 2"}, true},
		"their stamps were not kept":             {dirsync.GroupSeen{Own: 2}, "m 2", stamps{"anna": "m 2", "bert": "m 2"}, true},
		"one by the group, which was changed":    {dirsync.GroupSeen{Own: 1, OwnStamps: stamps{"anna": "m 1"}, Members: 1}, "m 2", stamps{"anna": "m 2", "bert": "m 1"}, false},
		"one by the group, which was not":        {dirsync.GroupSeen{Own: 1, OwnStamps: stamps{"anna": "m 1"}, Members: 1}, "m 1", stamps{"anna": "m 2", "bert": "m 2"}, true},
		"none by their own entries, as ever":     {dirsync.GroupSeen{Members: 2}, "m 2", stamps{"anna": "m 1", "bert": "m 1"}, false},
		"members that are nobody, and unchanged": {dirsync.GroupSeen{Own: 2, OwnStamps: own, Members: 1}, "m 1", stamps{"anna": "m 2", "bert": "m 2"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := sighted(t, nil, map[dirsync.SourceID]string{"anna": "a@x", "bert": "b@x"})
			was := test.was
			was.ID, was.Name, was.Stamp, was.Identity, was.Persons, was.People = "g", "staff", "m 1", "server", 2, []dirsync.SourceID{"anna", "bert"}
			other := dirsync.GroupSeen{ID: "h", Name: "other", Stamp: "m 1", Identity: "server", Members: 1, Persons: 1, People: []dirsync.SourceID{"anna"}}
			e.Ref.Groups = map[string]dirsync.GroupSeen{"id:g": was, "id:h": other}
			e.Read.Info.Groups = []dirsync.GroupEntry{{ID: "g", Name: "staff", Stamp: test.group}, {ID: "h", Name: "other", Stamp: "m 2"}}
			ids := e.Questions().IDs
			for id := range was.OwnStamps {
				if !slices.Contains(ids, id) {
					t.Errorf("the stamp of %s is not asked for", id)
				}
			}
			e.ByID = test.people
			found := guard.Examine(e).All
			about := func(group string) func(*guard.Doubt) bool {
				return func(d *guard.Doubt) bool { return d.About.Group == group }
			}
			if doubted := slices.ContainsFunc(found, about("staff")); doubted != test.doubted {
				t.Errorf("doubted: %v, want %v", doubted, test.doubted)
			}
			if doubted := slices.ContainsFunc(found, about("other")); doubted != test.doubted {
				t.Errorf("the other one, which was changed: %v, want %v", doubted, test.doubted)
			}
		})
	}
}

// A base that had more people than the floor and has none is doubted while any of them
// is missing.
func TestLostBase(t *testing.T) {
	t.Parallel()
	e := sighted(t, nil, map[dirsync.SourceID]string{"anna": "a@x", "bert": "b@x"})
	e.Read.Info.Bases = []string{"ou=a", "ou=b"}
	e.Ref.Bases = map[string]int{"ou=a": 6, "ou=b": 5}
	if all := guard.Examine(e).All; len(all) > 0 {
		t.Errorf("doubted though nobody is missing: %+v", all[0])
	}
	e.People = []*guard.Person{{ID: "x", Username: "x", Link: &dirsync.Link{Seen: dirsync.Seen{Base: "ou=a"}}}, {ID: "y", Username: "y", Link: &dirsync.Link{Seen: dirsync.Seen{Base: "ou=b"}}}}
	all := guard.Examine(e).All
	if len(all) != 1 || all[0].About.Base != "ou=a" || cmp.Diff([]string{"x"}, all[0].Names) != "" {
		t.Errorf("doubts %+v", all)
	}
}
