package duo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/api"
	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

func TestInventoryIsHeldAgainstTheTotal(t *testing.T) {
	ann, bob, cyd := user("DU1", "ann"), user("DU2", "bob"), user("DU3", "cyd")
	tests := map[string]struct {
		pages    []string // a pass each
		ids      string
		complete bool
	}{
		"all there":                   {[]string{page([]string{ann, bob}, `{"total_objects":2}`)}, "DU1 DU2", true},
		"one missed, then found":      {[]string{page([]string{ann, ann}, `{"total_objects":2}`), page([]string{bob, ann}, `{"total_objects":2}`)}, "DU1 DU2", true},
		"one who was gone when asked": {[]string{page([]string{ann, bob}, `{"total_objects":1}`), page([]string{cyd}, `{"total_objects":1}`)}, "DU1 DU2 DU3", true},
		"one always missed":           {[]string{page([]string{ann}, `{"total_objects":2}`), page([]string{bob}, `{"total_objects":2}`)}, "DU1 DU2", false},
		"no total":                    {[]string{page([]string{ann}, `{}`), page([]string{ann}, `{}`)}, "DU1", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var script []exchange
			for _, body := range test.pages {
				script = append(script, exchange{Call: list, Body: body})
			}
			var ids []string
			complete, err := newPlay(t, script...).target().Inventory(t.Context(), func(a dirsync.Account) error {
				ids = append(ids, a.ID)
				return nil
			})
			if err != nil || complete != test.complete || strings.Join(ids, " ") != test.ids {
				t.Errorf("got %v, complete %v, %v; want %q, complete %v", ids, complete, err, test.ids, test.complete)
			}
		})
	}
}

func TestFind(t *testing.T) {
	byName := func(name, body string) exchange {
		return exchange{Call: list, Params: map[string]string{"username": name}, Body: body}
	}
	all := func(body string) exchange {
		return exchange{Call: list, Params: map[string]string{"username_list": `["ann","bob"]`}, Body: body}
	}
	ann := user("DU1", "ann", "aliases", map[string]string{"alias1": "Bob"})
	tests := map[string]struct {
		names  []string
		script []exchange
		ids    string
		want   api.Kind
	}{
		"nothing asked":          {nil, nil, "", ""},
		"one, in another case":   {[]string{" ANN "}, []exchange{byName("ann", ok("["+ann+"]"))}, "DU1", ""},
		"nobody":                 {[]string{"ann"}, []exchange{byName("ann", ok("[]"))}, "", ""},
		"both held by one":       {[]string{"bob", "ann", "Ann"}, []exchange{all(ok("[" + ann + "]"))}, "DU1", ""},
		"an alias a list misses": {[]string{"bob", "ann"}, []exchange{all(ok("[]")), byName("ann", ok("["+ann+"]"))}, "DU1", ""},
		"a list that is refused": {
			[]string{"bob", "ann"},
			[]exchange{
				{Call: list, Status: 400, Body: fail(40002, "Invalid request parameters", "username_list")},
				{Call: list, Status: 400, Body: fail(40002, "Invalid request parameters", "username")}, // a name that cannot be
				byName("bob", ok("["+user("DU2", "bob")+"]")),
			},
			"DU2", "",
		},
		"a list that is not a list": {[]string{"bob", "ann"}, apitest.Again(all(ok("{}"))), "", api.ErrStray},
		"a list that is not filtered": {
			[]string{"bob", "ann"},
			[]exchange{
				all(ok("[" + user("DU8", "x") + "," + user("DU9", "y") + "]")),
				byName("ann", ok("[]")), byName("bob", ok("["+user("DU2", "bob")+"]")),
			},
			"DU2", "",
		},
		"a name that is not filtered": {
			[]string{"ann"}, apitest.Again(byName("ann", ok("["+user("DU8", "x")+","+user("DU9", "y")+"]"))), "", api.ErrStray,
		},
		"another user's answer, once": {
			[]string{"ann"}, []exchange{byName("ann", ok("["+user("DU8", "x")+"]")), apart(byName("ann", ok("["+ann+"]")))}, "DU1", "",
		},
		"no access": {[]string{"ann"}, []exchange{{Call: list, Status: 403, Body: fail(40301, "Access forbidden", "")}}, "", api.ErrForbidden},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			found, err := newPlay(t, test.script...).target().Find(t.Context(), test.names)
			if test.want == "" && err != nil || test.want != "" && !errors.Is(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			var ids []string
			for _, a := range found {
				ids = append(ids, a.ID)
			}
			if got := strings.Join(ids, " "); got != test.ids {
				t.Errorf("found %q, want %q", got, test.ids)
			}
		})
	}
}

