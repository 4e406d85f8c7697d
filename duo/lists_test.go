package duo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// Calls for phones and groups.
const (
	phones     = "GET /admin/v1/phones"
	makePhone  = "POST /admin/v1/phones"
	onePhone   = "GET /admin/v1/phones/DP1"
	dropPhone  = "DELETE /admin/v1/phones/DP1"
	attach     = "POST /admin/v1/users/DU1/phones"
	detach     = "DELETE /admin/v1/users/DU1/phones/DP1"
	groups     = "GET /admin/v1/groups"
	makeGroup  = "POST /admin/v1/groups"
	oneGroup   = "GET /admin/v2/groups/DG1"
	editGroup  = "POST /admin/v1/groups/DG1"
	dropGroup  = "DELETE /admin/v1/groups/DG1"
	join       = "POST /admin/v1/users/DU1/groups"
	leave      = "DELETE /admin/v1/users/DU1/groups/DG1"
	enrollment = "POST /admin/v1/users/enroll"
	ourDesc    = "Kept in step with the directory by duosync."
)

func answer(x exchange, body string) exchange { x.Body = body; return x }

func lost(x exchange) exchange { x.Cut = true; return x }

// phone writes a Duo phone as the phones' own calls show it: an id, a number with
// perhaps an extension, and its users.
func phone(id, text string, users ...string) string {
	number, extension, _ := strings.Cut(text, ";ext=")
	var owners []string
	for _, user := range users {
		owners = append(owners, fmt.Sprintf(`{"user_id":%q}`, user))
	}
	return fmt.Sprintf(`{"phone_id":%q,"number":%q,"extension":%q,"type":"Mobile","platform":"Generic Smartphone","activated":false,"users":[%s]}`,
		id, number, extension, strings.Join(owners, ","))
}

func activated(phone string) string {
	return strings.Replace(phone, `"activated":false`, `"activated":true`, 1)
}

func group(id, name, desc, status string) string {
	return fmt.Sprintf(`{"group_id":%q,"name":%q,"desc":%q,"status":%q}`, id, name, desc, status)
}

// ann writes the user DU1 with phones and groups, both as JSON.
func ann(phones, groups string) string {
	return strings.TrimSuffix(user("DU1", "ann"), "}") + `,"phones":[` + phones + `],"groups":[` + groups + `]}`
}

func withPhones(o *dirsync.Op, steps ...dirsync.PhoneStep) *dirsync.Op {
	o.Phones = steps
	o.Changes = append(o.Changes, dirsync.Change{Field: dirsync.FieldPhones})
	return o
}

func withGroups(o *dirsync.Op, joins, leaves []dirsync.Membership) *dirsync.Op {
	o.Joins, o.Leaves = joins, leaves
	o.Changes = append(o.Changes, dirsync.Change{Field: dirsync.FieldGroups})
	return o
}

func update(changes ...string) *dirsync.Op { return op(dirsync.Update, "ann", changes...) }

// aliases is an update of them; before and after are separated by blanks.
func aliases(before, after string, changes ...string) *dirsync.Op {
	o := update(changes...)
	o.Changes = append(o.Changes, dirsync.Change{
		Field:  dirsync.FieldAliases,
		Before: dirsync.ListOf(strings.Fields(before)), After: dirsync.ListOf(strings.Fields(after)),
	})
	return o
}

// inWords writes down what a result says: the fate where it is not done, fields
// undone with their fates, and what was made and removed.
func inWords(r dirsync.Result) string {
	fates := []string{"done", "refused", "taken", "vanished", "failed", "unknown"}
	var parts []string
	if r.Fate != dirsync.Done {
		parts = append(parts, fates[r.Fate])
	}
	if r.Account != nil {
		parts = append(parts, r.Account.ID)
	}
	for _, undone := range r.Undone {
		parts = append(parts, undone.Field+" "+fates[undone.Fate])
	}
	for _, made := range r.Made {
		parts = append(parts, "made "+made.ID+" "+made.Number)
	}
	for _, id := range r.Removed {
		parts = append(parts, "removed "+id)
	}
	for _, kept := range r.Kept {
		parts = append(parts, "let go "+kept.ID+": it "+kept.Why)
	}
	if r.Group != "" {
		parts = append(parts, "group "+r.Group)
	}
	return strings.Join(parts, ", ")
}

