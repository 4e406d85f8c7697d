package duo_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/duo"
	dirsync "duosync/sync"
)

func TestPages(t *testing.T) {
	first := map[string]string{"limit": "300", "offset": "0"}
	second := map[string]string{"limit": "300", "offset": "2"}
	tests := map[string]struct {
		script []exchange
		ids    string
		total  int
		want   duo.Kind
	}{
		"the last page says null": {
			[]exchange{
				{call: list, params: first, body: page([]string{user("DU1", "a"), user("DU2", "b")}, `{"next_offset":2,"total_objects":3}`)},
				{call: list, params: second, body: page([]string{user("DU3", "c")}, `{"next_offset":null,"total_objects":3}`)},
			}, "DU1 DU2 DU3", 3, "",
		},
		"the last page says nothing, numbers are text": {
			[]exchange{
				{call: list, params: first, body: page([]string{user("DU1", "a")}, `{"next_offset":"2","total_objects":"2"}`)},
				{call: list, params: second, body: page([]string{user("DU2", "b")}, `{"prev_offset":0}`)},
			}, "DU1 DU2", 2, "",
		},
		"nobody": {[]exchange{{call: list, body: page(nil, `{"total_objects":0}`)}}, "", 0, ""},
		"no metadata": {
			[]exchange{{call: list, body: ok("[" + user("DU1", "a") + "]")}}, "DU1", -1, "",
		},
		"a later page fails": {
			[]exchange{
				{call: list, params: first, body: page([]string{user("DU1", "a")}, `{"next_offset":2}`)},
				{call: list, params: second, status: 400, body: fail(40002, "Invalid request parameters", "offset")},
			}, "DU1", -1, duo.ErrInvalid,
		},
		"an offset that does not go on": {
			[]exchange{
				{call: list, params: first, body: page([]string{user("DU1", "a")}, `{"next_offset":2}`)},
				{call: list, params: second, body: page([]string{user("DU2", "b")}, `{"next_offset":2}`)},
			}, "DU1 DU2", -1, duo.ErrNotDuo,
		},
		"an empty page that is not the last": {
			[]exchange{{call: list, body: page(nil, `{"next_offset":300}`)}}, "", -1, duo.ErrNotDuo,
		},
		"a user who cannot be read": {
			[]exchange{{call: list, body: page([]string{user("DU1", "a"), `{"username":"b"}`}, `{}`)}}, "", -1, duo.ErrNotDuo,
		},
		"null in place of a list": {[]exchange{{call: list, body: ok("null")}}, "", -1, duo.ErrNotDuo},
		"text in place of a list": {[]exchange{{call: list, body: ok(`""`)}}, "", -1, duo.ErrNotDuo},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var ids []string
			total, err := newPlay(t, test.script...).client().EachUser(t.Context(), func(a dirsync.Account) error {
				ids = append(ids, a.ID)
				return nil
			})
			if test.want == "" && err != nil || test.want != "" && !errors.Is(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if got := strings.Join(ids, " "); got != test.ids || total != test.total {
				t.Errorf("got %q, total %d; want %q, total %d", got, total, test.ids, test.total)
			}
		})
	}
}

