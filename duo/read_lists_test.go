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

func TestAllGroups(t *testing.T) {
	first := map[string]string{"limit": "500", "offset": "0"}
	staff, crew := group("DG1", "Staff", "x", "Active"), group("DG2", `Crew (from AD sync "Acme")`, "", "Bypass")
	both := []dirsync.Group{{ID: "DG1", Name: "Staff", Status: "active"}, {ID: "DG2", Name: `Crew (from AD sync "Acme")`, Status: "bypass", Synced: true}}
	some := func(metadata string, items ...string) exchange {
		return exchange{Call: groups, Params: first, Body: page(items, metadata)}
	}
	tests := map[string]struct {
		script []exchange
		want   []dirsync.Group
		fails  string
	}{
		"none":     {[]exchange{some(`{"total_objects":0}`)}, []dirsync.Group{}, ""},
		"two":      {[]exchange{some(`{"total_objects":2}`, staff, crew)}, both, ""},
		"in pages": {[]exchange{some(`{"next_offset":1}`, staff), {Call: groups, Params: map[string]string{"limit": "500", "offset": "1"}, Body: page([]string{crew}, `{"total_objects":2}`)}}, both, ""},
		"one missed, then found": {
			[]exchange{some(`{"total_objects":2}`, staff, staff), some(`{"total_objects":2}`, staff, crew)}, both, "",
		},
		"one always missed":      {times(2, some(`{"total_objects":2}`, staff)), nil, "1 of 2 were seen"},
		"no total":               {times(2, some(`{}`, staff)), nil, "does not tell how many"},
		"one that can't be read": {apitest.Again(some(`{"total_objects":1}`, `{"name":"x"}`)), nil, "without a group_id"},
		"no access":              {[]exchange{refuse(some(""), 40301, "")}, nil, "40301"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := newPlay(t, test.script...).target().Groups(t.Context())
			if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Fatalf("got %v, want %q", err, test.fails)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFindPhones(t *testing.T) {
	find := func(number, extension string, items ...string) exchange {
		params := map[string]string{"number": number}
		if extension != "" {
			params["extension"] = extension
		}
		return exchange{Call: phones, Params: params, Body: ok("[" + strings.Join(items, ",") + "]")}
	}
	p := newPlay(t,
		find("+1555", "", phone("DP1", "+1555", "DU1", "DU2")),
		find("+1555", "12", phone("DP1", "+1555")),                                  // the extension is not in the filter's answer
		find("+1556", "", phone("DP3", "+1556;ext=1"), phone("DP4", "+1556;ext=2")), // of other extensions
		find("+1557", "", phone("DP5", "+1 (5)5-7")),
		refuse(find("nonsense", ""), 40002, "number"),
	)
	found, err := p.target().Phones(t.Context(), []string{"+1556", "+1555;ext=12", "nonsense", "+1555", "+1557", "+1555"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]dirsync.Phone{
		"+1555": {ID: "DP1", Number: "+1555", Type: "mobile", Platform: "generic smartphone", Users: []string{"DU1", "DU2"}},
		"+1557": {ID: "DP5", Number: "+1557", Type: "mobile", Platform: "generic smartphone"},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}

	for name, test := range map[string]struct {
		script []exchange
		want   api.Kind
	}{
		"whose it is, is not told": {apitest.Again(find("+1555", "", `{"phone_id":"DP1","number":"+1555","activated":false}`)), api.ErrStray},
		"not filtered":             {apitest.Again(find("+1555", "", phone("DP1", "+1"), phone("DP2", "+2"))), api.ErrStray},
		"a user without an id":     {apitest.Again(find("+1555", "", phone("DP1", "+1555", ""))), api.ErrStray},
		"no access":                {[]exchange{refuse(find("+1555", ""), 40301, "")}, api.ErrForbidden},
	} {
		if found, err := newPlay(t, test.script...).target().Phones(t.Context(), []string{"+1555"}); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func TestFindPhonesReadsThemAllWhereThatIsCheaper(t *testing.T) {
	var numbers []string
	for i := range 25 {
		numbers = append(numbers, fmt.Sprintf("+15550%02d", i))
	}
	count := func(total int) exchange {
		return exchange{Call: phones, Params: map[string]string{"limit": "1", "offset": "0"}, Body: page(nil, fmt.Sprintf(`{"total_objects":%d}`, total))}
	}
	all := func(total int, items ...string) exchange {
		return exchange{Call: phones, Params: map[string]string{"limit": "500", "offset": "0"}, Body: page(items, fmt.Sprintf(`{"total_objects":%d}`, total))}
	}
	one := exchange{Call: phones, Body: ok("[]")}
	tests := map[string]struct {
		script []exchange
		want   string
	}{
		"read":                       {[]exchange{count(2), all(2, phone("DP1", numbers[3]), phone("DP2", "+999"))}, "DP1"},
		"read, and one missed":       {append([]exchange{count(2), all(2, phone("DP1", numbers[3]))}, times(24, one)...), "DP1"},
		"read, and one can't be":     {append([]exchange{count(2), all(2, phone("DP1", numbers[3]), `{"phone_id":"DP2"}`)}, times(24, one)...), "DP1"},
		"too many":                   {append([]exchange{count(500 * 12)}, times(25, one)...), ""},
		"nobody tells how many":      {append([]exchange{answer(count(0), page(nil, `{}`))}, times(25, one)...), ""},
		"none in an account without": {[]exchange{count(0), all(0)}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			found, err := newPlay(t, test.script...).target().Phones(t.Context(), numbers)
			var ids []string
			for text, p := range found {
				if text != p.Text() {
					t.Errorf("%s under %s", p.Text(), text)
				}
				ids = append(ids, p.ID)
			}
			if got := strings.Join(ids, " "); err != nil || got != test.want {
				t.Errorf("found %q, %v; want %q", got, err, test.want)
			}
		})
	}
	if found, err := newPlay(t, refuse(count(0), 40301, "")).target().Phones(t.Context(), numbers); !errors.Is(err, api.ErrForbidden) {
		t.Errorf("got %v, %v", found, err)
	}
	if found, err := newPlay(t, count(1), refuse(all(1), 40301, "")).target().Phones(t.Context(), numbers); !errors.Is(err, api.ErrForbidden) {
		t.Errorf("got %v, %v", found, err)
	}
}