// reasons are all errors of a result.
func reasons(r dirsync.Result) string {
	var texts []string
	if r.Err != nil {
		texts = append(texts, r.Err.Error())
	}
	for _, undone := range r.Undone {
		texts = append(texts, undone.Err.Error())
	}
	return strings.Join(texts, "\n")
}

type listTest struct {
	op     *dirsync.Op
	script []exchange
	told   string
	text   string // of the errors
}

func runListTests(t *testing.T, tests map[string]listTest) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var l ledger
			if err := newPlay(t, test.script...).target().Apply(t.Context(), []*dirsync.Op{test.op}, l.intend, freely, l.record); err != nil {
				t.Fatalf("Apply: %v", err)
			}
			if len(l.results) != 1 {
				t.Fatalf("results: %+v", l.results)
			}
			r := l.results[0]
			if got := inWords(r); got != test.told {
				t.Errorf("got %q, want %q", got, test.told)
			}
			if got := reasons(r); (got == "") != (test.text == "") || !strings.Contains(got, test.text) {
				t.Errorf("errors %q, want %q", got, test.text)
			}
			for _, undone := range r.Undone {
				if undone.Fate == dirsync.Done || undone.Err == nil {
					t.Errorf("undone, but %+v", undone)
				}
			}
		})
	}
}