func TestFindReadsTheAccountWhereThatIsCheaper(t *testing.T) {
	var names []string
	for c := 'a'; c <= 'z'; c++ {
		names = append(names, "user-"+string(c))
	}
	p := newPlay(t,
		exchange{Call: list, Params: map[string]string{"limit": "1", "offset": "0"}, Body: page([]string{user("DU9", "z")}, `{"total_objects":2,"next_offset":1}`)},
		exchange{Call: list, Params: map[string]string{"limit": "300", "offset": "0"},
			Body: page([]string{user("DU1", "User-C"), user("DU2", "other")}, `{"total_objects":2}`)},
	)
	found, err := p.target().Find(t.Context(), names)
	if err != nil || len(found) != 1 || found[0].ID != "DU1" {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestFetchTakesOnlyA404ForAbsence(t *testing.T) {
	three := exchange{Call: "GET /admin/v1/users/DU3", Status: 404, Body: apitest.NotFound}
	p := newPlay(t,
		exchange{Call: list, Params: map[string]string{"user_id_list": `["DU1","DU2","DU3"]`},
			Body: ok("[" + user("DU1", "ann") + "," + user("DU9", "stranger") + "]")},
		exchange{Call: "GET /admin/v1/users/DU2", Body: ok(user("DU2", "bob", "status", "pending deletion"))},
		three, apart(three), apart(exchange{Call: list, Params: map[string]string{"username": "cyd"}, Body: ok("[" + user("DU9", "Cyd") + "]")}),
	)
	found, doubtful, err := p.target().Fetch(t.Context(), map[string]dirsync.Remembered{"DU3": {Name: "Cyd"}, "DU1": {Name: "ann"}, "DU2": {}})
	if err != nil || len(doubtful) != 0 {
		t.Fatal(err, doubtful)
	}
	want := map[string]dirsync.Account{
		"DU1": {ID: "DU1", Username: "ann", Status: "active", Created: apitest.Created},
		"DU2": {ID: "DU2", Username: "bob", Status: "pending deletion", Created: apitest.Created},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}

	notDuo := exchange{Call: one, Status: 404, Body: "<html>404</html>"}
	for name, script := range map[string][]exchange{
		"a 404 that is not Duo's":           times(4, notDuo),
		"FAIL 40401 with 200":               times(4, exchange{Call: one, Body: apitest.NotFound}),
		"a 404, and then one not Duo's":     then([]exchange{gone}, times(4, apart(notDuo))),
		"a 404, and no answer for the name": then([]exchange{gone, apart(gone)}, times(4, exchange{Call: list, Status: 502})),
		"a 404, and no right to look again": {gone, refuse(apart(gone), 40301, "")},
	} {
		if found, doubtful, err := newPlay(t, script...).target().Fetch(t.Context(), map[string]dirsync.Remembered{"DU1": {Name: "ann"}}); err == nil {
			t.Errorf("%s: %v, %v, want an error", name, found, doubtful)
		}
	}
}

// TestNothingIsConcludedFromAnswersThatContradictOneAnother: it is the error of the one
// user, and no absence.
func TestNothingIsConcludedFromAnswersThatContradictOneAnother(t *testing.T) {
	byName := func(body string) exchange {
		return apart(exchange{Call: list, Params: map[string]string{"username": "ann"}, Body: ok("[" + body + "]")})
	}
	for name, script := range map[string][]exchange{
		"another user":                 apitest.Again(exchange{Call: one, Body: ok(user("DU2", "bob"))}),
		"a list":                       apitest.Again(exchange{Call: one, Body: ok("[]")}),
		"a 404, and then another user": then([]exchange{gone}, times(4, apart(exchange{Call: one, Body: ok(user("DU2", "bob"))}))),
		"two 404, and by name others":  then([]exchange{gone, apart(gone)}, apitest.Again(byName(user("DU8", "x")+","+user("DU9", "y")))),
	} {
		found, doubtful, err := newPlay(t, script...).target().Fetch(t.Context(), map[string]dirsync.Remembered{"DU1": {Name: "ann"}})
		if err != nil || len(found) != 0 || !errors.Is(doubtful["DU1"], api.ErrStray) || !strings.Contains(dirsync.Hint(doubtful["DU1"]), "mixed up") {
			t.Errorf("%s: found %v, doubtful %v, %v", name, found, doubtful, err)
		}
	}

	// One by one they are each user's own; ten in a row are Duo's, or the network's.
	names := make(map[string]dirsync.Remembered)
	script := []exchange{{Call: list, Body: ok("[]")}}
	for i := range 12 {
		id := fmt.Sprintf("DU%02d", i)
		names[id] = dirsync.Remembered{Name: "x"}
		if i < 10 {
			call := "GET /admin/v1/users/" + id
			absent := exchange{Call: call, Status: 404, Body: apitest.NotFound}
			script = append(script, absent, apart(absent), apart(exchange{Call: list, Params: map[string]string{"username": "x"}, Body: ok("[" + user(id, "x") + "]")}))
		}
	}
	if _, _, err := newPlay(t, script...).target().Fetch(t.Context(), names); !errors.Is(err, api.ErrStray) || !strings.Contains(err.Error(), "10 reads") {
		t.Errorf("ten in a row: %v", err)
	}
}
