package values

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/api"
	"duosync/duo/operation"
	dirsync "duosync/sync"
)

func TestPlacesOfAliases(t *testing.T) {
	tests := map[string]struct {
		places        string // joined by a comma
		before, after string // by a blank
		want          string // the parameter, %20 and all
		fails         string
	}{
		"the first ones":                {"", "", "ann bob", "alias1=ann&alias2=bob", ""},
		"nothing to do":                 {"Bob,,ann", "ann bob", "ANN bob", "", ""},
		"one stays in its place":        {"a,,c", "a c", "b c", "alias1=b", ""},
		"one goes":                      {"a,b,c", "a b c", "a c", "alias2=", ""},
		"all go":                        {"a,,c", "a c", "", "alias1=&alias3=", ""},
		"free places are filled":        {"a,,c", "a c", "a b c d", "alias2=b&alias4=d", ""},
		"others' aliases are let be":    {"x,b,y", "b", "c", "alias2=c", ""},
		"others gave what is asked for": {"c", "b", "c", "", ""},
		"eight":                         {"", "", "1 2 3 4 5 6 7 8", "alias1=1&alias2=2&alias3=3&alias4=4&alias5=5&alias6=6&alias7=7&alias8=8", ""},
		"eight others":                  {"1,2,3,4,5,6,7,8", "1", "1 9", "", `no place for the alias "9"`},
		"no ninth place":                {"1,2,3,4,5,6,7,8,9", "9", "x", "", "no place"},
		"a ninth place is freed":        {"1,2,3,4,5,6,7,8,9", "1 9", "x", "alias1=x&alias9=", ""},
		"encoded":                       {"", "", "a&b=c+d ä", "alias1=a%26b%3Dc%2Bd&alias2=%C3%A4", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var places []string
			if test.places != "" {
				places = strings.Split(test.places, ",")
			}
			change := &dirsync.Change{
				Field:  dirsync.FieldAliases,
				Before: dirsync.ListOf(strings.Fields(test.before)), After: dirsync.ListOf(strings.Fields(test.after)),
			}
			edit, err := EditAliases(change, places)
			if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Fatalf("got %v, want %q", err, test.fails)
			}
			if got := api.AliasPlaces(edit); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			after := append([]string(nil), places...)
			for place, alias := range edit {
				for len(after) <= place {
					after = append(after, "")
				}
				after[place] = alias
			}
			if err := operation.AliasesLack(change, &dirsync.Account{Aliases: after}); (err == nil) != (test.fails == "") {
				t.Errorf("with %q: %v", after, err)
			}
		})
	}
}

func TestNamesMoveWithinAUserInStepsThatDuoTakes(t *testing.T) {
	a := &dirsync.Account{Username: "ann", Aliases: []string{"anna", "x"}}
	tests := map[string]struct {
		fields dirsync.Fields
		edit   AliasEdit
		want   []dirsync.Fields
	}{
		"nothing":       {dirsync.Fields{}, AliasEdit{}, nil},
		"one call":      {dirsync.Fields{"username": "bea", "email": "e"}, AliasEdit{1: "y"}, []dirsync.Fields{{"username": "bea", "email": "e", "aliases": "alias2=y"}}},
		"the same name": {dirsync.Fields{"username": "Ann"}, AliasEdit{2: "y"}, []dirsync.Fields{{"username": "Ann", "aliases": "alias3=y"}}},
		"an alias becomes the username": {
			dirsync.Fields{"username": "Anna"}, AliasEdit{0: "", 1: "y"},
			[]dirsync.Fields{{"aliases": "alias1="}, {"username": "Anna", "aliases": "alias2=y"}},
		},
		"the username becomes an alias": {
			dirsync.Fields{"username": "bea"}, AliasEdit{2: "ANN"},
			[]dirsync.Fields{{"username": "bea"}, {"aliases": "alias3=ANN"}},
		},
		"they change places": {
			dirsync.Fields{"username": "anna", "notes": ""}, AliasEdit{0: "ann", 2: "z"},
			[]dirsync.Fields{{"aliases": "alias1="}, {"username": "anna", "notes": "", "aliases": "alias3=z"}, {"aliases": "alias1=ann"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var calls []dirsync.Fields
			for _, call := range EditsOf(test.fields, test.edit, a) {
				calls = append(calls, ParamsOf(call))
			}
			if diff := cmp.Diff(test.want, calls); diff != "" {
				t.Error(diff)
			}
		})
	}
}