func TestAliases(t *testing.T) {
	held := func(places ...any) string { // pairs of a key and an alias
		m := map[string]any{}
		var more []any
		for i := 0; i+1 < len(places); i += 2 {
			if key := places[i].(string); strings.HasPrefix(key, "alias") {
				m[key] = places[i+1]
			} else {
				more = append(more, key, places[i+1])
			}
		}
		return ok(user("DU1", "ann", append(more, "aliases", m)...))
	}
	look := exchange{Call: one, Body: held("alias1", "a", "alias3", "c")}
	send := func(pairs string, more ...string) exchange {
		params := map[string]string{"aliases": pairs}
		for i := 0; i+1 < len(more); i += 2 {
			params[more[i]] = more[i+1]
		}
		return exchange{Call: edit, Params: params}
	}
	byName := func(name, body string) exchange {
		return exchange{Call: list, Params: map[string]string{"username": name}, Body: ok(body)}
	}
	create := op(dirsync.Create, "ann", "username", "ann")
	create.Changes = append(create.Changes, dirsync.Change{Field: dirsync.FieldAliases, After: dirsync.ListOf([]string{"B B", "a"})})
	created := exchange{Call: post, Params: map[string]string{"username": "ann", "aliases": "alias1=B%20B&alias2=a"}}
	made := func(aliases map[string]string) string {
		return "[" + user("DU7", "ann", "created", stageTime, "aliases", aliases) + "]"
	}
	noAlias := op(dirsync.Create, "ann", "username", "ann", "aliases", "")
	createOne := op(dirsync.Create, "ann", "username", "ann", "aliases", "a")
	nine := aliases("", "1 2 3 4 5 6 7 8 9")
	createNine := op(dirsync.Create, "ann", "username", "ann")
	createNine.Changes = append(createNine.Changes, nine.Changes...)
	runListTests(t, map[string]listTest{
		"create":             {create, []exchange{probe, answer(created, ok(user("DU7", "ann", "aliases", map[string]string{"alias1": "b b", "alias2": "a"})))}, "DU7", ""},
		"create without any": {noAlias, []exchange{probe, {Call: post, Params: map[string]string{"username": "ann"}, Body: ok(user("DU7", "ann"))}}, "DU7", ""},
		"create, not kept":   {create, []exchange{probe, answer(created, ok(user("DU7", "ann"))), {Call: "GET /admin/v1/users/DU7", Apart: true, Body: ok(user("DU7", "ann"))}}, "DU7, aliases failed", `accepted, but the alias "B B" is not there`},
		"create, reply lost, made": {
			create, []exchange{probe, lost(created), byName("ann", made(map[string]string{"alias1": "b b", "alias2": "A"}))}, "DU7", "",
		},
		"create, reply lost, another's": {
			create, []exchange{probe, lost(created), byName("ann", made(map[string]string{"alias1": "b b"}))}, "taken, DU7", "not the one asked for",
		},
		"create, an alias is taken": {
			create, []exchange{probe, refuse(created, 40003, ""), byName("ann", "[]"), byName("B B", "["+user("DU9", "b b")+"]")}, "taken, DU9", `the name "B B" is held by the Duo user DU9`,
		},
		"create, taken by none": {
			create, []exchange{probe, refuse(created, 40003, ""), byName("ann", "[]"), byName("B B", "[]"), byName("a", "[]")}, "failed", "no user is found",
		},
		"create, taken, unseen": {
			create, []exchange{probe, refuse(created, 40003, ""), byName("ann", "[]"), refuse(exchange{Call: list}, 40001, "")}, "unknown", "could not be seen",
		},
		"create, refused":      {createOne, []exchange{probe, refuse(exchange{Call: post, Params: map[string]string{"username": "ann", "aliases": "alias1=a"}}, 40002, "username")}, "refused", "Duo refuses username"},
		"create with too many": {createNine, []exchange{probe}, "refused", "no place"},
		"in their places, in one call": {
			aliases("a c", "b c d", "email", "e"), []exchange{look, answer(send("alias1=b&alias2=d", "email", "e"), held("alias1", "b", "alias2", "d", "alias3", "c", "email", "e"))}, "DU1", "",
		},
		"all cleared":      {aliases("a c", ""), []exchange{look, answer(send("alias1=&alias3="), held())}, "DU1", ""},
		"there already":    {aliases("", "C a"), []exchange{look}, "DU1", ""},
		"not kept":         {aliases("a c", "c d"), []exchange{look, answer(send("alias1=d"), held("alias3", "c")), apart(exchange{Call: one, Body: held("alias3", "c")})}, "DU1, aliases failed", `the alias "d" is not there`},
		"not given up":     {aliases("a c", "c"), []exchange{look, answer(send("alias1="), look.Body), apart(look)}, "DU1, aliases failed", `the alias "a" is still there`},
		"no place for all": {aliases("", "1 2 3 4 5 6 7", "email", "e"), []exchange{look, {Call: edit, Params: map[string]string{"email": "e"}, Body: held("alias1", "a", "alias3", "c", "email", "e")}}, "DU1, aliases failed", "no place"},
		"too many":         {nine, []exchange{look}, "DU1, aliases failed", "no place"},
		"the user is gone": {aliases("a", "b"), then([]exchange{gone}, goneFor("ann")), "vanished", "404"},
		"not seen":         {aliases("a", "b"), times(4, exchange{Call: one, Status: 502}), "failed", "502"},
		"refused":          {aliases("a c", "a b c"), []exchange{look, refuse(send("alias2=b"), 40002, "aliases")}, "refused", `Duo refuses the alias "b": Invalid`},
		"refused, named by its place": {
			aliases("a c", "a c d e"), []exchange{look, refuse(send("alias2=d&alias4=e"), 40002, "alias4"), answer(send("alias2=d"), held("alias1", "a", "alias2", "d", "alias3", "c"))},
			"DU1, aliases refused", `Duo refuses the alias "e"`,
		},
		"refused, one of them": {
			aliases("a c", "a c d e"), []exchange{
				look, refuse(send("alias2=d&alias4=e"), 40002, "aliases"), refuse(send("alias2=d"), 40002, "aliases"),
				answer(send("alias4=e"), held("alias1", "a", "alias3", "c", "alias4", "e")),
			}, "DU1, aliases refused", `Duo refuses the alias "d"`,
		},
		"refused, one of them, not named": {
			aliases("a c", "a c d", "email", "e"), []exchange{
				look, refuse(send("alias2=d", "email", "e"), 40002, ""), {Call: edit, Params: map[string]string{"email": "e"}, Body: held("alias1", "a", "alias3", "c", "email", "e")},
				refuse(send("alias2=d"), 40002, ""),
			}, "DU1, aliases refused", `Duo refuses the alias "d"`,
		},
		"refused, both": {
			aliases("a c", "a c d e"), []exchange{look, refuse(send("alias2=d&alias4=e"), 40002, "aliases"), refuse(send("alias2=d"), 40002, "aliases"), refuse(send("alias4=e"), 40002, "aliases")},
			"refused", `Duo refuses the alias "d": Invalid request parameters; Duo refuses the alias "e": Invalid`,
		},
		"refused, in the place of one that goes": {
			aliases("a c", "b c"), []exchange{look, refuse(send("alias1=b"), 40002, "aliases"), answer(send("alias1="), held("alias3", "c"))},
			"DU1, aliases refused", `Duo refuses the alias "b"`,
		},
		"one is the user's own name still": {
			aliases("a c", "a ann c d"), []exchange{
				look, refuse(send("alias2=ann&alias4=d"), 40003, ""), refuse(send("alias2=ann"), 40003, ""), byName("ann", "["+user("DU1", "ann")+"]"),
				answer(send("alias4=d"), held("alias1", "a", "alias3", "c", "alias4", "d")),
			}, "DU1, aliases refused", `the alias "ann" is not given while it is the user's own name`,
		},
		"one is taken": {
			aliases("a c", "a b c d"), []exchange{
				look, refuse(send("alias2=b&alias4=d"), 40003, ""), refuse(send("alias2=b"), 40003, ""), byName("b", "["+user("DU2", "b")+"]"),
				answer(send("alias4=d"), held("alias1", "a", "alias3", "c", "alias4", "d")),
			}, "DU1, aliases taken", `the name "b" is held by the Duo user DU2`,
		},
		"one refused, and then no answer": {
			aliases("a c", "a c d e", "email", "e"), then([]exchange{
				look, refuse(send("alias2=d&alias4=e", "email", "e"), 40002, "alias2"), answer(send("alias4=e", "email", "e"), held("alias1", "a", "alias3", "c", "alias4", "e", "email", "e")),
			}), "DU1, aliases refused", `the alias "d"`,
		},
		"given in part, and then no answer": {
			aliases("a c", "a c d e", "email", "e"), then([]exchange{
				look, refuse(send("alias2=d&alias4=e", "email", "e"), 40002, "aliases"), {Call: edit, Params: map[string]string{"email": "e"}, Body: held("alias1", "a", "alias3", "c", "email", "e")},
			}, times(4, exchange{Call: edit, Status: 502})), "DU1, aliases failed", `502`,
		},
		"taken": {
			aliases("a c", "a b c"), []exchange{look, refuse(send("alias2=b"), 40003, ""), byName("b", "["+user("DU2", "bob", "aliases", map[string]string{"alias1": "B"})+"]")}, "taken, DU2", `the name "b" is held by the Duo user DU2`,
		},
		"taken, the second of them": {
			aliases("a c", "b c", "username", "anna"),
			[]exchange{
				look, refuse(send("alias1=b", "username", "anna"), 40003, ""), {Call: edit, Params: map[string]string{"username": "anna"}, Body: strings.Replace(look.Body, `"ann"`, `"anna"`, 1)},
				refuse(send("alias1=b"), 40003, ""), byName("b", "["+user("DU2", "b")+"]"), answer(send("alias1="), strings.Replace(held("alias3", "c"), `"ann"`, `"anna"`, 1)),
			}, "DU1, aliases taken", `"b"`,
		},
		"a limit": {aliases("a c", "b c"), []exchange{look, refuse(send("alias1=b"), 50001, ""), look}, "refused", "limit"},
		"a limit, but held": {
			aliases("a c", "b c"), []exchange{look, refuse(send("alias1=b"), 50001, ""), {Call: one, Body: held("alias1", "b", "alias3", "c")}}, "DU1", "",
		},
		"name and alias change places": {
			aliases("a c", "ann c", "username", "a"), []exchange{look,
				answer(send("alias1="), held("alias3", "c")),
				{Call: edit, Params: map[string]string{"username": "a"}, Body: ok(user("DU1", "a", "aliases", map[string]string{"alias3": "c"}))},
				answer(send("alias1=ann"), ok(user("DU1", "a", "aliases", map[string]string{"alias1": "ann", "alias3": "c"}))),
			}, "DU1", "",
		},
		"an alias of the user's own that is to stay": {
			update("username", "a"), []exchange{
				refuse(exchange{Call: edit}, 40003, ""), byName("a", "["+user("DU1", "ann", "aliases", map[string]string{"alias1": "a"})+"]"),
			}, "failed", "the user itself holds the name",
		},
		"restored with them": {
			&dirsync.Op{Action: dirsync.Restore, Username: "ann", User: "DU1", Changes: aliases("a c", "c").Changes},
			[]exchange{restore, look, answer(send("alias1="), held("alias3", "c")), {Call: one, Body: held("alias3", "c")}}, "DU1", "",
		},
	})
}