func TestAnErrorOfTheVisitorEndsTheList(t *testing.T) {
	enough := errors.New("enough")
	p := newPlay(t, exchange{call: list, body: page([]string{user("DU1", "a"), user("DU2", "b")}, `{"next_offset":2}`)})
	if _, err := p.client().EachUser(t.Context(), func(dirsync.Account) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

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
				script = append(script, exchange{call: list, body: body})
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
		return exchange{call: list, params: map[string]string{"username": name}, body: body}
	}
	all := func(body string) exchange {
		return exchange{call: list, params: map[string]string{"username_list": `["ann","bob"]`}, body: body}
	}
	ann := user("DU1", "ann", "aliases", map[string]string{"alias1": "Bob"})
	tests := map[string]struct {
		names  []string
		script []exchange
		ids    string
		want   duo.Kind
	}{
		"nothing asked":          {nil, nil, "", ""},
		"one, in another case":   {[]string{" ANN "}, []exchange{byName("ann", ok("["+ann+"]"))}, "DU1", ""},
		"nobody":                 {[]string{"ann"}, []exchange{byName("ann", ok("[]"))}, "", ""},
		"both held by one":       {[]string{"bob", "ann", "Ann"}, []exchange{all(ok("[" + ann + "]"))}, "DU1", ""},
		"an alias a list misses": {[]string{"bob", "ann"}, []exchange{all(ok("[]")), byName("ann", ok("["+ann+"]"))}, "DU1", ""},
		"a list that is refused": {
			[]string{"bob", "ann"},
			[]exchange{
				{call: list, status: 400, body: fail(40002, "Invalid request parameters", "username_list")},
				{call: list, status: 400, body: fail(40002, "Invalid request parameters", "username")}, // a name that cannot be
				byName("bob", ok("["+user("DU2", "bob")+"]")),
			},
			"DU2", "",
		},
		"a list that is not a list": {[]string{"bob", "ann"}, []exchange{all(ok("{}"))}, "", duo.ErrNotDuo},
		"a list that is not filtered": {
			[]string{"bob", "ann"},
			[]exchange{
				all(ok("[" + user("DU8", "x") + "," + user("DU9", "y") + "]")),
				byName("ann", ok("[]")), byName("bob", ok("["+user("DU2", "bob")+"]")),
			},
			"DU2", "",
		},
		"a name that is not filtered": {
			[]string{"ann"}, []exchange{byName("ann", ok("["+user("DU8", "x")+","+user("DU9", "y")+"]"))}, "", duo.ErrNotDuo,
		},
		"no access": {[]string{"ann"}, []exchange{{call: list, status: 403, body: fail(40301, "Access forbidden", "")}}, "", duo.ErrForbidden},
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
		exchange{call: list, params: map[string]string{"limit": "1", "offset": "0"}, body: page([]string{user("DU9", "z")}, `{"total_objects":2,"next_offset":1}`)},
		exchange{call: list, params: map[string]string{"limit": "300", "offset": "0"},
			body: page([]string{user("DU1", "User-C"), user("DU2", "other")}, `{"total_objects":2}`)},
	)
	found, err := p.target().Find(t.Context(), names)
	if err != nil || len(found) != 1 || found[0].ID != "DU1" {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestFetchTakesOnlyA404ForAbsence(t *testing.T) {
	p := newPlay(t,
		exchange{call: list, params: map[string]string{"user_id_list": `["DU1","DU2","DU3"]`},
			body: ok("[" + user("DU1", "ann") + "," + user("DU9", "stranger") + "]")},
		exchange{call: "GET /admin/v1/users/DU2", body: ok(user("DU2", "bob", "status", "pending deletion"))},
		exchange{call: "GET /admin/v1/users/DU3", status: 404, body: notFound},
	)
	found, err := p.target().Fetch(t.Context(), []string{"DU3", "DU1", "DU2", "DU1"})
	if err != nil {
		t.Fatal(err)
	}
	created := time.Unix(1_700_000_000, 0).UTC()
	want := map[string]dirsync.Account{
		"DU1": {ID: "DU1", Username: "ann", Status: "active", Created: created},
		"DU2": {ID: "DU2", Username: "bob", Status: "pending deletion", Created: created},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}

	for name, answer := range map[string]exchange{
		"a 404 that is not Duo's": {call: one, status: 404, body: "<html>404</html>"},
		"FAIL 40401 with 200":     {call: one, body: notFound},
		"another user":            {call: one, body: ok(user("DU2", "bob"))},
		"a list":                  {call: one, body: ok("[]")},
	} {
		script := []exchange{answer}
		if strings.HasPrefix(name, "a 404") || strings.HasPrefix(name, "FAIL") {
			script = append(script, answer, answer, answer) // it may be a hiccup
		}
		if found, err := newPlay(t, script...).target().Fetch(t.Context(), []string{"DU1"}); err == nil {
			t.Errorf("%s: %v, want an error", name, found)
		}
	}
}

func TestCheckWrite(t *testing.T) {
	tests := map[string]struct {
		answer exchange
		want   duo.Kind
	}{
		"refused for the missing name": {exchange{status: 400, body: fail(40002, "Invalid request parameters", "username")}, ""},
		"no right to write":            {exchange{status: 403, body: fail(40301, "Access forbidden", "")}, duo.ErrForbidden},
		"accepted, of all things":      {exchange{body: ok(user("DU1", ""))}, duo.ErrNotDuo},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.answer.call = post
			err := newPlay(t, test.answer).client().CheckWrite(t.Context())
			if test.want == "" && err != nil || test.want != "" && !errors.Is(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
