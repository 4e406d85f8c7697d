package duo_test

import (
	"fmt"
	"strings"
	"testing"

	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

func groupOp(action dirsync.Action, name string, changes ...string) *dirsync.Op {
	o := op(action, name, changes...)
	o.Group = &dirsync.GroupLink{ID: "DG1", Name: o.Name()}
	o.User = "DG1"
	if action == dirsync.GroupCreate {
		o.User, o.Group.ID = "", ""
	}
	return o
}

func listOfGroups(items ...string) exchange {
	return exchange{Call: groups, Body: page(items, fmt.Sprintf(`{"total_objects":%d}`, len(items)))}
}

func TestGroups(t *testing.T) {
	create := groupOp(dirsync.GroupCreate, "Staff", "name", "Staff")
	post := exchange{Call: makeGroup, Params: map[string]string{"name": "Staff", "desc": ourDesc}}
	ours, theirs := group("DG1", "staff", ourDesc, "Active"), group("DG2", "Staff", "", "Active")
	rename := groupOp(dirsync.GroupUpdate, "Staff", "name", "Crew")
	renamed := exchange{Call: editGroup, Params: map[string]string{"name": "Crew"}}
	drop := groupOp(dirsync.GroupDelete, "Staff")
	dropped := exchange{Call: dropGroup, Params: map[string]string{}, Body: ok(`""`)}
	seen := exchange{Call: oneGroup, Body: ok(ours)}
	nine := func(body string) exchange { return exchange{Call: "GET /admin/v2/groups/DG9", Body: ok(body)} }
	as9 := answer(post, ok(group("DG9", "Staff", ourDesc, "Active")))
	notThere := exchange{Call: oneGroup, Status: 404, Body: apitest.NotFound, Apart: true}
	runListTests(t, map[string]listTest{
		"create":                         {create, []exchange{answer(post, ok(ours)), seen}, "group DG1", ""},
		"create, reply lost, made":       {create, []exchange{lost(post), listOfGroups(group("DG3", "x", ourDesc, "Active"), ours)}, "group DG1", ""},
		"create, reply lost, not made":   {create, []exchange{lost(post), listOfGroups(), answer(post, ok(ours)), seen}, "group DG1", ""},
		"create, reply lost, another's":  {create, []exchange{lost(post), listOfGroups(theirs)}, "taken", "DG2, which is not ours"},
		"create, two of them":            {create, []exchange{lost(post), listOfGroups(theirs, ours)}, "group DG1", ""},
		"create, reply lost, no look":    {create, append([]exchange{lost(post)}, times(4, exchange{Call: groups, Status: 502})...), "unknown", "could not be seen"},
		"create, reply lost, a bad list": {create, []exchange{lost(post), answer(listOfGroups(), page(nil, `{"total_objects":1}`)), answer(listOfGroups(), page(nil, `{"total_objects":1}`))}, "unknown", "does not add up"},
		"create, lost for good": {
			create, []exchange{lost(post), listOfGroups(), lost(post), listOfGroups(), lost(post), listOfGroups(), lost(post), listOfGroups()}, "unknown", "no answer",
		},
		"create, OK without the group": {create, []exchange{answer(post, ok(`""`)), listOfGroups(ours)}, "group DG1", ""},
		"create, there, as we make it": {create, []exchange{refuse(post, 40003, ""), listOfGroups(ours)}, "group DG1", ""},
		"create, there":                {create, []exchange{refuse(post, 40003, ""), listOfGroups(theirs)}, "taken", "not ours"},
		"create, there, and disabled":  {create, []exchange{refuse(post, 40003, ""), listOfGroups(group("DG1", "Staff", ourDesc, "Disabled"))}, "taken", "not ours"},
		"create, there, not found":     {create, []exchange{refuse(post, 40003, ""), listOfGroups()}, "refused", "no group is found"},
		"create, refused, made":        {create, []exchange{refuse(post, 40002, "name"), listOfGroups(ours)}, "group DG1", ""},
		"create, refused":              {create, []exchange{refuse(post, 40002, "name")}, "refused", `the group "Staff" was refused`},
		"create, a limit":              {create, []exchange{refuse(post, 50001, ""), listOfGroups()}, "refused", "limit"},
		"create without a name":        {groupOp(dirsync.GroupCreate, " ", "name", " "), nil, "failed", "without a name"},

		"rename":                     {rename, []exchange{answer(renamed, ok(group("DG1", "Crew", "", "")))}, "", ""},
		"rename, the answer empty":   {rename, []exchange{answer(renamed, ok(`""`)), {Call: oneGroup, Body: ok(group("DG1", "crew", "", ""))}}, "", ""},
		"rename that does not":       {rename, []exchange{answer(renamed, ok(ours))}, "failed", "still called"},
		"rename, gone":               {rename, []exchange{refuse(renamed, 40401, ""), notThere, listOfGroups()}, "vanished", "404"},
		"rename, gone, or not":       {rename, []exchange{refuse(renamed, 40401, ""), notThere, listOfGroups(ours)}, "unknown", "which Duo called unknown"},
		"rename, another's answer":   {rename, []exchange{answer(renamed, ok(group("DG7", "Crew", "", ""))), {Call: oneGroup, Apart: true, Body: ok(ours)}}, "failed", "still called"},
		"rename, taken":              {rename, []exchange{refuse(renamed, 40003, "")}, "taken", `another Duo group is called "Crew"`},
		"rename, refused":            {rename, []exchange{refuse(renamed, 40002, "name")}, "refused", `the name "Crew" was refused`},
		"rename, no answer":          {rename, times(4, lost(renamed)), "failed", "no answer"},
		"adopted":                    {groupOp(dirsync.GroupUpdate, "Staff"), nil, "", ""},
		"no id":                      {&dirsync.Op{Action: dirsync.GroupDelete, Username: "x"}, nil, "failed", "not the id of a Duo group"},
		"a field that is no group's": {groupOp(dirsync.GroupUpdate, "Staff", "email", "e"), nil, "failed", `"email"`},

		"delete":                   {drop, []exchange{dropped, notThere, listOfGroups()}, "", ""},
		"delete, gone":             {drop, []exchange{refuse(dropped, 40401, ""), notThere, listOfGroups()}, "", ""},
		"delete that does not":     {drop, []exchange{dropped, {Call: oneGroup, Apart: true, Body: ok(ours)}}, "failed", "was accepted, but"},
		"delete, synced":           {drop, []exchange{refuse(dropped, 40002, "Managed by directory sync")}, "refused", "Managed"},
		"delete, no answer":        {drop, times(4, lost(dropped)), "failed", "no answer"},
		"delete, by its own id":    {&dirsync.Op{Action: dirsync.GroupDelete, Username: "Staff", Group: drop.Group}, []exchange{dropped, notThere, listOfGroups()}, "", ""},
		"create, another's id":     {create, []exchange{as9, nine(group("DG9", "Crew", "", "Active")), listOfGroups(ours)}, "group DG1", ""},
		"create, an id of none":    {create, []exchange{as9, refuse(nine(""), 40401, ""), listOfGroups(ours)}, "group DG1", ""},
		"create, and not seen":     {create, append(append([]exchange{as9}, times(4, exchange{Call: nine("").Call, Status: 502})...), listOfGroups(ours)), "group DG1", ""},
		"create, seen nowhere":     {create, append([]exchange{as9, refuse(nine(""), 40401, "")}, times(4, exchange{Call: groups, Status: 502})...), "unknown", "which is not there"},
		"create, answered another": {create, []exchange{answer(post, ok(group("DG9", "Crew", ourDesc, "Active"))), listOfGroups(ours)}, "group DG1", ""},
	})
}

func TestAnAdoptedGroupNeedsNoIntent(t *testing.T) {
	var l ledger
	if err := newPlay(t).target().Apply(t.Context(), []*dirsync.Op{groupOp(dirsync.GroupUpdate, "Staff")}, l.intend, freely, l.record); err != nil {
		t.Fatal(err)
	}
	if len(l.intended) != 0 || len(l.results) != 1 {
		t.Errorf("%d intended, %d recorded", len(l.intended), len(l.results))
	}
}

func TestGroupsMadeInThisRunAreKnownByName(t *testing.T) {
	post := func(name, body string) exchange {
		return exchange{Call: makeGroup, Params: map[string]string{"name": name, "desc": ourDesc}, Body: body}
	}
	joined := func(id string) exchange {
		return exchange{Call: join, Params: map[string]string{"group_id": id}, Body: ok(`""`)}
	}
	isIn := exchange{Call: one, Body: ok(ann("", group("DG1", "a", "", "")+","+group("DG4", "d", "", "")))}
	member := withGroups(update(), []dirsync.Membership{{Name: "A"}, {Name: "b"}, {Name: "D"}, {Name: "e"}}, nil)
	wave := []*dirsync.Op{
		groupOp(dirsync.GroupCreate, "a", "name", "a"), groupOp(dirsync.GroupCreate, "B", "name", "B"),
		withGroups(update(), []dirsync.Membership{{Name: "b"}}, nil), member, member,
		groupOp(dirsync.GroupDelete, "a"), withGroups(update(), []dirsync.Membership{{Name: "a"}}, nil),
	}
	p := newPlay(t,
		post("a", ok(group("DG1", "a", ourDesc, "Active"))), exchange{Call: oneGroup, Body: ok(group("DG1", "a", ourDesc, "Active"))},
		refuse(post("B", ""), 40002, "name"), isIn, // what could not be made is not looked for
		joined("DG1"), listOfGroups(group("DG4", "d", ourDesc, "Active")), joined("DG4"), isIn, // the list is read once
		joined("DG1"), joined("DG4"), isIn,
		exchange{Call: dropGroup, Body: ok(`""`)}, exchange{Call: oneGroup, Status: 404, Body: apitest.NotFound}, listOfGroups(),
		isIn,
	)
	var l ledger
	if err := p.target().Apply(t.Context(), wave, l.intend, freely, l.record); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range l.results {
		got = append(got, inWords(r))
	}
	want := "group DG1; refused; DU1, groups failed; DU1, groups failed; DU1, groups failed; ; DU1, groups failed"
	if strings.Join(got, "; ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, "; "), want)
	}
	if text := reasons(l.results[3]); !strings.Contains(text, `"b" was not made; the group "e" was not made`) {
		t.Errorf("reasons: %s", text)
	}
	if id := member.Joins[0].ID; id != "" {
		t.Errorf("the operation was changed: %q", id)
	}
}