func TestMemberships(t *testing.T) {
	staff := []dirsync.Membership{{ID: "DG1", Name: "Staff"}}
	unmade := []dirsync.Membership{{Name: "Staff"}}
	in := withGroups(update(), staff, nil)
	out := withGroups(update(), nil, staff)
	inNew := withGroups(update(), unmade, nil)
	joined := exchange{Call: join, Params: map[string]string{"group_id": "DG1"}, Body: ok(`""`)}
	left := exchange{Call: leave, Params: map[string]string{}, Body: ok(`""`)}
	isIn := exchange{Call: one, Body: ok(ann("", group("DG1", "Staff", "", "Active")))}
	isOut := exchange{Call: one, Body: ok(ann("", ""))}
	all := func(items ...string) exchange {
		return exchange{Call: groups, Params: map[string]string{"limit": "500", "offset": "0"}, Body: page(items, fmt.Sprintf(`{"total_objects":%d}`, len(items)))}
	}
	full := withGroups(update(), []dirsync.Membership{{ID: "DG2", Name: "New"}}, staff)
	var names []string
	for i := range dirsync.MaxGroups {
		names = append(names, fmt.Sprint("g", i))
	}
	full.Changes[0].Before = dirsync.ListOf(names)
	isNew := exchange{Call: one, Body: ok(ann("", group("DG2", "New", "", "Active")))}
	runListTests(t, map[string]listTest{
		"joined":                     {in, []exchange{joined, isIn}, "DU1", ""},
		"joined, but not":            {in, []exchange{joined, isOut}, "DU1, groups failed", `accepted, but the user is not in the group "Staff"`},
		"joined, a limit":            {in, []exchange{refuse(joined, 50001, ""), isOut}, "DU1, groups refused", "a limit is exceeded"},
		"joined, a synced group":     {in, []exchange{refuse(joined, 40002, "Managed by directory sync"), isOut}, "DU1, groups refused", "Managed"},
		"joined, the group is gone":  {in, []exchange{refuse(joined, 40401, ""), isOut, isOut}, "DU1, groups failed", `the group "Staff" does not exist any more`},
		"joined, the user is gone":   {in, then([]exchange{refuse(joined, 40401, ""), gone}, goneFor("ann")), "vanished", "404"},
		"joined, no answer":          {in, append(times(4, lost(joined)), isOut), "DU1, groups failed", "no answer"},
		"left":                       {out, []exchange{left, isOut}, "DU1", ""},
		"left, gone already":         {out, []exchange{refuse(left, 40401, ""), isOut}, "DU1", ""},
		"left, the user is gone":     {out, then([]exchange{refuse(left, 40401, ""), gone}, goneFor("ann")), "vanished", "404"},
		"left, the user is not gone": {out, []exchange{left, gone, apart(isOut)}, "DU1", ""},
		"left, a synced group":       {out, []exchange{refuse(left, 40002, "Managed by directory sync"), isIn}, "DU1, groups refused", "Managed"},
		"left, but not":              {out, []exchange{left, isIn}, "DU1, groups failed", "still in the group"},
		"moved, though there's a limit": {
			withGroups(update(), []dirsync.Membership{{ID: "DG2", Name: "New"}}, staff),
			[]exchange{refuse(exchange{Call: join}, 50001, ""), left, isOut}, "DU1, groups failed", "limit",
		},
		"moved, with no room before": {full, []exchange{left, {Call: join, Params: map[string]string{"group_id": "DG2"}, Body: ok(`""`)}, isNew}, "DU1", ""},
		"one made before":            {inNew, []exchange{all(group("DG2", "x", "", ""), group("DG1", "STAFF", ourDesc, "Active")), joined, isIn}, "DU1", ""},
		"one that is not there":      {inNew, []exchange{all(), isOut}, "DU1, groups failed", `the group "Staff" was not made`},
		"one of others":              {inNew, []exchange{all(group("DG1", "Staff", "theirs", "Active")), isOut}, "DU1, groups failed", "was not made"},
		"one that lets all in":       {inNew, []exchange{all(group("DG1", "Staff", ourDesc, "Bypass")), isOut}, "DU1, groups failed", "was not made"},
		"one that cannot be seen":    {inNew, append(times(4, exchange{Call: groups, Status: 502}), isOut), "DU1, groups failed", "502"},
		"adopted, and joined":        {withGroups(op(dirsync.Adopt, "ann"), staff, nil), []exchange{joined, isIn}, "DU1", ""},
		"no id":                      {withGroups(update(), nil, unmade), nil, "failed", "not the id"},
		"with phones, one of which": {
			withPhones(withGroups(update(), staff, nil), dirsync.PhoneStep{Do: dirsync.PhoneAttach, ID: "DP1", Number: "+1"}),
			[]exchange{refuse(exchange{Call: attach}, 50001, ""), joined, isIn}, "DU1, phones refused", "limit",
		},
	})
}

