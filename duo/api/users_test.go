package api_test

import (
	"errors"
	"strings"
	"testing"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

func TestPages(t *testing.T) {
	first := map[string]string{"limit": "300", "offset": "0"}
	second := map[string]string{"limit": "300", "offset": "2"}
	tests := map[string]struct {
		script []exchange
		ids    string
		total  int
		want   api.Kind
	}{
		"the last page says null": {
			[]exchange{
				{Call: list, Params: first, Body: page([]string{user("DU1", "a"), user("DU2", "b")}, `{"next_offset":2,"total_objects":3}`)},
				{Call: list, Params: second, Body: page([]string{user("DU3", "c")}, `{"next_offset":null,"total_objects":3}`)},
			}, "DU1 DU2 DU3", 3, "",
		},
		"the last page says nothing, numbers are text": {
			[]exchange{
				{Call: list, Params: first, Body: page([]string{user("DU1", "a")}, `{"next_offset":"2","total_objects":"2"}`)},
				{Call: list, Params: second, Body: page([]string{user("DU2", "b")}, `{"prev_offset":0}`)},
			}, "DU1 DU2", 2, "",
		},
		"nobody": {[]exchange{{Call: list, Body: page(nil, `{"total_objects":0}`)}}, "", 0, ""},
		"no metadata": {
			[]exchange{{Call: list, Body: ok("[" + user("DU1", "a") + "]")}}, "DU1", -1, "",
		},
		"a later page fails": {
			[]exchange{
				{Call: list, Params: first, Body: page([]string{user("DU1", "a")}, `{"next_offset":2}`)},
				{Call: list, Params: second, Status: 400, Body: fail(40002, "Invalid request parameters", "offset")},
			}, "DU1", -1, api.ErrInvalid,
		},
		"an offset that does not go on": {
			append([]exchange{{Call: list, Params: first, Body: page([]string{user("DU1", "a")}, `{"next_offset":2}`)}},
				again(exchange{Call: list, Params: second, Body: page([]string{user("DU2", "b")}, `{"next_offset":2}`)})...),
			"DU1", -1, api.ErrStray,
		},
		"an offset that goes back, once": {
			[]exchange{
				{Call: list, Params: first, Body: page([]string{user("DU1", "a")}, `{"next_offset":2}`)},
				{Call: list, Params: second, Body: page([]string{user("DU1", "a")}, `{"next_offset":2}`)},
				{Call: list, Params: second, Apart: true, Body: page([]string{user("DU2", "b")}, `{"prev_offset":0}`)},
			}, "DU1 DU2", -1, "",
		},
		"a page that repeats the one before": {
			append([]exchange{{Call: list, Params: first, Body: page([]string{user("DU1", "a"), user("DU2", "b")}, `{"next_offset":2,"total_objects":9}`)}},
				again(exchange{Call: list, Params: second, Body: page([]string{user("DU2", "b"), user("DU1", "a")}, `{"next_offset":4,"total_objects":9}`)})...),
			"DU1 DU2", 9, api.ErrStray,
		},
		"a last page that repeats, as the account changed": {
			[]exchange{
				{Call: list, Params: first, Body: page([]string{user("DU1", "a"), user("DU2", "b")}, `{"next_offset":2,"total_objects":3}`)},
				{Call: list, Params: second, Body: page([]string{user("DU2", "b")}, `{"total_objects":3}`)},
			}, "DU1 DU2 DU2", 3, "",
		},
		"a page before the one that was asked for": {
			append([]exchange{{Call: list, Params: first, Body: page([]string{user("DU1", "a")}, `{"next_offset":2}`)}},
				again(exchange{Call: list, Params: second, Body: page([]string{user("DU2", "b")}, `{"prev_offset":2,"next_offset":600}`)})...),
			"DU1", -1, api.ErrStray,
		},
		"an offset beyond all that there is": {
			again(exchange{Call: list, Params: first, Body: page([]string{user("DU1", "a")}, `{"next_offset":302,"total_objects":1}`)}), "", -1, api.ErrStray,
		},
		"an empty page that is not the last": {
			again(exchange{Call: list, Body: page(nil, `{"next_offset":300}`)}), "", -1, api.ErrStray,
		},
		"a user who cannot be read": {
			again(exchange{Call: list, Body: page([]string{user("DU1", "a"), `{"username":"b"}`}, `{}`)}), "", -1, api.ErrStray,
		},
		"null in place of a list": {again(exchange{Call: list, Body: ok("null")}), "", -1, api.ErrStray},
		"text in place of a list": {again(exchange{Call: list, Body: ok(`""`)}), "", -1, api.ErrNotDuo},
		"another answer, once":    {[]exchange{{Call: list, Body: ok(`""`)}, {Call: list, Apart: true, Body: page(nil, `{"total_objects":0}`)}}, "", 0, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var ids []string
			total, err := newPlay(t, test.script...).Client().EachUser(t.Context(), func(a dirsync.Account) error {
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
	p := newPlay(t, exchange{Call: list, Body: page([]string{user("DU1", "a"), user("DU2", "b")}, `{"next_offset":2}`)})
	if _, err := p.Client().EachUser(t.Context(), func(dirsync.Account) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

func TestCheckWrite(t *testing.T) {
	tests := map[string]struct {
		answer exchange
		want   api.Kind
	}{
		"refused for the missing name": {exchange{Status: 400, Body: fail(40002, "Invalid request parameters", "username")}, ""},
		"no right to write":            {exchange{Status: 403, Body: fail(40301, "Access forbidden", "")}, api.ErrForbidden},
		"accepted, of all things":      {exchange{Body: ok(user("DU1", ""))}, api.ErrNotDuo},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.answer.Call = post
			err := newPlay(t, test.answer).Client().CheckWrite(t.Context())
			if test.want == "" && err != nil || test.want != "" && !errors.Is(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
