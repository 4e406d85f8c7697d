package duo_test

import (
	"testing"
	"time"

	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

func TestSettleLists(t *testing.T) {
	const number = "+15550100"
	add := withPhones(update(), dirsync.PhoneStep{Do: dirsync.PhoneMake, Number: number, Type: "mobile"})
	give := withPhones(update(), dirsync.PhoneStep{Do: dirsync.PhoneAttach, ID: "DP1", Number: number})
	remove := withPhones(update(), dirsync.PhoneStep{Do: dirsync.PhoneRemove, ID: "DP1", Number: number})
	staff := []dirsync.Membership{{ID: "DG1", Name: "Staff"}}
	member := group("DG1", "Staff", ourDesc, "Active")

	find := func(body string) exchange {
		return exchange{Call: phones, Params: map[string]string{"number": number}, Body: ok("[" + body + "]")}
	}
	see := func(body string) exchange { return exchange{Call: onePhone, Body: ok(body)} }
	noPhone := []exchange{{Call: onePhone, Status: 404, Body: apitest.NotFound}, {Call: onePhone, Apart: true, Status: 404, Body: apitest.NotFound}, apart(find(""))}
	noGroup := []exchange{{Call: oneGroup, Status: 404, Body: apitest.NotFound}, {Call: oneGroup, Apart: true, Status: 404, Body: apitest.NotFound}, listOfGroups()}
	is := func(phones, groups string) exchange { return exchange{Call: one, Body: ok(ann(phones, groups))} }
	down := func(call string) []exchange { return times(4, exchange{Call: call, Status: 502}) }
	deletes := &dirsync.Op{Action: dirsync.PhoneDelete, Username: "ann", Phones: remove.Phones}
	create := withPhones(op(dirsync.Create, "ann", "username", "ann"), add.Phones...)
	create.Changes = append(create.Changes, dirsync.Change{Field: dirsync.FieldAliases, After: "a"})
	byName := func(body string) exchange {
		return exchange{Call: list, Params: map[string]string{"username": "ann"}, Body: ok("[" + body + "]")}
	}

	tests := map[string]struct {
		op     *dirsync.Op
		script []exchange
		told   string
	}{
		"aliases: there":           {aliases("a", "b"), []exchange{{Call: one, Body: ok(user("DU1", "ann", "alias3", "B"))}}, "DU1"},
		"aliases: not there":       {aliases("a", "b"), []exchange{active}, "DU1, aliases failed"},
		"aliases: not given up":    {aliases("a", ""), []exchange{{Call: one, Body: ok(user("DU1", "ann", "alias1", "a"))}}, "DU1, aliases failed"},
		"aliases: nor the rest":    {aliases("a", "", "email", "e"), []exchange{active}, "failed, DU1"},
		"phone: made, attached":    {add, []exchange{is(phone("DP1", number), ""), find(phone("DP1", number, "DU1"))}, "DU1, made DP1 " + number},
		"phone: made":              {add, []exchange{active, find(phone("DP1", number))}, "DU1, phones failed, made DP1 " + number},
		"phone: not made":          {add, []exchange{active, find("")}, "DU1, phones failed"},
		"phone: another's":         {add, []exchange{active, find(phone("DP1", number, "DU2"))}, "DU1, phones failed"},
		"phone: the user's own":    {add, []exchange{is(phone("DP1", number), ""), find(activated(phone("DP1", number, "DU1")))}, "DU1"},
		"phone: no answer":         {add, append([]exchange{active}, down(phones)...), "unknown"},
		"phone: of one gone":       {add, then([]exchange{gone}, goneFor("ann")), "vanished"},
		"phone: attached":          {give, []exchange{is(phone("DP1", number), "")}, "DU1"},
		"phone: not attached":      {give, []exchange{active}, "DU1, phones failed"},
		"phone: removed":           {remove, then([]exchange{active}, noPhone), "DU1, removed DP1"},
		"phone: removed, or not":   {remove, then([]exchange{active}, noPhone[:1], []exchange{apart(see(phone("DP1", number)))}), "unknown"},
		"phone: still attached":    {remove, []exchange{is(phone("DP1", number), ""), see(phone("DP1", number, "DU1"))}, "DU1, phones failed"},
		"phone: detached only":     {remove, []exchange{active, see(phone("DP1", number))}, "DU1, phones failed"},
		"phone: detached, used":    {remove, []exchange{active, see(phone("DP1", number, "DU2"))}, "DU1"},
		"phone: of another number": {remove, []exchange{is(phone("DP1", "+15550199"), ""), see(phone("DP1", "+15550199", "DU1"))}, "DU1, let go DP1: it was changed in Duo to +15550199"},
		"phone: not to be seen":    {remove, append([]exchange{active}, down(onePhone)...), "unknown"},
		"group: joined":            {withGroups(update(), staff, nil), []exchange{is("", member)}, "DU1"},
		"group: not joined":        {withGroups(update(), staff, nil), []exchange{active}, "DU1, groups failed"},
		"group: left":              {withGroups(update(), nil, staff), []exchange{active}, "DU1"},
		"group: not left":          {withGroups(update(), nil, staff), []exchange{is("", member)}, "DU1, groups failed"},
		"group: made and joined":   {withGroups(update(), []dirsync.Membership{{Name: "staff"}}, nil), []exchange{is("", member), listOfGroups(member)}, "DU1"},
		"group: never made":        {withGroups(update(), []dirsync.Membership{{Name: "staff"}}, nil), []exchange{active, listOfGroups()}, "DU1, groups failed"},
		"group: another's":         {withGroups(update(), []dirsync.Membership{{Name: "staff"}}, nil), []exchange{is("", member), listOfGroups(group("DG1", "Staff", "", "Active"))}, "DU1, groups failed"},
		"group: no answer":         {withGroups(update(), []dirsync.Membership{{Name: "staff"}}, nil), append([]exchange{active}, down(groups)...), "unknown"},
		"all three": {
			withPhones(withGroups(aliases("", "a"), staff, nil), give.Phones...), []exchange{active}, "DU1, aliases failed, phones failed, groups failed",
		},
		"create: made, without a phone": {create, []exchange{byName(user("DU7", "ann", "created", stageTime, "alias1", "a")), find("")}, "DU7, phones failed"},
		"create: with other aliases":    {create, []exchange{byName(user("DU7", "ann", "created", stageTime, "alias1", "b"))}, "taken, DU7"},
		"create: not made":              {create, []exchange{byName("")}, "failed"},

		"group_create: made":              {groupOp(dirsync.GroupCreate, "Staff", "name", "Staff"), []exchange{listOfGroups(member)}, "group DG1"},
		"group_create: not made":          {groupOp(dirsync.GroupCreate, "Staff", "name", "Staff"), []exchange{listOfGroups()}, "failed"},
		"group_create: another's":         {groupOp(dirsync.GroupCreate, "Staff", "name", "Staff"), []exchange{listOfGroups(group("DG1", "Staff", "", "Active"))}, "taken"},
		"group_create: no answer":         {groupOp(dirsync.GroupCreate, "Staff", "name", "Staff"), down(groups), "unknown"},
		"group_update: renamed":           {groupOp(dirsync.GroupUpdate, "x", "name", "Staff"), []exchange{{Call: oneGroup, Body: ok(member)}}, ""},
		"group_update: not":               {groupOp(dirsync.GroupUpdate, "x", "name", "Crew"), []exchange{{Call: oneGroup, Body: ok(member)}}, "failed"},
		"group_update: gone":              {groupOp(dirsync.GroupUpdate, "x", "name", "Crew"), noGroup, "vanished"},
		"group_update: gone, or not":      {groupOp(dirsync.GroupUpdate, "x", "name", "Crew"), then(noGroup[:2], []exchange{listOfGroups(member)}), "unknown"},
		"group_update: no answer":         {groupOp(dirsync.GroupUpdate, "x", "name", "Crew"), down(oneGroup), "unknown"},
		"group_update: adopted":           {groupOp(dirsync.GroupUpdate, "x"), nil, ""},
		"group_delete: gone":              {groupOp(dirsync.GroupDelete, "x"), noGroup, ""},
		"group_delete: not":               {groupOp(dirsync.GroupDelete, "x"), []exchange{{Call: oneGroup, Body: ok(member)}}, "failed"},
		"group_delete: a proxy":           {groupOp(dirsync.GroupDelete, "x"), times(4, exchange{Call: oneGroup, Status: 404, Body: "<html>"}), "unknown"},
		"group_delete: another":           {groupOp(dirsync.GroupDelete, "x"), apitest.Again(exchange{Call: oneGroup, Body: ok(group("DG2", "x", "", ""))}), "unknown"},
		"phone_delete: gone":              {deletes, noPhone, "removed DP1"},
		"phone_delete: there":             {deletes, []exchange{see(phone("DP1", number))}, "phones failed"},
		"phone_delete: of another number": {deletes, []exchange{see(phone("DP1", "+15550199"))}, "let go DP1: it was changed in Duo to +15550199"},
		"phone_delete: no answer":         {deletes, down(onePhone), "unknown"},
		"enroll_mail":                     {op(dirsync.EnrollMail, "ann"), nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			intent := dirsync.Intent{Seq: 1, Op: test.op, At: time.Unix(stageTime, 0)}
			results, err := newPlay(t, test.script...).target().Settle(t.Context(), []dirsync.Intent{intent})
			if err != nil || len(results) != 1 {
				t.Fatalf("got %+v, %v", results, err)
			}
			if got := inWords(results[0]); got != test.told {
				t.Errorf("got %q, want %q (%s)", got, test.told, reasons(results[0]))
			}
		})
	}
}