func TestAListStepCanStopTheRun(t *testing.T) {
	in := withGroups(update("email", "e"), []dirsync.Membership{{ID: "DG1", Name: "a"}, {ID: "DG2", Name: "b"}}, nil)
	next := op(dirsync.Delete, "bob")
	edited := exchange{Call: edit, Body: ok(user("DU1", "ann", "email", "e"))}

	var l ledger
	p := newPlay(t, edited, refuse(exchange{Call: join}, 40301, ""))
	err := p.target().Apply(t.Context(), []*dirsync.Op{in, next}, l.intend, freely, l.record)
	if !errors.Is(err, api.ErrForbidden) || dirsync.Hint(err) == "" || len(l.results) != 1 {
		t.Errorf("a missing right: %v, %+v", err, l.results)
	}
	if got := inWords(l.results[0]); got != "DU1, groups failed" {
		t.Errorf("a missing right: %s", got)
	}

	// Ten in a row: nine steps of the second operation, and no call after that.
	var many []dirsync.Membership
	for i := range 12 {
		many = append(many, dirsync.Membership{ID: fmt.Sprintf("DG%d", i), Name: fmt.Sprint(i)})
	}
	down := times(4, exchange{Call: join, Status: 502})
	script := append([]exchange{{Call: join, Body: ok(`""`)}}, down...)
	for range 9 {
		script = append(script, down...)
	}
	l = ledger{}
	err = newPlay(t, script...).target().Apply(t.Context(), []*dirsync.Op{withGroups(update(), many, nil), next}, l.intend, freely, l.record)
	if !errors.Is(err, api.ErrServer) || !strings.Contains(err.Error(), "10 writes to Duo failed in a row") || len(l.results) != 1 {
		t.Fatalf("ten in a row: %v, %+v", err, l.results)
	}
	if got := inWords(l.results[0]); got != "failed, groups unknown" || !strings.Contains(reasons(l.results[0]), "not tried") {
		t.Errorf("ten in a row: %s, %s", got, reasons(l.results[0]))
	}
}

func TestAnInterruptionBetweenStepsEndsWithALook(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := withGroups(update(), []dirsync.Membership{{ID: "DG1", Name: "a"}, {ID: "DG2", Name: "b"}}, nil)
	p := newPlay(t,
		exchange{Call: join, Before: cancel, Body: ok(`""`)},
		exchange{Call: one, Body: ok(ann("", group("DG1", "a", "", "")))},
	)
	var l ledger
	err := p.target().Apply(ctx, []*dirsync.Op{in, op(dirsync.Delete, "bob")}, l.intend, freely, l.record)
	if !errors.Is(err, context.Canceled) || len(l.results) != 1 {
		t.Fatalf("got %v, %+v", err, l.results)
	}
	r := l.results[0]
	if diff := cmp.Diff([]dirsync.Membership{{ID: "DG1", Name: "a"}}, r.Account.Groups); diff != "" || inWords(r) != "DU1, groups failed" {
		t.Errorf("%s %s", inWords(r), diff)
	}
}
