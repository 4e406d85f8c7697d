package duo_test

import (
	"fmt"
	"testing"
	"time"

	"duosync/duo"
	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

func TestForecast(t *testing.T) {
	plan := &dirsync.Plan{Waves: [][]*dirsync.Op{
		{op(dirsync.Create, "ann"), op(dirsync.Delete, "bob"), {Action: dirsync.Create, Blocked: "no name"}},
		{op(dirsync.Restore, "cyd", "status", "active"), op(dirsync.Restore, "dan"), op(dirsync.Trash, "eve"), op(dirsync.Release, "fay")},
	}}
	for text, want := range map[string]time.Duration{"auto": 11 * 200 * time.Millisecond, "60/1m": 11 * time.Second, "600/1m": 11 * 200 * time.Millisecond} {
		o := newPlay(t).Options()
		if err := o.Rate.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		calls, took := duo.NewTarget(apitest.Connect(t, o), duo.Options{}).Forecast(plan)
		if calls != 11 || took < want || took > want*21/20 {
			t.Errorf("%s: %d calls, %s; want 11 calls, about %s", text, calls, took, want)
		}
	}
}

// following has an operation follow the create of its user.
func following(o *dirsync.Op) *dirsync.Op { o.Follows = true; return o }

func TestForecastOfLists(t *testing.T) {
	made := dirsync.PhoneStep{Do: dirsync.PhoneMake, Number: "+1"}
	given := dirsync.PhoneStep{Do: dirsync.PhoneAttach, ID: "DP1"}
	removed := dirsync.PhoneStep{Do: dirsync.PhoneRemove, ID: "DP1"}
	member := []dirsync.Membership{{ID: "DG1"}}
	create := op(dirsync.Create, "ann", "username", "ann")
	create.Changes = append(create.Changes, dirsync.Change{Field: dirsync.FieldAliases, After: "a"})
	for name, test := range map[string]struct {
		op   *dirsync.Op
		want int
	}{
		"a create with aliases":   {create, 1},
		"aliases":                 {aliases("a", "b"), 2},
		"aliases and more":        {aliases("a", "b", "email", "e"), 2},
		"a create with a phone":   {withPhones(op(dirsync.Create, "ann", "username", "ann"), made), 6},
		"a phone":                 {withPhones(update(), made), 4},
		"a phone after a create":  {following(withPhones(update(), given)), 3},
		"a phone that is there":   {withPhones(update(), given), 2},
		"a phone less":            {withPhones(update(), removed), 7},
		"groups":                  {withGroups(update(), member, member), 3},
		"groups and more":         {withGroups(update("email", "e"), member, nil), 3},
		"adopted into a group":    {withGroups(op(dirsync.Adopt, "ann"), member, nil), 2},
		"restored into a group":   {withGroups(op(dirsync.Restore, "ann", "status", "active"), member, nil), 5},
		"phones of one gone":      {&dirsync.Op{Action: dirsync.PhoneDelete, Phones: []dirsync.PhoneStep{removed, removed}}, 8},
		"a group":                 {groupOp(dirsync.GroupCreate, "x", "name", "x"), 2},
		"a group's name":          {groupOp(dirsync.GroupUpdate, "x", "name", "y"), 1},
		"a group that is adopted": {groupOp(dirsync.GroupUpdate, "x"), 0},
		"a group less":            {groupOp(dirsync.GroupDelete, "x"), 3},
		"a mail":                  {op(dirsync.EnrollMail, "ann"), 2},
	} {
		calls, _ := newPlay(t).target().Forecast(&dirsync.Plan{Waves: [][]*dirsync.Op{{test.op}}})
		if calls != test.want {
			t.Errorf("%s: %d calls, want %d", name, calls, test.want)
		}
	}
}

// TestForecastOfWhatGoesTogether counts calls that operations share.
func TestForecastOfWhatGoesTogether(t *testing.T) {
	for name, test := range map[string]struct {
		n, want int
		make    func(i int) *dirsync.Op
	}{
		"creates":              {1000, 10, func(i int) *dirsync.Op { return numbered(dirsync.Create, i, "realname", "X") }},
		"one":                  {1, 1, func(i int) *dirsync.Op { return numbered(dirsync.Create, i, "realname", "X") }},
		"creates with aliases": {100, 2, func(i int) *dirsync.Op { return numbered(dirsync.Create, i, "aliases", fmt.Sprintf("a%d", i)) }},
		"updates":              {1001, 21, func(i int) *dirsync.Op { return numbered(dirsync.Update, i, "email", "x@example.org") }},
		"aliases":              {200, 6, func(i int) *dirsync.Op { return numbered(dirsync.Update, i, "aliases", fmt.Sprintf("a%d", i)) }},
		"groups": {100, 5, func(i int) *dirsync.Op {
			return withGroups(numbered(dirsync.Update, i), []dirsync.Membership{{ID: "DG1"}}, []dirsync.Membership{{ID: "DG2"}})
		}},
		"groups after the creates": {10, 30, func(i int) *dirsync.Op { // each looked at before
			return following(withGroups(numbered(dirsync.Update, i), []dirsync.Membership{{ID: "DG1"}}, nil))
		}},
		"trashed": {50, 100, func(i int) *dirsync.Op { return numbered(dirsync.Trash, i) }},
	} {
		wave := make([]*dirsync.Op, test.n)
		for i := range wave {
			wave[i] = test.make(i)
		}
		target := duo.NewTarget(apitest.Connect(t, newPlay(t).Options()), duo.Options{Bulk: true, InFlight: 4})
		if calls, _ := target.Forecast(&dirsync.Plan{Waves: [][]*dirsync.Op{wave}}); calls != test.want {
			t.Errorf("%s: %d calls, want %d", name, calls, test.want)
		}
	}
}

// numbered is an operation on somebody of that number.
func numbered(action dirsync.Action, i int, changes ...string) *dirsync.Op {
	o := op(action, fmt.Sprintf("user%04d", i), changes...)
	if action != dirsync.Create {
		o.User = fmt.Sprintf("DU%d", i)
	}
	return o
}
